# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A new system that is made from packages: its packages, its apt sources, and its archive."""
