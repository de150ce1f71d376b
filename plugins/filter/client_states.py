# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: client_states
short_description: Return the states of clients
version_added: 0.1.0
author: The diskless.netboot authors
description:
  - Returns what M(diskless.netboot.client_state) must create for each client that has a state of
    its own.
  - Fails with one message that names every such client without a release.
seealso:
  - module: diskless.netboot.client_state
extends_documentation_fragment:
  - diskless.netboot.client_list
  - diskless.netboot.client_list.store
  - diskless.netboot.client_list.releases
"""

EXAMPLES = r"""
- name: Show the states of the clients
  ansible.builtin.debug:
    msg: >-
      {{ groups['netboot_clients']
         | diskless.netboot.clients(hostvars, netboot_subnets)
         | diskless.netboot.client_states(
             image_releases={'library': {'current': '2026-11-24.1', 'names': ['2026-11-24.1']}}) }}
"""

RETURN = r"""
_value:
  description:
    - One element for each client with a state of its own. JSON text if the clients were given as
      text.
  type: list
  elements: dict
  contains:
    name:
      description: The client's inventory name.
      type: str
      sample: pc01
    persist:
      description: Absolute paths of the folders that the client keeps.
      type: list
      elements: str
      sample: [/var/log]
    files:
      description: Texts of the client's own files, by absolute path.
      type: dict
      sample: {}
    source:
      description: The root from which a kept folder gets its first content.
      type: str
      sample: /srv/netboot/images/library/releases/2026-11-24.1/root
"""

from collections.abc import Callable
from typing import Any

from ansible_collections.diskless.netboot.plugins.module_utils.client_state.plan import (
    plan_client_states,
)
from ansible_collections.diskless.netboot.plugins.module_utils.store.paths import DEFAULT_STORE
from ansible_collections.diskless.netboot.plugins.plugin_utils.data import (
    filter_errors,
    like,
    plain,
    read_clients,
)


def client_states(clients: Any, store: str = DEFAULT_STORE, *, image_releases: Any) -> Any:
    """Return what the states of *clients* must hold; see DOCUMENTATION."""
    with filter_errors():
        planned = plan_client_states(
            read_clients(clients), store=plain(store), image_releases=plain(image_releases)
        )
    return like(clients, planned)


class FilterModule:
    """The filter ``diskless.netboot.client_states``."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters by name."""
        return {"client_states": client_states}
