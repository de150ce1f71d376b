# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes files atomically: staged beside their place, synced and renamed.

There is one plan and one diff for many files.
"""
