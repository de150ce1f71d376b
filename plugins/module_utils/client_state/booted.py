# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What clients say they run from: the initrd's note in each one's state."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from pathlib import Path

from ansible_collections.diskless.netboot.plugins.module_utils.store import paths


def read(state: Path) -> str:
    """Return what the client with this *state* noted, which may be anything; "" for nothing.

    A client is root in its state, so the note may be any kind of thing, too.
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
    """Return, by the client's name, the tree of this host that it says it runs from, if any.

    Raises:
        ValueError: *store* or a name is no usable path.
    """
    noted = {client: read(Path(paths.client_state(store, client))) for client in clients}
    # Not Path.is_dir(), as ruff would have it (PTH112): that raises at a name that is too long.
    return {client: tree for client, tree in noted.items() if os.path.isdir(tree)}  # noqa: PTH112
