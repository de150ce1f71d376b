# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The file capabilities in an image, capabilities(7), which NFS does not carry to a PC.

NFS has no ``security.capability``: RFC 8276 knows only the attributes of users. So the image has a
list, and the program ``capabilities`` of the role gives each PC what is in it.
"""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

_ATTRIBUTE = "security.capability"
_WRITABLE = stat.S_IWGRP | stat.S_IWOTH


def capabilities(root: str) -> str:
    """Return a line ``CAPABILITIES<tab>PATH`` for each program in *root* that has capabilities.

    A program that anybody but root could replace is left out. Otherwise, its user could put another
    one in its place, for instance on a root that a PC writes to, and it would get the capabilities
    at the next start. Other file systems below *root* are left out too.

    Args:
        root: absolute path of an image's root.

    Raises:
        OSError: a folder cannot be read, or there is no getcap(8).
        subprocess.CalledProcessError: getcap(8) failed.
    """
    top = Path(root)
    capable = sorted(_capable(top, top.lstat().st_dev)) if _ours(top.lstat()) else []
    if not capable:
        return ""
    ended = subprocess.run(  # pylint: disable=ansible-bad-function
        ["getcap", "--", *capable], stdout=subprocess.PIPE, check=True, text=True
    )
    found = []
    for line in ended.stdout.splitlines():
        path = max((one for one in capable if line.startswith(f"{one} ")), key=len)
        # libcap before 2.41 wrote "PATH = CAPABILITIES".
        given = line[len(path) :].strip().removeprefix("= ")
        found.append(f"{given}\t/{os.path.relpath(path, root)}\n")
    return "".join(found)


def _capable(folder: Path, device: int) -> Iterator[str]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_symlink():
                continue
            found = entry.stat(follow_symlinks=False)
            if found.st_dev != device or not _ours(found) or not entry.name.isprintable():
                continue
            if stat.S_ISDIR(found.st_mode):
                yield from _capable(Path(entry.path), device)
            elif _is_program(found) and _ATTRIBUTE in os.listxattr(entry.path):
                yield entry.path


def _is_program(found: os.stat_result) -> bool:
    return stat.S_ISREG(found.st_mode) and bool(found.st_mode & 0o111)


def _ours(found: os.stat_result) -> bool:
    """Return whether only root can change this file or folder."""
    return found.st_uid == 0 and not found.st_mode & _WRITABLE
