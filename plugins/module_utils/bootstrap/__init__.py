# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fresh system made of packages: which ones, from where, and the archive of it."""
