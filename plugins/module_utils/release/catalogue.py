# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The releases of an image, and which of them is current.

    IMAGE/releases/RELEASE/{root/, boot/{vmlinuz,initrd.img,root.squashfs}, manifest.json}
    IMAGE/current -> releases/RELEASE

A release gets its name by one rename, when it is completely on the disk. If the name of a folder
begins with a dot, the release is being made or removed.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any

from ansible_collections.diskless.netboot.plugins.module_utils.inventory import values
from ansible_collections.diskless.netboot.plugins.module_utils.inventory.faults import nearest
from ansible_collections.diskless.netboot.plugins.module_utils.store import paths

MANIFEST = "manifest.json"
PREVIOUS = "previous"
"""Stands for the release before the current one. No release can have this name."""

_FORMAT = 1


class ReleaseError(Exception):
    """The request is not possible with these releases. The text says why."""


@dataclass(frozen=True)
class Release:
    """The manifest of a release.

    Attributes:
        name: one path segment.
        serial: number of the release. The releases of an image are counted from 1.
        published: when it was published, in UTC, as ISO 8601.
        parent: the release with which it shares unchanged files, or None for the first.
        note: why it was published.
        kernel: SHA-256 of its kernel, in hex.
        initrd: SHA-256 of its initrd, in hex.
        files: number of files, folders, links and devices in its root.
        bytes: size of all files and links in its root, in bytes.
        squashfs: how its root is compressed as one file, or None if there is no such file.
    """

    name: str
    serial: int
    published: str
    parent: str | None
    note: str
    kernel: str
    initrd: str
    files: int
    bytes: int
    squashfs: str | None

    def dump(self) -> str:
        """Return the text of the manifest."""
        return json.dumps({"format": _FORMAT, **asdict(self)}, indent=2) + "\n"


_TYPES: dict[str, type | tuple[type, ...]] = {
    "serial": int,
    "files": int,
    "bytes": int,
    "parent": (str, type(None)),
    "squashfs": (str, type(None)),
}


def parse(text: str) -> Release:
    """Return the release that a manifest describes.

    Raises:
        ValueError: the text is not a manifest, or another version wrote it.
    """
    data: Any = json.loads(text)
    names = [field.name for field in fields(Release)]
    if not isinstance(data, dict) or data.pop("format", None) != _FORMAT or set(data) != set(names):
        raise ValueError("is no manifest of this version's")
    wrong = [name for name in names if not isinstance(data[name], _TYPES.get(name, str))]
    if wrong:
        raise ValueError(f"has a wrong type for {', '.join(wrong)}")
    return Release(**data)


@dataclass(frozen=True)
class Catalogue:
    """The folder of an image, its releases (oldest first), and the name of the current one."""

    folder: Path
    releases: tuple[Release, ...]
    current: str | None

    @property
    def newest(self) -> Release | None:
        """The release that was published last. It need not be the current one."""
        return self.releases[-1] if self.releases else None

    @property
    def next_serial(self) -> int:
        """The number of the next release."""
        return self.newest.serial + 1 if self.newest else 1

    @property
    def names(self) -> list[str]:
        """The names of the releases, oldest first."""
        return [release.name for release in self.releases]

    def path(self, release: str) -> Path:
        """Return the folder of a release."""
        return self.folder / "releases" / release

    def resolve(self, wanted: str) -> str:
        """Return the name of an existing release.

        Args:
            wanted: its name, or PREVIOUS for the release before the current one.

        Raises:
            ReleaseError: there is no such release.
        """
        names = self.names
        if wanted == PREVIOUS:
            place = names.index(self.current) if self.current in names else 0
            if not place:
                raise ReleaseError(
                    f"{self.folder}: there is no release before "
                    + (f"the current one, {self.current}" if self.current else "any")
                )
            return names[place - 1]
        if wanted not in names:
            near = nearest(wanted, tuple(names))
            hint = f"; did you mean {near}?" if near else ""
            known = ", ".join(names) or "none yet"
            raise ReleaseError(
                f"{self.folder} has no release {wanted!r}{hint} (there are: {known})"
            )
        return wanted


def read(store: str, image: str) -> Catalogue:
    """Return the releases of *image*. An image that was never published has none.

    Raises:
        ReleaseError: the manifest of a release is missing or cannot be read.
        ValueError: *store* or *image* cannot be used in a path.
        OSError: the store cannot be read.
    """
    folder = Path(paths.image(store, image))
    found, faults = [], []
    top = folder / "releases"
    for place in sorted(top.glob("[!.]*")):
        try:
            release = parse((place / MANIFEST).read_text("utf-8"))
            if release.name != place.name:
                raise ValueError(f"says that it is {release.name}")
            found.append(release)
        except (OSError, ValueError) as error:
            faults.append(f"{place}: {MANIFEST}: {error}")
    if faults:
        raise ReleaseError("; ".join(faults))
    found.sort(key=lambda release: release.serial)
    return Catalogue(folder, tuple(found), _current(folder, {release.name for release in found}))


def _current(folder: Path, names: set[str]) -> str | None:
    try:
        name = (folder / "current").readlink().name
    except FileNotFoundError:
        return None
    return name if name in names else None


def check_name(name: Any) -> str:
    """Return *name* if it is a valid name of a release, or raise ValueError."""
    if name == PREVIOUS:
        raise ValueError(f"must not be {PREVIOUS}, which means the one before the current")
    return values.segment(name)


def next_name(serial: int, now: datetime) -> str:
    """Return ``2026-11-24.17`` for an image's 17th release.

    No name is used twice, since the newest release is never removed.
    """
    return f"{now:%Y-%m-%d}.{serial}"
