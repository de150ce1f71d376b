# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One view of subnets and reservations, and the DHCP servers' configurations made of it."""
