# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks and ranges of IPv4 addresses, and makers of NICs, with the library netaddr.

The library is needed only on the controller, since nothing that runs on a boot server imports this
file. It accepts some values as addresses that a user does not mean as such, for example ``1``, or
the number that YAML makes of an unquoted MAC address. So `values` checks each text first.
"""

from __future__ import annotations

import re
import sys
from functools import lru_cache
from typing import Any

from ansible_collections.diskless.netboot.plugins.module_utils.inventory import values

try:
    from netaddr import EUI, AddrFormatError, IPNetwork, IPRange, NotRegisteredError
except ImportError:
    HAS_NETADDR = False
else:
    HAS_NETADDR = True

_MASK = re.compile(r"[0-9]{1,2}|[0-9]{1,3}(?:\.[0-9]{1,3}){3}", re.ASCII)


class LibraryMissingError(RuntimeError):
    """The Python of the controller has no netaddr. The text says what to do."""


def require_netaddr() -> None:
    """Check that netaddr can be used.

    Raises:
        LibraryMissingError: it cannot be imported.
    """
    if not HAS_NETADDR:
        raise LibraryMissingError(
            f"The Python of ansible-playbook ({sys.executable}) lacks the library netaddr: run"
            f" '{sys.executable} -m pip install netaddr', or install Debian's python3-netaddr if"
            " Ansible came as a Debian package."
        )


def network(value: Any) -> IPNetwork:
    """Return the network for a value in CIDR form, with a prefix of 1 to 30 bits.

    Raises:
        ValueError: it is something else.
    """
    expected = "must be an IPv4 network in CIDR form such as 192.0.2.0/24"
    address, _slash, mask = values.text(value).partition("/")
    try:
        values.ipv4(address)
        if not _MASK.fullmatch(mask):
            raise ValueError
        found = IPNetwork(f"{address}/{mask}", version=4)
    except (ValueError, AddrFormatError):
        raise ValueError(expected) from None
    if found.ip != found.network:
        raise ValueError(f"{expected}; did you mean {found.cidr}?")
    if not 1 <= found.prefixlen <= 30:
        raise ValueError(f"{expected}, with a prefix of 1 to 30 bits")
    return found


def span(value: Any) -> IPRange:
    """Return the range for a value such as ``FIRST-LAST``. Both ends belong to the range.

    Raises:
        ValueError: it is something else.
    """
    expected = "must be a range such as 192.0.2.200-192.0.2.250"
    first, _dash, last = values.text(value).partition("-")
    try:
        ends = values.ipv4(first.strip()), values.ipv4(last.strip())
    except ValueError:
        raise ValueError(expected) from None
    try:
        return IPRange(*ends)
    except AddrFormatError:
        raise ValueError(f"{expected}, the lower address first") from None


@lru_cache(maxsize=1024)
def maker(mac: str) -> str | None:
    """Return the maker of the NIC with this MAC address, from IEEE's list of prefixes, or None.

    It is also None for an address that software has chosen, for example of a virtual machine.

    Args:
        mac: a MAC address as `values.mac` returns it.
    """
    if not HAS_NETADDR:
        return None
    try:
        return str(EUI(mac).oui.registration().org)
    except NotRegisteredError:
        return None
