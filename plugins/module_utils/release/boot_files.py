# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copies the kernels and initrds of releases to a TFTP root.

After a power cut, an entry must not name a kernel that is empty. So a release is copied beside its
place, synced to the disk, and renamed. A release that is in its place is complete.
"""

from __future__ import annotations

import os
import posixpath
import shutil
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.diskless.netboot.plugins.module_utils.store import paths

FILES = (paths.KERNEL, paths.INITRD)
_PARTIAL = ".partial"


@dataclass(frozen=True)
class BootFilesPlan:
    """The changes below a TFTP root.

    Attributes:
        root: absolute path of the TFTP root.
        bring: folders to copy, ``images/IMAGE/RELEASE``, each with its source.
        missing: wanted folders that are neither here nor in the source.
        superfluous: folders of releases that no longer exist and are not wanted.
    """

    root: Path
    bring: Mapping[str, Path]
    missing: tuple[str, ...]
    superfluous: tuple[str, ...]

    def apply(self, *, purge: bool) -> None:
        """Copy the folders.

        Args:
            purge: whether to remove superfluous folders too.

        Raises:
            OSError: a folder cannot be copied. Those that were copied before are complete.
        """
        for folder, source in self.bring.items():
            self._bring(folder, source)
        for folder in self.superfluous if purge else ():
            shutil.rmtree(self.root / folder)

    def _bring(self, folder: str, source: Path) -> None:
        place = self.root / folder
        partial = place.with_name(place.name + _PARTIAL)
        shutil.rmtree(partial, ignore_errors=True)
        _make_folder(self.root, partial)
        for name in FILES:
            shutil.copyfile(source / name, partial / name)
            (partial / name).chmod(0o644)
            _sync(partial / name)
        _sync(partial)
        if place.exists():  # an incomplete or other copy
            shutil.rmtree(place)
        partial.rename(place)
        _sync(place.parent)


def plan(
    root: str, wanted: Collection[str], known: Mapping[str, Collection[str]], source: str
) -> BootFilesPlan:
    """Compare a TFTP root with the releases that entries name. Nothing is written.

    Args:
        root: absolute path of the TFTP root.
        wanted: folders of releases, ``images/IMAGE/RELEASE``.
        known: the existing releases of each image, by the name of the image. Folders of other
            images are not changed.
        source: absolute path of the store.

    Raises:
        ValueError: *wanted* contains names of another form; the text lists all of them.
    """
    wrong = sorted(folder for folder in wanted if not _is_release(folder))
    if wrong:
        raise ValueError(f"not of the form images/IMAGE/RELEASE: {', '.join(wrong)}")
    base = Path(root)
    bring: dict[str, Path] = {}
    missing = []
    for folder in sorted(set(wanted)):
        _images, image, release = folder.split("/")
        made = Path(paths.release_boot(source, image, release))
        there, served = _size(made), _size(base / folder)
        if there and there != served:
            bring[folder] = made
        elif not there and not served:
            missing.append(folder)
    superfluous = [
        folder
        for image, releases in known.items()
        for folder in _folders(base, image)
        if posixpath.basename(folder) not in releases and folder not in wanted
    ]
    return BootFilesPlan(base, bring, tuple(missing), tuple(sorted(superfluous)))


def _is_release(folder: str) -> bool:
    _images, image, release = ["", "", *folder.split("/")][-3:]
    try:
        return folder == paths.tftp_boot(image, release)
    except ValueError:
        return False


def _size(folder: Path) -> tuple[int, ...]:
    """Return the sizes of a folder's files in bytes, or () if one of them is missing."""
    try:
        return tuple((folder / name).stat().st_size for name in FILES)
    except (FileNotFoundError, NotADirectoryError):
        return ()


def _folders(base: Path, image: str) -> list[str]:
    try:
        with os.scandir(base / "images" / image) as found:
            return [f"images/{image}/{one.name}" for one in found if one.is_dir()]
    except FileNotFoundError:
        return []


def _make_folder(root: Path, folder: Path) -> None:
    """Make *folder* and its parents below *root*. All users can read them."""
    for parent in [*reversed(folder.relative_to(root).parents), folder.relative_to(root)]:
        place = root / parent
        if not place.exists():
            place.mkdir()
            place.chmod(0o755)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
