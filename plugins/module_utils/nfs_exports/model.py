# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Exports as data. They are checked here, with the options of exports(5) for both NFS servers."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.diskless.netboot.plugins.module_utils.inventory import values
from ansible_collections.diskless.netboot.plugins.module_utils.inventory.faults import (
    Fault,
    InventoryError,
    nearest,
)
from ansible_collections.diskless.netboot.plugins.module_utils.inventory.reader import Reader

MARKER = "# Written by diskless.netboot: what you change here is lost."

OPPOSITES = (
    ("rw", "ro"),
    ("sync", "async"),
    ("secure", "insecure"),
    ("wdelay", "no_wdelay"),
    ("hide", "nohide"),
    ("crossmnt", "nocrossmnt"),
    ("subtree_check", "no_subtree_check"),
    ("secure_locks", "insecure_locks"),
    ("auth_nlm", "no_auth_nlm"),
    ("acl", "no_acl"),
    ("pnfs", "no_pnfs"),
    ("root_squash", "no_root_squash"),
    ("all_squash", "no_all_squash"),
)
"""Pairs of options with opposite meanings, exports(5)."""

_WORDS = r"(?:{0})(?::(?:{0}))*"
_PATHS = r"/[A-Za-z0-9._+@:/-]*"
_ID = r"-?[0-9]{1,10}"
_VALUES: dict[str, str | None] = {
    **{flag: None for pair in OPPOSITES for flag in pair},
    "nordirplus": None,
    "security_label": None,
    "anongid": _ID,
    "anonuid": _ID,
    "fsid": r"root|[0-9]{1,10}|[0-9a-fA-F]{8}(?:[:.-]?[0-9a-fA-F]{4,8}){2,6}",
    "mountpoint": _PATHS,
    "mp": _PATHS,
    "reexport": "auto-fsidnum|predefined-fsidnum",
    "refer": _PATHS,
    "replicas": _PATHS,
    "sec": _WORDS.format("sys|krb5|krb5i|krb5p|none"),
    "xprtsec": _WORDS.format("none|tls|mtls"),
}
"""The pattern for the value of each option, or None if it has no value."""

_BARE = ("mountpoint", "mp")  # options whose value is optional
_KNOWN = tuple(_VALUES)
_LONGEST = 400  # exportfs reads host and options into 512 bytes (nfs-utils, support/nfs/exports.c)
_ONE = 32
_EXPECTED_CLIENT = "must be an IPv4 address or a network such as 192.0.2.0/25"


@dataclass(frozen=True)
class Access:
    """An address or network that can mount an export, with options.

    Attributes:
        number: the IPv4 address, or the address of the network, as an integer.
        prefix: prefix length of the network. It is 32 for one address.
        options: options of exports(5).
    """

    number: int
    prefix: int
    options: tuple[str, ...]

    @property
    def address(self) -> str:
        """The address, or the network in CIDR form."""
        address = str(ipaddress.IPv4Address(self.number))
        return address if self.prefix == _ONE else f"{address}/{self.prefix}"


@dataclass(frozen=True)
class Export:
    """The absolute path of a folder, and who can mount it, sorted by address."""

    path: str
    clients: tuple[Access, ...]


def parse_exports(raw: Any) -> list[Export]:
    """Return the exports, sorted by path.

    Args:
        raw: list of mappings with ``path`` and ``clients``. ``clients`` is a list of mappings with
            ``address`` (IPv4 address or network) and ``options`` (list of options of exports(5)).

    Raises:
        InventoryError: the input has faults; the text lists all of them.
    """
    parser = _Parser()
    exports = parser.exports(raw)
    if parser.faults:
        raise InventoryError(parser.faults)
    return sorted(exports, key=lambda export: export.path)


class _Parser:
    def __init__(self) -> None:
        self.faults: list[Fault] = []
        # Thousands of exports have the same few lists of options. Each list is checked once.
        self.seen: dict[tuple[Any, ...], tuple[str, ...]] = {}

    def exports(self, raw: Any) -> list[Export]:
        found = []
        paths: set[str] = set()
        for where, item in self.items("exports", raw, ("path", "clients")):
            reader = Reader("", item, self.faults, prefix=f"{where}.")
            path = reader.one("path", export_path, required=True)
            if path in paths:
                reader.fault("path", path, "must be exported once, with all its clients")
            paths.add(path)
            clients = self.clients(f"{where}.clients", item.get("clients"))
            if path is not None:
                found.append(Export(path, clients))
        return found

    def clients(self, variable: str, raw: Any) -> tuple[Access, ...]:
        found: dict[tuple[int, int], Access] = {}
        before = len(self.faults)
        for where, item in self.items(variable, raw, ("address", "options")):
            reader = Reader("", item, self.faults, prefix=f"{where}.")
            network = reader.one("address", _network, required=True)
            options = self.options(f"{where}.options", item.get("options"))
            if network in found:
                reader.fault("address", item["address"], "must be named once for an export")
            elif network is not None:
                number, prefix = network
                found[network] = Access(number, prefix, options)
        if not found and len(self.faults) == before:
            self.faults.append(Fault("", variable, raw, "must name at least one client"))
        return tuple(found[network] for network in sorted(found))

    def items(
        self, variable: str, raw: Any, keys: tuple[str, ...]
    ) -> list[tuple[str, Mapping[str, Any]]]:
        """Return the mappings in a list, each with its position. Anything else is a fault."""
        expected = f"must be a list of mappings with the keys {' and '.join(keys)}"
        if not isinstance(raw, (list, tuple)):
            self.faults.append(Fault("", variable, raw, expected))
            return []
        found = []
        for index, item in enumerate(raw):
            where = f"{variable}[{index}]"
            if not isinstance(item, Mapping) or not set(item) <= set(keys):
                self.faults.append(
                    Fault("", where, item, f"must be a mapping with the keys {' and '.join(keys)}")
                )
            else:
                found.append((where, item))
        return found

    def options(self, where: str, raw: Any) -> tuple[str, ...]:
        if not isinstance(raw, (list, tuple)) or not all(isinstance(item, str) for item in raw):
            self.faults.append(Fault("", where, raw, "must be a list of options of exports(5)"))
            return ()
        options = tuple(raw)
        if options not in self.seen:
            self.seen[options] = options
            self.check_options(where, options)
        return options

    def check_options(self, where: str, options: tuple[str, ...]) -> None:
        names = [option.partition("=")[0] for option in options]
        for option, name in zip(options, names):
            wrong = _wrong_option(option)
            if wrong is None and names.count(name) > 1:
                wrong = "must be given once"
            if wrong is not None:
                self.faults.append(Fault("", where, option, wrong))
        for one, other in OPPOSITES:
            if one in names and other in names:
                self.faults.append(Fault("", where, f"{one},{other}", "must be one of the two"))
        if len(",".join(options)) > _LONGEST:
            expected = f"must be at most {_LONGEST} characters in all"
            self.faults.append(Fault("", where, options, expected))


def _wrong_option(option: str) -> str | None:
    """Return what would be right, or None if the option is right."""
    name, equals, value = option.partition("=")
    if name not in _VALUES:
        near = nearest(name, _KNOWN)
        hint = f"; did you mean {near}?" if near else ""
        return f"is no option of exports(5){hint}"
    pattern = _VALUES[name]
    if pattern is None:
        return f"must be {name} without a value" if equals else None
    if not equals and name in _BARE:
        return None
    if not re.fullmatch(pattern, value, re.ASCII):
        return f"must be {name}=VALUE with a value of exports(5)"
    return None


def export_path(value: Any) -> str:
    """Return the absolute path of a folder as it was given, or raise ValueError.

    It can contain white space and quotes, but no control characters, since logs do not show them.
    """
    path = values.text(value)
    steps = path.split("/")[1:]
    if not path.startswith("/") or not path.isprintable() or {"", ".", ".."} & set(steps):
        raise ValueError(
            "must be an absolute path below / of printable characters, "
            "without '.', '..' or empty steps and without a slash at its end"
        )
    return path


def _network(value: Any) -> tuple[int, int]:
    """Return the number and prefix length of an address or network, or raise ValueError."""
    written = values.text(value)
    address, slash, _prefix = written.partition("/")
    try:
        if not slash:
            return int(ipaddress.IPv4Address(address)), _ONE
        network = ipaddress.IPv4Network(written)
    except (ipaddress.AddressValueError, ipaddress.NetmaskValueError):
        raise ValueError(_EXPECTED_CLIENT) from None
    except ValueError as error:  # host bits set
        raise ValueError(f"{_EXPECTED_CLIENT}: {error}") from None
    if network.prefixlen == 0:
        raise ValueError(f"{_EXPECTED_CLIENT}, not everybody")
    return int(network.network_address), network.prefixlen
