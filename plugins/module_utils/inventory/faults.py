# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults in what a user wrote. They are collected, so that one error can list all of them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

_LONGEST_VALUE = 100


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong.

    Attributes:
        client: inventory name of the client, or ``""`` if the fault belongs to no client.
        variable: name of the variable, such as ``netboot_ip`` or ``netboot_mac[1]``.
        value: the value as it was given, or None if there is none.
        expected: what would be right.
    """

    client: str
    variable: str
    value: Any
    expected: str

    @property
    def shown_value(self) -> str:
        """The value as one short printable line, or "" if there is none."""
        if self.value is None:
            return ""
        try:
            shown = ascii(self.value)
        except (ValueError, RecursionError):  # a very long integer, or deeply nested data
            return type(self.value).__name__
        return shown if len(shown) <= _LONGEST_VALUE else shown[: _LONGEST_VALUE - 3] + "..."

    @property
    def what(self) -> str:
        """The fault without its client, as text: variable, value, and what would be right."""
        return ": ".join(part for part in (self.variable, self.shown_value, self.expected) if part)


class InventoryError(ValueError):
    """Everything that is wrong with the input, in one exception.

    Attributes:
        faults: all faults, in the order in which they were found.
    """

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = list(faults)
        super().__init__(self.faults)

    def __str__(self) -> str:
        # A wrong value in group_vars is shown once, with the names of all clients that have it.
        clients: dict[str, list[str]] = {}
        for fault in self.faults:
            clients.setdefault(fault.what, []).append(fault.client)
        count = len(self.faults)
        lines = [f"{count} fault{'' if count == 1 else 's'} in the inventory:"]
        for what, names in clients.items():
            named = ", ".join(dict.fromkeys(name for name in names if name))
            lines.append(f"  {named}: {what}" if named else f"  {what}")
        return "\n".join(_printable(line) for line in lines)


def _printable(line: str) -> str:
    """Return a line without control characters. Names in an inventory can contain any character."""
    if line.isprintable():
        return line
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in line)


@lru_cache(maxsize=1024)
def nearest(name: str, known: tuple[str, ...], cutoff: float = 0.75) -> str | None:
    """Return the name in *known* that is most similar to *name*, or None.

    Args:
        name: what a user wrote.
        known: what the user may have meant.
        cutoff: how similar they must be, from 0 to 1 (ratio of difflib).
    """
    matches = difflib.get_close_matches(name, known, n=1, cutoff=cutoff)
    return matches[0] if matches else None
