# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans and makes all changes to the files of an image, and notes which files are its own."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Union

from ansible_collections.diskless.netboot.plugins.module_utils.files import tree
from ansible_collections.diskless.netboot.plugins.module_utils.files.tree import FileSpec, LinkSpec
from ansible_collections.diskless.netboot.plugins.module_utils.tuning import desktop, edits, own
from ansible_collections.diskless.netboot.plugins.module_utils.tuning.capabilities import (
    capabilities,
)
from ansible_collections.diskless.netboot.plugins.module_utils.tuning.containers import (
    STORAGE_CONF,
    for_users,
    with_container_folders,
)
from ansible_collections.diskless.netboot.plugins.module_utils.tuning.options import Tuning

NOTE = f"{own.PROGRAMS}/files"
"""A file in the image with the paths that this collection made, one on each line.

It is needed to remove what is no longer wanted.
"""

_LOCALE = "etc/default/locale"
# The site has chosen what is in these files, whoever wrote them before.
_CHOSEN = (_LOCALE, "etc/default/keyboard")
_XORG, _ONE_CARD = "etc/X11/xorg.conf", "etc/X11/xorg.conf.of-one-card"

Desired = dict[str, Union[FileSpec, LinkSpec]]


@dataclass(frozen=True)
class TuningPlan:
    """The changes to an image's root.

    Attributes:
        root: absolute path of the root.
        files: the plan of files and links.
        folders: absolute paths of missing mount points.
        ours: paths below the root that this collection has made, after the changes.
        before: paths below the root that it has made so far.
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
        """Make the changes.

        The note is written first, with the old and the new paths. So if the run is killed, the next
        run knows all files that this collection made.

        Raises:
            TreeError: a file or link could not be written.
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
    """Compare an image's root with the options, and return the changes. Nothing is written.

    Args:
        root: absolute path of the image's root.
        tuning: the options.
        shipped: texts of the role's programs and units, by name.

    Raises:
        TreeError: something that is neither a file nor a link is in the way.
        OSError: a file could not be read, or getcap(8) is missing.
        subprocess.CalledProcessError: getcap(8) failed.
    """
    base = Path(root)
    tuning = with_container_folders(base, tuning)
    before = _noted(base)
    masks = own.masks(tuning)
    # Somebody else made a mask that was there before. It stays when it is no longer in the list.
    theirs = {path for path in masks if path not in before and _is_mask(base / path)}
    wanted: Desired = {**own.own_files(tuning, shipped), **own.own_links(shipped), **masks}
    if for_users(base, tuning) and _may_write(base, STORAGE_CONF, before):
        wanted.update(own.container_files(tuning))
    for path, spec in own.desktop_files(base, tuning).items():
        if path in _CHOSEN or _may_write(base, path, before):
            wanted[path] = spec
    if tuning.timezone:
        wanted["etc/localtime"] = LinkSpec(f"/usr/share/zoneinfo/{tuning.timezone}")
    capable = capabilities(root)
    if capable:
        wanted[own.CAPABLE] = FileSpec(capable.encode())
    gone = {path for path in before.difference(wanted) if _still_ours(base / path, path)}
    changed, absent = _not_ours(base, tuning, gone)
    absent |= gone
    files = tree.plan(root, {**wanted, **changed}, absent=absent, links=True)
    places = (f"{root.rstrip('/')}{mount['path']}" for mount in tuning.mounts)
    missing = tuple(place for place in places if not Path(place).is_dir())
    return TuningPlan(root, files, missing, frozenset(wanted) - theirs, before)


def _not_ours(base: Path, tuning: Tuning, gone: set[str]) -> tuple[Desired, set[str]]:
    """Return the new contents of files that other packages own, and the paths to remove.

    *gone* are the files of earlier runs that are removed.
    """
    desired: Desired = {
        # The file is empty, not missing. Then systemd makes an id at boot, but does not ask the
        # questions of a first boot.
        "etc/machine-id": FileSpec(b"", 0o444),
        "etc/hosts": _file(edits.hosts(_read(base / "etc/hosts") or "")),
        "etc/fstab": _file(edits.fstab(_read(base / "etc/fstab") or "", tuning)),
    }
    crontab, rcs = _read(base / "etc/crontab"), _read(base / "etc/default/rcS")
    if crontab is not None:
        desired["etc/crontab"] = _file(edits.crontab(crontab, tuning), None)
    if rcs is not None:
        desired["etc/default/rcS"] = _file(edits.rcs(rcs), None)
    # sshd's and cron's sessions read it, and log an error where it is missing (pam_env(8)).
    if not tuning.locale and (_LOCALE in gone or not os.path.lexists(base / _LOCALE)):
        by_systemd = (base / "etc/locale.conf").exists()
        desired[_LOCALE] = LinkSpec("../locale.conf") if by_systemd else _file("LANG=C.UTF-8\n")
    manager = _read(base / desktop.GDM)
    if manager is not None:
        desired[desktop.GDM] = _file(desktop.gdm(manager, tuning.autologin_user), None)
    # A PC gets its host name from its boot entry.
    absent = {"etc/hostname"}
    # With a configuration for one graphics card, the screens of PCs with another card stay dark.
    # Without it, X finds the card automatically.
    here, there = (_ONE_CARD, _XORG) if tuning.keep_xorg_conf else (_XORG, _ONE_CARD)
    moved = _read(base / here)
    if moved is not None and not (tuning.keep_xorg_conf and (base / there).exists()):
        desired[there] = _file(moved)
        absent.add(here)
    return desired, absent


def _may_write(base: Path, path: str, before: frozenset[str]) -> bool:
    """Return whether a file is missing or ours, and not somebody else's."""
    return path in before or not os.path.lexists(base / path)


def _noted(base: Path) -> frozenset[str]:
    """Return the paths that earlier runs made."""
    return frozenset((_read(base / NOTE) or "").splitlines())


def _still_ours(place: Path, path: str) -> bool:
    """Return whether *place* is still what this collection made.

    Somebody may have put a unit in the place of a mask.
    """
    folder, name = posixpath.split(path)
    was_mask = folder == own.UNITS and not name.startswith("netboot-")
    return _is_mask(place) if was_mask else True


def _is_mask(place: Path) -> bool:
    return place.is_symlink() and str(place.readlink()) == own.MASK


def _read(path: Path) -> str | None:
    try:
        return path.read_text("utf-8", "surrogateescape")
    except (FileNotFoundError, IsADirectoryError):
        return None  # for a folder in the place of a file, the plan has an error


def _file(text: str, mode: int | None = 0o644) -> FileSpec:
    return FileSpec(text.encode("utf-8", "surrogateescape"), mode)
