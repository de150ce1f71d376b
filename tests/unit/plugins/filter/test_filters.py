# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filters as Ansible's own templating runs them, tagged values and lazy templates included."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleError
from ansible_collections.diskless.netboot.plugins.filter import clients as clients_file
from ansible_collections.diskless.netboot.plugins.filter.client_roots import client_roots
from ansible_collections.diskless.netboot.plugins.filter.client_states import client_states
from ansible_collections.diskless.netboot.plugins.filter.clients import DOCUMENTATION, clients
from ansible_collections.diskless.netboot.plugins.filter.clients_with import clients_with
from ansible_collections.diskless.netboot.plugins.filter.entries import entries
from ansible_collections.diskless.netboot.plugins.filter.entry_folders import entry_folders
from ansible_collections.diskless.netboot.plugins.filter.exports import exports
from ansible_collections.diskless.netboot.plugins.filter.ganesha_conf import ganesha_conf
from ansible_collections.diskless.netboot.plugins.filter.nfs_exports import nfs_exports
from ansible_collections.diskless.netboot.plugins.filter.rsyslog_names import rsyslog_names
from ansible_collections.diskless.netboot.plugins.module_utils.inventory.variables import (
    CLIENT_VARIABLES,
)

GOOD = """
all:
  vars:
    netboot_image: library
    prefix: 192.0.2
    netboot_kernel_args: console=ttyS0 quiet
    netboot_state: false
    netboot_subnets:
      - network: "{{ prefix }}.0/24"
        routers: ["{{ prefix }}.254"]
    # No client is asked for it, so nobody meets the template that fails.
    netboot_tftp_root: "{{ no_such_variable }}"
    releases: {library: {current: new, names: [old, new]}}
  children:
    netboot_clients:
      hosts:
        pc02:
          netboot_mac: "52:54:00:00:00:02"
          netboot_ip: "{{ prefix }}.{{ 20 + 2 }}"
          netboot_static: true
          netboot_root: rw
        pc01:
          netboot_mac: ["{{ '52-54-00-00-00-01' | upper }}"]
          netboot_ip: 192.0.2.21
          netboot_root: shared-rw
"""
BAD = """
all:
  vars:
    netboot_subnets: [{network: 192.0.2.0/24}]
    netboot_image: library
  children:
    netboot_clients:
      hosts:
        pc01: {netboot_mac: 52:54:00:12:34:56, netboot_ip: "{{ nowhere }}"}
        pc02: {netboot_mac: [525400000002x, "{{ nothing.here }}"], netboot_ip: 192.0.3.1}
        pc03: {netboot_mac: "525400000003", netboot_ip: 192.0.2.3, netboot_imgae: x}
"""
PLAYBOOK = """
- hosts: localhost
  connection: local
  gather_facts: false
  vars:
    clients: >-
      {{ groups['netboot_clients'] | diskless.netboot.clients(hostvars, netboot_subnets) }}
  tasks:
    - ansible.builtin.debug:
        msg: "{{ out }}"
      vars:
        out:
          clients: "{{ clients }}"
          entries: >-
            {{ clients | diskless.netboot.entries(nfs_server='192.0.2.1',
               image_releases=releases,
               root_releases={'/srv/netboot/clients/pc02/root': 'library/old',
               '/srv/netboot/images/library/shared/root': 'library/new'}) }}
          exports: "{{ clients | diskless.netboot.exports(store='/data') }}"
          roots: "{{ clients | diskless.netboot.client_roots(image_releases=releases) }}"
"""


def play(folder: Path, inventory: str) -> subprocess.CompletedProcess[str]:
    (folder / "inventory.yml").write_text(inventory)
    (folder / "play.yml").write_text(PLAYBOOK)
    command = [sys.executable, "-m", "ansible", "playbook", "-i", "inventory.yml", "play.yml"]
    return subprocess.run(
        command,
        cwd=folder,
        env={
            **os.environ,
            # The folder that holds ansible_collections/diskless/netboot/plugins/filter.
            "ANSIBLE_COLLECTIONS_PATH": str(Path(clients_file.__file__).parents[5]),
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
        },
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(name="out", scope="module")
def _out(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("good")
    done = play(folder, GOOD)
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(done.stdout[done.stdout.index("=> ") + 3 :].split("\n\n")[0])
    said: dict[str, Any] = found["msg"]
    return said


def test_clients_are_read_through_their_templates_and_sorted(out: dict[str, Any]) -> None:
    found = out["clients"]
    assert [client["name"] for client in found] == ["pc01", "pc02"]
    assert found[0]["macs"] == ["52:54:00:00:00:01"]
    assert found[1]["addresses"] == ["192.0.2.22"]
    assert found[1]["static"]["gw"] == "192.0.2.254"
    assert found[0]["kernel_args"] == ["console=ttyS0", "quiet"]


def test_the_plan_follows_from_the_clients(out: dict[str, Any]) -> None:
    assert [entry["labels"][0]["kernel"] for entry in out["entries"]] == [
        "images/library/new/vmlinuz",
        "images/library/old/vmlinuz",
    ]
    assert [export["path"] for export in out["exports"]] == [
        "/data/clients/pc02/root",
        "/data/images/library/shared/root",
    ]
    assert [root["src"] for root in out["roots"]] == [
        "/srv/netboot/images/library/releases/new/root"
    ]


def test_one_error_names_every_fault_and_every_template_that_fails(tmp_path: Path) -> None:
    done = play(tmp_path, BAD)
    assert done.returncode != 0
    message = done.stdout + done.stderr
    for words in (
        "5 faults in the inventory:",
        "pc01: netboot_mac: 41135085296: an unquoted all-digit MAC was read by YAML as a number",
        "pc01: netboot_ip: its template fails: 'nowhere' is undefined",
        "pc02: netboot_mac: its template fails: 'nothing' is undefined",
        "pc02: netboot_ip: '192.0.3.1': must lie in a subnet",
        "pc03: netboot_imgae: 'x': is no variable of a client; did you mean netboot_image?",
    ):
        assert words in message
    assert not (tmp_path / "out.json").exists()


def test_a_name_that_is_no_host_is_named() -> None:
    with pytest.raises(AnsibleError, match="no host of the inventory: pc77, pc78"):
        clients(["pc77", "pc01", "pc78"], {"pc01": {}}, [])


class Counting(dict[str, Any]):
    """Variables that remember which of them were read: in Ansible, each read is a template's."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.reads: list[str] = []

    def __getitem__(self, key: str) -> Any:
        self.reads.append(key)
        return super().__getitem__(key)


def test_no_variable_is_read_twice_and_none_that_is_not_a_client_s() -> None:
    given = {"mac": "525400000001", "ip": "192.0.2.1", "image": "library", "subnets": [], "x": 1}
    variables = Counting({f"netboot_{name}": value for name, value in given.items()})
    hostvars = Counting({"pc01": variables})
    assert clients(["pc01"], hostvars, [{"network": "192.0.2.0/24"}])
    assert hostvars.reads == ["pc01"]
    assert variables.reads == ["netboot_mac", "netboot_ip", "netboot_image"]


def test_only_plain_types_leave_the_filters() -> None:
    def check(value: Any) -> None:
        assert type(value) in (str, int, bool, list, dict, type(None)), type(value)
        if isinstance(value, dict):
            for key, item in value.items():
                check(key)
                check(item)
        elif isinstance(value, list):
            for item in value:
                check(item)

    class Tagged(str):
        """As ansible-core tags strings: a subclass."""

    variables = {
        Tagged("netboot_mac"): [Tagged("525400000001")],
        Tagged("netboot_ip"): Tagged("192.0.2.1"),
        Tagged("netboot_image"): Tagged("library"),
        Tagged("netboot_release"): Tagged("1"),
        Tagged("netboot_hostname"): Tagged("pc01"),
        Tagged("netboot_root"): Tagged("rw"),
        Tagged("netboot_firmware"): Tagged("uefi"),
        Tagged("netboot_kernel_args"): [Tagged("quiet")],
        Tagged("netboot_static"): {Tagged("dev"): Tagged("eth0")},
        Tagged("netboot_state"): True,
        Tagged("netboot_persist"): Tagged("/home"),
    }
    subnets = [{Tagged("network"): Tagged("192.0.2.0/24")}]
    found = clients([Tagged("pc01")], {"pc01": variables}, subnets)
    check(found)
    copied = {Tagged("/srv/netboot/clients/pc01/root"): Tagged("library/1")}
    releases = {Tagged("library"): {"current": Tagged("2"), "names": [Tagged("1"), Tagged("2")]}}
    check(entries(found, nfs_server=Tagged("192.0.2.1"), root_releases=copied))
    check(exports(found, store=Tagged("/data"), options=[Tagged("rw")]))
    check(client_roots(found, store=Tagged("/data"), image_releases=releases))
    check(client_states(found, store=Tagged("/data"), image_releases=releases))


ROOM = clients(
    ["pc01", "pc02", "pc03"],
    {
        f"pc0{number}": {
            "netboot_mac": f"52540000000{number}",
            "netboot_ip": f"192.0.2.{number}",
            "netboot_image": "library",
            "netboot_root": root,
            **more,
        }
        for number, root, more in (
            (1, "overlay", {}),
            (2, "squashfs", {"netboot_release": "old"}),
            (3, "squashfs", {}),
        )
    },
    [{"network": "192.0.2.0/24"}],
)
RELEASES = {"library": {"current": "new", "names": ["old", "new"], "squashfs": ["old", "new"]}}


@pytest.mark.parametrize(
    "plan",
    [
        exports,
        partial(client_states, image_releases=RELEASES),
        partial(entries, nfs_server="192.0.2.1", image_releases=RELEASES),
    ],
)
def test_from_a_text_comes_the_text_of_the_same(plan: Callable[[Any], Any]) -> None:
    text = plan(json.dumps(ROOM))
    assert isinstance(text, str)
    assert json.loads(text) == plan(ROOM) != []


def test_further_exports_are_added_to_those_of_a_text() -> None:
    further = [{"path": "/srv/homes", "clients": [{"address": "192.0.2.0/24", "options": ["rw"]}]}]
    for render in (nfs_exports, partial(ganesha_conf, core=False)):
        assert render(exports(json.dumps(ROOM)), further=further) == render(exports(ROOM) + further)
        with pytest.raises(AnsibleError, match="must be a list of mappings"):
            render(exports(ROOM), further={"path": "/srv/homes"})


@pytest.mark.parametrize("room", [ROOM, json.dumps(ROOM)], ids=["list", "text"])
def test_clients_are_chosen_by_their_values(room: Any) -> None:
    def chosen(**values: Any) -> list[str]:
        return [client["name"] for client in clients_with(room, **values)]

    assert chosen() == ["pc01", "pc02", "pc03"]
    assert chosen(root="squashfs") == ["pc02", "pc03"]
    assert chosen(image="library", fixed=True) == ["pc02"]
    assert chosen(root="squashfs", fixed=False) == ["pc03"]
    assert chosen(image="other") == []


@pytest.mark.parametrize("room", [ROOM, json.dumps(ROOM)], ids=["list", "text"])
def test_what_is_worked_out_of_a_room_is_short(room: Any) -> None:
    planned = entries(room, nfs_server="192.0.2.1", image_releases=RELEASES)
    assert entry_folders(planned) == ["images/library/new", "images/library/old"]
    assert json.loads(rsyslog_names(room)) == {
        "version": 1,
        "type": "string",
        "nomatch": "",
        "table": [{"index": f"192.0.2.{n}", "value": f"pc0{n}"} for n in (1, 2, 3)],
    }


@pytest.mark.parametrize("data", ["pc01", {}, [{"name": "pc01"}], [1]])
def test_the_plan_s_filters_refuse_what_is_no_list_of_clients(data: Any) -> None:
    plans: list[Callable[[Any], Any]] = [
        exports,
        partial(client_roots, image_releases={}),
        partial(client_states, image_releases={}),
    ]
    for plan in plans:
        with pytest.raises(AnsibleError, match=r"diskless.netboot.clients|exactly the keys"):
            plan(data)
    with pytest.raises(AnsibleError, match=r"diskless.netboot.clients|exactly the keys"):
        entries(data, nfs_server="192.0.2.1")


def test_every_client_variable_is_documented() -> None:
    for variable in CLIENT_VARIABLES:
        assert f"C({variable})" in DOCUMENTATION
