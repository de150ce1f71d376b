# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Configuration of kea-dhcp4 as data: the Kea Administrator Reference Manual, "DHCPv4 Server".

Every key is known to Kea 2.0 (Ubuntu 22.04) and to all later ones up to 2.6 (Debian 13).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.diskless.netboot.plugins.module_utils.dhcp.model import (
    ARCHITECTURES,
    IPXE,
    MARKER,
    NO_PXEDHCP,
    DhcpPlan,
    DhcpSubnet,
    plan_dhcp,
)
from ansible_collections.diskless.netboot.plugins.module_utils.inventory.client import Client

CONTROL_SOCKET = "/run/kea/kea4-ctrl-socket"
"""As in Debian's own kea-dhcp4.conf; AppArmor and, from 2.6.3, Kea itself allow no other folder."""


def kea_dhcp4(clients: Iterable[Client], **options: Any) -> dict[str, Any]:
    """Return the whole configuration, ready for a JSON serialiser.

    The same input in another order gives the same data, in the same order.

    Args:
        clients: each gets one reservation for each of its MACs.
        **options: as of `plan_dhcp`.

    Raises:
        InventoryError: names every fault.
    """
    plan = plan_dhcp(clients, **options)
    return {
        "Dhcp4": {
            **({} if plan.handout else _server(plan)),
            # Firmware, loader, initrd and system each send a client-id of their own.
            "match-client-id": False,
            "host-reservation-identifiers": ["hw-address"],
            "reservations-global": False,
            "reservations-in-subnet": True,
            # The plan has no reservation inside a pool, so Kea need not look for one there.
            "reservations-out-of-pool": True,
            # A client with several cards has one address on all of them.
            "ip-reservations-unique": False,
            "option-def": [{"name": "ipxe", "code": IPXE, "type": "binary"}],
            "option-data": [
                {"name": "ipxe", "csv-format": False, "data": bytes((NO_PXEDHCP, 1, 1)).hex()}
            ],
            "client-classes": _classes(plan),
            "subnet4": [_subnet(item, plan) for item in plan.subnets],
        }
    }


def _server(plan: DhcpPlan) -> dict[str, Any]:
    """What a server says for itself."""
    return {
        "comment": MARKER,
        "interfaces-config": {"interfaces": list(plan.interfaces)},
        "control-socket": {"socket-type": "unix", "socket-name": CONTROL_SOCKET},
        "lease-database": {"type": "memfile", "lfc-interval": 3600},
        "authoritative": True,
        "loggers": [
            {
                "name": "kea-dhcp4",
                "severity": "INFO",
                "output_options": [{"output": "stdout"}],
            }
        ],
    }


def _classes(plan: DhcpPlan) -> list[dict[str, str]]:
    return [
        {
            "name": f"netboot-{kind}",
            "test": " or ".join(
                # RFC 4578 section 2.1: the option is a list, the preferred type first.
                f"substring(option[93].hex, 0, 2) == 0x{code}"
                for code in ARCHITECTURES[kind]
            ),
            "next-server": plan.next_server,
            "boot-file-name": path,
        }
        for kind, path in plan.boot_files.items()
    ]


def _subnet(item: DhcpSubnet, plan: DhcpPlan) -> dict[str, Any]:
    subnet = item.subnet
    option_data: Mapping[str, Iterable[str]] = {
        "routers": subnet.routers,
        "domain-name-servers": subnet.dns_servers,
        "domain-name": () if subnet.domain is None else (subnet.domain,),
        "ntp-servers": subnet.ntp_servers,
    }
    rendered = {
        # Leases are tied to the id: it must not move when another subnet comes or goes. Subnets
        # do not overlap, so the network address is an id of its own (manual: 1 to 4294967294).
        "id": int(item.network.network_address),
        "subnet": subnet.network,
        "valid-lifetime": subnet.lease_seconds,
        "pools": [{"pool": pool} for pool in sorted(subnet.pools)],
        "option-data": [
            {"name": name, "data": ", ".join(data)} for name, data in option_data.items() if data
        ],
        "reservations": [
            {
                "hw-address": reservation.mac,
                "ip-address": reservation.address,
                # Sent as option 12 to a client that asks for it or sends its own.
                "hostname": reservation.hostname,
            }
            for reservation in item.reservations
        ],
    }
    if subnet.interface is not None and not plan.handout:
        rendered["interface"] = subnet.interface
    return rendered
