# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Subnets and reservations, and the configurations of DHCP servers that are made from them."""
