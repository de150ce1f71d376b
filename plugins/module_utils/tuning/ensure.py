# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An image made as its options say: one plan, one diff, and a note of what is ours."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Union

from ansible_collections.diskless.netboot.plugins.module_utils.files import tree
from ansible_collections.diskless.netboot.plugins.module_utils.files.tree import FileSpec, LinkSpec
from ansible_collections.diskless.netboot.plugins.module_utils.tuning import edits, own
from ansible_collections.diskless.netboot.plugins.module_utils.tuning.options import Tuning

NOTE = f"{own.PROGRAMS}/files"
"""In the image: the paths of ours, one a line, so that what is no longer wanted can go."""

_XORG, _ONE_CARD = "etc/X11/xorg.conf", "etc/X11/xorg.conf.of-one-card"

Desired = dict[str, Union[FileSpec, LinkSpec]]


@dataclass(frozen=True)
class TuningPlan:
    """What is to be done to an image's root.

    Attributes:
        root: absolute path of the root.
        files: the plan of files and links.
        folders: absolute paths of folders that mounts need and that are not there.
        ours: paths of ours, below the root, once it is done.
        before: those that were ours until now.
    """

    root: str
    files: tree.Plan
    folders: tuple[str, ...]
    ours: frozenset[str]
    before: frozenset[str]

    @property
    def changed(self) -> bool:
        return self.files.changed or bool(self.folders)

    def diff(self) -> dict[str, str]:
        """Return one diff for Ansible's diff mode."""
        return self.files.diff()

    def apply(self) -> None:
        """Make the root so.

        The note comes first and names all that is or was ours: a run that is killed leaves
        nothing behind that nobody takes for ours.

        Raises:
            TreeError: the system refused.
            OSError: a folder could not be made.
        """
        for folder in self.folders:
            Path(folder).mkdir(mode=0o755, parents=True, exist_ok=True)
        if self.files.changed or self.ours != self.before:
            self._note(self.ours | self.before)
            self.files.apply()
            self._finish()

    def _finish(self) -> None:
        self._note(self.ours)

    def _note(self, paths: frozenset[str]) -> None:
        text = "".join(f"{path}\n" for path in sorted(paths))
        tree.plan(self.root, {NOTE: FileSpec(text.encode())}).apply()


def plan(root: str, tuning: Tuning, shipped: Mapping[str, str]) -> TuningPlan:
    """Compare an image's root with what its options want; nothing is written.

    Args:
        root: absolute path of the image's root.
        tuning: what the administrator said.
        shipped: programs and units of the role by their name.

    Raises:
        TreeError: something that is no file or link stands in the way.
        OSError: a file could not be read.
    """
    base = Path(root)
    before = _noted(base)
    masks = own.masks(tuning)
    # A mask that was there before is somebody else's, and stays when it leaves our list.
    theirs = {path for path in masks if path not in before and _is_mask(base / path)}
    wanted: Desired = {**own.own_files(tuning, shipped), **own.own_links(shipped), **masks}
    gone = {path for path in before.difference(wanted) if _still_ours(base / path, path)}
    changed, absent = _not_ours(base, tuning)
    files = tree.plan(root, {**wanted, **changed}, absent=gone | absent, links=True)
    places = (f"{root.rstrip('/')}{mount['path']}" for mount in tuning.mounts)
    missing = tuple(place for place in places if not Path(place).is_dir())
    return TuningPlan(root, files, missing, frozenset(wanted) - theirs, before)


def _not_ours(base: Path, tuning: Tuning) -> tuple[Desired, set[str]]:
    """Return what becomes of files that are not ours: new contents, and what goes."""
    desired: Desired = {
        # Empty, not missing: systemd then makes one at the first boot and never asks questions.
        "etc/machine-id": FileSpec(b"", 0o444),
        "etc/hosts": _file(edits.hosts(_read(base / "etc/hosts") or "")),
        "etc/fstab": _file(edits.fstab(_read(base / "etc/fstab") or "", tuning)),
    }
    crontab, rcs = _read(base / "etc/crontab"), _read(base / "etc/default/rcS")
    if crontab is not None:
        desired["etc/crontab"] = _file(edits.crontab(crontab, tuning), None)
    if rcs is not None:
        desired["etc/default/rcS"] = _file(edits.rcs(rcs), None)
    # The host name comes with a PC's entry.
    absent = {"etc/hostname"}
    # A configuration of one card would keep PCs with another dark; X finds its card by itself.
    here, there = (_ONE_CARD, _XORG) if tuning.keep_xorg_conf else (_XORG, _ONE_CARD)
    moved = _read(base / here)
    if moved is not None and not (tuning.keep_xorg_conf and (base / there).exists()):
        desired[there] = _file(moved)
        absent.add(here)
    return desired, absent


def _noted(base: Path) -> frozenset[str]:
    """Return the paths that earlier runs made."""
    return frozenset((_read(base / NOTE) or "").splitlines())


def _still_ours(place: Path, path: str) -> bool:
    """Tell whether nobody has put a unit of his own where a mask of ours was."""
    folder, name = posixpath.split(path)
    was_mask = folder == own.UNITS and not name.startswith("netboot-")
    return _is_mask(place) if was_mask else True


def _is_mask(place: Path) -> bool:
    return place.is_symlink() and str(place.readlink()) == own.MASK


def _read(path: Path) -> str | None:
    try:
        return path.read_text("utf-8", "surrogateescape")
    except (FileNotFoundError, IsADirectoryError):
        return None  # the plan names a folder in a file's place


def _file(text: str, mode: int | None = 0o644) -> FileSpec:
    return FileSpec(text.encode("utf-8", "surrogateescape"), mode)
