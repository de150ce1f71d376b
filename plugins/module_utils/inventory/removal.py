# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many clients a run would remove. The exports of the last run show which ones exist."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

_OWN_FOLDER = re.compile(r"/clients/([^/]+)/(?:root|state)$")
_SHOWN = 5


@dataclass(frozen=True)
class Removal:
    """The clients that a run would remove.

    Attributes:
        gone: names of these clients, or their addresses if the names are not known.
        before: the number of clients before the run.
    """

    gone: tuple[str, ...]
    before: int

    @property
    def suspicious(self) -> bool:
        """Whether more than half of the clients, or the only one, would be removed.

        This is more likely a mistake than intended.
        """
        return len(self.gone) * 2 > self.before

    def __str__(self) -> str:
        names = ", ".join(self.gone[:_SHOWN]) + (", ..." if len(self.gone) > _SHOWN else "")
        return f"{len(self.gone)} of {self.before} PCs ({names})"


def removal(
    exports: Iterable[Mapping[str, Any]], names: Collection[str], addresses: Collection[str]
) -> Removal:
    """Return the clients in the exports that are no longer in the inventory.

    A client with a new name or a new address, but not both, is not removed.

    Args:
        exports: the exports of the last run, as the filter ``exports`` returns them.
        names: inventory names of all clients.
        addresses: addresses of all clients.
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
    kept = {name for address, name in known.items() if address in addresses}
    before = set(known.values())
    return Removal(tuple(sorted(before - kept - names)), len(before))
