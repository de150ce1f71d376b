# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Configuration of kea-dhcp4 as data: the Kea Administrator Reference Manual, "DHCPv4 Server".

Kea 2.0 (Ubuntu 22.04) to 2.6 (Debian 13) know all keys that are used here.
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
"""As in Debian's kea-dhcp4.conf. AppArmor and, since 2.6.3, Kea itself allow no other folder."""

_JOURNAL = [{"output": "stdout"}]


def kea_dhcp4(clients: Iterable[Client], **options: Any) -> dict[str, Any]:
    """Return the whole configuration as data that can be written as JSON.

    The order of the input does not change the data or its order.

    Args:
        clients: each gets one reservation for each of its NICs.
        **options: the options of `plan_dhcp`.

    Raises:
        InventoryError: the input has faults; the text lists all of them.
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
            # No reservation is inside a pool, so Kea need not look for one there.
            "reservations-out-of-pool": True,
            "option-def": [{"name": "ipxe", "code": IPXE, "type": "binary"}],
            "option-data": [
                {"name": "ipxe", "csv-format": False, "data": bytes((NO_PXEDHCP, 1, 1)).hex()}
            ],
            "client-classes": _classes(plan),
            "subnet4": [_subnet(item, plan) for item in plan.subnets],
        }
    }


def _server(plan: DhcpPlan) -> dict[str, Any]:
    """Return the settings of the server itself."""
    return {
        "comment": MARKER,
        "interfaces-config": {"interfaces": list(plan.interfaces)},
        "control-socket": {"socket-type": "unix", "socket-name": CONTROL_SOCKET},
        "lease-database": {"type": "memfile", "lfc-interval": 3600},
        "authoritative": True,
        "loggers": [
            {"name": "kea-dhcp4", "severity": "INFO", "output_options": _JOURNAL},
            # With INFO, nothing says that a PC asked and got no answer. With this, each request is
            # logged with its MAC address (DHCP4_PACKET_RECEIVED), in some four lines a packet.
            {
                "name": "kea-dhcp4.packets",
                "severity": "DEBUG",
                "debuglevel": 45,
                "output_options": _JOURNAL,
            },
        ],
    }


def _classes(plan: DhcpPlan) -> list[dict[str, str]]:
    return [
        {
            "name": f"netboot-{kind}",
            "test": " or ".join(
                # RFC 4578 section 2.1: the option is a list that begins with the preferred type.
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
        # Leases belong to the id, so the id must not change when another subnet is added or
        # removed. The network address is unique, since subnets do not overlap, and it is a valid id
        # (manual: 1 to 4294967294).
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
                # Kea sends it as option 12 to a client that asks for it or sends its own name.
                "hostname": reservation.hostname,
            }
            for reservation in item.reservations
        ],
    }
    if subnet.interface is not None and not plan.handout:
        rendered["interface"] = subnet.interface
    return rendered
