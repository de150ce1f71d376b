# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Boot PCs by our roots and by LTSP, in turn: print tables, and write them as JSON.

Names of parts on the command line run these alone, and leave the others' figures in the JSON as
they are; ``up`` and ``down`` start and end both servers, and without a name all of it is run.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from ansible_collections.diskless.netboot.tests.bench.boot import (
    ltsp,
    ours,
    publishing,
    report,
    rounds,
    storm,
)
from ansible_collections.diskless.netboot.tests.bench.harness import BenchError
from ansible_collections.diskless.netboot.tests.lab import server
from ansible_collections.diskless.netboot.tests.lab.shell import LabError
from rich.console import Console

CONSOLE = Console(width=None if sys.stdout.isatty() else 140)


def _up() -> None:
    ours.up()
    ltsp.up(ours.tree())


def _rounds() -> None:
    measured = report.load()
    measured.rounds = []
    measured.initrd = {side: ours.initrd() for side in ours.KINDS} | {"LTSP": ltsp.initrd()}
    for made in rounds.run(rounds.ROUNDS, _told):
        measured.rounds.append(made)
        measured.write()


def _publishing() -> None:
    measured = report.load()
    measured.published = []
    for made in publishing.run(ours.site(), publishing.ROUNDS, _told):
        measured.published.append(made)
        measured.write()


def _storm() -> None:
    measured = report.load()
    measured.storms = []
    for made in storm.run(storm.SIZES, _told):
        measured.storms.append(made)
        measured.write()


def _down() -> None:
    server.down(ours.LAB)
    server.down(ltsp.LAB)


PARTS: dict[str, Callable[[], None]] = {
    "up": _up,
    "rounds": _rounds,
    "publishing": _publishing,
    "storm": _storm,
    "down": _down,
}


def _told(made: object) -> None:
    """Say what was just measured, since a whole run takes long."""
    CONSOLE.print(made, markup=False, highlight=False)


def _tables() -> None:
    measured = report.load()
    for part in (report.boots, report.publishing, report.storms):
        CONSOLE.print(part(measured))
    for line in report.curve(measured):
        CONSOLE.print(line, markup=False, highlight=False)
    wanted = report.WANTED
    CONSOLE.print(
        f"Wanted of ours, by LTSP's: {wanted['seconds']} of its seconds, {wanted['wire']} of its"
        f" bytes, {wanted['publish']} of its time to publish. LTSP's menu is left out. Nothing"
        f" fails when a bound is not met. JSON: {report.OUTPUT}"
    )


def main() -> int:
    """Read the command line, and return the exit status."""
    unknown = sorted(set(sys.argv[1:]) - set(PARTS))
    if unknown:
        print(f"no part {', '.join(unknown)}: there are {', '.join(PARTS)}", file=sys.stderr)
        return 2
    wanted = sys.argv[1:] or list(PARTS)
    try:
        for name in wanted:
            PARTS[name]()
    except (AssertionError, BenchError, LabError) as error:
        print(f"bench-boot: {error}", file=sys.stderr)
        # Whoever asked for one part may want to look; nothing stays of a whole run.
        if not sys.argv[1:]:
            _down()
        return 1
    _tables()
    return 0


if __name__ == "__main__":
    sys.exit(main())
