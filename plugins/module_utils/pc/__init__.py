# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One PC: its hardware as a QEMU process, its cable and console, and the stages it passes."""
