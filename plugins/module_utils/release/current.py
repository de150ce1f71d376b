# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The current release, which clients boot if they are not set to a release.

It is a symbolic link, which is replaced in one step. The new link is made before what it names, so
a run that was killed between the two is completed by the next one.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection
from pathlib import Path

from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot.marker import fsync_folder

_STAGED = ".current.new"


def stage(folder: Path, release: str) -> None:
    """Note that *release*, which need not exist yet, is to become the current one.

    The image's lock must be held for this and for the other changes here.
    """
    forget(folder)
    (folder / _STAGED).symlink_to(f"releases/{release}")
    fsync_folder(folder)


def point(folder: Path, release: str) -> None:
    """Make *release* the current one of the image in *folder*.

    At every moment, the link names either the old release or the new one (rename(2)).
    """
    stage(folder, release)
    (folder / _STAGED).replace(folder / "current")
    fsync_folder(folder)


def interrupted(folder: Path, releases: Collection[str]) -> str | None:
    """Return the release that a killed run did not come to make current, if it is complete.

    Args:
        folder: the image's folder.
        releases: names of the complete releases.
    """
    try:
        name = (folder / _STAGED).readlink().name
    except FileNotFoundError:
        return None
    return name if name in releases else None


def forget(folder: Path) -> None:
    """Remove the note of `stage`."""
    with contextlib.suppress(FileNotFoundError):
        (folder / _STAGED).unlink()
