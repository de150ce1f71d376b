# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every write: staged beside its place, synced, renamed; one plan and one diff for many files."""
