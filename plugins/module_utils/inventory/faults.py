# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults in what a person wrote, gathered so that one error can name them all."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

_LONGEST_VALUE = 100


@dataclass(frozen=True)
class Fault:
    """One thing to mend.

    Attributes:
        client: inventory name of the client, or ``""`` where the fault belongs to no client.
        variable: where the value stands, such as ``netboot_ip`` or ``netboot_mac[1]``.
        value: the value as given; None when there is none.
        expected: what would be right.
    """

    client: str
    variable: str
    value: Any
    expected: str

    @property
    def shown_value(self) -> str:
        """The value on one printable line, shortened; empty when there is none."""
        if self.value is None:
            return ""
        try:
            shown = ascii(self.value)
        except (ValueError, RecursionError):  # an int beyond sys.get_int_max_str_digits, deep data
            return type(self.value).__name__
        return shown if len(shown) <= _LONGEST_VALUE else shown[: _LONGEST_VALUE - 3] + "..."

    @property
    def what(self) -> str:
        """The fault without its client: variable, value and what would be right."""
        return ": ".join(part for part in (self.variable, self.shown_value, self.expected) if part)


class InventoryError(ValueError):
    """Everything that is wrong with the input, in one exception.

    Attributes:
        faults: every fault, in the order found.
    """

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = list(faults)
        super().__init__(self.faults)

    def __str__(self) -> str:
        # A wrong value in group_vars is one fault for its reader, however many clients inherit it.
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
    """Names in the inventory may hold anything; one line of ours stays one line."""
    if line.isprintable():
        return line
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in line)


@lru_cache(maxsize=1024)
def nearest(name: str, known: tuple[str, ...], cutoff: float = 0.75) -> str | None:
    """Return the one of *known* that *name* is most likely a misspelling of, or None.

    Args:
        name: what somebody wrote.
        known: what he may have meant.
        cutoff: how alike they must be, from 0 to 1 (difflib's ratio).
    """
    matches = difflib.get_close_matches(name, known, n=1, cutoff=cutoff)
    return matches[0] if matches else None
