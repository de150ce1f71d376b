# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds an initrd in its image with initramfs-tools or dracut, and checks the result."""
