# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The error of an NFS server that does not serve what it should."""

from __future__ import annotations

from collections.abc import Sequence

_SHOWN = 5


class ReloadError(Exception):
    """The server does not serve what it should. The text says what, and what the server said."""


def some(names: Sequence[str]) -> str:
    """Return the first of *names* as text, and how many more there are."""
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
