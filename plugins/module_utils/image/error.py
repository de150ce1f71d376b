# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The error for an image that cannot be used."""

from __future__ import annotations


class ImageError(Exception):
    """Something is wrong with an image or its boot server. The text tells the user what."""
