# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Configuration of ISC's dhcpd 4.4 as text: dhcpd.conf(5), dhcp-options(5), dhcp-eval(5).

Strings are quoted. They need no escapes, since `plan_dhcp` accepts only host names, addresses and
paths without quotes and backslashes.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ansible_collections.diskless.netboot.plugins.module_utils.dhcp.model import (
    ARCHITECTURES,
    IPXE,
    MARKER,
    NO_PXEDHCP,
    DhcpPlan,
    DhcpSubnet,
    Reservation,
    plan_dhcp,
)
from ansible_collections.diskless.netboot.plugins.module_utils.inventory.client import Client


def dhcpd_conf(clients: Iterable[Client], **options: Any) -> str:
    """Return the whole text of dhcpd.conf.

    The order of the input does not change the text. The interfaces are checked but not written:
    dhcpd gets them on its command line, and finds the interface of a subnet by its address.

    Args:
        clients: each gets one host declaration for each of its MAC addresses.
        **options: the options of `plan_dhcp`.

    Raises:
        InventoryError: the input has faults; the text lists all of them.
    """
    plan = plan_dhcp(clients, **options)
    lines = [
        *([] if plan.handout else [f"# {MARKER}", "authoritative;", "ddns-update-style none;"]),
        "allow booting;",
        "# Firmware, loader, initrd and system each send a client-id of their own.",
        "ignore-client-uids true;",
        "# iPXE need not wait for a ProxyDHCP server.",
        "option space ipxe;",
        f"option ipxe.no-pxedhcp code {NO_PXEDHCP} = unsigned integer 8;",
        f"option ipxe-options code {IPXE} = encapsulate ipxe;",
        "option ipxe.no-pxedhcp 1;",
        "# RFC 4578: the architecture that the client's firmware is for.",
        "option arch code 93 = unsigned integer 16;",
        *_boot_files(plan),
    ]
    for item in plan.subnets:
        lines += ["", *_subnet(item)]
        for reservation in item.reservations:
            lines += ["", *_host(reservation)]
    return "\n".join(lines) + "\n"


def _boot_files(plan: DhcpPlan) -> list[str]:
    lines = []
    for number, (kind, path) in enumerate(plan.boot_files.items()):
        tests = [f"option arch = {code[:2]}:{code[2:]}" for code in ARCHITECTURES[kind]]
        lines += [
            f"{'elsif' if number else 'if'} {' or '.join(tests)} {{",
            f"  next-server {plan.next_server};",
            f'  filename "{path}";',
            "}",
        ]
    return lines


def _subnet(item: DhcpSubnet) -> list[str]:
    subnet = item.subnet
    options: dict[str, Iterable[str]] = {
        "routers": subnet.routers,
        "domain-name-servers": subnet.dns_servers,
        "domain-name": () if subnet.domain is None else (f'"{subnet.domain}"',),
        "ntp-servers": subnet.ntp_servers,
    }
    return [
        f"subnet {item.network.network_address} netmask {item.network.netmask} {{",
        *(f"  range {pool.replace('-', ' ')};" for pool in sorted(subnet.pools)),
        *(f"  option {name} {', '.join(data)};" for name, data in options.items() if data),
        f"  default-lease-time {subnet.lease_seconds};",
        f"  max-lease-time {subnet.lease_seconds};",
        "}",
    ]


def _host(reservation: Reservation) -> list[str]:
    # The name of a declaration must be unique. The host name is not, if a client has two NICs.
    return [
        f"host mac-{reservation.mac.replace(':', '')} {{",
        f"  hardware ethernet {reservation.mac};",
        f"  fixed-address {reservation.address};",
        f'  option host-name "{reservation.hostname}";',
        "}",
    ]
