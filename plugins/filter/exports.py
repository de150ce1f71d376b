# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: exports
short_description: NFS exports that clients need
version_added: 0.1.0
author: The diskless.netboot authors
description:
  - Returns what the NFS server must export for the clients to boot, and to whom.
  - A client's own root goes to its address alone, an image's shared root to the addresses of the
    clients that run it.
  - A client that is on keeps what it runs from when its image or kind of root changes, if both
    O(previous) and O(booted) say that it does.
options:
  options:
    description: Options of every export, as in exports(5).
    type: list
    elements: str
    default: [rw, no_root_squash, no_subtree_check, sync, sec=sys]
  previous:
    description: What this returned last time.
    type: list
    elements: dict
    default: []
  booted:
    description:
      - By the clients' names, the tree that each runs from, as M(diskless.netboot.client_state)
        returns it. It is the client's own word, so it counts only for what O(previous) gave it.
    type: dict
    default: {}
extends_documentation_fragment:
  - diskless.netboot.client_list
"""

EXAMPLES = r"""
- name: Show the exports
  ansible.builtin.debug:
    msg: >-
      {{ groups['netboot_clients']
         | diskless.netboot.clients(hostvars, netboot_subnets)
         | diskless.netboot.exports(store='/srv/netboot') }}
"""

RETURN = r"""
_value:
  description: The exports, sorted by path.
  type: list
  elements: dict
  contains:
    path:
      description: Folder on the NFS server.
      type: str
      sample: /srv/netboot/clients/pc01/root
    clients:
      description: Who may mount it, sorted by address.
      type: list
      elements: dict
      sample:
        - address: 192.0.2.21
          options: [rw, no_root_squash, no_subtree_check, sync, sec=sys]
"""

from collections.abc import Callable
from typing import Any

from ansible_collections.diskless.netboot.plugins.module_utils.nfs_exports.plan import (
    DEFAULT_OPTIONS,
    plan_exports,
)
from ansible_collections.diskless.netboot.plugins.module_utils.store.paths import DEFAULT_STORE
from ansible_collections.diskless.netboot.plugins.plugin_utils.data import (
    filter_errors,
    plain,
    read_clients,
)


def exports(
    clients: Any,
    store: str = DEFAULT_STORE,
    options: Any = DEFAULT_OPTIONS,
    previous: Any = (),
    booted: Any = None,
) -> list[dict[str, Any]]:
    """Return the exports for *clients*; see DOCUMENTATION."""
    with filter_errors():
        return plan_exports(
            read_clients(clients),
            store=plain(store),
            options=plain(options),
            previous=plain(previous),
            booted=plain(booted),
        )


class FilterModule:
    """The filter ``diskless.netboot.exports``."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters by name."""
        return {"exports": exports}
