# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The subnets for which DHCP gives addresses, and the addresses that clients can have in them."""

from __future__ import annotations

import contextlib
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from ansible_collections.diskless.netboot.plugins.module_utils.inventory import addresses, values
from ansible_collections.diskless.netboot.plugins.module_utils.inventory.faults import (
    Fault,
    InventoryError,
    nearest,
)
from ansible_collections.diskless.netboot.plugins.module_utils.inventory.reader import Reader

with contextlib.suppress(ImportError):  # `addresses.require_netaddr` reports the error
    from netaddr import IPAddress, IPNetwork, IPSet

DEFAULT_LEASE_SECONDS = 600
"""Default time of a lease.

It is short because of PCs with a new NIC. Kea and dnsmasq do not give the address to the new NIC
while the lease of the old NIC lasts. A PC with its root on the network never renews its lease. It
loses nothing when the lease ends, since no other machine gets a reserved address.
"""

_LEASE_LIMIT = 2**32 - 1  # RFC 2132 section 9.2: 32 bits; with all bits set, a lease never ends


@dataclass(frozen=True)
class Subnet:
    """One IPv4 subnet with clients in it.

    Attributes:
        network: in CIDR form, such as ``192.0.2.0/24``.
        pools: dynamic ranges, each ``FIRST-LAST``. Both ends belong to the range.
        routers: addresses of the default gateways.
        dns_servers: addresses of the DNS servers.
        ntp_servers: addresses of the time servers.
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
    """Return the subnets for a list of mappings with the keys of Subnet.

    Args:
        raw: the list.
        reserved: addresses of the boot servers, each with a text that says what it is.

    Raises:
        InventoryError: subnets have faults; the text lists all of them.
        LibraryMissingError: netaddr cannot be imported.
    """
    faults: list[Fault] = []
    subnets = collect_subnets(raw, reserved or {}, faults)
    if faults:
        raise InventoryError(faults)
    return subnets


def collect_subnets(raw: Any, reserved: Mapping[str, str], faults: list[Fault]) -> list[Subnet]:
    """Return the valid subnets in *raw* (mappings or Subnets). Faults are added to *faults*.

    Raises:
        LibraryMissingError: netaddr cannot be imported.
    """
    addresses.require_netaddr()
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
        network = addresses.network(subnet.network)
        for other in subnets:
            there = addresses.network(other.network)
            if network in there or there in network:
                reader.fault("network", subnet.network, f"must not overlap with {other.network}")
                break
        else:
            subnets.append(subnet)
    return subnets


def _read(reader: Reader, reserved: Mapping[str, str]) -> Subnet | None:
    """Return the subnet, or None if anything in it is wrong."""
    before = len(reader.faults)
    for key in reader.raw:
        if key not in _KEYS:
            near = nearest(str(key), _KEYS)
            hint = f"did you mean {near}?" if near else f"must be one of {', '.join(_KEYS)}"
            reader.fault(str(key), reader.raw[key], f"is no key of a subnet; {hint}")
    network = reader.one("network", addresses.network, required=True)
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
    """Check that dynamic ranges do not overlap, and that they contain no address in use."""
    taken = {**reserved, **dict.fromkeys(subnet.routers, "a router")}
    before = IPSet()
    for pool in sorted(addresses.span(pool) for pool in subnet.pools):
        if not before.isdisjoint(IPSet(pool)):
            reader.fault("pools", str(pool), "must not overlap with another pool")
        before.add(pool)
        for address, what in taken.items():
            if address in pool:
                reader.fault("pools", str(pool), f"must leave out {address}, which is {what}")


def _lease(value: Any) -> int:
    number = int(value) if isinstance(value, str) and value.isdecimal() else value
    if isinstance(number, bool) or not isinstance(number, int) or not 1 <= number <= _LEASE_LIMIT:
        raise ValueError(f"must be a number of seconds from 1 to {_LEASE_LIMIT}")
    return number


class _Inside:
    """Parsers for addresses of hosts, which must be in one network if this is known."""

    def __init__(self, network: IPNetwork | None) -> None:
        self.network = network

    def host(self, value: Any) -> str:
        address = values.ipv4(value)
        network = self.network
        if network is not None and not network.first < int(IPAddress(address)) < network.last:
            raise ValueError(f"must be a host's address in {network}")
        return address

    def pool(self, value: Any) -> str:
        pool = addresses.span(value)
        for end in (pool[0], pool[-1]):
            self.host(str(end))
        return str(pool)


class AddressPlan:
    """Finds in logarithmic time whether a client can have an address."""

    def __init__(self, subnets: Sequence[Subnet], reserved: Mapping[str, str]) -> None:
        """Store valid subnets, and *reserved* addresses with texts that say what they are."""
        self._rows = sorted(
            (
                (addresses.network(subnet.network), [*map(addresses.span, subnet.pools)], subnet)
                for subnet in subnets
            ),
            key=lambda row: row[0],
        )
        self._starts = [network.first for network, _pools, _subnet in self._rows]
        self._taken = {
            **{router: "a router" for subnet in subnets for router in subnet.routers},
            **reserved,
        }

    def subnet_of(self, address: str) -> Subnet:
        """Return the subnet of a client's *address*.

        Raises:
            ValueError: a client cannot have this address; the text says why.
        """
        number = int(IPAddress(address))
        place = bisect_right(self._starts, number) - 1
        if place < 0 or number > self._rows[place][0].last:
            known = ", ".join(str(network) for network, _pools, _subnet in self._rows[:4])
            more = ", ..." if len(self._rows) > 4 else ""
            raise ValueError(f"must lie in a subnet of netboot_subnets ({known or 'none'}{more})")
        network, pools, subnet = self._rows[place]
        if number in (network.first, network.last):
            kind = "network" if number == network.first else "broadcast"
            raise ValueError(f"must be a host's address, not the {kind} address of {network}")
        for pool in pools:
            if pool.first <= number <= pool.last:
                raise ValueError(f"must lie outside the dynamic range {pool} of {network}")
        if address in self._taken:
            raise ValueError(f"must be a free address; this one is {self._taken[address]}")
        return subnet
