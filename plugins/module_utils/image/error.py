# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why nothing can be done with an image."""

from __future__ import annotations


class ImageError(Exception):
    """What is wrong with an image or its boot server, in words for the person who asked."""
