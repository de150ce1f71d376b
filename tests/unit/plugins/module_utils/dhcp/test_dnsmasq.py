# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a site relies on in dnsmasq.conf, read back line by line and by dnsmasq itself."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.diskless.netboot.plugins.module_utils.dhcp.dnsmasq import dnsmasq_conf
from ansible_collections.diskless.netboot.plugins.module_utils.inventory.client import Client
from ansible_collections.diskless.netboot.plugins.module_utils.inventory.faults import (
    InventoryError,
)
from ansible_collections.diskless.netboot.tests.unit.plugins.module_utils.dhcp.read import (
    read_dnsmasq,
)

SUBNET: dict[str, Any] = {
    "network": "192.0.2.0/25",
    "pools": ["192.0.2.112-192.0.2.120", "192.0.2.100-192.0.2.110"],
    "routers": ["192.0.2.126"],
    "dns_servers": ["192.0.2.125", "198.51.100.53"],
    "domain": "library.example",
    "ntp_servers": ["192.0.2.125"],
    "lease_seconds": 3600,
}
OPTIONS: dict[str, Any] = {
    "subnets": [SUBNET],
    "interfaces": ["eth1"],
    "next_server": "192.0.2.1",
}
# That iPXE does not wait for a ProxyDHCP server; beside one there is no such line.
IPXE_IS_QUICK = "encap:175,176,1b"


def client(number: int, **changes: Any) -> Client:
    fields: dict[str, Any] = {
        "name": f"pc{number:02}",
        "hostname": f"pc{number:02}",
        "macs": (f"52:54:00:00:00:{number:02x}",),
        "addresses": (f"192.0.2.{number}",),
        "subnet": "192.0.2.0/25",
        "image": "library",
    }
    return Client(**{**fields, **changes})


def conf(*clients: Client, **changes: Any) -> dict[str, list[str]]:
    return read_dnsmasq(dnsmasq_conf(clients, **{**OPTIONS, **changes}))


def test_each_nic_of_a_client_gets_its_address() -> None:
    cards = ("52:54:00:00:00:16", "52:54:00:00:01:16")
    assert conf(client(22, macs=cards, addresses=("192.0.2.22", "192.0.2.32")), client(21))[
        "dhcp-host"
    ] == [
        "52:54:00:00:00:15,192.0.2.21,pc21,3600",
        "52:54:00:00:00:16,192.0.2.22,pc22,3600",
        "52:54:00:00:01:16,192.0.2.32,pc22,3600",
    ]


def test_firmware_is_told_the_boot_file_that_it_can_run() -> None:
    found = conf(boot_files={"bios": "pxelinux.0", "uefi": "shimx64.efi"})
    assert found["dhcp-match"] == [
        "set:bios,option:client-arch,0",
        "set:uefi,option:client-arch,7",
        "set:uefi,option:client-arch,9",
    ]
    assert found["dhcp-boot"] == [
        "tag:bios,pxelinux.0,,192.0.2.1",
        "tag:uefi,shimx64.efi,,192.0.2.1",
    ]


def test_a_subnet_says_all_that_it_was_given() -> None:
    found = conf()
    assert found["dhcp-range"] == [
        "set:net-192.0.2.0,192.0.2.100,192.0.2.110,255.255.255.128,3600",
        "set:net-192.0.2.0,192.0.2.112,192.0.2.120,255.255.255.128,3600",
    ]
    assert found["dhcp-option"] == [
        IPXE_IS_QUICK,
        "tag:net-192.0.2.0,option:router,192.0.2.126",
        "tag:net-192.0.2.0,option:dns-server,192.0.2.125,198.51.100.53",
        "tag:net-192.0.2.0,option:domain-name,library.example",
        "tag:net-192.0.2.0,option:ntp-server,192.0.2.125",
    ]


def test_without_pools_routers_and_dns_nobody_else_is_answered_and_none_is_made_up() -> None:
    found = conf(subnets=[{"network": "192.0.2.0/25"}])
    assert found["dhcp-range"] == ["set:net-192.0.2.0,192.0.2.0,static,255.255.255.128,600"]
    assert found["dhcp-option"] == [
        IPXE_IS_QUICK,
        "tag:net-192.0.2.0,option:router",
        "tag:net-192.0.2.0,option:dns-server",
    ]


def test_it_is_no_dns_server_and_answers_on_the_interfaces_named_alone() -> None:
    found = conf(interfaces=["eth1", "eth0.5"])
    assert found["port"] == ["0"]
    assert found["interface"] == ["eth1", "eth0.5"]


def test_there_are_leases_for_all() -> None:
    pools = {"network": "10.0.0.0/16", "pools": ["10.0.8.0-10.0.15.255"]}
    few = conf(client(21))
    many = conf(client(21), subnets=[SUBNET, pools])
    assert [few["dhcp-lease-max"], many["dhcp-lease-max"]] == [["1000"], [str(2048 + 20 + 1)]]


def test_the_order_of_the_input_changes_nothing() -> None:
    one = dnsmasq_conf([client(21), client(22)], **OPTIONS)
    assert one == dnsmasq_conf([client(22), client(21)], **OPTIONS)


def test_beside_another_server_it_tells_the_boot_file_and_gives_no_address() -> None:
    other = {"network": "198.51.100.0/24", "pools": ["198.51.100.200-198.51.100.249"]}
    found = conf(client(21), subnets=[SUBNET, other], proxy=True)
    assert found == {
        "port": ["0"],
        "interface": ["eth1"],
        "bind-dynamic": [""],
        "dhcp-match": ["set:bios,option:client-arch,0"],
        "dhcp-boot": ["tag:bios,pxelinux.0,,192.0.2.1"],
        "pxe-service": ["0,netboot,pxelinux.0,192.0.2.1"],
        "dhcp-range": [
            "192.0.2.0,proxy,255.255.255.128",
            "198.51.100.0,proxy,255.255.255.0",
        ],
    }


def test_a_handout_leaves_out_what_is_the_server_s_own() -> None:
    whole, handed = conf(client(21)), conf(client(21), handout=True)
    server = {"port", "interface", "bind-dynamic", "dhcp-authoritative", "dhcp-lease-max"}
    assert set(whole) - set(handed) == server
    assert handed.items() <= whole.items()


def test_a_handout_is_not_for_a_proxy() -> None:
    with pytest.raises(InventoryError, match=r"proxy: True.* must be false in a handout"):
        conf(handout=True, proxy=True)


def test_whether_it_stands_beside_another_server_must_be_said_clearly() -> None:
    with pytest.raises(InventoryError, match=r"proxy: 'perhaps'"):
        conf(proxy="perhaps")


def test_a_comma_in_a_boot_file_is_refused() -> None:
    with pytest.raises(InventoryError, match=r"boot_files.uefi: 'a,b'"):
        conf(boot_files={"bios": "pxelinux.0", "uefi": "a,b"})


@pytest.mark.parametrize("proxy", [False, True])
def test_dnsmasq_takes_it(tmp_path: Path, proxy: bool) -> None:
    macs, addresses = ("52:54:00:00:00:15", "52:54:00:00:01:15"), ("192.0.2.21", "192.0.2.31")
    text = dnsmasq_conf(
        [client(21, macs=macs, addresses=addresses), client(22)],
        **{**OPTIONS, "subnets": [SUBNET, {"network": "198.51.100.0/24"}]},
        boot_files={"bios": "pxelinux.0", "uefi": "shimx64.efi"},
        proxy=proxy,
    )
    (tmp_path / "dnsmasq.conf").write_text(text)
    tested = subprocess.run(
        ["/usr/sbin/dnsmasq", "--test", f"--conf-file={tmp_path / 'dnsmasq.conf'}"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (tested.returncode, tested.stderr.strip()) == (0, "dnsmasq: syntax check OK.")
