# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables of clients, read as an inventory's are."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.diskless.netboot.plugins.module_utils.inventory.client import (
    Client,
)
from ansible_collections.diskless.netboot.plugins.module_utils.inventory.faults import (
    InventoryError,
)
from ansible_collections.diskless.netboot.plugins.module_utils.inventory.parser import parse_clients

SUBNET = {
    "network": "192.0.2.0/24",
    "pools": ["192.0.2.200-192.0.2.250"],
    "routers": ["192.0.2.254"],
}
RESERVED = {"192.0.2.1": "the boot server's address"}


def pc(**variables: Any) -> dict[str, Any]:
    """Return the variables of a sound client, some replaced; None takes one away."""
    sound = {
        "netboot_mac": "52:54:00:12:34:56",
        "netboot_ip": "192.0.2.21",
        "netboot_image": "library",
    }
    return {**sound, **{f"netboot_{name}": value for name, value in variables.items()}}


def parse(**clients: dict[str, Any]) -> list[Client]:
    return parse_clients(clients, [SUBNET], RESERVED)


def one(**variables: Any) -> Client:
    return parse(pc01=pc(**variables))[0]


def faults(*subnets: Any, **clients: dict[str, Any]) -> list[tuple[str, str, str]]:
    with pytest.raises(InventoryError) as caught:
        parse_clients(clients, list(subnets) or [SUBNET], RESERVED)
    return [(fault.client, fault.variable, fault.expected) for fault in caught.value.faults]


def fault(**variables: Any) -> tuple[str, str]:
    """Return variable and remedy of the only fault of one client."""
    found = faults(pc01=pc(**variables))
    assert len(found) == 1, found
    assert found[0][0] == "pc01"
    return found[0][1:]
