# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: rsyslog_names
short_description: Return the names of clients by address as text for rsyslog
version_added: 0.1.0
author: The diskless.netboot authors
description:
  - Returns a lookup table of rsyslog, which has the name of each client by its address. Any other
    address has an empty name.
extends_documentation_fragment:
  - diskless.netboot.client_list
"""

EXAMPLES = r"""
- name: Show the names and addresses for rsyslog
  ansible.builtin.debug:
    msg: >-
      {{ groups['netboot_clients']
         | diskless.netboot.clients(hostvars, netboot_subnets)
         | diskless.netboot.rsyslog_names }}
"""

RETURN = r"""
_value:
  description: The text of the file, JSON as in "Lookup Tables" of rsyslog's manual.
  type: str
"""

import json
from collections.abc import Callable
from typing import Any

from ansible_collections.diskless.netboot.plugins.plugin_utils.data import (
    filter_errors,
    read_clients,
)


def rsyslog_names(clients: Any) -> str:
    """Return the lookup table of *clients*; see DOCUMENTATION."""
    with filter_errors():
        table = [
            {"index": address, "value": client.name}
            for client in read_clients(clients)
            for address in client.addresses
        ]
    shown = {"nomatch": "", "table": table, "type": "string", "version": 1}
    return json.dumps(shown, indent=1) + "\n"


class FilterModule:
    """The filter ``diskless.netboot.rsyslog_names``."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters by name."""
        return {"rsyslog_names": rsyslog_names}
