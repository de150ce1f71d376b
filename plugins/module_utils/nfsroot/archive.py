# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Unpack a tar archive into a folder beside a destination, for the time of one run."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot.command import run
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot.destination import (
    Destination,
)
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot.marker import take


class ArchiveError(Exception):
    """The archive could not be unpacked."""


def command(archive: Path, folder: Path) -> list[str]:
    """The GNU tar call that unpacks archive (its compression is recognised by content)."""
    return [
        "tar",
        "--extract",
        "--force-local",
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


def _empty(folder: Path) -> None:
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()


@contextlib.contextmanager
def unpacked(archive: Path, beside: Destination, wait: float) -> Iterator[Path]:
    """Yield a folder with archive's contents; it is gone afterwards, unless renamed.

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
            before = archive.stat()
            ended = run(command(archive, folder), held=(descriptor,))
            after = archive.stat()
            if ended.code != 0:
                raise ArchiveError(_why(ended.full_disk, folder, archive, ended.stderr))
            if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
                raise ArchiveError(f"{archive} changed while it was unpacked; run again")
            if not any(folder.iterdir()):
                raise ArchiveError(f"{archive} is empty")
            yield folder
        finally:
            with contextlib.suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(descriptor), folder.lstat()):
                    shutil.rmtree(folder)
    finally:
        os.close(descriptor)


def _why(full_disk: bool, folder: Path, archive: Path, stderr: str) -> str:
    if full_disk:
        return f"the file system of {folder} is full: {archive} does not fit"
    return f"tar could not unpack {archive}: {stderr}"
