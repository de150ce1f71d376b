# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Immutable, published states of an image: made, listed, gone back to, removed."""
