# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The same exports as exports(5) text for the kernel's NFS server and as NFS-Ganesha's."""
