# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A bench: two ways to do one thing, run in turn on the same input, and what was wanted of ours.

A file ``bench_NAME.py`` has one function ``benches()`` that yields `Bench`es; it is resumed after
each one was run, so that what it made for a bench can be removed behind its ``yield``.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

TIMED = Path(__file__).with_name("timed.py")


class BenchError(Exception):
    """A command of a bench failed, so its time says nothing."""


@dataclass(frozen=True)
class Cost:
    """What one run took.

    Attributes:
        seconds: wall clock.
        cpu: user and system seconds of the process and all that it waited for; None for a call.
        rss_mb: peak resident memory in MiB of the largest of those processes; None for a call.
    """

    seconds: float
    cpu: float | None = None
    rss_mb: float | None = None


@dataclass(frozen=True)
class Process:
    """A whole process, from its start to its end. ``before`` runs first, untimed.

    ``items`` is how many things one run does: ratios are taken of the cost for one.
    """

    command: Sequence[str | Path]
    items: int = 1
    before: Callable[[], object] | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: Path | None = None
    exits: tuple[int, ...] = (0,)

    def run(self) -> Cost:
        """Run it once.

        Raises:
            BenchError: it ended with none of the statuses ``exits``.
        """
        if self.before:
            self.before()
        with tempfile.TemporaryDirectory() as folder:
            result = Path(folder, "result.json")
            words = [sys.executable, "-I", "-S", str(TIMED), str(result), *map(str, self.command)]
            ended = subprocess.run(
                words,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                env=os.environ | dict(self.env),
                cwd=self.cwd,
                check=False,
            )
            found = json.loads(result.read_text("utf-8")) if result.exists() else {"exit": None}
        status = found.pop("exit")
        if status not in self.exits:
            said = f"{' '.join(words[5:])}\n{ended.stdout[-3000:]}"
            raise BenchError(f"exit {status} from: {said}")
        return Cost(**found)


@dataclass(frozen=True)
class Call:
    """A call in this process. One that returns a float has measured its own seconds."""

    function: Callable[[], object]
    items: int = 1
    before: Callable[[], object] | None = None

    def run(self) -> Cost:
        """Run it once."""
        if self.before:
            self.before()
        start = time.perf_counter()
        own = self.function()
        seconds = time.perf_counter() - start
        return Cost(own if isinstance(own, float) else seconds)


@dataclass(frozen=True)
class Bound:
    """What is wanted of ours.

    Attributes:
        ratio: at most so many times theirs, each divided by its items.
        plus: and so many seconds beside.
        seconds: at most so many.
        rss_mb: at most so many MiB.
    """

    ratio: float | None = None
    plus: float = 0.0
    seconds: float | None = None
    rss_mb: float | None = None

    def __str__(self) -> str:
        words = []
        if self.ratio is not None:
            times = f"{self.ratio:g} x" if self.ratio >= 0.1 else f"1/{1 / self.ratio:g} x"
            words.append(times + (f" + {self.plus:g} s" if self.plus else ""))
        if self.seconds is not None:
            words.append(f"{self.seconds:g} s")
        if self.rss_mb is not None:
            words.append(f"{self.rss_mb:g} MB")
        return ", ".join(words)


@dataclass(frozen=True)
class Bench:
    """Two ways to do one thing; ``theirs`` is None where only a figure is wanted."""

    what: str
    ours: Process | Call
    theirs: Process | Call | None = None
    bound: Bound = Bound()
    runs: int = 5
    note: str = ""

    def run(self) -> Result:
        """Run both in turn, the first of each round changing."""
        result = Result(self)
        for number in range(self.runs):
            both = [(self.ours, result.ours), (self.theirs, result.theirs)]
            for side, costs in both if number % 2 == 0 else reversed(both):
                if side is not None:
                    costs.append(side.run())
        return result


@dataclass
class Result:
    """What the runs of a bench cost, in the order of its rounds."""

    bench: Bench
    ours: list[Cost] = field(default_factory=list)
    theirs: list[Cost] = field(default_factory=list)

    @property
    def ratios(self) -> list[float]:
        """Ours by theirs in each round, for one item: what slows a whole round cancels out."""
        if self.bench.theirs is None:
            return []
        share = self.bench.theirs.items / self.bench.ours.items
        pairs = zip(self.ours, self.theirs, strict=True)
        return [share * ours.seconds / theirs.seconds for ours, theirs in pairs]

    @property
    def rss_mb(self) -> float | None:
        """The peak of all of our runs."""
        return max((cost.rss_mb for cost in self.ours if cost.rss_mb is not None), default=None)

    @property
    def met(self) -> bool | None:
        """Whether the bound was met, at the median; None where there is none."""
        bound, checks = self.bench.bound, []
        if bound.ratio is not None and self.bench.theirs is not None:
            share = self.bench.ours.items / self.bench.theirs.items
            allowed = bound.ratio * share * middle(self.theirs) + bound.plus
            checks.append(
                middle(self.ours) <= allowed
                if bound.plus
                else statistics.median(self.ratios) <= bound.ratio
            )
        if bound.seconds is not None:
            checks.append(middle(self.ours) <= bound.seconds)
        if bound.rss_mb is not None:
            checks.append(self.rss_mb is not None and self.rss_mb <= bound.rss_mb)
        return all(checks) if checks else None


def middle(costs: Sequence[Cost]) -> float:
    """Return the median of the seconds."""
    return statistics.median(cost.seconds for cost in costs)
