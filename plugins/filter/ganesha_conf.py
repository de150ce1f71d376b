# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: ganesha_conf
short_description: Exports and settings as text for NFS-Ganesha
version_added: 0.1.0
author: The diskless.netboot authors
description:
  - Returns the text of C(ganesha.conf) for NFS-Ganesha 4.3 to 6.5 with the FSAL VFS.
  - The same exports in another order give the same text.
  - Ganesha reads exports anew on SIGHUP, other settings only when it starts. O(core) and
    O(include) part the two, so that a new client needs no restart.
  - A client gets what the options of exports(5) say, their defaults included; V(ro),
    V(root_squash) and V(secure) are defaults. Options without a counterpart that would change what
    a client may do are refused.
  - All faults of the input come back in one error.
notes:
  - A file handle holds the number of its export, which is a hash of the path in 16 bits. Where two
    paths meet on one number, adding or removing one can change the other's, and a client that has
    mounted it loses it; at 300 exports there is such a pair in every second site. O(previous)
    prevents it.
  - FSAL VFS needs a file system with file handles, such as ext4; overlayfs has none by default.
options:
  _input:
    description:
      - Exports as P(diskless.netboot.exports#filter) returns them; their keys are documented for
        P(diskless.netboot.nfs_exports#filter). May be empty.
    type: list
    elements: dict
    required: true
  protocols:
    description: NFS versions to serve, of V(3) and V(4).
    type: list
    elements: int
    default: [3, 4]
  mountd_port:
    description: Port of the MOUNT protocol, which NFSv3 needs.
    type: int
    default: 20048
  grace_seconds:
    description:
      - How long after its start, in seconds (0 to 180), the server waits for NFSv4 clients to
        reclaim their open files and locks. It ends at once when all of them have.
      - Until then no file can be newly opened by NFSv4, so a boot waits. A smaller value than
        O(lease_seconds) can cost a client its locks. NFSv3 roots are not affected.
    type: int
    default: 90
  lease_seconds:
    description: How long, in seconds (1 to 120), a silent NFSv4 client keeps its state.
    type: int
    default: 60
  io_flusher:
    description:
      - V(optional) lets Ganesha 5 and newer start without the capability CAP_SYS_RESOURCE, which
        containers often lack. Ganesha 4.3 does not know the setting, logs that, and goes on.
      - V(default) leaves it out.
    type: str
    choices: [optional, default]
    default: optional
  core:
    description: Whether the settings are part of the text. If V(false), only exports are.
    type: bool
    default: true
  include:
    description: Absolute path of another file that Ganesha is to read too.
    type: str
  previous:
    description: The present text of the file, whose exports keep their numbers.
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
from ansible_collections.diskless.netboot.plugins.plugin_utils.data import filter_errors, plain


def ganesha_conf(exports: Any, **options: Any) -> str:
    """Return the text of ganesha.conf; see DOCUMENTATION."""
    with filter_errors():
        return ganesha.ganesha_conf(plain(exports), **plain(options))


class FilterModule:
    """The filter ``diskless.netboot.ganesha_conf``."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters by name."""
        return {"ganesha_conf": ganesha_conf}
