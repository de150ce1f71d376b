# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Exports as data, and as configuration for the kernel's NFS server and for NFS-Ganesha."""
