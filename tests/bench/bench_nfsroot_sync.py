# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copies of a root with as many files as a small desktop has: the module beside cp and rsync.

Both write to the same disk in turn, each to a copy of its own. cp and rsync leave in memory what
they wrote, while the module waits for the disk: a root that counts as complete has to be complete
after a power cut, too. In the second bench cp waits as well. A Python has to start, of which
the half second of one bound is. The copies take some 25 GB, until all was measured.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from ansible_collections.diskless.netboot.tests.bench import trees
from ansible_collections.diskless.netboot.tests.bench.harness import Bench, Bound, Process

FOLDERS, FILES = 16_000, 160_000
SIZES = (0, 300, 2_000, 8_000, 20_000)  # bytes
MEMORY = 150  # MiB


def benches() -> Iterator[Bench]:
    """Yield them."""
    with tempfile.TemporaryDirectory(dir=trees.ON_DISK) as folder:
        source, ours, theirs = (Path(folder, name) for name in ("source", "ours/root", "cp/root"))
        trees.make(source, FOLDERS, FILES, SIZES)
        what = f"{FILES} files, {FILES * sum(SIZES) / len(SIZES) / 2**20:.0f} MiB"
        trees.set_aside(ours, theirs)
        first = trees.module(source, ours, lambda: trees.set_aside(ours))
        copied: list[str | Path] = ["cp", "-ax", source, theirs]
        yield Bench(
            what=f"first copy of {what}, against cp -ax",
            ours=first,
            theirs=Process(copied, before=lambda: trees.set_aside(theirs)),
            bound=Bound(ratio=1.15, rss_mb=MEMORY),
        )
        waited = f"{' '.join(map(str, copied))} && sync --file-system {theirs}"
        yield Bench(
            what="the same, against cp -ax and sync",
            ours=first,
            theirs=Process(["sh", "-c", waited], before=lambda: trees.set_aside(theirs)),
            bound=Bound(ratio=1.15, rss_mb=MEMORY),
        )
        rsync = [*trees.RSYNC, f"{source}/", f"{theirs}/"]
        yield Bench(
            what="nothing to do, against rsync",
            ours=trees.module(source, ours, os.sync),
            theirs=Process(rsync, before=os.sync),
            bound=Bound(ratio=1.3, plus=0.5, rss_mb=MEMORY),
        )
        yield Bench(
            what="1 % changed, against rsync",
            ours=trees.module(source, ours, lambda: trees.change(ours, FOLDERS, FILES, 0.01)),
            theirs=Process(rsync, before=lambda: trees.change(theirs, FOLDERS, FILES, 0.01)),
            bound=Bound(ratio=1.2, rss_mb=MEMORY),
        )
