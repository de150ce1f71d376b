# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A million small files: what the module needs of memory and time; the first copy is made once.

In the end the copy is compared with its source by a walker of its own. This takes three minutes
on a RAM disk (BENCH_FOLDER=/dev/shm, 6 GB), an hour and 12 GB on a slow disk.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from ansible_collections.diskless.netboot.tests.bench import trees
from ansible_collections.diskless.netboot.tests.bench.harness import (
    Bench,
    BenchError,
    Bound,
    Process,
)

FOLDERS, FILES = 2_000, 1_000_000
SIZES = (0, 0, 0, 0, 0, 0, 0, 0, 0, 400)  # bytes
MEMORY = 150  # MiB


def benches() -> Iterator[Bench]:
    """Yield them."""
    with tempfile.TemporaryDirectory(dir=trees.ON_DISK) as folder:
        source, ours, theirs = (Path(folder, name) for name in ("source", "ours/root", "cp/root"))
        trees.make(source, FOLDERS, FILES, SIZES)
        rsync = [*trees.RSYNC, f"{source}/", f"{theirs}/"]
        trees.set_aside(ours, theirs)
        yield Bench(
            what=f"first copy of {FILES} files, against cp -ax",
            ours=trees.module(source, ours, lambda: None),
            theirs=Process(["cp", "-ax", source, theirs]),
            bound=Bound(ratio=1.15, rss_mb=MEMORY),
            runs=1,
        )
        yield Bench(
            what="nothing to do, against rsync",
            ours=trees.module(source, ours, lambda: None),
            theirs=Process(rsync),
            bound=Bound(ratio=1.3, plus=0.5, rss_mb=MEMORY),
            runs=3,
        )
        yield Bench(
            what="1 % changed, against rsync",
            ours=trees.module(source, ours, lambda: trees.change(ours, FOLDERS, FILES, 0.01)),
            theirs=Process(rsync, before=lambda: trees.change(theirs, FOLDERS, FILES, 0.01)),
            bound=Bound(ratio=1.2, rss_mb=MEMORY),
            runs=3,
        )
        different = trees.difference(source, ours)
        if different:
            raise BenchError(f"the copy is not equal to its source: {different}")
