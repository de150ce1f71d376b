# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person may rely on when the subnets are read."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.diskless.netboot.plugins.module_utils.inventory.faults import (
    InventoryError,
)
from ansible_collections.diskless.netboot.plugins.module_utils.inventory.subnet import (
    AddressPlan,
    Subnet,
    parse_subnets,
)


def test_a_subnet_is_completed() -> None:
    assert parse_subnets([{"network": "192.0.2.0/24"}]) == [
        Subnet("192.0.2.0/24", (), (), (), (), None, 600, None)
    ]


def test_every_key_reaches_its_field() -> None:
    raw = {
        "network": "192.0.2.0/255.255.255.0",
        "pools": ["192.0.2.10 - 192.0.2.20", "192.0.2.30-192.0.2.30"],
        "routers": "192.0.2.254",
        "dns_servers": ["192.0.2.1", "9.9.9.9"],
        "ntp_servers": "192.0.2.123",
        "domain": "room.example.org",
        "lease_seconds": "3600",
        "interface": "eth1",
    }
    assert parse_subnets([raw]) == [
        Subnet(
            "192.0.2.0/24",
            ("192.0.2.10-192.0.2.20", "192.0.2.30-192.0.2.30"),
            ("192.0.2.254",),
            ("192.0.2.1", "9.9.9.9"),
            ("192.0.2.123",),
            "room.example.org",
            3600,
            "eth1",
        )
    ]


@pytest.mark.parametrize(
    ("raw", "key", "says"),
    [
        ({"network": None}, "network", "must be given"),
        ({"network": "192.0.2.0"}, "network", "CIDR"),
        ({"network": "192.0.2.1/24"}, "network", "did you mean 192.0.2.0/24?"),
        ({"network": "192.0.2.0/31"}, "network", "1 to 30"),
        ({"network": "2001:db8::/64"}, "network", "IPv4 network"),
        ({"network": 5}, "network", "quote it"),
        ({"pools": ["192.0.2.10"]}, "pools", "must be a range"),
        ({"pools": ["192.0.2.20-192.0.2.10"]}, "pools", "lower address first"),
        ({"pools": ["192.0.2.250-192.0.3.5"]}, "pools", "192.0.2.0/24"),
        ({"pools": ["192.0.2.0-192.0.2.5"]}, "pools", "192.0.2.0/24"),
        ({"pools": ["192.0.2.3-192.0.2.9", "192.0.2.9-192.0.2.12"]}, "pools", "overlap"),
        ({"pools": ["192.0.2.3-192.0.2.9", "192.0.2.5-192.0.2.6"]}, "pools", "overlap"),
        ({"pools": ["192.0.2.1-192.0.2.9"]}, "pools", "192.0.2.1, which is the boot server"),
        ({"pools": ["192.0.2.3-192.0.2.9"], "routers": ["192.0.2.5"]}, "pools", "a router"),
        ({"routers": ["192.0.2.255"]}, "routers", "host's address"),
        ({"routers": ["10.0.0.1"]}, "routers", "host's address"),
        ({"dns_servers": ["dns"]}, "dns_servers", "IPv4 address"),
        ({"ntp_servers": ["time.example"]}, "ntp_servers", "IPv4 address"),
        ({"domain": "a b"}, "domain", "RFC 1123"),
        ({"lease_seconds": 0}, "lease_seconds", "1 to"),
        ({"lease_seconds": 2**32}, "lease_seconds", "1 to"),
        ({"lease_seconds": True}, "lease_seconds", "number of seconds"),
        ({"lease_seconds": "day"}, "lease_seconds", "number of seconds"),
        ({"interface": "a/b"}, "interface", "interface name"),
        ({"router": "192.0.2.254"}, "router", "did you mean routers?"),
        ({"colour": "red"}, "colour", "must be one of network, pools"),
    ],
)
def test_a_wrong_subnet_is_one_fault_that_says_what_is_right(
    raw: dict[str, Any], key: str, says: str
) -> None:
    with pytest.raises(InventoryError) as caught:
        parse_subnets([{"network": "192.0.2.0/24", **raw}], {"192.0.2.1": "the boot server"})
    assert [fault.variable for fault in caught.value.faults] == [f"netboot_subnets[0].{key}"]
    assert says in caught.value.faults[0].expected


@pytest.mark.parametrize("raw", [None, 5, "192.0.2.0/24", {"network": "192.0.2.0/24"}, b"x"])
def test_subnets_are_a_list(raw: Any) -> None:
    with pytest.raises(InventoryError, match="netboot_subnets"):
        parse_subnets(raw)


def test_overlapping_subnets_are_a_fault() -> None:
    with pytest.raises(InventoryError, match=r"\[1\].network: .* overlap with 192.0.2.0/24"):
        parse_subnets([{"network": "192.0.2.0/24"}, {"network": "192.0.2.128/25"}])


def test_a_pool_overlaps_with_a_wide_one_even_behind_a_narrow_one() -> None:
    pools = ["192.0.2.3-192.0.2.30", "192.0.2.5-192.0.2.6", "192.0.2.10-192.0.2.12"]
    with pytest.raises(InventoryError) as caught:
        parse_subnets([{"network": "192.0.2.0/24", "pools": pools}])
    assert [fault.value for fault in caught.value.faults] == pools[1:]


def test_every_fault_of_every_subnet_is_named() -> None:
    raw = [{"network": "x"}, 7, {"network": "192.0.2.0/24", "pools": ["x", "y"], "domain": "-"}]
    with pytest.raises(InventoryError) as caught:
        parse_subnets(raw)
    assert [fault.variable.partition("subnets")[2] for fault in caught.value.faults] == [
        "[0].network",
        "[1]",
        "[2].pools[0]",
        "[2].pools[1]",
        "[2].domain",
    ]


def test_an_address_is_found_in_its_subnet_among_many() -> None:
    subnets = parse_subnets([{"network": f"10.{number}.0.0/24"} for number in range(200)])
    plan = AddressPlan(subnets, {})
    for number in range(200):
        assert plan.subnet_of(f"10.{number}.0.7").network == f"10.{number}.0.0/24"
        with pytest.raises(ValueError, match="must lie in a subnet"):
            plan.subnet_of(f"10.{number}.1.7")
    with pytest.raises(ValueError, match="must lie in a subnet"):
        plan.subnet_of("9.0.0.1")


def test_another_subnet_s_router_is_no_client_s_address_either() -> None:
    subnets = [Subnet("192.0.2.0/24"), Subnet("198.51.100.0/24", routers=("192.0.2.9",))]
    with pytest.raises(ValueError, match="a router"):
        AddressPlan(subnets, {}).subnet_of("192.0.2.9")
