# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks whether a TFTP server would send a file, by the rules of tftpd(8) with ``--secure``."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

# The number of links that the kernel follows (path_resolution(7)).
_LINKS_MAX = 40


@dataclass(frozen=True)
class Refusal:
    """Why a file is not served. *missing* says whether it does not exist (yet)."""

    reason: str
    missing: bool = False


def refusal(root: str, path: str) -> Refusal | None:
    """Return why a TFTP server whose root is *root* would not send *path*, or None if it would.

    tftpd runs in a chroot(2) at *root*, as a user of its own. So others must be able to search all
    folders (o+x) and to read the file (o+r). Links must be relative and must not lead out of
    *root*, since an absolute link would be looked up below *root*.

    Args:
        root: absolute path of the TFTP root.
        path: path relative to *root*, with or without a leading slash.
    """
    ahead = [step for step in reversed(path.split("/")) if step not in ("", ".")]
    here: list[str] = []
    links = 0
    refused = _folder_refusal(Path(root))
    while ahead and refused is None:
        step = ahead.pop()
        if step == "..":
            if not here:
                return Refusal("leads out of the TFTP root over a link")
            here.pop()
            continue
        place = Path(root, *here, step)
        try:
            status = place.lstat()
        except (FileNotFoundError, NotADirectoryError):
            return Refusal(f"{place} does not exist", missing=True)
        if stat.S_ISLNK(status.st_mode):
            links += 1
            goal = str(place.readlink())
            if goal.startswith("/"):
                refused = Refusal(f"{place} is an absolute link, to {goal}: make it relative")
            elif links > _LINKS_MAX:
                refused = Refusal(f"{place} is one of too many links")
            ahead += [part for part in reversed(goal.split("/")) if part not in ("", ".")]
            continue
        here.append(step)
        if stat.S_ISDIR(status.st_mode):
            refused = _folder_refusal(place)
    return refused or _file_refusal(Path(root, *here))


def _file_refusal(path: Path) -> Refusal | None:
    status = path.lstat()
    if not stat.S_ISREG(status.st_mode):
        return Refusal(f"{path} is not a regular file")
    if not status.st_mode & stat.S_IROTH:
        return Refusal(f"{path} is not readable for others (mode {_octal(status)})")
    return None


def _folder_refusal(path: Path) -> Refusal | None:
    try:
        status = path.stat()
    except FileNotFoundError:
        return Refusal(f"{path} does not exist", missing=True)
    if not stat.S_ISDIR(status.st_mode):
        return Refusal(f"{path} is not a folder")
    if not status.st_mode & stat.S_IXOTH:
        return Refusal(f"{path} cannot be searched by others (mode {_octal(status)})")
    return None


def _octal(status: os.stat_result) -> str:
    return f"{stat.S_IMODE(status.st_mode):04o}"
