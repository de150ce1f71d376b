# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filters that render a server's configuration, as Ansible's own templating runs them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleError
from ansible_collections.diskless.netboot.plugins.filter import kea_dhcp4 as kea_file
from ansible_collections.diskless.netboot.plugins.filter.dhcpd_conf import dhcpd_conf
from ansible_collections.diskless.netboot.plugins.filter.dnsmasq_conf import dnsmasq_conf
from ansible_collections.diskless.netboot.plugins.filter.ganesha_conf import ganesha_conf
from ansible_collections.diskless.netboot.plugins.filter.kea_dhcp4 import kea_dhcp4
from ansible_collections.diskless.netboot.plugins.filter.nfs_exports import nfs_exports

PLAYBOOK = """
- hosts: localhost
  connection: local
  gather_facts: false
  vars:
    net: 192.0.2
    subnets: [{network: "{{ net }}.0/24", routers: ["{{ net }}.254"]}]
    machines:
      pc01:
        netboot_mac: "52:54:00:00:00:01"
        netboot_ip: "{{ net }}.21"
        netboot_image: library
        netboot_root: rw
        netboot_state: false
    clients: "{{ ['pc01'] | diskless.netboot.clients(machines, subnets) }}"
    exports: "{{ clients | diskless.netboot.exports }}"
    nics: "{{ ['eth1'] }}"
  tasks:
    - ansible.builtin.copy:
        dest: "{{ playbook_dir }}/out.json"
        mode: "0644"
        content: "{{ out | to_json }}"
      vars:
        out:
          kea: |
            {{ clients | diskless.netboot.kea_dhcp4(
                 subnets=subnets, interfaces=nics, next_server=net ~ '.1') | to_nice_json }}
          dhcpd: >-
            {{ clients | diskless.netboot.dhcpd_conf(subnets=subnets, interfaces=nics,
               next_server=net ~ '.1', boot_files={'bios': 'pxelinux.0'}) }}
          exports: "{{ exports | diskless.netboot.nfs_exports }}"
          ganesha: "{{ exports | diskless.netboot.ganesha_conf(core=false) }}"
          core: "{{ [] | diskless.netboot.ganesha_conf(include='/etc/ganesha/x.conf') }}"
"""


@pytest.fixture(name="folder", scope="module")
def _folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("servers")
    (folder / "play.yml").write_text(PLAYBOOK)
    done = subprocess.run(
        [sys.executable, "-m", "ansible", "playbook", "-i", "localhost,", "play.yml"],
        cwd=folder,
        env={
            **os.environ,
            # The folder that holds ansible_collections/diskless/netboot/plugins/filter.
            "ANSIBLE_COLLECTIONS_PATH": str(Path(kea_file.__file__).parents[5]),
            "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_kea_s_data_becomes_the_json_file_that_kea_reads(folder: Path) -> None:
    out = json.loads((folder / "out.json").read_text())
    dhcp4 = json.loads(out["kea"])["Dhcp4"]
    assert dhcp4["subnet4"][0]["reservations"] == [
        {"hw-address": "52:54:00:00:00:01", "ip-address": "192.0.2.21", "hostname": "pc01"}
    ]
    assert dhcp4["client-classes"][0]["next-server"] == "192.0.2.1"
    assert dhcp4["match-client-id"] is False


def test_the_texts_come_out_of_templates_as_lines(folder: Path) -> None:
    out = json.loads((folder / "out.json").read_text())
    assert "  fixed-address 192.0.2.21;\n" in out["dhcpd"]
    assert out["exports"].splitlines()[1:] == [
        "/srv/netboot/clients/pc01/root \\",
        "    192.0.2.21(rw,no_root_squash,no_subtree_check,sync,sec=sys)",
    ]
    assert '  Path = "/srv/netboot/clients/pc01/root";\n' in out["ganesha"]
    assert "NFS_CORE_PARAM" not in out["ganesha"]
    assert out["core"].endswith('%include "/etc/ganesha/x.conf"\n')


CLIENT: dict[str, Any] = {
    "name": "pc01",
    "hostname": "pc01",
    "macs": ["52:54:00:00:00:01"],
    "addresses": ["192.0.2.21"],
    "subnet": "192.0.2.0/24",
    "ntp_servers": [],
    "image": "library",
    "release": None,
    "root": "rw",
    "overlay_size": "50%",
    "firmware": "bios",
    "kernel_args": [],
    "static": None,
    "nic": None,
    "state": False,
    "persist": [],
    "files": {},
}
DHCP: dict[str, Any] = {
    "subnets": [{"network": "192.0.2.0/24"}],
    "interfaces": ["eth1"],
    "next_server": "192.0.2.1",
}


@pytest.mark.parametrize("render", [kea_dhcp4, dhcpd_conf, dnsmasq_conf])
def test_all_faults_reach_the_user_as_one_error(render: Any) -> None:
    assert render([CLIENT], **DHCP)
    broken = [{**CLIENT, "hostname": "a b"}, {**CLIENT, "name": "pc02", "addresses": ["192.0.2.1"]}]
    with pytest.raises(AnsibleError) as caught:
        render(broken, **{**DHCP, "interfaces": []})
    message = str(caught.value)
    for words in (
        "4 faults",
        "pc01: hostname: 'a b'",
        "pc02: addresses: ",
        "pc02: macs",
        "interfac",
    ):
        assert words in message


@pytest.mark.parametrize("render", [kea_dhcp4, dhcpd_conf, dnsmasq_conf])
def test_what_is_no_list_of_clients_is_refused_in_words(render: Any) -> None:
    wrong: list[Any] = ["pc01", {}, [{"name": "pc01"}], [1]]
    for data in wrong:
        with pytest.raises(AnsibleError, match=r"diskless.netboot.clients|exactly the keys"):
            render(data, **DHCP)


@pytest.mark.parametrize("render", [nfs_exports, ganesha_conf])
def test_faults_of_exports_reach_the_user_as_one_error(render: Any) -> None:
    clients = [{"address": "192.0.2", "options": ["rww"]}]
    with pytest.raises(AnsibleError, match=r"3 faults.*(\n.*)*rww"):
        render([{"path": "srv", "clients": clients}])
