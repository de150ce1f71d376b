# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks everything that can be checked before the first byte is written."""

from __future__ import annotations

import os
import shutil
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot import destination as dest
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot import source as src
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot.destination import (
    Destination,
    State,
)
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot.marker import (
    MarkerUnreadableError,
)
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot.source import Source
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot.survey import usage

# Programs that tar starts to decompress, and their packages in Debian and Ubuntu.
_DECOMPRESSORS = {
    "gz": "gzip",
    "tgz": "gzip",
    "bz2": "bzip2",
    "tbz": "bzip2",
    "tbz2": "bzip2",
    "xz": "xz",
    "txz": "xz",
    "zst": "zstd",
    "tzst": "zstd",
    "lz4": "lz4",
    "lzma": "xz",
}
_PACKAGES = {"xz": "xz-utils", "ssh": "openssh-client", "unsquashfs": "squashfs-tools"}


class RefusedError(Exception):
    """The request cannot be carried out. *faults* has one sentence for each reason."""

    def __init__(self, faults: list[str]) -> None:
        count = f"{len(faults)} fault{'' if len(faults) == 1 else 's'}; nothing was written:"
        super().__init__("\n  ".join([count, *faults]))
        self.faults = faults


@dataclass(frozen=True)
class Request:
    """The module's options (see its DOCUMENTATION), and whether this is check mode."""

    src: str
    dest: Sequence[str]
    force: bool = True
    label: str | None = None
    exclude: Sequence[str] = ()
    delete: bool = True
    one_file_system: bool = True
    adopt: bool = False
    checksum: bool = False
    rsh: str | None = None
    check: bool = False
    progress: Path | None = None
    """A file for the progress of the copy, or None."""
    lock_wait: float = 5.0
    """Seconds to wait for another run. The processes of a killed run need a moment to end."""


@dataclass(frozen=True)
class Plan:
    """What to copy, and the current state of each destination, for a request without faults.

    Attributes:
        source: the source.
        excludes: all patterns of files that are not copied.
        destinations: the destinations, each with its state.
        absent: whether the source or a program does not exist yet. This is only possible in check
            mode.
    """

    source: Source
    excludes: list[str]
    destinations: list[tuple[Destination, State]]
    absent: bool


def examine(request: Request) -> Plan:
    """Check a request and return the plan for it.

    Raises:
        RefusedError: the request has faults; the text lists all of them.
    """
    faults = [] if os.geteuid() == 0 else ["must run as root, to keep owners (become: true)"]
    faults += _exclude_faults(request.exclude)
    source = None
    absent = False
    try:
        source = src.parse(request.src)
    except ValueError as error:
        faults.append(f"src {request.src!r} {error}")
    else:
        missing = _missing(source, request.rsh)
        absent = bool(missing) and request.check
        if not absent:
            faults += missing or _source_faults(source, request.src)
    excludes = list(request.exclude)
    if source is not None and source.is_host:
        excludes = src.host_excludes(source) + excludes
    destinations, dest_faults = _destinations(request, source, excludes)
    faults += dest_faults
    if source is None or faults:
        raise RefusedError(faults)
    plan = Plan(source, excludes, destinations, absent)
    if not absent:
        faults = _space_faults(plan, request)
        if faults:
            raise RefusedError(faults)
    return plan


def _exclude_faults(patterns: Sequence[str]) -> list[str]:
    faults = []
    for index, pattern in enumerate(patterns):
        name = f"exclude[{index}] {pattern!r}"
        if not pattern.strip("/"):
            faults.append(f"{name} excludes nothing or everything; give a name or a path")
        elif pattern == "!" or pattern.startswith(("+ ", "- ")):
            faults.append(f"{name} is a filter rule of rsync; give a plain pattern")
        elif any(ord(character) < 32 or ord(character) == 127 for character in pattern):
            faults.append(f"{name} has control characters")
    return faults


def _missing(source: Source, rsh: str | None) -> list[str]:
    """Return what does not exist (yet): programs of the boot server, and the source itself."""
    needed = ["rsync"]
    if source.kind == src.SSH and rsh is None:
        needed.append("ssh")
    if source.kind == src.ARCHIVE:
        needed.append("tar")
        decompressor = _DECOMPRESSORS.get(source.path.rsplit(".", 1)[-1])
        if decompressor:
            needed.append(decompressor)
    if source.kind == src.SQUASHFS:
        needed.append("unsquashfs")
    faults = [
        f"{name} is not installed; install the package {_PACKAGES.get(name, name)}"
        for name in needed
        if shutil.which(name) is None
    ]
    if source.kind != src.SSH and not Path(source.path).exists():
        faults.append(f"src {source.text!r} does not exist")
    return faults


def _source_faults(source: Source, text: str) -> list[str]:
    if source.kind == src.ARCHIVE and not Path(source.path).is_file():
        return [f"src {text!r} is named like a tar archive but is no file"]
    if source.kind == src.SQUASHFS and not src.is_squashfs(source.path):
        return [f"src {text!r} is named like a squashfs image but does not begin as one"]
    if source.kind == src.FOLDER:
        if not Path(source.path).is_dir():
            return [
                f"src {text!r} is neither a folder nor a squashfs image,"
                " nor named like a tar archive (.tar.gz, …)"
            ]
        if not any(Path(source.path).iterdir()):
            return [f"src {text!r} is empty; copying it would empty the destination"]
    return []


def _destinations(
    request: Request, source: Source | None, excludes: Sequence[str]
) -> tuple[list[tuple[Destination, State]], list[str]]:
    mounts = dest.mount_points()
    found: list[tuple[Destination, State]] = []
    faults = [] if request.dest else ["dest is an empty list; name at least one folder"]
    sound: set[str] = set()
    for index, text in enumerate(request.dest):
        # normpath() keeps two slashes at the beginning. No other path would be equal to that.
        root = os.path.normpath(text).replace("//", "/")
        reasons = dest.path_faults(text) or dest.mount_faults(root, mounts)
        if not reasons:
            if root in sound:
                reasons = ["is named twice"]
            sound.add(root)
        target = Destination(Path(root))
        if not reasons and source is not None and source.kind != src.SSH:
            reasons = _overlap_faults(source, target, excludes)
        if not reasons:
            try:
                state = dest.look(target)
                reasons = _foreign_faults(state, request.adopt)
                found.append((target, state))
            except (MarkerUnreadableError, OSError) as error:
                reasons = [f"cannot be checked: {error}"]
        faults += [f"dest[{index}] {text!r} {reason}" for reason in reasons]
    for root in sorted(sound):
        outer = next((str(path) for path in Path(root).parents if str(path) in sound), None)
        if outer is not None:
            faults.append(f"dest {root!r} lies inside dest {outer!r}")
    return found, faults


def faults_now(target: Destination, state: State, adopt: bool) -> list[str]:
    """Return why a destination that was valid in the plan cannot be written any more.

    There may be hours between the plan and the copy, to unpack an archive and to make other copies.

    Args:
        target: the destination.
        state: its current state.
        adopt: the option of this name.
    """
    root = str(target.root)
    mounts = dest.mount_points()
    return (
        dest.path_faults(root) or dest.mount_faults(root, mounts) or _foreign_faults(state, adopt)
    )


def _foreign_faults(state: State, adopt: bool) -> list[str]:
    if state.fresh or state.marker is not None or adopt:
        return []
    return ["is not empty and was not made by nfsroot_sync; set adopt to take it over"]


def _overlap_faults(source: Source, target: Destination, excludes: Sequence[str]) -> list[str]:
    origin = Path(source.path).resolve()
    if origin == target.root:
        return ["is the source itself"]
    if target.root in origin.parents:
        return [f"contains the source {source.text}"]
    if source.kind != src.FOLDER or origin not in target.root.parents:
        return []
    # The folders beside the root during the copy must be excluded too.
    beside = (target.root, target.partial, target.temporary)
    inside = [f"/{name.relative_to(origin)}" for name in beside]
    if all(src.keeps_out(excludes, name) for name in inside):
        return []
    parent = inside[0].rpartition("/")[0]
    hint = f"add {parent!r} to exclude" if parent else "choose one elsewhere"
    return [f"lies inside the source {source.text}; {hint}"]


def _space_faults(plan: Plan, request: Request) -> list[str]:
    """Return the first copies that cannot fit.

    The sizes are lower limits, so a copy that passes this check may still not fit.
    """
    firsts: dict[int, list[Path]] = defaultdict(list)
    for target, state in plan.destinations:
        if state.fresh and not os.path.lexists(target.partial):
            place = _existing(target.parent)
            firsts[place.stat().st_dev].append(place)
    if not firsts or plan.source.kind == src.SSH:
        return []
    packed = plan.source.is_packed
    size, inodes = (Path(plan.source.path).stat().st_size, 1) if packed else (0, 0)
    faults = []
    for places in firsts.values():
        there = os.statvfs(places[0])
        room, names = there.f_bavail * there.f_frsize, there.f_favail
        if not packed and not size:
            if request.one_file_system and _surely_fits(plan.source.path, len(places), room, names):
                continue
            size, inodes = usage(plan.source.path, plan.excludes, request.one_file_system)
        count = len(places)
        if size * count > room:
            faults.append(
                f"{places[0]}: {count} x {size / 2**20:.0f} MiB to copy,"
                f" {room / 2**20:.0f} MiB free"
            )
        if there.f_files and inodes * count > names:  # btrfs, for example, has no limit of inodes
            faults.append(f"{places[0]}: {count} x {inodes} inodes to copy, {names} free")
    return faults


def _surely_fits(folder: str, count: int, room: int, names: int) -> bool:
    """Return whether the whole file system of the source would fit. Then nothing is counted."""
    here = os.statvfs(folder)
    return (
        count * (here.f_blocks - here.f_bfree) * here.f_frsize <= room
        and count * (here.f_files - here.f_ffree) <= names
    )


def _existing(folder: Path) -> Path:
    return next(place for place in (folder, *folder.parents) if place.exists())
