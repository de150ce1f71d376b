# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Unpacks a tar archive or a squashfs image to a folder beside a destination, during one run."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot.destination import (
    Destination,
)
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot.marker import take
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot.meter import Meter
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot.source import (
    SQUASHFS,
    Source,
)


class ArchiveError(Exception):
    """The source could not be unpacked."""


def command(source: Source, folder: Path) -> list[str]:
    """Return the command of GNU tar or unsquashfs(1) that unpacks a source to an empty folder."""
    return (_unsquashfs if source.kind == SQUASHFS else _tar)(source.path, folder)


def _tar(archive: str, folder: Path) -> list[str]:
    named = archive.rsplit(".", 1)[-1]
    return [
        "tar",
        "--extract",
        "--force-local",
        # tar 1.34 recognises other compressions by their content, but not these two.
        *([f"--use-compress-program={named}"] if named in ("lz4", "lzma") else []),
        f"--file={archive}",
        f"--directory={folder}",
        "--numeric-owner",
        "--same-owner",
        "--preserve-permissions",
        "--acls",
        "--xattrs",
        "--xattrs-include=*",
        "--sparse",
        "--warning=no-timestamp",
    ]


def _unsquashfs(image: str, folder: Path) -> list[str]:
    """Return the unsquashfs command. With -force, it accepts a folder that exists.

    The sizes of the queues are in MiB. By default, the queues use 512 MiB of memory.
    """
    return [
        "unsquashfs",
        "-data-queue",
        "16",
        "-frag-queue",
        "16",
        "-force",
        "-dest",
        str(folder),
        image,
    ]


def _empty(folder: Path) -> None:
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()


@contextlib.contextmanager
def unpacked(source: Source, beside: Destination, wait: float, meter: Meter) -> Iterator[Path]:
    """Yield a folder with the contents of *source*.

    The folder is removed afterwards, unless it was renamed. A lock on the folder itself keeps two
    runs apart.

    Args:
        source: the archive or image.
        beside: the destination beside which it is unpacked.
        wait: how long to wait for the lock, in seconds.
        meter: runs the command.

    Raises:
        ArchiveError: the source cannot be unpacked.
        BusyError: another run holds the lock (marker.py).
        OSError: the folder cannot be made or read.
    """
    folder = beside.unpacked
    folder.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        take(descriptor, wait)
        try:
            if not os.path.samestat(os.fstat(descriptor), folder.lstat()):
                raise ArchiveError(f"{folder} was replaced meanwhile; run again")
            _empty(folder)  # a killed run may have left something
            folder.chmod(0o755)  # for archives without an entry for the root itself
            argv, packed = command(source, folder), Path(source.path)
            before = packed.stat()
            ended = meter.run(argv, dest=beside.root, held=(descriptor,))
            after = packed.stat()
            if ended.full_disk:
                raise ArchiveError(f"the file system of {folder} is full: {packed} does not fit")
            if ended.code != 0:
                raise ArchiveError(f"{argv[0]} could not unpack {packed}: {ended.stderr}")
            if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
                raise ArchiveError(f"{packed} changed while it was unpacked; run again")
            if not any(folder.iterdir()):
                raise ArchiveError(f"{packed} is empty")
            yield folder
        finally:
            with contextlib.suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(descriptor), folder.lstat()):
                    shutil.rmtree(folder)
    finally:
        os.close(descriptor)
