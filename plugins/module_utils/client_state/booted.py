# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the notes in which clients say what they run from. Their initrds write them."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from pathlib import Path

from ansible_collections.diskless.netboot.plugins.module_utils.store import paths


def read(state: Path) -> str:
    """Return the note in this *state*, or "" if there is none.

    The client can write anything in its state. So the text can be anything, and the note need not
    be a regular file.
    """
    try:
        descriptor = os.open(state / paths.BOOTED, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return ""
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return ""
        return os.read(descriptor, 1024).partition(b"\n")[0].decode("ascii", "replace")
    finally:
        os.close(descriptor)


def trees(store: str, clients: Iterable[str]) -> dict[str, str]:
    """Return the tree on this host that each client runs from, as it says, by its name.

    Clients without a note, or with a note that names no folder, are left out.

    Raises:
        ValueError: *store* or a name cannot be used in a path.
    """
    noted = {client: read(Path(paths.client_state(store, client))) for client in clients}
    is_folder = os.path.isdir
    return {client: tree for client, tree in noted.items() if is_folder(tree)}
