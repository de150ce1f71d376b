# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A PC as a QEMU process, with its network cable, its console, and the stages of its boot."""
