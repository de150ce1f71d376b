# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why an initrd was not built."""

from __future__ import annotations


class InitramfsError(Exception):
    """What kept the initrd from being built, in words for the person who asked for it."""
