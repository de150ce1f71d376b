# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: client_roots
short_description: Return the roots that clients write to
version_added: 0.1.0
author: The diskless.netboot authors
description:
  - Returns, for each release, the roots that must be copied from it. Each client with
    C(netboot_root=rw) has a root of its own. All clients of an image with C(netboot_root=shared-rw)
    share one root.
  - Fails with one message that names every such client without a release, and every client that is
    set to another release than the clients with which it shares a root.
seealso:
  - module: diskless.netboot.nfsroot_sync
extends_documentation_fragment:
  - diskless.netboot.client_list
  - diskless.netboot.client_list.store
  - diskless.netboot.client_list.releases
"""

EXAMPLES = r"""
- name: Show the roots to copy
  ansible.builtin.debug:
    msg: >-
      {{ groups['netboot_clients']
         | diskless.netboot.clients(hostvars, netboot_subnets)
         | diskless.netboot.client_roots(
             image_releases={'library': {'current': '2026-11-24.1', 'names': ['2026-11-24.1']}}) }}
"""

RETURN = r"""
_value:
  description: One element for each release with such clients, sorted by image and release.
  type: list
  elements: dict
  contains:
    image:
      description: Name of the image.
      type: str
      sample: library
    release:
      description: Name of the release.
      type: str
      sample: 2026-11-24.1
    src:
      description: Path of the release's root.
      type: str
      sample: /srv/netboot/images/library/releases/2026-11-24.1/root
    dests:
      description: Paths of the copies.
      type: list
      elements: str
      sample: [/srv/netboot/clients/pc01/root, /srv/netboot/images/library/shared/root]
"""

from collections.abc import Callable
from typing import Any

from ansible_collections.diskless.netboot.plugins.module_utils.nfs_exports.plan import (
    plan_client_roots,
)
from ansible_collections.diskless.netboot.plugins.module_utils.store.paths import DEFAULT_STORE
from ansible_collections.diskless.netboot.plugins.plugin_utils.data import (
    filter_errors,
    plain,
    read_clients,
)


def client_roots(
    clients: Any, store: str = DEFAULT_STORE, *, image_releases: Any
) -> list[dict[str, Any]]:
    """Return the roots of *clients* to be copied; see DOCUMENTATION."""
    with filter_errors():
        return plan_client_roots(
            read_clients(clients), store=plain(store), image_releases=plain(image_releases)
        )


class FilterModule:
    """The filter ``diskless.netboot.client_roots``."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters by name."""
        return {"client_roots": client_roots}
