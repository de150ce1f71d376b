# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was measured, as tables for a person and as JSON for a program."""

from __future__ import annotations

import json
import os
import platform
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.diskless.netboot.tests.bench.boot.publishing import THEIRS, Published
from ansible_collections.diskless.netboot.tests.bench.boot.rounds import SIDES, Boot
from ansible_collections.diskless.netboot.tests.bench.boot.storm import Storm
from rich.table import Table

OUTPUT = Path(__file__).resolve().parents[3] / ".build" / "bench" / "boot.json"
WANTED = {"seconds": 0.65, "wire": 0.55, "publish": 0.1}
"""At most so many times LTSP's."""


@dataclass
class Measured:
    """All figures of a run, in the order in which they were taken.

    Attributes:
        rounds: the boots of each round.
        storms: one for each size and side.
        published: ours and LTSP's, each as often as there were rounds.
        initrd: bytes, by side.
    """

    rounds: list[list[Boot]] = field(default_factory=list)
    storms: list[Storm] = field(default_factory=list)
    published: list[Published] = field(default_factory=list)
    initrd: dict[str, int] = field(default_factory=dict)

    def write(self) -> None:
        """Write them to OUTPUT, with what is known of the machine."""
        machine = {
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            "load": os.getloadavg(),
        }
        OUTPUT.parent.mkdir(parents=True, exist_ok=True)
        written = {"machine": machine, "wanted": WANTED, **asdict(self)}
        OUTPUT.write_text(json.dumps(written, indent=2) + "\n", encoding="utf-8")


def ratios(rounds: Sequence[Sequence[Boot]], side: str, of: Callable[[Boot], float]) -> list[float]:
    """Return a side's figure by LTSP's in each round: what slows a whole round cancels out."""
    found = []
    for made in rounds:
        by_side: Mapping[str, Boot] = {boot.side: boot for boot in made}
        found.append(of(by_side[side]) / of(by_side[THEIRS]))
    return found


def boots(measured: Measured) -> Table:
    """Return one row for each kind of root."""
    made = _table(
        "From power-on to the login prompt, and what was loaded until then",
        *("root", "seconds", "by LTSP's", "MB", "by LTSP's"),
        *("initrd", "by LTSP's", "runs"),
    )
    for side in SIDES:
        its = [boot for each in measured.rounds for boot in each if boot.side == side]
        seconds = ratios(measured.rounds, side, lambda boot: boot.seconds)
        wire = ratios(measured.rounds, side, lambda boot: boot.wire)
        made.add_row(
            side,
            spread([boot.seconds for boot in its], "{:.1f}"),
            "" if side == THEIRS else spread(seconds, "{:.2f}"),
            spread([boot.wire / 1e6 for boot in its], "{:.1f}"),
            "" if side == THEIRS else spread(wire, "{:.2f}"),
            f"{measured.initrd[side] / 1e6:.1f} MB" if side in measured.initrd else "-",
            _share(measured.initrd, side),
            str(len(its)),
        )
    return made


def publishing(measured: Measured) -> Table:
    """Return one row for each way to publish."""
    made = _table(
        "Ten files of the image changed, and published",
        *("what", "seconds", "by LTSP's", "disk", "by LTSP's", "runs"),
    )
    theirs = [each for each in measured.published if each.how == THEIRS]
    disk: dict[str, float] = {}
    for how in dict.fromkeys(each.how for each in measured.published):
        disk[how] = statistics.median(each.disk for each in measured.published if each.how == how)
    for how in disk:
        its = [each for each in measured.published if each.how == how]
        pairs = zip(its, theirs) if len(its) == len(theirs) else ((each, None) for each in its)
        shares = [
            own.seconds / (other.seconds if other else middle(theirs)) for own, other in pairs
        ]
        made.add_row(
            how,
            spread([each.seconds for each in its], "{:.1f}"),
            "" if how == THEIRS else spread(shares, "{:.3f}"),
            spread([each.disk / 1e6 for each in its], "{:.1f}") + " MB",
            _share(disk, how),
            str(len(its)),
        )
    return made


def storms(measured: Measured) -> Table:
    """Return one row for each storm."""
    made = _table(
        "So many PCs switched on at once, each with one processor and 1 GiB",
        *("PCs", "root", "first ready", "last ready", "server's processor", "MB in all"),
    )
    for each in measured.storms:
        made.add_row(
            str(each.clients),
            each.side,
            f"{each.first:.0f} s",
            f"{each.seconds:.0f} s",
            f"{each.cpu:.1f} s",
            f"{each.wire / 1e6:.0f}",
        )
    return made


def curve(measured: Measured) -> Iterable[str]:
    """Yield the storms as lines of bars, for a fixed-width font."""
    longest = max((each.seconds for each in measured.storms), default=1.0)
    for each in measured.storms:
        drawn = "#" * max(1, round(50 * each.seconds / longest))
        yield f"{each.clients:>2} {each.side:<8} {drawn} {each.seconds:.0f} s"


def spread(figures: Sequence[float], form: str) -> str:
    """Return the median, and the least and the greatest where there are several."""
    if not figures:
        return "-"
    middle_one = form.format(statistics.median(figures))
    if len(figures) == 1:
        return middle_one
    return f"{middle_one} ({form.format(min(figures))}-{form.format(max(figures))})"


def _share(figures: Mapping[str, float], of: str) -> str:
    """Return one figure by LTSP's."""
    known = of in figures and figures.get(THEIRS)
    return f"{figures[of] / figures[THEIRS]:.3f}" if known and of != THEIRS else ""


def middle(published: Sequence[Published]) -> float:
    """Return the median of the seconds."""
    return statistics.median(each.seconds for each in published)


def _table(title: str, first: str, *others: str) -> Table:
    made = Table(title=title, title_justify="left")
    made.add_column(first)
    for heading in others:
        made.add_column(heading, justify="left" if heading == "root" else "right")
    return made


def load() -> Measured:
    """Return the figures that were written last, none where there are none."""
    found: dict[str, Any] = json.loads(OUTPUT.read_text("utf-8")) if OUTPUT.exists() else {}
    return Measured(
        [[Boot(**boot) for boot in each] for each in found.get("rounds", [])],
        [Storm(**each) for each in found.get("storms", [])],
        [Published(**each) for each in found.get("published", [])],
        found.get("initrd", {}),
    )
