# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copies a root from a folder, an archive or another host to one or more destinations."""
