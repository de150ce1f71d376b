# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a site relies on in dhcpd.conf, read back by a small reader of that format."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.diskless.netboot.plugins.module_utils.dhcp.dhcpd import dhcpd_conf
from ansible_collections.diskless.netboot.plugins.module_utils.inventory.client import Client
from ansible_collections.diskless.netboot.plugins.module_utils.inventory.faults import (
    InventoryError,
)
from ansible_collections.diskless.netboot.tests.unit.plugins.module_utils.dhcp.read import (
    Block,
    read_dhcpd,
)
from hypothesis import given, settings
from hypothesis import strategies as st


def client(number: int, **changes: Any) -> Client:
    fields: dict[str, Any] = {
        "name": f"pc{number:02}",
        "hostname": f"pc{number:02}",
        "macs": (f"52:54:00:00:00:{number:02x}",),
        "addresses": (f"192.0.2.{number}",),
        "subnet": "192.0.2.0/24",
        "image": "library",
    }
    return Client(**{**fields, **changes})


SUBNET: dict[str, Any] = {
    "network": "192.0.2.0/25",
    "pools": ["192.0.2.100-192.0.2.110", "192.0.2.112-192.0.2.120"],
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


def conf(clients: list[Client], **changes: Any) -> Block:
    return read_dhcpd(dhcpd_conf(clients, **{**OPTIONS, **changes}))


def hosts(block: Block) -> list[Block]:
    return [value for key, value in block.items() if key.startswith("host ")]


def test_a_client_s_address_and_host_name_are_its_mac_s() -> None:
    assert hosts(conf([client(21)])) == [
        {
            "hardware ethernet 52:54:00:00:00:15": True,
            "fixed-address 192.0.2.21": True,
            'option host-name "pc21"': True,
        }
    ]


def test_a_client_with_two_nics_has_an_address_on_each() -> None:
    macs, addresses = ("52:54:00:00:00:15", "52:54:00:00:01:15"), ("192.0.2.21", "192.0.2.31")
    found = hosts(conf([client(21, macs=macs, addresses=addresses)]))
    for host, mac, address in zip(found, macs, addresses):
        assert f"hardware ethernet {mac}" in host
        assert f"fixed-address {address}" in host


def test_a_subnet_s_machines_get_its_options_and_lease() -> None:
    assert conf([])["subnet 192.0.2.0 netmask 255.255.255.128"] == {
        "range 192.0.2.100 192.0.2.110": True,
        "range 192.0.2.112 192.0.2.120": True,
        "option routers 192.0.2.126": True,
        "option domain-name-servers 192.0.2.125 , 198.51.100.53": True,
        'option domain-name "library.example"': True,
        "option ntp-servers 192.0.2.125": True,
        "default-lease-time 3600": True,
        "max-lease-time 3600": True,
    }


def test_without_pools_and_options_only_the_lease_is_said() -> None:
    found = conf([], subnets=[{"network": "198.51.100.0/24"}])
    assert found["subnet 198.51.100.0 netmask 255.255.255.0"] == {
        "default-lease-time 600": True,
        "max-lease-time 600": True,
    }


def test_only_the_mac_identifies_a_client_and_nobody_else_answers() -> None:
    found = conf([])
    assert "ignore-client-uids true" in found
    assert "authoritative" in found
    assert "allow booting" in found


def test_ipxe_does_not_wait_for_a_proxydhcp_server() -> None:
    found = conf([])
    assert "option ipxe.no-pxedhcp code 176 = unsigned integer 8" in found
    assert "option ipxe-options code 175 = encapsulate ipxe" in found
    assert "option ipxe.no-pxedhcp 1" in found


def test_a_handout_leaves_out_what_is_the_server_s_own() -> None:
    whole, handed = conf([client(21)]), conf([client(21)], handout=True)
    assert set(whole) - set(handed) == {"authoritative", "ddns-update-style none"}
    assert handed.items() <= whole.items()


def test_boot_files_go_by_architecture() -> None:
    found = conf([], boot_files={"uefi": "shimx64.efi", "bios": "lpxelinux.0"})
    assert "option arch code 93 = unsigned integer 16" in found
    assert found["if option arch = 00:00"] == {
        "next-server 192.0.2.1": True,
        'filename "lpxelinux.0"': True,
    }
    assert found["elsif option arch = 00:07 or option arch = 00:09"] == {
        "next-server 192.0.2.1": True,
        'filename "shimx64.efi"': True,
    }


def test_uefi_alone_needs_no_bios() -> None:
    found = conf([], boot_files={"uefi": "shimx64.efi"})
    assert [key for key in found if "if " in key] == [
        "if option arch = 00:07 or option arch = 00:09"
    ]


# Half of it means something to dhcpd, so that sound and broken values both come often.
TRICKY = st.text(alphabet='ab1-."\\\n;{}# é', min_size=1, max_size=3)


@settings(max_examples=100, deadline=None)
@given(TRICKY | st.just("pc21"), TRICKY | st.just("example"), TRICKY | st.just("pxelinux.0"))
def test_the_text_says_a_value_as_it_was_given_or_there_is_no_text(
    hostname: str, domain: str, boot_file: str
) -> None:
    options = {
        **OPTIONS,
        "subnets": [{**SUBNET, "domain": domain}],
        "boot_files": {"bios": boot_file},
    }
    try:
        text = dhcpd_conf([client(21, hostname=hostname)], **options)
    except InventoryError as error:
        refused = {fault.value for fault in error.faults}
        assert refused <= {hostname, domain, boot_file} - {"pc21", "example", "pxelinux.0"}
        return
    found = read_dhcpd(text)
    (host,) = hosts(found)
    assert f'option host-name "{hostname}"' in host
    assert f'filename "{boot_file}"' in found["if option arch = 00:00"]
    assert f'option domain-name "{domain}"' in found["subnet 192.0.2.0 netmask 255.255.255.128"]


def test_the_order_of_the_input_changes_nothing() -> None:
    clients = [client(number) for number in (9, 21, 80)]
    bare = {"network": "198.51.100.0/24"}
    one = dhcpd_conf(clients, **{**OPTIONS, "subnets": [SUBNET, bare]})
    assert one == dhcpd_conf(clients[::-1], **{**OPTIONS, "subnets": [bare, SUBNET]})
    places = [one.index(f"fixed-address 192.0.2.{number};") for number in (9, 21, 80)]
    assert places == sorted(places)


def test_the_text_begins_by_saying_who_wrote_it() -> None:
    first = dhcpd_conf([], **OPTIONS).splitlines()[0]
    assert first == "# Written by diskless.netboot: what you change here is lost."


def test_faults_are_the_same_as_for_kea() -> None:
    with pytest.raises(InventoryError, match="must lie outside the dynamic range"):
        dhcpd_conf([client(105)], **OPTIONS)
