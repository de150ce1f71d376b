# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: entry_folders
short_description: Return the folders of the kernels that boot entries name
version_added: 0.1.0
author: The diskless.netboot authors
description:
  - Returns the folders below the TFTP root whose kernels the entries name, each once.
options:
  _input:
    description: Entries as P(diskless.netboot.entries#filter) returns them.
    type: raw
    required: true
seealso:
  - plugin: diskless.netboot.entries
    plugin_type: filter
  - module: diskless.netboot.tftp_files
"""

EXAMPLES = r"""
- name: Show which releases are needed
  ansible.builtin.debug:
    msg: >-
      {{ groups['netboot_clients']
         | diskless.netboot.clients(hostvars, netboot_subnets)
         | diskless.netboot.entries(nfs_server='192.0.2.1',
                                    image_releases={'library': {'current': '2026-11-24.1',
                                                                'names': ['2026-11-24.1']}},
                                    root_releases={'/srv/netboot/clients/pc02/root':
                                                   'library/2026-10-01.2'})
         | diskless.netboot.entry_folders }}
"""

RETURN = r"""
_value:
  description: The folders, sorted.
  type: list
  elements: str
  sample: [images/library/2026-11-24.1]
"""

import posixpath
from collections.abc import Callable
from typing import Any

from ansible_collections.diskless.netboot.plugins.plugin_utils.data import carried, filter_errors


def entry_folders(entries: Any) -> list[str]:
    """Return the folders of the kernels that *entries* name; see DOCUMENTATION."""
    with filter_errors():
        kernels = {
            label["kernel"]
            for entry in carried(entries)
            for label in entry["labels"]
            if label.get("kernel")
        }
    return sorted({posixpath.dirname(kernel) for kernel in kernels})


class FilterModule:
    """The filter ``diskless.netboot.entry_folders``."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters by name."""
        return {"entry_folders": entry_folders}
