# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a site relies on in Kea's configuration and in the plan that both DHCP servers share."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.diskless.netboot.plugins.module_utils.dhcp.kea import kea_dhcp4
from ansible_collections.diskless.netboot.plugins.module_utils.inventory.client import Client
from ansible_collections.diskless.netboot.plugins.module_utils.inventory.faults import (
    InventoryError,
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
    "network": "192.0.2.0/24",
    "pools": ["192.0.2.200-192.0.2.250"],
    "routers": ["192.0.2.254"],
    "dns_servers": ["192.0.2.253", "198.51.100.53"],
    "domain": "library.example",
    "ntp_servers": ["192.0.2.253"],
    "lease_seconds": 3600,
    "interface": "eth1",
}
BARE = {"network": "198.51.100.0/24"}
OPTIONS: dict[str, Any] = {
    "subnets": [SUBNET],
    "interfaces": ["eth1"],
    "next_server": "192.0.2.1",
}


def kea(clients: list[Client], **changes: Any) -> dict[str, Any]:
    found = kea_dhcp4(clients, **{**OPTIONS, **changes})
    assert list(found) == ["Dhcp4"]
    # What the server reads: JSON, with nothing in it that JSON would change.
    read: dict[str, Any] = json.loads(json.dumps(found))
    assert read == found
    dhcp4: dict[str, Any] = read["Dhcp4"]
    return dhcp4


def faults(*clients: Client, **changes: Any) -> list[str]:
    with pytest.raises(InventoryError) as caught:
        kea_dhcp4(clients, **{**OPTIONS, **changes})
    return [f"{fault.client}: {fault.what}" for fault in caught.value.faults]


def test_a_client_s_address_and_host_name_are_reserved_for_its_mac() -> None:
    (subnet,) = kea([client(21)])["subnet4"]
    assert subnet["reservations"] == [
        {"hw-address": "52:54:00:00:00:15", "ip-address": "192.0.2.21", "hostname": "pc21"}
    ]


def test_only_the_mac_identifies_a_client() -> None:
    found = kea([])
    assert found["match-client-id"] is False
    assert found["host-reservation-identifiers"] == ["hw-address"]
    assert found["authoritative"] is True


def test_a_client_with_two_nics_has_an_address_on_each() -> None:
    given = {"52:54:00:00:00:15": "192.0.2.21", "52:54:00:00:01:15": "192.0.2.20"}
    found = kea([client(21, macs=tuple(given), addresses=tuple(given.values()))])
    reservations = found["subnet4"][0]["reservations"]
    assert {item["hw-address"]: item["ip-address"] for item in reservations} == given
    assert {item["hostname"] for item in reservations} == {"pc21"}


def test_a_client_may_have_a_nic_in_each_of_two_subnets() -> None:
    macs, addresses = ("52:54:00:00:00:15", "52:54:00:00:01:15"), ("192.0.2.21", "198.51.100.21")
    found = kea([client(21, macs=macs, addresses=addresses)], subnets=[SUBNET, BARE])
    reserved = [subnet["reservations"][0]["ip-address"] for subnet in found["subnet4"]]
    assert reserved == list(addresses)


def test_as_many_addresses_as_nics() -> None:
    (fault,) = faults(client(21, macs=("52:54:00:00:00:15", "52:54:00:00:01:15")))
    assert fault.startswith("pc21: addresses: ")
    assert "must be one for each of its macs" in fault


def test_a_subnet_s_machines_get_its_options_and_lease() -> None:
    (subnet,) = kea([])["subnet4"]
    assert subnet["subnet"] == "192.0.2.0/24"
    assert subnet["interface"] == "eth1"
    assert subnet["valid-lifetime"] == 3600
    assert subnet["pools"] == [{"pool": "192.0.2.200-192.0.2.250"}]
    assert {item["name"]: item["data"] for item in subnet["option-data"]} == {
        "routers": "192.0.2.254",
        "domain-name-servers": "192.0.2.253, 198.51.100.53",
        "domain-name": "library.example",
        "ntp-servers": "192.0.2.253",
    }


def test_what_is_not_given_is_not_sent() -> None:
    (subnet,) = kea([], subnets=[BARE])["subnet4"]
    assert subnet["option-data"] == []
    assert subnet["pools"] == []
    assert "interface" not in subnet
    assert subnet["valid-lifetime"] == 600


def test_each_request_is_logged_also_one_that_gets_no_answer() -> None:
    (_usual, packets) = kea([])["loggers"]
    assert (packets["name"], packets["severity"]) == ("kea-dhcp4.packets", "DEBUG")


def test_ipxe_does_not_wait_for_a_proxydhcp_server() -> None:
    found = kea([])
    (definition,), (data,) = found["option-def"], found["option-data"]
    assert (definition["name"], definition["code"]) == (data["name"], 175)
    assert bytes.fromhex(data["data"]) == bytes([176, 1, 1])


def test_a_handout_has_all_that_clients_need_and_nothing_that_is_the_server_s_own() -> None:
    whole = kea([client(21)])
    handed = kea([client(21)], interfaces=None, handout=True)
    assert sorted(set(whole) - set(handed)) == [
        "authoritative",
        "comment",
        "control-socket",
        "interfaces-config",
        "lease-database",
        "loggers",
    ]
    (subnet,), (whole_subnet,) = handed.pop("subnet4"), whole.pop("subnet4")
    assert {**subnet, "interface": "eth1"} == whole_subnet
    assert handed.items() <= whole.items()


def test_only_for_others_no_interface_need_be_named() -> None:
    assert faults(interfaces=None) == [": interfaces: must be given"]
    perhaps, none = faults(interfaces=None, handout="perhaps")
    assert perhaps.startswith(": handout: 'perhaps'")
    assert none == ": interfaces: must be given"


def test_a_bios_client_gets_its_boot_file_and_uefi_none_until_there_is_one() -> None:
    (bios,) = kea([])["client-classes"]
    assert bios["test"] == "substring(option[93].hex, 0, 2) == 0x0000"
    assert (bios["next-server"], bios["boot-file-name"]) == ("192.0.2.1", "pxelinux.0")


def test_uefi_is_told_by_architecture_7_and_9() -> None:
    files = {"bios": "lpxelinux.0", "uefi": "shimx64.efi"}
    bios, uefi = kea([], boot_files=files)["client-classes"]
    assert bios["boot-file-name"] == "lpxelinux.0"
    assert uefi["boot-file-name"] == "shimx64.efi"
    assert uefi["test"] == (
        "substring(option[93].hex, 0, 2) == 0x0007 or substring(option[93].hex, 0, 2) == 0x0009"
    )
    assert bios["name"] != uefi["name"]


def test_each_reservation_stands_in_its_own_subnet() -> None:
    clients = [client(21), client(22, addresses=("198.51.100.22",), subnet="198.51.100.0/24")]
    first, second = kea(clients, subnets=[BARE, SUBNET])["subnet4"]
    assert [item["ip-address"] for item in first["reservations"]] == ["192.0.2.21"]
    assert [item["ip-address"] for item in second["reservations"]] == ["198.51.100.22"]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.integers(min_value=1, max_value=223 * 2**16), min_size=1, max_size=12, unique=True
    ).flatmap(lambda blocks: st.tuples(st.just(blocks), st.sampled_from(blocks)))
)
def test_a_subnet_s_id_is_its_own_and_stays_when_others_come(
    drawn: tuple[list[int], int],
) -> None:
    blocks, block = drawn
    networks = [f"{number >> 16}.{number >> 8 & 255}.{number & 255}.0/24" for number in blocks]
    mine = f"{block >> 16}.{block >> 8 & 255}.{block & 255}.0/24"
    alone = kea([], subnets=[{"network": mine}])["subnet4"][0]["id"]
    found = {
        subnet["subnet"]: subnet["id"]
        for subnet in kea([], subnets=[{"network": network} for network in networks])["subnet4"]
    }
    assert found[mine] == alone
    assert len(set(found.values())) == len(networks)
    assert all(1 <= number <= 4294967294 for number in found.values())


def test_the_order_of_the_input_changes_nothing() -> None:
    clients = [client(number) for number in (9, 21, 100)]
    one = kea_dhcp4(clients, **{**OPTIONS, "subnets": [SUBNET, BARE]})
    other = kea_dhcp4(clients[::-1], **{**OPTIONS, "subnets": [BARE, SUBNET]})
    assert json.dumps(one) == json.dumps(other)
    addresses = [item["ip-address"] for item in one["Dhcp4"]["subnet4"][0]["reservations"]]
    assert addresses == ["192.0.2.9", "192.0.2.21", "192.0.2.100"]


def test_one_error_names_every_fault() -> None:
    found = faults(
        client(21, macs=("52:54:00:00:00:zz",)),
        client(22, hostname='pc"; }'),
        client(23, addresses=("192.0.2",)),
        client(24, macs=()),
        subnets=[{**SUBNET, "ntp_servers": ["time.example"], "rooters": []}],
        interfaces=["*"],
        next_server="boot",
        boot_files={"bios": 'a";', "arm": "x"},
    )
    for start in (
        ": interfaces: '*': must be an interface name",
        ": next_server: 'boot': must be an IPv4 address",
        ": boot_files.arm: 'x': is no kind of firmware",
        ": boot_files.bios: 'a\";': must be 1 to 127 characters",
        ": netboot_subnets[0].ntp_servers: 'time.example': must be an IPv4 address",
        ": netboot_subnets[0].rooters: []: is no key of a subnet; did you mean routers?",
        "pc21: macs: '52:54:00:00:00:zz': must be a MAC address",
        "pc22: hostname: 'pc\"; }': must be a host name",
        "pc23: addresses: '192.0.2': must be an IPv4 address",
        "pc24: macs: (): must hold at least one value",
    ):
        assert any(line.startswith(start) for line in found), start
    assert len(found) == 10


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"addresses": ("198.51.100.9",)}, "must lie in a subnet"),
        ({"addresses": ("192.0.2.210",)}, "must lie outside the dynamic range"),
        ({"addresses": ("192.0.2.254",)}, "this one is a router"),
        ({"addresses": ("192.0.2.1",)}, "this one is next_server's"),
    ],
)
def test_an_address_that_the_server_could_not_give_is_refused(
    changes: dict[str, Any], expected: str
) -> None:
    (fault,) = faults(client(21, **changes))
    assert fault.startswith("pc21: addresses: ")
    assert expected in fault


def test_one_address_or_mac_for_two_clients_is_refused() -> None:
    twin = client(22, addresses=("192.0.2.21",), macs=("52:54:00:00:00:15",))
    assert faults(client(21), twin) == [
        "pc22: addresses: '192.0.2.21': must be one client's alone; pc21 has it too",
        "pc22: macs: '52:54:00:00:00:15': must be one client's alone; pc21 has it too",
    ]


def test_the_boot_server_s_own_address_is_in_no_pool() -> None:
    (fault,) = faults(next_server="192.0.2.201")
    assert "must leave out 192.0.2.201, which is next_server's" in fault


@pytest.mark.parametrize("interfaces", [[], None])
def test_a_server_answers_on_named_interfaces_only(interfaces: Any) -> None:
    (fault,) = faults(interfaces=interfaces)
    assert fault.startswith(": interfaces: ")


@pytest.mark.parametrize("path", ["", "x" * 128, "a b", "a\nb", "a\\b", "pxelinux.0\x00", 1])
def test_a_boot_file_that_firmware_could_not_ask_for_is_refused(path: Any) -> None:
    (fault,) = faults(boot_files={"bios": path})
    assert fault.startswith(": boot_files.bios: ")


def test_a_boot_file_may_fill_the_field_of_the_packet() -> None:
    (bios,) = kea([], boot_files={"bios": "x" * 127})["client-classes"]
    assert len(bios["boot-file-name"]) == 127


@pytest.mark.parametrize("boot_files", ["pxelinux.0", ["pxelinux.0"]])
def test_boot_files_are_a_mapping(boot_files: Any) -> None:
    (fault,) = faults(boot_files=boot_files)
    assert "must be a mapping with the keys bios, uefi" in fault


def test_a_faulty_option_does_not_hide_a_client_s_fault() -> None:
    assert len(faults(client(254), interfaces=[])) == 2
