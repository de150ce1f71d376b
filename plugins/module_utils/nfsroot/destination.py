# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One destination root: the names beside it, and what is there now."""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot import marker
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot.marker import Marker


@dataclass(frozen=True)
class Destination:
    """A root folder. Everything of ours lies beside it, so that clients never see it."""

    root: Path

    def _beside(self, suffix: str) -> Path:
        return self.root.with_name(f".{self.root.name}.{suffix}")

    @property
    def parent(self) -> Path:
        """The folder that holds the root."""
        return self.root.parent

    @property
    def partial(self) -> Path:
        """A first copy that is not whole yet; renamed to the root when it is."""
        return self._beside("partial")

    @property
    def unpacked(self) -> Path:
        """An archive's contents, for the time of one run."""
        return self._beside("unpacked")

    @property
    def temporary(self) -> Path:
        """Where rsync builds single files, so that a killed run leaves none in the root."""
        return self._beside("tmp")

    @property
    def marker(self) -> Path:
        """What we remember of the root."""
        return self._beside("nfsroot.json")

    @property
    def lock(self) -> Path:
        """Keeps two runs apart."""
        return self._beside("nfsroot.lock")


@dataclass(frozen=True)
class State:
    """fresh: there is no root yet, or an empty folder. marker: ours, if it is ours."""

    fresh: bool
    marker: Marker | None

    @property
    def complete(self) -> bool:
        """Whether an earlier copy came to its end."""
        return not self.fresh and self.marker is not None and self.marker.state == marker.COMPLETE


def look(destination: Destination) -> State:
    """What is there now. Raises MarkerUnreadableError, and OSError when root is no folder."""
    try:
        with os.scandir(destination.root) as entries:
            fresh = next(entries, None) is None
    except FileNotFoundError:
        fresh = True
    return State(fresh, marker.read(destination.marker))


def path_faults(root: str) -> list[str]:
    """What is wrong with the path itself and the folders that lead to it."""
    if any(ord(character) < 32 or ord(character) == 127 for character in root):
        return ["must not contain control characters"]
    if not root.startswith("/"):
        return ["must be an absolute path"]
    if ".." in root.split("/"):
        return ["must not contain '..'"]
    if os.path.normpath(root).strip("/") == "":
        return ["is the boot server's own root"]
    walked = ""
    for part in os.path.normpath(root).strip("/").split("/"):
        walked = f"{walked}/{part}"
        try:
            mode = os.lstat(walked).st_mode
        except FileNotFoundError:
            break
        if stat.S_ISLNK(mode):
            return [f"leads through the symbolic link {walked}; name the real folder"]
        if not stat.S_ISDIR(mode):
            return [f"{walked} is not a folder"]
    return []


def mount_points() -> list[str]:
    """Every mount point that this process sees (proc(5), /proc/PID/mountinfo).

    Comparing device numbers would overlook bind mounts of the same file system.
    """
    with Path("/proc/self/mountinfo").open("rb") as file:
        fields = [line.split()[4] for line in file]
    return [
        os.fsdecode(re.sub(rb"\\([0-3][0-7]{2})", lambda m: bytes([int(m[1], 8)]), field))
        for field in fields
    ]


def mount_faults(root: str, mounts: list[str]) -> list[str]:
    """Why mounts forbid to write this root: it is one, or it holds some."""
    if root in mounts:
        return ["is a mount point; use a folder below it"]
    inside = sorted(mount for mount in mounts if mount.startswith(f"{root}/"))
    return [f"has something mounted inside ({', '.join(inside)}); unmount it"] if inside else []
