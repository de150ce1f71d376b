# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Subnets that the boot servers hand addresses out in, and which addresses a client may have."""

from __future__ import annotations

import ipaddress
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from ansible_collections.diskless.netboot.plugins.module_utils.inventory import values
from ansible_collections.diskless.netboot.plugins.module_utils.inventory.faults import (
    Fault,
    InventoryError,
    nearest,
)
from ansible_collections.diskless.netboot.plugins.module_utils.inventory.reader import Reader

DEFAULT_LEASE_SECONDS = 600
"""Short, since Kea and dnsmasq keep an address from a PC's new NIC while the old one's lease runs.
A PC whose root is on the network never renews its lease, and loses nothing when it ends: a reserved
address is nobody else's."""

_LEASE_LIMIT = 2**32 - 1  # RFC 2132 section 9.2: 32 bits, all ones means for ever


@dataclass(frozen=True)
class Subnet:
    """One IPv4 subnet with clients in it.

    Attributes:
        network: CIDR, such as ``192.0.2.0/24``.
        pools: dynamic ranges, each ``FIRST-LAST``, both ends included.
        routers: the default gateways' addresses.
        dns_servers: the resolvers' addresses.
        ntp_servers: the time servers' addresses.
        domain: DNS domain of the clients.
        lease_seconds: how long a lease lasts, in seconds.
        interface: the DHCP server's interface in this subnet.
    """

    network: str
    pools: tuple[str, ...] = ()
    routers: tuple[str, ...] = ()
    dns_servers: tuple[str, ...] = ()
    ntp_servers: tuple[str, ...] = ()
    domain: str | None = None
    lease_seconds: int = DEFAULT_LEASE_SECONDS
    interface: str | None = None


_KEYS = tuple(field.name for field in fields(Subnet))


def parse_subnets(raw: Any, reserved: Mapping[str, str] | None = None) -> list[Subnet]:
    """Return the subnets that a list of mappings with Subnet's keys describes.

    Args:
        raw: the list.
        reserved: addresses of the boot servers, each with what it is.

    Raises:
        InventoryError: names every fault of every subnet.
    """
    faults: list[Fault] = []
    subnets = collect_subnets(raw, reserved or {}, faults)
    if faults:
        raise InventoryError(faults)
    return subnets


def collect_subnets(raw: Any, reserved: Mapping[str, str], faults: list[Fault]) -> list[Subnet]:
    """Return the sound subnets of *raw* (mappings or Subnets); the others add to *faults*."""
    variable = "netboot_subnets"
    if isinstance(raw, (str, Mapping)) or not isinstance(raw, Sequence):
        faults.append(Fault("", variable, raw, "must be a list of subnets"))
        return []
    subnets: list[Subnet] = []
    for index, item in enumerate(raw):
        if isinstance(item, Subnet):
            subnets.append(item)
            continue
        if not isinstance(item, Mapping):
            expected = "must be a mapping with the key network"
            faults.append(Fault("", f"{variable}[{index}]", item, expected))
            continue
        reader = Reader("", item, faults, prefix=f"{variable}[{index}].")
        subnet = _read(reader, reserved)
        if subnet is None:
            continue
        network = ipaddress.IPv4Network(subnet.network)
        for other in subnets:
            if network.overlaps(ipaddress.IPv4Network(other.network)):
                reader.fault("network", subnet.network, f"must not overlap with {other.network}")
                break
        else:
            subnets.append(subnet)
    return subnets


def _read(reader: Reader, reserved: Mapping[str, str]) -> Subnet | None:
    """Return the subnet, or None when anything about it is wrong."""
    before = len(reader.faults)
    for key in reader.raw:
        if key not in _KEYS:
            near = nearest(str(key), _KEYS)
            hint = f"did you mean {near}?" if near else f"must be one of {', '.join(_KEYS)}"
            reader.fault(str(key), reader.raw[key], f"is no key of a subnet; {hint}")
    network = reader.one("network", _network, required=True)
    inside = _Inside(network)
    subnet = Subnet(
        network=str(network),
        pools=reader.many("pools", inside.pool),
        routers=reader.many("routers", inside.host),
        dns_servers=reader.many("dns_servers", values.ipv4),
        ntp_servers=reader.many("ntp_servers", values.ipv4),
        domain=reader.one("domain", values.hostname),
        lease_seconds=reader.one("lease_seconds", _lease, DEFAULT_LEASE_SECONDS),
        interface=reader.one("interface", values.nic),
    )
    if len(reader.faults) == before:
        _check_pools(reader, subnet, reserved)
    return subnet if len(reader.faults) == before else None


def _check_pools(reader: Reader, subnet: Subnet, reserved: Mapping[str, str]) -> None:
    """Dynamic ranges must be apart from each other and from every address that is taken."""
    taken = {**reserved, **dict.fromkeys(subnet.routers, "a router")}
    taken_numbers = {_number(address): (address, what) for address, what in taken.items()}
    last_end = -1
    for pool in sorted(subnet.pools, key=_ends):
        first, last = _ends(pool)
        if first <= last_end:
            reader.fault("pools", pool, "must not overlap with another pool")
        last_end = max(last, last_end)
        for number, (address, what) in taken_numbers.items():
            if first <= number <= last:
                reader.fault("pools", pool, f"must leave out {address}, which is {what}")


def _network(value: Any) -> ipaddress.IPv4Network:
    written = values.text(value)
    expected = "must be an IPv4 network in CIDR form such as 192.0.2.0/24"
    if "/" not in written:
        raise ValueError(expected)
    try:
        network = ipaddress.IPv4Network(written, strict=False)
    except ValueError:
        raise ValueError(expected) from None
    if written.partition("/")[0] != str(network.network_address):
        raise ValueError(f"{expected}; did you mean {network}?")
    if not 1 <= network.prefixlen <= 30:
        raise ValueError(f"{expected}, with a prefix of 1 to 30 bits")
    return network


def _lease(value: Any) -> int:
    number = int(value) if isinstance(value, str) and value.isdecimal() else value
    if isinstance(number, bool) or not isinstance(number, int) or not 1 <= number <= _LEASE_LIMIT:
        raise ValueError(f"must be a number of seconds from 1 to {_LEASE_LIMIT}")
    return number


class _Inside:
    """Parsers for addresses that must be hosts of one network; any network when it is unknown."""

    def __init__(self, network: ipaddress.IPv4Network | None) -> None:
        self.network = network

    def host(self, value: Any) -> str:
        address = values.ipv4(value)
        network = self.network
        if network is not None and not (
            int(network.network_address) < _number(address) < int(network.broadcast_address)
        ):
            raise ValueError(f"must be a host's address in {network}")
        return address

    def pool(self, value: Any) -> str:
        first, dash, last = values.text(value).partition("-")
        expected = "must be a range such as 192.0.2.200-192.0.2.250"
        try:
            first, last = values.ipv4(first.strip()), values.ipv4(last.strip())
        except ValueError:
            raise ValueError(expected) from None
        if not dash or _number(first) > _number(last):
            raise ValueError(f"{expected}, the lower address first")
        return f"{self.host(first)}-{self.host(last)}"


def _number(address: str) -> int:
    return int(ipaddress.IPv4Address(address))


def _ends(pool: str) -> tuple[int, int]:
    first, _dash, last = pool.partition("-")
    return _number(first), _number(last)


class AddressPlan:
    """Answers in logarithmic time whether a client may have an address."""

    def __init__(self, subnets: Sequence[Subnet], reserved: Mapping[str, str]) -> None:
        """Take sound subnets and *reserved* addresses, each with what it is."""
        rows = []
        for subnet in subnets:
            network = ipaddress.IPv4Network(subnet.network)
            pools = [(*_ends(pool), pool) for pool in subnet.pools]
            rows.append(
                (int(network.network_address), int(network.broadcast_address), pools, subnet)
            )
        self._rows = sorted(rows, key=lambda row: row[0])
        self._starts = [row[0] for row in self._rows]
        self._taken = {
            **{router: "a router" for subnet in subnets for router in subnet.routers},
            **reserved,
        }

    def subnet_of(self, address: str) -> Subnet:
        """Return the subnet of a client's *address*.

        Raises:
            ValueError: a client cannot have that address; the text says why.
        """
        number = _number(address)
        place = bisect_right(self._starts, number) - 1
        if place < 0 or number > self._rows[place][1]:
            known = ", ".join(row[3].network for row in self._rows[:4])
            more = ", ..." if len(self._rows) > 4 else ""
            raise ValueError(f"must lie in a subnet of netboot_subnets ({known or 'none'}{more})")
        first, last, pools, subnet = self._rows[place]
        if number in (first, last):
            kind = "network" if number == first else "broadcast"
            raise ValueError(
                f"must be a host's address, not the {kind} address of {subnet.network}"
            )
        for pool_first, pool_last, pool in pools:
            if pool_first <= number <= pool_last:
                raise ValueError(f"must lie outside the dynamic range {pool} of {subnet.network}")
        if address in self._taken:
            raise ValueError(f"must be a free address; this one is {self._taken[address]}")
        return subnet
