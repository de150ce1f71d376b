# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Unpack a tar archive or a squashfs image into a folder beside a destination, for one run."""

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
    """The call of GNU tar or unsquashfs(1) that unpacks source into an empty folder."""
    return (_unsquashfs if source.kind == SQUASHFS else _tar)(source.path, folder)


def _tar(archive: str, folder: Path) -> list[str]:
    named = archive.rsplit(".", 1)[-1]
    return [
        "tar",
        "--extract",
        "--force-local",
        # tar recognises the others by content, these two not (tar 1.34)
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
    """--force means: into a folder that exists. By default its queues take 512 MiB of memory."""
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
    """Yield a folder with source's contents; it is gone afterwards, unless renamed.

    Two runs are kept apart by a lock on the folder itself, for at most wait seconds.
    Raises ArchiveError, BusyError (marker.py) and OSError.
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
            _empty(folder)  # what a killed run left
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
