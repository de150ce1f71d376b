# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An initrd built in its image by initramfs-tools or dracut, and proven."""
