# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a DHCP server has to know, checked once and the same for every server."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.diskless.netboot.plugins.module_utils.inventory import values
from ansible_collections.diskless.netboot.plugins.module_utils.inventory.client import Client
from ansible_collections.diskless.netboot.plugins.module_utils.inventory.faults import (
    Fault,
    InventoryError,
)
from ansible_collections.diskless.netboot.plugins.module_utils.inventory.reader import Reader
from ansible_collections.diskless.netboot.plugins.module_utils.inventory.subnet import (
    AddressPlan,
    Subnet,
    collect_subnets,
)

MARKER = "Written by diskless.netboot: what you change here is lost."

ARCHITECTURES = {"bios": ("0000",), "uefi": ("0007", "0009")}
"""Kind of firmware to the architecture types, in hex, that ask for its boot file: IANA, "Processor
Architecture Types"; RFC 4578 section 2.1. Some 64-bit UEFI firmware says 9 (EBC) for 7."""

DEFAULT_BOOT_FILES = {"bios": "pxelinux.0"}

IPXE, NO_PXEDHCP = 175, 176
"""iPXE's encapsulated option, which iPXE alone asks for, and in it the one (1) by which it does not
wait three seconds for what a ProxyDHCP server might add: iPXE's src/include/ipxe/dhcp.h,
DHCP_EB_ENCAP and DHCP_EB_NO_PXEDHCP. It is the ROM of every virtual NIC of QEMU."""

# RFC 2131 section 2: 128 bytes with the final NUL. No white space, quote or backslash: a loader's
# name needs none, and firmware disagrees about them.
_BOOT_FILE = re.compile(r"[!#-&(-\[\]-~]{1,127}", re.ASCII)


@dataclass(frozen=True)
class Reservation:
    """One MAC address, lower case with colons, and the IPv4 address and host name reserved."""

    mac: str
    address: str
    hostname: str


@dataclass(frozen=True)
class DhcpSubnet:
    """A subnet, its network parsed, and its reservations by address, then MAC."""

    subnet: Subnet
    network: ipaddress.IPv4Network
    reservations: tuple[Reservation, ...]


@dataclass(frozen=True)
class DhcpPlan:
    """What a DHCP server serves.

    Attributes:
        subnets: sorted by network address.
        interfaces: names of the server's interfaces, in the order given.
        next_server: IPv4 address of the TFTP server.
        boot_files: kind of firmware (a key of ARCHITECTURES) to the loader's path.
        handout: whether this is what somebody else's server has to say beside all that it says for
            itself: its interfaces, whether it is alone on its networks, how it keeps its leases.
    """

    subnets: tuple[DhcpSubnet, ...]
    interfaces: tuple[str, ...]
    next_server: str
    boot_files: dict[str, str]
    handout: bool = False


def plan_dhcp(
    clients: Iterable[Client],
    *,
    subnets: Any,
    interfaces: Any = None,
    next_server: Any,
    boot_files: Any = None,
    handout: Any = False,
) -> DhcpPlan:
    """Check everything that a DHCP server's configuration holds, and sort it.

    Args:
        clients: each gets one reservation for each of its MACs.
        subnets: list of mappings with Subnet's keys.
        interfaces: names of the interfaces to answer on; at least one, but none for a handout.
        next_server: IPv4 address of the TFTP server; no client and no pool may have it.
        boot_files: the loaders' paths by kind of firmware; DEFAULT_BOOT_FILES when None.
        handout: see DhcpPlan.

    Raises:
        InventoryError: names every fault.
    """
    faults: list[Fault] = []
    given = {"interfaces": interfaces, "next_server": next_server, "handout": handout}
    reader = Reader("", given, faults)
    for_others = reader.one("handout", values.boolean, False)
    nics = reader.many("interfaces", values.nic, required=not for_others)
    server = reader.one("next_server", values.ipv4, required=True)
    files = _boot_files(DEFAULT_BOOT_FILES if boot_files is None else boot_files, faults)
    reserved = {} if server is None else {server: "next_server's"}
    before = len(faults)
    sound = collect_subnets(subnets, reserved, faults)
    by_network: dict[str, list[Reservation]] = {subnet.network: [] for subnet in sound}
    # Without every subnet, "lies in none" would blame the client for the subnet's fault.
    plan = AddressPlan(sound, reserved) if len(faults) == before else None
    owners: dict[str, str] = {}
    for client in clients:
        network, reservations = _reserve(client, plan, owners, faults)
        by_network.setdefault(network, []).extend(reservations)
    if faults:
        raise InventoryError(faults)
    found = [
        DhcpSubnet(
            subnet,
            ipaddress.IPv4Network(subnet.network),
            tuple(sorted(by_network[subnet.network], key=_order)),
        )
        for subnet in sound
    ]
    found.sort(key=lambda item: item.network)
    return DhcpPlan(tuple(found), nics, server, files, for_others)


def _boot_files(raw: Any, faults: list[Fault]) -> dict[str, str]:
    known = ", ".join(ARCHITECTURES)
    if not isinstance(raw, Mapping):
        faults.append(Fault("", "boot_files", raw, f"must be a mapping with the keys {known}"))
        return {}
    reader = Reader("", raw, faults, prefix="boot_files.")
    for key in raw:
        if key not in ARCHITECTURES:
            reader.fault(str(key), raw[key], f"is no kind of firmware; must be one of {known}")
    files = {kind: reader.one(kind, _boot_file) for kind in ARCHITECTURES}
    return {kind: path for kind, path in files.items() if path is not None}


def _boot_file(value: Any) -> str:
    path = values.text(value)
    if not _BOOT_FILE.fullmatch(path):
        raise ValueError(
            "must be 1 to 127 characters of printable ASCII "
            "without white space, quotes or backslash"
        )
    return path


def _reserve(
    client: Client, plan: AddressPlan | None, owners: dict[str, str], faults: list[Fault]
) -> tuple[str, list[Reservation]]:
    """Return the client's network and reservations; ``""`` and none of use after a fault."""
    given = {"address": client.address, "hostname": client.hostname, "macs": client.macs}
    reader = Reader(client.name, given, faults)
    hostname = reader.one("hostname", values.hostname, required=True)
    address = reader.one("address", values.ipv4, required=True)
    macs = reader.many("macs", values.mac, required=True)
    network = ""
    if plan is not None and address is not None:
        try:
            network = plan.subnet_of(address).network
        except ValueError as error:
            reader.fault("address", address, str(error))
    for value in (address, *macs):
        owner = owners.setdefault(value, client.name) if value else client.name
        if owner != client.name:
            variable = "address" if value == address else "macs"
            reader.fault(variable, value, f"must be one client's alone; {owner} has it too")
    return network, [Reservation(mac, address, hostname) for mac in macs]


def _order(reservation: Reservation) -> tuple[int, str]:
    return int(ipaddress.IPv4Address(reservation.address)), reservation.mac
