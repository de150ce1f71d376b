# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Leases that keep an address from the NIC that it is reserved for.

A NIC was replaced, or an address was given to another client: Kea and dnsmasq keep the address for
the NIC that has the lease, until it ends. So the lease is removed, while the server does not run.

Formats: Kea's memfile writes CSV, with a line of names at the top. The last line of an address
counts, and one with ``valid_lifetime`` 0 removes it (Kea Administrator Reference Manual, "Memfile -
Basic Storage for Leases" and "kea-lfc"). dnsmasq writes ``EXPIRY MAC ADDRESS NAME CLIENT-ID``.
"""

from __future__ import annotations

import csv
import io
import posixpath
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ansible_collections.diskless.netboot.plugins.module_utils.files import tree
from ansible_collections.diskless.netboot.plugins.module_utils.files.tree import FileSpec

KEA, DNSMASQ = "kea", "dnsmasq"
SERVERS = (KEA, DNSMASQ)

# What kea-lfc(8) leaves, in the order in which Kea reads it before the file itself. If its work is
# complete, the rest is in there.
_KEA_COMPLETED, _KEA_EARLIER = ".completed", (".2", ".1")


@dataclass(frozen=True)
class LeasePlan:
    """The leases to remove.

    Attributes:
        removed: the MAC address that has each lease, by its IPv4 address. Kea has none for an
            address that a client declined.
    """

    removed: Mapping[str, str]
    _files: tree.Plan | None = field(default=None, repr=False)

    @property
    def changed(self) -> bool:
        return bool(self.removed)

    def apply(self) -> None:
        """Remove them. The server must not be running.

        Raises:
            TreeError: the file could not be written.
        """
        if self._files is not None:
            self._files.apply()


def reserved(macs: Iterable[str], addresses: Iterable[str]) -> dict[str, str]:
    """Return the MAC address, in lower case, for which each address is reserved."""
    return {address: mac.lower() for mac, address in zip(macs, addresses)}


def plan(server: str, path: str, wanted: Mapping[str, str]) -> LeasePlan:
    """Return the leases that contradict the reservations. Nothing is written.

    Args:
        server: one of SERVERS.
        path: absolute path of its file of leases, which may be missing.
        wanted: the MAC address in lower case that each IPv4 address is reserved for.

    Raises:
        OSError: a file cannot be read.
        ValueError: it is no file of leases.
    """
    if not Path(path).exists():
        return LeasePlan({})
    text = Path(path).read_text("utf-8", "surrogateescape")
    removed, changed = (_kea if server == KEA else _dnsmasq)(path, text, wanted)
    folder, name = posixpath.split(path)
    content = changed.encode("utf-8", "surrogateescape")
    return LeasePlan(removed, tree.plan(folder, {name: FileSpec(content, None)}))


def _kea(path: str, text: str, wanted: Mapping[str, str]) -> tuple[dict[str, str], str]:
    """Return the leases to remove, and the text with a line for each that does so."""
    names = next(csv.reader(io.StringIO(text)), [])
    if not {"address", "hwaddr", "valid_lifetime"}.issubset(names):
        raise ValueError(f"{path}: is no file of Kea's leases")
    live: dict[str, dict[str, str]] = {}
    completed = Path(path + _KEA_COMPLETED)
    parts = [Path(path + suffix) for suffix in _KEA_EARLIER]
    for earlier in [completed] if completed.exists() else parts:
        if earlier.exists():
            _follow(earlier.read_text("utf-8", "surrogateescape"), live)
    _follow(text, live)
    wrong = {
        address: row
        for address, row in live.items()
        if address in wanted and row["hwaddr"].lower() != wanted[address]
    }
    removed = {address: row["hwaddr"] for address, row in wrong.items()}
    ended = [{**row, "valid_lifetime": "0"} for row in wrong.values()]
    lines = [",".join(row.get(name, "") for name in names) + "\n" for row in ended]
    end = "" if text.endswith("\n") else "\n"
    return removed, "".join([text, end, *lines])


def _follow(text: str, live: dict[str, dict[str, str]]) -> None:
    """Bring *live*, the last line of each address, up to date with a file."""
    # Kea does not quote: it writes a comma in a value as an escape of its own.
    for row in csv.DictReader(io.StringIO(text), quoting=csv.QUOTE_NONE):
        if row.get("valid_lifetime") in (None, "0"):
            live.pop(row["address"], None)
        else:
            live[row["address"]] = {name: value for name, value in row.items() if value is not None}


def _dnsmasq(_path: str, text: str, wanted: Mapping[str, str]) -> tuple[dict[str, str], str]:
    """Return the leases to remove, and the text without them."""
    removed, kept = {}, []
    for line in text.splitlines(keepends=True):
        _expiry, mac, address, *_rest = (*line.split(), "", "", "")
        if address in wanted and mac.lower() != wanted[address]:
            removed[address] = mac
        else:
            kept.append(line)
    return removed, "".join(kept)
