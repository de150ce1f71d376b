# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: entries
short_description: Boot entries of clients
version_added: 0.1.0
author: The diskless.netboot authors
description:
  - Returns one boot entry for each MAC address of each client, in the form that
    M(diskless.netboot.pxelinux_entry) takes.
  - Fails with one message that names every client without a build, and every one whose kernel
    command line would be longer than the 2047 bytes that a PC's boot loader can pass on.
options:
  _input:
    description: Clients as P(diskless.netboot.clients#filter) returns them.
    type: list
    elements: dict
    required: true
  nfs_server:
    description: IPv4 address of the NFS server. The initrd resolves no names.
    type: str
    required: true
  store:
    description: Root of the store on the NFS server.
    type: str
    default: /srv/netboot
  nfs_options:
    description:
      - Mount options of the root, as a list or a string with commas.
      - Only options that klibc's C(nfsmount) takes are accepted; any other would stop the client.
    type: list
    elements: str
    default: []
  image_builds:
    description: The build (kernel version and content hash) of each image, by the image's name.
    type: dict
    default: {}
  client_builds:
    description:
      - The build that the root of each client with C(netboot_root=rw) was copied from, by the
        client's inventory name. Its kernel modules lie in that root, so it boots that kernel.
    type: dict
    default: {}
  panic_seconds:
    description: Seconds after which a client whose kernel or initrd gave up starts again.
    type: int
    default: 30
seealso:
  - plugin: diskless.netboot.clients
    plugin_type: filter
  - module: diskless.netboot.pxelinux_entry
"""

EXAMPLES = r"""
- name: Show the boot entries
  ansible.builtin.debug:
    msg: >-
      {{ groups['netboot_clients']
         | diskless.netboot.clients(hostvars, netboot_subnets)
         | diskless.netboot.entries(nfs_server='192.0.2.1',
                                    nfs_options=['tcp', 'port=2049'],
                                    image_builds={'library': '6.1.0-25-amd64-0123456789ab'},
                                    client_builds={'pc01': '6.1.0-25-amd64-0123456789ab'}) }}
"""

RETURN = r"""
_value:
  description: The entries, in the order of the clients.
  type: list
  elements: dict
  sample:
    - client: "52:54:00:12:34:56"
      comment: pc01
      default: library
      sysappend: 2
      labels:
        - name: library
          kernel: images/library/6.1.0-25-amd64-0123456789ab/vmlinuz
          initrd: [images/library/6.1.0-25-amd64-0123456789ab/initrd.img]
          append:
            - root=/dev/nfs
            - nfsroot=192.0.2.1:/srv/netboot/clients/pc01/root,tcp,port=2049
            - ip=dhcp
            - rw
            - netboot.root=rw
            - systemd.hostname=pc01
            - panic=30
"""

from collections.abc import Callable
from typing import Any

from ansible_collections.diskless.netboot.plugins.module_utils.bootloader.entry import (
    DEFAULT_PANIC_SECONDS,
    plan_entries,
)
from ansible_collections.diskless.netboot.plugins.module_utils.store import DEFAULT_STORE
from ansible_collections.diskless.netboot.plugins.plugin_utils.data import (
    filter_errors,
    plain,
    read_clients,
)


def entries(
    clients: Any,
    *,
    nfs_server: str,
    store: str = DEFAULT_STORE,
    nfs_options: Any = (),
    image_builds: Any = None,
    client_builds: Any = None,
    panic_seconds: int = DEFAULT_PANIC_SECONDS,
) -> list[dict[str, Any]]:
    """Return the boot entries of *clients*; see DOCUMENTATION."""
    with filter_errors():
        return plan_entries(
            read_clients(clients),
            nfs_server=plain(nfs_server),
            store=plain(store),
            nfs_options=plain(nfs_options),
            image_builds=plain(image_builds or {}),
            client_builds=plain(client_builds or {}),
            panic_seconds=plain(panic_seconds),
        )


class FilterModule:
    """The filter ``diskless.netboot.entries``."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters by name."""
        return {"entries": entries}
