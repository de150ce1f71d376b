# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares what an inventory says of a boot server's network with what the server has."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

Nics = Mapping[str, Sequence[str]]
"""IPv4 addresses of each NIC, by the name of the NIC."""


def read_nics(text: str) -> dict[str, list[str]]:
    """Return the NICs in the output of ``ip -json address``, ip-address(8).

    Raises:
        ValueError: it is no such output.
    """
    links: list[dict[str, Any]] = json.loads(text)
    return {
        link["ifname"]: [
            one["local"] for one in link.get("addr_info", ()) if one.get("family") == "inet"
        ]
        for link in links
        if link.get("ifname") not in (None, "lo")
    }


def network_faults(address: str, interfaces: Sequence[str], nics: Nics) -> list[str]:
    """Return a sentence for each value that does not fit the server.

    Args:
        address: the server's ``netboot_address``.
        interfaces: its ``dhcp_server_interfaces``.
        nics: what the server has.
    """
    has = ", ".join(f"{one} on {nic}" for nic, several in nics.items() for one in several)
    faults = []
    if not any(address in several for several in nics.values()):
        faults.append(
            f"netboot_address: {address} is no address of this server. It has {has or 'none'}"
        )
    faults += [
        f"dhcp_server_interfaces: this server has no NIC {nic}. It has {', '.join(nics) or 'none'}"
        for nic in interfaces
        if nic not in nics
    ]
    return faults
