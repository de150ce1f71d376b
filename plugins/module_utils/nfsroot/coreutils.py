# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""cp(1) and sync(1): a first copy of everything, and that it is on the disk."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot.command import run

# Seconds from one writing out of a long copy to the next: less is left to wait for at its end, and
# whatever else has a server's disk written out (leases, logs) never waits for gigabytes of ours.
_WRITE_OUT = 1.0


def sync(folder: Path) -> list[str]:
    """sync(1) for the file system of a folder."""
    return ["sync", "--file-system", "--", str(folder)]


@contextlib.contextmanager
def written_out(folder: Path) -> Iterator[None]:
    """Have what is written inside go to the disk meanwhile. Whether it did, Job._flush() says."""
    ended = threading.Event()

    def write_out() -> None:
        while not ended.wait(_WRITE_OUT):
            run(sync(folder))

    with ThreadPoolExecutor(max_workers=1) as beside:
        beside.submit(write_out)
        try:
            yield
        finally:
            ended.set()


def cp(origin: str, folder: Path, one_file_system: bool) -> list[str]:
    """cp(1) for a first copy of everything: as faithful as rsync, in less time.

    --preserve=xattr makes cp report an attribute that it could not copy; --archive
    alone would keep silent.
    """
    return [
        "cp",
        "--archive",
        "--preserve=xattr",
        *(["--one-file-system"] if one_file_system else []),
        "--reflink=auto",
        "--no-target-directory",
        "--",
        origin,
        str(folder),
    ]
