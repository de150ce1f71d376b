# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an NFS server really exports, as it tells everybody who asks (MOUNT protocol, EXPORT).

Sources: RFC 1813, appendix I, "Mount protocol" (program 100005, version 3, procedure 5); RFC 5531
for the call, its reply and record marking over TCP; RFC 4506 for the encoding.
"""

from __future__ import annotations

import ipaddress
import os
import socket
import struct
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

_PROGRAM, _VERSION, _EXPORT = 100005, 3, 5
_CALL, _REPLY, _ACCEPTED, _SUCCESS = 0, 1, 0, 0
_LAST_FRAGMENT = 0x80000000
_SECONDS = 30.0
_LONGEST = 64 << 20
"""Bytes of a reply. Ten thousand clients of an image take less than one MiB."""

Served = dict[str, set[str]]
"""Addresses and networks by the path that is exported to them."""


class AskError(Exception):
    """The server gave no answer that can be understood."""


@dataclass(frozen=True)
class Difference:
    """What a server exports otherwise than it should.

    Attributes:
        missing: paths that it does not export.
        superfluous: paths that it should no longer export.
        others: paths that it exports to other clients than it should.
    """

    missing: tuple[str, ...] = ()
    superfluous: tuple[str, ...] = ()
    others: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        return len(self.missing) + len(self.superfluous) + len(self.others)

    def __str__(self) -> str:
        said = (
            ("does not export", self.missing),
            ("still exports", self.superfluous),
            ("exports to other PCs than it should", self.others),
        )
        return "; ".join(f"{what} {_some(paths)}" for what, paths in said if paths)


def wanted(exports: Iterable[Mapping[str, Any]]) -> Served:
    """Return what exports, as `parse_exports` accepts them, mean."""
    return {
        export["path"]: {_network(client["address"]) for client in export["clients"]}
        for export in exports
    }


def compare(served: Served, expected: Served, ours: str) -> Difference:
    """Return how *served* differs from *expected*.

    Args:
        served: what `ask` returned.
        expected: what `wanted` returned.
        ours: absolute path of a folder. What else is exported below it should be gone.
    """
    both = expected.keys() & served.keys()
    gone = served.keys() - expected.keys()
    return Difference(
        missing=tuple(sorted(expected.keys() - served.keys())),
        superfluous=tuple(sorted(path for path in gone if path.startswith(f"{ours}/"))),
        others=tuple(sorted(path for path in both if served[path] != expected[path])),
    )


def ask(host: str, port: int) -> Served:
    """Return what the server on *host* exports.

    Args:
        host: IPv4 address.
        port: TCP port of its MOUNT protocol.

    Raises:
        OSError: it cannot be reached, or does not answer within half a minute.
        AskError: its answer is no answer to this question.
    """
    number = int.from_bytes(os.urandom(4), "big")
    # Credentials and verifier are AUTH_NONE and empty.
    call = struct.pack(">10I", number, _CALL, 2, _PROGRAM, _VERSION, _EXPORT, 0, 0, 0, 0)
    with socket.create_connection((host, port), _SECONDS) as connection:
        connection.sendall(struct.pack(">I", _LAST_FRAGMENT | len(call)) + call)
        reader = _Reader(_record(connection))
    if reader.number() != number or reader.number() != _REPLY or reader.number() != _ACCEPTED:
        raise AskError("the reply is to another call, or refuses it")
    _flavour, _verifier = reader.number(), reader.text()
    if reader.number() != _SUCCESS:
        raise AskError("the server does not know the MOUNT protocol, version 3")
    found: Served = {}
    while reader.number():
        clients = found.setdefault(reader.text(), set())
        while reader.number():
            clients.add(_network(reader.text()))
    return found


def _network(address: str) -> str:
    """Return an address or network in one form, such as 192.0.2.0/25, or anything else as it is."""
    try:
        return str(ipaddress.IPv4Network(address, strict=False))
    except ValueError:
        return address


def _record(connection: socket.socket) -> bytes:
    record = b""
    last = False
    while not last:
        (head,) = struct.unpack(">I", _exactly(connection, 4))
        last = bool(head & _LAST_FRAGMENT)
        size = head & ~_LAST_FRAGMENT
        if len(record) + size > _LONGEST:
            raise AskError("the reply is longer than a list of exports can be")
        record += _exactly(connection, size)
    return record


def _exactly(connection: socket.socket, size: int) -> bytes:
    parts = []
    while size:
        part = connection.recv(min(size, 1 << 20))
        if not part:
            raise AskError("the reply ends in its middle")
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


class _Reader:
    """Reads the values of a reply one by one, RFC 4506."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def number(self) -> int:
        value: int = struct.unpack(">I", self._next(4))[0]
        return value

    def text(self) -> str:
        size = self.number()
        text = self._next(size)
        self._next(-size % 4)
        return text.decode("utf-8", "surrogateescape")

    def _next(self, size: int) -> bytes:
        found = self._data[self._at : self._at + size]
        if len(found) != size:
            raise AskError("the reply ends in its middle")
        self._at += size
        return found


def _some(paths: Collection[str]) -> str:
    shown = list(paths)[:5]
    return ", ".join(shown) + (f" and {len(paths) - len(shown)} more" if len(paths) > 5 else "")
