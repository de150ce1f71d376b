# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The current release, which clients boot if they are not set to a release.

It is a symbolic link, which is replaced in one step.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot.marker import fsync_folder


def point(folder: Path, release: str) -> None:
    """Make *release* the current one of the image in *folder*. The image's lock must be held.

    At every moment, the link names either the old release or the new one (rename(2)).
    """
    staged = folder / ".current.new"
    with contextlib.suppress(FileNotFoundError):
        staged.unlink()  # left by a run that was killed
    staged.symlink_to(f"releases/{release}")
    staged.replace(folder / "current")
    fsync_folder(folder)
