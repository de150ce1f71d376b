# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A destination root, the files beside it, and its current state."""

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
    """A root folder. The files of this collection are beside it, so clients never see them."""

    root: Path

    def _beside(self, suffix: str) -> Path:
        return self.root.with_name(f".{self.root.name}.{suffix}")

    @property
    def parent(self) -> Path:
        """The folder that contains the root."""
        return self.root.parent

    @property
    def partial(self) -> Path:
        """A first copy that is not complete yet. It is renamed to the root when it is."""
        return self._beside("partial")

    @property
    def unpacked(self) -> Path:
        """The unpacked archive, during one run."""
        return self._beside("unpacked")

    @property
    def temporary(self) -> Path:
        """The folder for rsync's temporary files, so that a killed run leaves none in the root."""
        return self._beside("tmp")

    @property
    def marker(self) -> Path:
        """The file with what is remembered of the root."""
        return self._beside("nfsroot.json")

    @property
    def lock(self) -> Path:
        """The lock file, so that two runs do not copy to this root at the same time."""
        return self._beside("nfsroot.lock")


@dataclass(frozen=True)
class State:
    """The current state of a destination.

    Attributes:
        fresh: whether there is no root, or an empty folder.
        marker: the marker, or None if nfsroot_sync did not make the root.
    """

    fresh: bool
    marker: Marker | None

    @property
    def complete(self) -> bool:
        """Whether an earlier copy is complete."""
        return not self.fresh and self.marker is not None and self.marker.state == marker.COMPLETE


def look(destination: Destination) -> State:
    """Return the current state of a destination.

    Raises:
        MarkerUnreadableError: the marker has an unknown format.
        OSError: the root is not a folder, or it cannot be read.
    """
    try:
        with os.scandir(destination.root) as entries:
            fresh = next(entries, None) is None
    except FileNotFoundError:
        fresh = True
    return State(fresh, marker.read(destination.marker))


def path_faults(root: str) -> list[str]:
    """Return what is wrong with a path and the folders above it."""
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
    """Return all mount points that this process sees (proc(5), /proc/PID/mountinfo).

    With device numbers, bind mounts of the same file system would not be found.
    """
    with Path("/proc/self/mountinfo").open("rb") as file:
        fields = [line.split()[4] for line in file]
    return [
        os.fsdecode(re.sub(rb"\\([0-3][0-7]{2})", lambda m: bytes([int(m[1], 8)]), field))
        for field in fields
    ]


def mount_faults(root: str, mounts: list[str]) -> list[str]:
    """Return why mounts do not allow to write this root: it is a mount point, or contains one."""
    if root in mounts:
        return ["is a mount point; use a folder below it"]
    inside = sorted(mount for mount in mounts if mount.startswith(f"{root}/"))
    return [f"has something mounted inside ({', '.join(inside)}); unmount it"] if inside else []
