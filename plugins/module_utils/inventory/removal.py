# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many clients a run would take away, by what is exported to them until now."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

_OWN_FOLDER = re.compile(r"/clients/([^/]+)/(?:root|state)$")
_SHOWN = 5


@dataclass(frozen=True)
class Removal:
    """Clients that there were until now.

    Attributes:
        gone: names, or addresses where no name is known, of those that would be no more.
        before: how many there were.
    """

    gone: tuple[str, ...]
    before: int

    @property
    def suspicious(self) -> bool:
        """Whether more than half of them, or the only one, would go: more likely a slip."""
        return len(self.gone) * 2 > self.before

    def __str__(self) -> str:
        names = ", ".join(self.gone[:_SHOWN]) + (", ..." if len(self.gone) > _SHOWN else "")
        return f"{len(self.gone)} of {self.before} PCs ({names})"


def removal(
    exports: Iterable[Mapping[str, Any]], names: Collection[str], addresses: Collection[str]
) -> Removal:
    """Return what becomes of the clients that something is exported to.

    Args:
        exports: of the last run, as filter ``exports`` gives them.
        names: inventory names of the clients that there are now.
        addresses: their addresses. A client that got another name or another address is not gone.
    """
    names, addresses = set(names), set(addresses)
    known: dict[str, str] = {}
    for export in exports:
        owner = _OWN_FOLDER.search(str(export.get("path", "")))
        for client in export.get("clients", ()):
            address = str(client.get("address", ""))
            if owner:
                known[address] = owner[1]
            else:
                known.setdefault(address, address)
    gone = [
        name for address, name in known.items() if address not in addresses and name not in names
    ]
    return Removal(tuple(sorted(gone)), len(known))
