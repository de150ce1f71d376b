# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands cp(1) and sync(1), for first copies."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot.command import run

# Seconds between two syncs during a long copy. So there is less to wait for at the end, and other
# programs on the server that sync their files (leases, logs) do not wait for gigabytes of a copy.
_WRITE_OUT = 1.0


def sync(folder: Path) -> list[str]:
    """Return the sync(1) command for the file system of a folder."""
    return ["sync", "--file-system", "--", str(folder)]


@contextlib.contextmanager
def written_out(folder: Path) -> Iterator[None]:
    """Sync the file system of a folder again and again, until the context ends.

    Errors are ignored here. Job._flush() syncs once more, and reports them.
    """
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
    """Return the cp(1) command for a first copy of a whole folder.

    It keeps the same as rsync does, and is faster. With --preserve=xattr, cp reports an attribute
    that it cannot copy. With --archive alone, it does not.
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
