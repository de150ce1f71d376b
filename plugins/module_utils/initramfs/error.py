# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The error for an initrd that cannot be built."""

from __future__ import annotations

from ansible_collections.diskless.netboot.plugins.module_utils.image.error import ImageError


class InitramfsError(ImageError):
    """The initrd could not be built. The text tells the user why."""
