# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: ganesha_conf
short_description: Return exports and settings as text for NFS-Ganesha
version_added: 0.1.0
author: The diskless.netboot authors
description:
  - Returns the text of C(ganesha.conf) for NFS-Ganesha 4.3 to 9.14 with the FSAL VFS.
  - The order of the exports does not change the text.
  - Ganesha reads exports again on SIGHUP, but other settings only when it starts. With O(core) and
    O(include), exports and settings can be in two files, so that a new client needs no restart.
  - A client gets the rights that the options of exports(5) describe, including their defaults
    V(ro), V(root_squash) and V(secure). An option is refused if Ganesha has no counterpart and the
    option would change what a client may do.
  - One error message lists all faults of the input.
notes:
  - A file handle contains the number of its export. This number is a hash of the path with 16 bits.
    If two paths have the same hash, adding or removing one of them can change the number of the
    other. A client that has mounted the other export then loses it. With 300 exports, every second
    site has such a pair. O(previous) prevents this.
  - FSAL VFS needs a file system with file handles, such as ext4. By default, overlayfs has none.
options:
  _input:
    description:
      - Exports as P(diskless.netboot.exports#filter) returns them. Their keys are documented for
        P(diskless.netboot.nfs_exports#filter). The list may be empty.
    type: raw
    required: true
  further:
    description: Further exports.
    type: raw
    default: []
  protocols:
    description: NFS versions to serve, V(3), V(4) or both.
    type: list
    elements: int
    default: [3, 4]
  mountd_port:
    description: Port of the MOUNT protocol, which NFSv3 needs.
    type: int
    default: 20048
  grace_seconds:
    description:
      - How long the server waits after its start for NFSv4 clients to reclaim their open files and
        locks, in seconds (0 to 180). The wait ends as soon as all of them have done so.
      - Until then, no file can be newly opened over NFSv4, so a boot waits. With a smaller value
        than O(lease_seconds), a client can lose its locks. NFSv3 roots are not affected.
    type: int
    default: 90
  lease_seconds:
    description: How long a silent NFSv4 client keeps its state, in seconds (1 to 120).
    type: int
    default: 60
  io_flusher:
    description:
      - V(optional) lets Ganesha 5 and newer start without the capability CAP_SYS_RESOURCE, which
        containers often lack. Ganesha 4.3 does not know this setting. It logs a message and
        continues.
      - V(default) leaves this setting out.
    type: str
    choices: [optional, default]
    default: optional
  core:
    description: Whether the text contains the settings. If V(false), it contains only the exports.
    type: bool
    default: true
  include:
    description:
      - Absolute path of another file for Ganesha to read.
      - That file must come from this filter, too. It has the export of the folders above all
        exports, which only their clients see.
    type: str
  previous:
    description: The present text of the file. Its exports keep their numbers.
    type: str
    default: ''
seealso:
  - plugin: diskless.netboot.exports
    plugin_type: filter
  - plugin: diskless.netboot.nfs_exports
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Configure NFS-Ganesha
  ansible.builtin.copy:
    dest: /etc/ganesha/ganesha.conf
    mode: "0644"
    content: "{{ [] | diskless.netboot.ganesha_conf(include='/etc/ganesha/netboot.conf') }}"

- name: Export what the clients need
  ansible.builtin.copy:
    dest: /etc/ganesha/netboot.conf
    mode: "0644"
    content: >-
      {{ groups['netboot_clients']
         | diskless.netboot.clients(hostvars, netboot_subnets)
         | diskless.netboot.exports
         | diskless.netboot.ganesha_conf(core=false) }}
"""

RETURN = r"""
_value:
  description: The text, with a final newline.
  type: str
  sample: |
    # Written by diskless.netboot: what you change here is lost.
    EXPORT {
      Export_Id = 40287;
      Path = "/srv/netboot/clients/pc01/root";
      Pseudo = "/srv/netboot/clients/pc01/root";
      Protocols = 3, 4;
      Access_Type = None;
      FSAL {
        Name = VFS;
      }
      CLIENT {
        Clients = 192.0.2.21;
        Access_Type = RW;
        Squash = No_Root_Squash;
        SecType = sys;
        PrivilegedPort = true;
      }
    }
"""

from collections.abc import Callable
from typing import Any

from ansible_collections.diskless.netboot.plugins.module_utils.nfs_exports import ganesha
from ansible_collections.diskless.netboot.plugins.plugin_utils.data import (
    filter_errors,
    joined,
    plain,
)


def ganesha_conf(exports: Any, further: Any = (), **options: Any) -> str:
    """Return the text of ganesha.conf; see DOCUMENTATION."""
    with filter_errors():
        return ganesha.ganesha_conf(joined(exports, further), **plain(options))


class FilterModule:
    """The filter ``diskless.netboot.ganesha_conf``."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters by name."""
        return {"ganesha_conf": ganesha_conf}
