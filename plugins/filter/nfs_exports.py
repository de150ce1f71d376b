# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: nfs_exports
short_description: Return exports as text for the kernel's NFS server
version_added: 0.1.0
author: The diskless.netboot authors
description:
  - Returns the text of a file in C(/etc/exports.d), as in exports(5), with one client on each line.
  - The order of the exports does not change the text.
  - One error message lists all faults of the input, including options that exports(5) does not
    know.
options:
  _input:
    description: Exports as P(diskless.netboot.exports#filter) returns them.
    type: list
    elements: dict
    required: true
    suboptions:
      path:
        description: Absolute path of the folder.
        type: str
        required: true
      clients:
        description: Who may mount the folder. At least one client is required.
        type: list
        elements: dict
        required: true
        suboptions:
          address:
            description: An IPv4 address, or a network such as V(192.0.2.0/25).
            type: str
            required: true
          options:
            description: Options of exports(5).
            type: list
            elements: str
            required: true
  further:
    description: Further exports.
    type: raw
    default: []
seealso:
  - plugin: diskless.netboot.exports
    plugin_type: filter
  - plugin: diskless.netboot.ganesha_conf
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Export what the clients need
  ansible.builtin.copy:
    dest: /etc/exports.d/netboot.exports
    mode: "0644"
    content: >-
      {{ groups['netboot_clients']
         | diskless.netboot.clients(hostvars, netboot_subnets)
         | diskless.netboot.exports
         | diskless.netboot.nfs_exports }}
"""

RETURN = r"""
_value:
  description: The text, with a final newline.
  type: str
  sample: |
    # Written by diskless.netboot: what you change here is lost.
    /srv/netboot/clients/pc01/root \
        192.0.2.21(rw,no_root_squash,no_subtree_check,sync,sec=sys)
"""

from collections.abc import Callable
from typing import Any

from ansible_collections.diskless.netboot.plugins.module_utils.nfs_exports import kernel
from ansible_collections.diskless.netboot.plugins.plugin_utils.data import filter_errors, joined


def nfs_exports(exports: Any, further: Any = ()) -> str:
    """Return the text in the form of exports(5); see DOCUMENTATION."""
    with filter_errors():
        return kernel.nfs_exports(joined(exports, further))


class FilterModule:
    """The filter ``diskless.netboot.nfs_exports``."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters by name."""
        return {"nfs_exports": nfs_exports}
