# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The data that a DHCP server needs. It is checked here, in the same way for all servers."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator, Mapping
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
"""The architecture types of each kind of firmware, in hex, by which it asks for its boot file.

Sources: IANA, "Processor Architecture Types"; RFC 4578 section 2.1. Some 64-bit UEFI firmware sends
9 (EBC) in place of 7.
"""

DEFAULT_BOOT_FILES = {"bios": "pxelinux.0"}

IPXE, NO_PXEDHCP = 175, 176
"""The option that encapsulates iPXE's options, and the option in it that saves three seconds.

With the value 1, iPXE does not wait three seconds for a ProxyDHCP server. Only iPXE asks for these
options. It is the ROM of all virtual NICs of QEMU. Source: iPXE's src/include/ipxe/dhcp.h,
DHCP_EB_ENCAP and DHCP_EB_NO_PXEDHCP.
"""

# RFC 2131 section 2: 128 bytes with the final NUL. White space, quotes and backslashes are not
# allowed: the name of a loader does not need them, and firmware treats them differently.
_BOOT_FILE = re.compile(r"[!#-&(-\[\]-~]{1,127}", re.ASCII)


@dataclass(frozen=True)
class Reservation:
    """A MAC address (lower case with colons) with the IPv4 address and host name for it."""

    mac: str
    address: str
    hostname: str


@dataclass(frozen=True)
class DhcpSubnet:
    """A subnet, its network as an object, and its reservations, sorted by address and MAC."""

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
        boot_files: path of the boot file by kind of firmware, a key of ARCHITECTURES.
        handout: whether this is to be added to the configuration of another server, which already
            has the settings of the server itself: its interfaces, how it stores leases, and
            whether it is the only server on its networks.
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
    """Check and sort the data for the configuration of a DHCP server.

    Args:
        clients: each gets one reservation for each of its NICs.
        subnets: list of mappings with the keys of Subnet.
        interfaces: names of the interfaces to answer on. At least one is required, unless this is
            a handout.
        next_server: IPv4 address of the TFTP server. It must not be the address of a client or in a
            pool.
        boot_files: path of the boot file by kind of firmware. None means DEFAULT_BOOT_FILES.
        handout: see DhcpPlan.

    Raises:
        InventoryError: the input has faults; the text lists all of them.
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
    # If a subnet has a fault, clients in it are not reported as being in no subnet.
    plan = AddressPlan(sound, reserved) if len(faults) == before else None
    owners: dict[str, str] = {}
    for client in clients:
        for network, reservation in _reserve(client, plan, owners, faults):
            by_network.setdefault(network, []).append(reservation)
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
) -> Iterator[tuple[str, Reservation]]:
    """Return the reservations of a client, each with its network.

    After a fault, they must not be used.
    """
    before = len(faults)
    given = {"addresses": client.addresses, "hostname": client.hostname, "macs": client.macs}
    reader = Reader(client.name, given, faults)
    hostname = reader.one("hostname", values.hostname, required=True)
    found = {
        "addresses": reader.many("addresses", values.ipv4, required=True),
        "macs": reader.many("macs", values.mac, required=True),
    }
    networks = [""] * len(found["addresses"])
    for index, address in enumerate(found["addresses"] if plan is not None else ()):
        try:
            networks[index] = plan.subnet_of(address).network if plan else ""
        except ValueError as error:
            reader.fault("addresses", address, str(error))
    for variable, several in found.items():
        for value in several:
            owner = owners.setdefault(value, client.name)
            if owner != client.name:
                reader.fault(variable, value, f"must be one client's alone; {owner} has it too")
    if len(faults) == before and len(found["addresses"]) != len(found["macs"]):
        reader.fault("addresses", list(client.addresses), "must be one for each of its macs")
    for network, mac, address in zip(networks, found["macs"], found["addresses"]):
        yield network, Reservation(mac, address, hostname)


def _order(reservation: Reservation) -> tuple[int, str]:
    return int(ipaddress.IPv4Address(reservation.address)), reservation.mac
