# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection to an image goes by way of the host that keeps it, and says where it fails."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.parsing.dataloader import DataLoader
from ansible.playbook.play_context import PlayContext
from ansible.plugins.loader import connection_loader
from ansible.template import Templar

from ..module_utils.image import tinyroot

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")

Connect = Callable[..., Any]


@pytest.fixture(scope="session", autouse=True)
def _loader() -> None:
    # pytest has imported the collection by its own means, so Ansible cannot find it by its name.
    connection_loader.add_directory(str(Path(__file__).parents[4] / "plugins/connection"))


@pytest.fixture
def store(tmp_path: Path) -> Path:
    tinyroot.make(tmp_path / "images/workstation/root", "dd", "touch")
    return tmp_path


@pytest.fixture
def connect(store: Path) -> Connect:
    def make(name: str = "workstation", **variables: object) -> Any:
        known = {
            "inventory_hostname": name,
            "netboot_store": str(store),
            "groups": {"nfs_servers": ["boot1"]},
            "hostvars": {
                "boot1": {"inventory_hostname": "boot1", "ansible_connection": "local"},
                "boot2": {"inventory_hostname": "boot2", "ansible_connection": "no.such.plugin"},
                "boot3": {
                    "inventory_hostname": "boot3",
                    "ansible_connection": "local",
                    "ansible_user": "admin",
                    "ansible_become": True,
                    "ansible_become_method": "su",
                    "ansible_become_user": "root",
                },
            },
            **variables,
        }
        connection: Any = connection_loader.get(
            "image", PlayContext(), task_uuid="", ansible_playbook_pid=""
        )
        templar = Templar(loader=DataLoader(), variables=known)
        options = connection._resolve_option_variables(known, templar)
        connection.set_options(var_options=options)
        return connection

    return make


def test_a_command_runs_in_the_image_of_that_name(connect: Connect, store: Path) -> None:
    status, output, _errors = connect().exec_command("cat > /etc/motd; echo done", b"hello")

    assert (status, output) == (0, b"done\n")
    assert (store / "images/workstation/root/etc/motd").read_bytes() == b"hello"


def test_the_root_can_lie_anywhere(connect: Connect, tmp_path: Path) -> None:
    tinyroot.make(tmp_path / "elsewhere", "touch")

    connect(netboot_image_root=str(tmp_path / "elsewhere")).exec_command("touch /etc/here")

    assert (tmp_path / "elsewhere/etc/here").exists()


def test_a_server_whose_user_becomes_root_is_used_so(connect: Connect) -> None:
    connection = connect(netboot_image_server="boot3")

    assert connection.exec_command("echo in the image")[:2] == (0, b"in the image\n")
    assert connection._server.become.name == "su"


@pytest.mark.parametrize("size", [0, 1, 40, 80])
def test_a_file_arrives_as_it_was_whatever_its_size(
    connect: Connect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    connection = connect()
    monkeypatch.setitem(type(connection).put_file.__globals__, "_PIECE", 40)
    sent, fetched = tmp_path / "sent", tmp_path / "fetched"
    sent.write_bytes(os.urandom(size))

    connection.put_file(str(sent), "/tmp/it's here")
    connection.fetch_file("/tmp/it's here", str(fetched))

    assert fetched.read_bytes() == sent.read_bytes()


def test_a_file_that_cannot_be_written_or_read_is_named(connect: Connect, tmp_path: Path) -> None:
    with pytest.raises(AnsibleError, match=r"workstation: .*/no/folder"):
        connect().put_file(__file__, "/no/folder/file")
    with pytest.raises(AnsibleError, match="/no/file"):
        connect().fetch_file("/no/file", str(tmp_path / "fetched"))
    with pytest.raises(AnsibleError, match="there is no file /no/such/source"):
        connect().put_file("/no/such/source", "/tmp/x")


def test_an_image_that_is_not_there_is_named_with_its_server(connect: Connect) -> None:
    with pytest.raises(AnsibleConnectionFailure, match="absent on boot1: there is no system in"):
        connect("absent").exec_command("true")


def test_an_image_without_python_is_told_with_the_remedy(connect: Connect) -> None:
    with pytest.raises(
        AnsibleConnectionFailure, match=r"has no Python.*ansible workstation -m raw"
    ):
        connect().exec_command("/bin/sh -c '/usr/bin/python3 && sleep 0'")


def test_a_server_that_is_in_no_inventory_is_named(connect: Connect) -> None:
    with pytest.raises(AnsibleError, match="no host of the inventory keeps the image workstation"):
        connect(groups={}).exec_command("true")
    with pytest.raises(AnsibleError, match="now 'boot9'"):
        connect(netboot_image_server="boot9").exec_command("true")


def test_a_server_with_an_unknown_connection_is_named(connect: Connect) -> None:
    with pytest.raises(AnsibleError, match="boot2: there is no connection plugin"):
        connect(netboot_image_server="boot2").exec_command("true")


def test_a_task_that_would_outlive_its_command_is_refused(connect: Connect) -> None:
    with pytest.raises(AnsibleError, match="cannot run tasks with 'async'"):
        connect().is_pipelining_enabled(wrap_async=True)


def test_modules_need_no_file_in_the_image_and_no_search_for_python(connect: Connect) -> None:
    variables: dict[str, object] = {}
    connection = connect()

    connection.update_vars(variables)

    assert connection.is_pipelining_enabled()
    assert variables["ansible_python_interpreter"] == "/usr/bin/python3"
