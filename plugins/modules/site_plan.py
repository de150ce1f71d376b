#!/usr/bin/python
# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of an action plugin of the same name, which runs on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: site_plan
short_description: Check the whole inventory and return its clients
version_added: 0.1.0
author: The diskless.netboot authors (@diskless-netboot)
description:
  - Reads all clients, boot servers and images of the inventory. If anything is wrong with them, the
    module lists all faults and fails, before anything is changed.
  - Fails if the run leaves out a boot server or an image, for example because of C(--limit).
    Releases, exports, entries and addresses belong together.
  - Fails if more than half of the existing clients would be removed, unless
    C(netboot_allow_removal=true) is given.
  - Works on the controller, and reads one file from the first NFS server. Run it once, and delegate
    it to that server.
extends_documentation_fragment:
  - diskless.netboot.attributes
  - diskless.netboot.attributes.reading
attributes:
  platform:
    support: full
    platforms: posix
options: {}
seealso:
  - plugin: diskless.netboot.clients
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Check the whole inventory
  diskless.netboot.site_plan:
  run_once: true
  delegate_to: "{{ groups['nfs_servers'][0] }}"
  register: checked
"""

RETURN = r"""
clients:
  description:
    - The clients, as P(diskless.netboot.clients#filter) returns them, as JSON text. The filters of
      this collection take it, and return text then, too. Ansible passes one text on much faster
      than thousands of mappings.
  returned: success
  type: str
"""
