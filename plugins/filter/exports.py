# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: exports
short_description: Return the NFS exports that clients need
version_added: 0.1.0
author: The diskless.netboot authors
description:
  - Returns what the NFS server must export so that the clients can boot, and to whom.
  - A client with C(netboot_root=overlay) gets the folder of all releases of its image, which it can
    only read. So a running client keeps its root when another release becomes current.
  - A client with C(netboot_root=rw) gets its own root. The clients of an image with
    C(netboot_root=shared-rw) get the root that they share.
  - A client with C(netboot_root=squashfs) gets no root over NFS, since it fetches its root over
    HTTP.
  - A client that has a state also gets the folder of its state.
  - Each folder is exported only to the addresses of the clients that get it.
  - If the image or the kind of root of a running client changes, the client keeps access to what it
    runs from, provided that both O(previous) and O(booted) say that it does.
options:
  options:
    description:
      - Options of the exports, as in exports(5).
      - For clients that only read the releases of their image, V(ro) takes the place of V(rw).
    type: list
    elements: str
    default: [rw, no_root_squash, no_subtree_check, sync, sec=sys]
  previous:
    description: What this filter returned last time, as a list or as JSON text.
    type: raw
    default: []
  booted:
    description:
      - The tree that each client runs from, by the name of the client, as
        M(diskless.netboot.client_state) returns it. Only the client itself says so. So a tree
        counts only if O(previous) exported it to the client.
    type: dict
    default: {}
extends_documentation_fragment:
  - diskless.netboot.client_list
  - diskless.netboot.client_list.store
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
  description: The exports, sorted by path. JSON text if the clients were given as text.
  type: list
  elements: dict
  contains:
    path:
      description: Folder on the NFS server.
      type: str
      sample: /srv/netboot/clients/pc01/root
    clients:
      description: Who may mount the folder, sorted by address.
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
    carried,
    filter_errors,
    like,
    plain,
    read_clients,
)


def exports(
    clients: Any,
    store: str = DEFAULT_STORE,
    options: Any = DEFAULT_OPTIONS,
    previous: Any = (),
    booted: Any = None,
) -> Any:
    """Return the exports for *clients*; see DOCUMENTATION."""
    with filter_errors():
        planned = plan_exports(
            read_clients(clients),
            store=plain(store),
            options=plain(options),
            previous=carried(previous),
            booted=plain(booted),
        )
    return like(clients, planned)


class FilterModule:
    """The filter ``diskless.netboot.exports``."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters by name."""
        return {"exports": exports}
