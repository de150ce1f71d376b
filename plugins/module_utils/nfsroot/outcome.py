# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run did, as the module returns it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field


@dataclass
class Stats:
    """The numbers of one copy, as the module's RETURN documents them.

    total_bytes and transferred_bytes are apparent sizes, as in rsync --stats.
    """

    files: int = 0
    created: int = 0
    deleted: int = 0
    transferred_bytes: int = 0
    total_bytes: int = 0
    seconds: float = 0.0


@dataclass
class Root:
    """What happened to one destination, as the module's RETURN documents it."""

    dest: str
    label: str | None = None
    copied: bool = False
    changed: bool = False
    source_changed: bool = False
    stats: Stats = field(default_factory=Stats)
    error: str | None = None


@dataclass
class Outcome:
    """All destinations in the order of the request, the commands, and the warnings."""

    roots: list[Root] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    diff: str = ""

    @property
    def changed(self) -> bool:
        """Whether anything changed anywhere."""
        return any(root.changed for root in self.roots)

    @property
    def errors(self) -> list[str]:
        """One sentence for each destination that failed."""
        return [f"dest {root.dest!r}: {root.error}" for root in self.roots if root.error]

    def as_dicts(self) -> list[dict[str, object]]:
        """Return the roots as the module returns them."""
        return [asdict(root) for root in self.roots]
