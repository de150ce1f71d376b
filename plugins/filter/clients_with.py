# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: clients_with
short_description: Return the clients that have some values
version_added: 0.1.0
author: The diskless.netboot authors
description:
  - Returns those of the clients that have all the given values, as a list.
options:
  image:
    description: The image.
    type: str
  root:
    description: The kind of root.
    type: str
  fixed:
    description: Whether the client stays at a release of its own, C(netboot_release).
    type: bool
extends_documentation_fragment:
  - diskless.netboot.client_list
"""

EXAMPLES = r"""
- name: Show the clients that have a root of their own
  ansible.builtin.debug:
    msg: >-
      {{ groups['netboot_clients']
         | diskless.netboot.clients(hostvars, netboot_subnets)
         | diskless.netboot.clients_with(root='rw') | map(attribute='name') }}
"""

RETURN = r"""
_value:
  description: The clients, as P(diskless.netboot.clients#filter) returns them.
  type: list
  elements: dict
"""

from collections.abc import Callable
from typing import Any

from ansible_collections.diskless.netboot.plugins.plugin_utils.data import (
    filter_errors,
    read_clients,
)


def clients_with(
    clients: Any, image: Any = None, root: Any = None, fixed: Any = None
) -> list[dict[str, Any]]:
    """Return those of *clients* that have these values; see DOCUMENTATION."""
    with filter_errors():
        return [
            client.to_dict()
            for client in read_clients(clients)
            if image in (None, client.image)
            and root in (None, client.root)
            and fixed in (None, bool(client.release))
        ]


class FilterModule:
    """The filter ``diskless.netboot.clients_with``."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters by name."""
        return {"clients_with": clients_with}
