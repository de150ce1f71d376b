# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of dhcp_leases on the controller."""

from __future__ import annotations

from ansible_collections.diskless.netboot.plugins.plugin_utils.long_lists import LongListsAction


class ActionModule(LongListsAction):
    """Runs the module."""

    lists = ("clients",)
    fields = ("macs", "addresses")
