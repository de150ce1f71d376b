# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks single values. Each function returns the normal form of a value or raises ValueError.

The text of the ValueError says what would be right. It is the last part of a fault.
"""

from __future__ import annotations

import ipaddress
import posixpath
import re
from typing import Any

_MAC = re.compile(
    r"[0-9a-f]{2}([:-])[0-9a-f]{2}(?:\1[0-9a-f]{2}){4}"
    r"|[0-9a-f]{4}([.:-])[0-9a-f]{4}\2[0-9a-f]{4}"
    r"|[0-9a-f]{6}[:-]?[0-9a-f]{6}",
    re.ASCII | re.IGNORECASE,
)
_MAC_EXPECTED = "must be a MAC address such as 52:54:00:12:34:56"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOSTNAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*", re.ASCII)
_SEGMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*", re.ASCII)
_NIC = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,14}", re.ASCII)
# All printable ASCII characters except space, quotes, backslash and backtick. Kernel arguments are
# used in several formats (pxelinux, GRUB, /proc/cmdline in a shell), and none of them can escape
# all of these.
_ARGUMENT = re.compile(r"[!#-&(-\[\]-_a-~]+", re.ASCII)
_PATH = re.compile(r"/[A-Za-z0-9._+@:~/-]*", re.ASCII)
_MEMORY = re.compile(r"(?:[1-9][0-9]?|100)%|[1-9][0-9]{0,5}[MG]", re.ASCII)
_TRUE = ("true", "yes", "on", "1")
_FALSE = ("false", "no", "off", "0")

LONGEST_CLIENT_NAME = 253
"""Maximum length of a client's inventory name in bytes. It is also the name of a folder."""

HOSTNAME_MAX = 64
"""Maximum length of a host name in Linux, in bytes (HOST_NAME_MAX, hostname(7))."""


def text(value: Any) -> str:
    """Return *value* if it is a string.

    Raises:
        ValueError: it is not a string. For a number or boolean, the text says to quote it, since
            YAML does not read such a value as it was written.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, (bool, int, float)):
        kind = "boolean" if isinstance(value, bool) else "number"
        raise ValueError(f"must be a string, but YAML read it as a {kind}: quote it")
    raise ValueError("must be a string")


def mac(value: Any) -> str:
    """Return a MAC address in lower case with colons.

    The value can have colons, dashes, Cisco's dots, groups of four or six digits, or only digits.

    Raises:
        ValueError: it is not a MAC address, or no NIC can have it as its own address (IEEE 802: the
            group bit is set, or all bits are zero).
    """
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        raise ValueError(
            "an unquoted all-digit MAC was read by YAML as a number, quote it" + _written_mac(value)
        )
    written = text(value).strip()
    if not _MAC.fullmatch(written):
        raise ValueError(_MAC_EXPECTED)
    digits = re.sub("[^0-9a-f]", "", written.lower())
    if digits == "0" * 12:
        raise ValueError(f"{_MAC_EXPECTED}; the zero address is no card's own")
    if int(digits[:2], 16) & 1:
        raise ValueError(f"{_MAC_EXPECTED}; multicast and broadcast addresses are no card's own")
    return ":".join(digits[place : place + 2] for place in range(0, 12, 2))


def _written_mac(number: float) -> str:
    """Return the MAC address from which YAML 1.1 probably made *number*, as text for a message.

    YAML reads it as a number with base 60 (https://yaml.org/type/int.html).
    """
    if not isinstance(number, int) or not 60**5 <= number < 100 * 60**5:
        return ""
    octets = []
    for _place in range(5):
        number, octet = divmod(number, 60)
        octets.append(f"{octet:02d}")
    return f": '{':'.join([f'{number:02d}', *reversed(octets)])}'"


def ipv4(value: Any) -> str:
    """Return an IPv4 address in dotted decimal, or raise ValueError."""
    try:
        return str(ipaddress.IPv4Address(text(value)))
    except ipaddress.AddressValueError:
        raise ValueError("must be an IPv4 address such as 192.0.2.21") from None


def hostname(value: Any) -> str:
    """Return a host name of one or more labels (RFC 1123 section 2.1), or raise ValueError.

    A name of only digits and dots is an error, since resolvers read it as an address
    (inet_aton(3)).
    """
    name = text(value)
    if len(name) > HOSTNAME_MAX or not _HOSTNAME.fullmatch(name) or name.replace(".", "").isdigit():
        raise ValueError(
            "must be a host name (RFC 1123): letters, digits and inner hyphens, not digits alone, "
            f"63 characters a label and {HOSTNAME_MAX} in all"
        )
    return name


def segment(value: Any, longest: int = 64) -> str:
    """Return a name that is one safe path segment of at most *longest* bytes, or raise ValueError.

    pxelinux allows at most 127 bytes for a path such as ``images/IMAGE/RELEASE/initrd.img``.
    """
    name = text(value)
    if len(name) > longest or not _SEGMENT.fullmatch(name):
        raise ValueError(
            "must be one path segment: a letter or digit, then letters, digits or any of ._+-, "
            f"at most {longest} characters"
        )
    return name


def nic(value: Any) -> str:
    """Return the name of a network interface, or raise ValueError.

    It has at most 15 bytes (IFNAMSIZ - 1).
    """
    name = text(value)
    if not _NIC.fullmatch(name):
        raise ValueError(
            "must be an interface name such as enp1s0: at most 15 characters, "
            "a letter or digit, then letters, digits or any of ._-"
        )
    return name


def absolute_path(value: Any) -> str:
    """Return a normalised absolute path other than ``/``, or raise ValueError.

    The path has no ``..``, and no character with a special meaning in fstab(5), exports(5) or a
    shell.
    """
    path = text(value)
    normal = posixpath.normpath(path).replace("//", "/", 1)
    if not _PATH.fullmatch(path) or ".." in path.split("/") or normal == "/":
        raise ValueError(
            "must be an absolute path below / without '..', of letters, digits and ._+@:~-"
        )
    return normal


def kernel_argument(value: Any) -> str:
    """Return one kernel argument, or raise ValueError if some loaders cannot pass it on."""
    argument = text(value)
    if not _ARGUMENT.fullmatch(argument):
        raise ValueError(
            "must be one kernel argument of printable ASCII "
            "without white space, control characters, quotes, backslash or backtick"
        )
    if argument == "-":
        raise ValueError("must not be '-' alone: PXELINUX would drop all arguments")
    return argument


def port(value: Any) -> int:
    """Return the number of a TCP port, or raise ValueError."""
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 65535:
        raise ValueError("must be a number from 1 to 65535")
    return value


def memory_share(value: Any) -> str:
    """Return a share or an amount of a PC's RAM, in the form of ``size=`` in tmpfs(5).

    Raises:
        ValueError: it is neither a share (``50%``) nor an amount in MiB (``512M``) or GiB (``2G``).
    """
    share = text(value)
    if not _MEMORY.fullmatch(share):
        raise ValueError("must be a share of the RAM such as 50%, or an amount such as 512M or 2G")
    return share


def boolean(value: Any) -> bool:
    """Return a boolean from a value in YAML or in an INI inventory, or raise ValueError."""
    if isinstance(value, bool):
        return value
    word = value.lower() if isinstance(value, str) else ""
    if word in _TRUE or word in _FALSE:
        return word in _TRUE
    raise ValueError("must be true or false")


def listed(value: Any) -> list[Any]:
    """Return a list as it is, and any other value as a list with this value."""
    return list(value) if isinstance(value, (list, tuple)) else [value]
