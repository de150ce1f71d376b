# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Configuration of dnsmasq 2.86 and later as a DHCP server without DNS: dnsmasq(8).

Commas separate the values of a line, and a comma in a value cannot be escaped. The host names and
addresses that `plan_dhcp` accepts have no commas. Boot files are checked here.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
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
from ansible_collections.diskless.netboot.plugins.module_utils.inventory import values
from ansible_collections.diskless.netboot.plugins.module_utils.inventory.client import Client
from ansible_collections.diskless.netboot.plugins.module_utils.inventory.faults import (
    Fault,
    InventoryError,
)

LEASES_MIN = 1000
"""Number of leases that dnsmasq allows by default."""


def dnsmasq_conf(clients: Iterable[Client], *, proxy: Any = False, **options: Any) -> str:
    """Return the whole text of dnsmasq.conf.

    The order of the input does not change the text. dnsmasq finds the interface of a subnet by its
    address.

    Args:
        clients: each gets one reservation for each of its NICs.
        proxy: whether another DHCP server on the network gives the addresses, and this one only
            tells PXE firmware its boot file (Intel's PXE specification 2.1, "proxyDHCP").
        **options: the options of `plan_dhcp`.

    Raises:
        InventoryError: the input has faults; the text lists all of them.
    """
    plan = plan_dhcp(clients, **options)
    beside = _check(plan, proxy)
    lines = [
        *([] if plan.handout else _server(plan)),
        *([] if beside else _addresses(plan)),
        "# RFC 4578: the architecture that the client's firmware is for.",
        *_boot_files(plan),
        *(_services(plan) if beside else []),
    ]
    for item in plan.subnets:
        lines += ["", *([_proxied(item)] if beside else [*_subnet(item), *_hosts(item)])]
    return "\n".join(lines) + "\n"


def _check(plan: DhcpPlan, proxy: Any) -> bool:
    """Return whether another server gives the addresses.

    Raises:
        InventoryError: the proxy option or a boot file is wrong.
    """
    faults = [
        Fault("", f"boot_files.{kind}", path, "must not contain a comma: dnsmasq would end there")
        for kind, path in plan.boot_files.items()
        if "," in path
    ]
    beside = False
    try:
        beside = values.boolean(proxy)
    except ValueError as error:
        faults.append(Fault("", "proxy", proxy, str(error)))
    if beside and plan.handout:
        expected = "must be false in a handout, which is for the server that gives the addresses"
        faults.append(Fault("", "proxy", proxy, expected))
    if faults:
        raise InventoryError(faults)
    return beside


def _server(plan: DhcpPlan) -> list[str]:
    """Return the settings of the server itself."""
    return [
        f"# {MARKER}",
        "# No DNS.",
        "port=0",
        *(f"interface={name}" for name in plan.interfaces),
        "bind-dynamic",
    ]


def _addresses(plan: DhcpPlan) -> list[str]:
    """Return the settings that only a server that gives addresses needs."""
    leases = f"dhcp-lease-max={max(LEASES_MIN, _leases(plan))}"
    return [
        *([] if plan.handout else ["dhcp-authoritative", leases]),
        "# Firmware, loader, initrd and system each send a client-id of their own.",
        "dhcp-ignore-clid",
        "# iPXE need not wait for a ProxyDHCP server.",
        f"dhcp-option=encap:{IPXE},{NO_PXEDHCP},1b",
    ]


def _services(plan: DhcpPlan) -> list[str]:
    """Return the boot services, without which dnsmasq does not answer as a proxy.

    Firmware shows a menu only if there are several services for it.
    """
    return [
        f"pxe-service={int(code, 16)},netboot,{path},{plan.next_server}"
        for kind, path in plan.boot_files.items()
        for code in ARCHITECTURES[kind]
    ]


def _proxied(item: DhcpSubnet) -> str:
    return f"dhcp-range={item.network.network_address},proxy,{item.network.netmask}"


def _leases(plan: DhcpPlan) -> int:
    count = 0
    for item in plan.subnets:
        count += len(item.reservations)
        for pool in item.subnet.pools:
            first, last = (int(ipaddress.IPv4Address(end.strip())) for end in pool.split("-"))
            count += last - first + 1
    return count


def _boot_files(plan: DhcpPlan) -> list[str]:
    lines = []
    for kind, path in plan.boot_files.items():
        lines += [
            f"dhcp-match=set:{kind},option:client-arch,{int(code, 16)}"
            for code in ARCHITECTURES[kind]
        ]
        lines.append(f"dhcp-boot=tag:{kind},{path},,{plan.next_server}")
    return lines


def _subnet(item: DhcpSubnet) -> list[str]:
    subnet, network = item.subnet, item.network
    tag = f"net-{network.network_address}"
    # These options are written even if they are empty. Otherwise dnsmasq would name itself as
    # router and name server.
    options: dict[str, Iterable[str]] = {
        "router": subnet.routers,
        "dns-server": subnet.dns_servers,
    }
    if subnet.domain is not None:
        options["domain-name"] = (subnet.domain,)
    if subnet.ntp_servers:
        options["ntp-server"] = subnet.ntp_servers
    # A reserved address need not be in a range, but its network must have one.
    ranges = [pool.replace("-", ",") for pool in sorted(subnet.pools)]
    return [
        *(
            f"dhcp-range=set:{tag},{ends},{network.netmask},{subnet.lease_seconds}"
            for ends in ranges or [f"{network.network_address},static"]
        ),
        *(
            f"dhcp-option=tag:{tag},{','.join([f'option:{name}', *data])}"
            for name, data in options.items()
        ),
    ]


def _hosts(item: DhcpSubnet) -> list[str]:
    return [
        f"dhcp-host={one.mac},{one.address},{one.hostname},{item.subnet.lease_seconds}"
        for one in item.reservations
    ]
