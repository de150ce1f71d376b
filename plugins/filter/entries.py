# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: entries
short_description: Return the boot entries of clients
version_added: 0.1.0
author: The diskless.netboot authors
description:
  - Returns one boot entry for each MAC address of each client, in the form that
    M(diskless.netboot.pxelinux_entry) takes.
  - Fails with one message that names every client without a release, and every client whose kernel
    command line would be too long. A PC's boot loader can pass on at most 2047 bytes.
options:
  nfs_server:
    description: IPv4 address of the NFS server. The initrd does not resolve names.
    type: str
    required: true
  nfs_options:
    description:
      - Mount options of the root, as a list or as a string with commas.
      - The program that mounts the roots in the clients' initrds must know these options, see
        O(image_mounters). Others are refused, since they would stop the client.
    type: list
    elements: str
    default: []
  image_releases:
    description:
      - The releases of each image, by the name of the image. C(current) is the current release,
        C(names) is a list of all releases, and C(squashfs) is a list of those that also have their
        root as one file.
    type: dict
    default: {}
  root_releases:
    description:
      - The release that each root which clients write to was copied from, as V(IMAGE/RELEASE), by
        the path of the root on the NFS server.
      - The modules of the release's kernel are in that root, so its clients boot that kernel. Such
        a root always belongs to the image that it was copied from.
    type: dict
    default: {}
  image_mounters:
    description:
      - The program that mounts the root in each image's initrd, by the name of the image, as
        M(diskless.netboot.initramfs_netboot) returns it. An image that is not named has
        V(nfsmount).
      - The options for C(mount.nfs) are put into C(netboot.nfs=) on the command line.
    type: dict
    default: {}
  http_port:
    description: Port on which the host of the NFS server serves roots over HTTP.
    type: int
    default: 80
  panic_seconds:
    description: Seconds after which a client starts again if its kernel or initrd has failed.
    type: int
    default: 30
seealso:
  - module: diskless.netboot.pxelinux_entry
extends_documentation_fragment:
  - diskless.netboot.client_list
  - diskless.netboot.client_list.store
"""

EXAMPLES = r"""
- name: Show the boot entries
  ansible.builtin.debug:
    msg: >-
      {{ groups['netboot_clients']
         | diskless.netboot.clients(hostvars, netboot_subnets)
         | diskless.netboot.entries(nfs_server='192.0.2.1',
                                    nfs_options=['tcp', 'port=2049'],
                                    image_releases={'library': {'current': '2026-11-24.1',
                                                                'names': ['2026-11-24.1']}},
                                    root_releases={'/srv/netboot/clients/pc02/root':
                                                   'library/2026-10-01.2'}) }}
"""

RETURN = r"""
_value:
  description: >-
    The entries, in the order of the clients. JSON text if the clients were given as text.
  type: list
  elements: dict
  sample:
    - client: "52:54:00:12:34:56"
      comment: pc01
      default: library
      sysappend: 2
      labels:
        - name: library
          kernel: images/library/2026-11-24.1/vmlinuz
          initrd: [images/library/2026-11-24.1/initrd.img]
          append:
            - root=/dev/nfs
            - >-
              nfsroot=192.0.2.1:/srv/netboot/images/library/releases/2026-11-24.1/root,nocto,acregmin=86400,acregmax=86400,acdirmin=86400,acdirmax=86400,tcp,port=2049
            - ip=dhcp
            - ro
            - netboot.root=overlay
            - systemd.hostname=pc01
            - netboot.overlay=50%
            - panic=30
"""

from collections.abc import Callable
from typing import Any

from ansible_collections.diskless.netboot.plugins.module_utils.bootloader import entry
from ansible_collections.diskless.netboot.plugins.plugin_utils.data import like, rendered


def entries(clients: Any, **options: Any) -> Any:
    """Return the boot entries of *clients*; see DOCUMENTATION."""
    return like(clients, rendered(entry.plan_entries, clients, options))


class FilterModule:
    """The filter ``diskless.netboot.entries``."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters by name."""
        return {"entries": entries}
