# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why an initrd was not built."""

from __future__ import annotations

from ansible_collections.diskless.netboot.plugins.module_utils.image.error import ImageError


class InitramfsError(ImageError):
    """What kept the initrd from being built, in words for the person who asked for it."""
