# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person is told when several clients, or many variables, do not fit."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.diskless.netboot.plugins.module_utils.inventory.faults import (
    InventoryError,
)
from ansible_collections.diskless.netboot.plugins.module_utils.inventory.parser import parse_clients

from .parsing import RESERVED, SUBNET, faults, parse, pc


@pytest.mark.parametrize(
    ("variable", "first", "second"),
    [
        ("mac", "52:54:00:AA:BB:CC", "5254.00aa.bbcc"),
        ("ip", "192.0.2.21", "192.0.2.21"),
        ("hostname", "Desk", "dESK"),
    ],
)
def test_what_two_clients_share_names_both(variable: str, first: str, second: str) -> None:
    a = pc(**{"mac": "525400000001", "ip": "192.0.2.31", variable: first})
    b = pc(**{"mac": "525400000002", "ip": "192.0.2.32", variable: second})
    found = faults(pc01=a, pc02=b)
    assert [(client, where) for client, where, _expected in found] == [
        ("pc02", f"netboot_{variable}")
    ]
    assert "pc01" in found[0][2]


def test_inventory_names_of_one_first_label_need_host_names() -> None:
    clients = {
        "pc01.a": pc(mac="525400000001", ip="192.0.2.31"),
        "pc01.b": pc(mac="525400000002", ip="192.0.2.32"),
    }
    assert [where for _client, where, _expected in faults(**clients)] == ["netboot_hostname"]


def test_a_second_card_of_one_client_cannot_be_another_client_s() -> None:
    a = pc(mac=["525400000001", "525400000002"], ip=["192.0.2.31", "192.0.2.33"])
    b = pc(mac=["525400000003", "525400000002"], ip=["192.0.2.32", "192.0.2.34"])
    assert [where for _client, where, _expected in faults(pc01=a, pc02=b)] == ["netboot_mac"]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (
            {"mac": ["525400000001", "525400000002"], "ip": "192.0.2.31"},
            "must be an address for each of its 2 NICs, as netboot_mac is",
        ),
        (
            {"mac": "525400000001", "ip": ["192.0.2.31", "192.0.2.32"]},
            "must be one address, as netboot_mac is",
        ),
    ],
)
def test_a_pc_has_as_many_addresses_as_nics(given: dict[str, Any], expected: str) -> None:
    assert faults(pc01=pc(**given)) == [("pc01", "netboot_ip", expected)]


def test_only_a_wrong_mac_is_a_fault_where_there_are_as_many_addresses() -> None:
    wrong = pc(mac=["525400000001", "x"], ip=["192.0.2.31", "192.0.2.32"])
    assert [where for _client, where, _expected in faults(pc01=wrong)] == ["netboot_mac[1]"]


def test_nics_in_two_subnets_have_no_static_address() -> None:
    far = {"network": "198.51.100.0/24"}
    two = pc(mac=["525400000001", "525400000002"], ip=["192.0.2.31", "198.51.100.31"], static=True)
    assert faults(SUBNET, far, pc01=two) == [
        ("pc01", "netboot_static", "must be false for a PC with NICs in several subnets")
    ]


@pytest.mark.parametrize("name", ["../pc", "a/b", "pc 01", "", "a" * 254])
def test_an_inventory_name_that_is_no_folder_s_name_is_a_fault(name: str) -> None:
    found = faults(**{name: pc(hostname="pc01")})
    assert [where for _client, where, _expected in found] == ["inventory name"]


def test_a_subnet_s_fault_is_not_blamed_on_its_clients() -> None:
    found = faults({"network": "192.0.2.1/24"}, pc01=pc())
    assert [(client, where) for client, where, _expected in found] == [
        ("", "netboot_subnets[0].network")
    ]


def test_an_address_reserved_wrongly_is_a_fault() -> None:
    with pytest.raises(InventoryError, match="reserved: 'boot': must be an IPv4 address"):
        parse_clients({}, [SUBNET], {"boot": "x"})


def test_an_inventory_with_ten_faults_gives_one_error_that_names_all_ten() -> None:
    clients = {
        "pc01": pc(mac=41135085296),
        "pc02": pc(mac="525400000002", ip="192.0.2.254"),
        "pc03": pc(mac="525400000003", ip="192.0.2.201"),
        "pc04": pc(mac="525400000004", ip="192.0.2.34", image="a b"),
        "pc05": pc(mac="525400000005", ip="192.0.2.35", hostname="no_good"),
        "pc06": pc(mac="525400000006", ip="192.0.2.36", kernel_args="quiet root=/dev/sda"),
        "pc07": pc(mac="525400000006", ip="192.0.2.37"),
        "pc08": pc(mac="525400000008", ip="192.0.2.38", root="overlai"),
        "pc09": pc(mac="525400000009", ip="192.0.2.39", relase="x"),
        "pc10": pc(mac="525400000010", ip=None),
    }
    with pytest.raises(InventoryError) as caught:
        parse_clients(clients, [SUBNET], RESERVED)
    message = str(caught.value)
    lines = message.splitlines()
    assert lines[0] == "10 faults in the inventory:"
    assert len(lines) == 11
    for number, words in enumerate(
        [
            "netboot_mac: 41135085296: an unquoted all-digit MAC was read by YAML as a number, "
            "quote it: '52:54:00:12:34:56'",
            "netboot_ip: '192.0.2.254'",
            "netboot_ip: '192.0.2.201'",
            "netboot_image: 'a b'",
            "netboot_hostname: 'no_good'",
            "netboot_kernel_args[1]: 'root=/dev/sda'",
            "netboot_mac: '52:54:00:00:00:06': must be one client's alone; pc06",
            "netboot_root: 'overlai'",
            "netboot_relase: 'x': is no variable of a client; did you mean netboot_release?",
            "netboot_ip: must be given",
        ],
        start=1,
    ):
        assert f"  pc{number:02}: {words}" in message


def test_one_wrong_group_variable_is_one_line_with_all_its_clients() -> None:
    with pytest.raises(InventoryError) as caught:
        parse(
            pc01=pc(mac="525400000001", ip="192.0.2.31", root="x"),
            pc02=pc(mac="525400000002", ip="192.0.2.32", root="x"),
        )
    assert len(caught.value.faults) == 2
    assert str(caught.value).splitlines() == [
        "2 faults in the inventory:",
        "  pc01, pc02: netboot_root: 'x': must be overlay or squashfs or rw or shared-rw",
    ]


def test_a_fault_shows_any_value_on_one_printable_line() -> None:
    with pytest.raises(InventoryError) as caught:
        parse(pc01=pc(ip="a\nb\x1b[2J" + "c" * 500, image=10**5000))
    lines = str(caught.value).splitlines()
    assert len(lines) == 3
    assert all(line.isprintable() and len(line) < 300 for line in lines)
