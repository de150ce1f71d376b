# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: clients
short_description: Check and complete all clients of an inventory
version_added: 0.1.0
author: The diskless.netboot authors
description:
  - Reads the C(netboot_*) variables of every client, checks them, and adds the defaults. Returns
    one mapping for each client, sorted by inventory name.
  - Fails with one message that lists all faults of all clients and subnets.
positional: hostvars, subnets, reserved, images
options:
  _input:
    description: Inventory names of the clients, such as V(groups['netboot_clients']).
    type: list
    elements: str
    required: true
  hostvars:
    description:
      - The variables of all hosts, by inventory name.
      - Only a client's own variables are read, so that no other template is evaluated.
      - C(netboot_mac) is a MAC address or a list of them, in any usual notation. Quote it, since
        YAML reads digits alone as a number.
      - C(netboot_ip) is the client's IPv4 address, or a list with an address for each MAC address
        in C(netboot_mac), in the same order.
      - C(netboot_image) is the name of its image.
      - These three variables are required. All others are optional.
      - C(netboot_hostname) is the host name. Defaults to the first label of the inventory name.
      - C(netboot_root) is the kind of root. With V(overlay) (the default), all clients of the image
        read the same tree, and each client's changes are in its RAM. V(squashfs) is the same with
        the whole image in the client's RAM. With V(rw), the client has a root of its own. With
        V(shared-rw), all clients of the image with this kind of root write to one copy of the
        image.
      - C(netboot_overlay_size) is how much of its RAM a client's changes may take with
        C(netboot_root=overlay) and C(netboot_root=squashfs). It is a share such as V(50%) (the
        default) or an amount such as V(2G).
      - C(netboot_state) is V(false) for a client that has no folder of its own on the boot server.
        By default, each client has one, with its machine-id, its ssh host key and what it keeps.
      - C(netboot_release) is the name of a release of the image. Defaults to the current one.
      - C(netboot_kernel_args) is a list of kernel arguments, or a string of them.
      - C(netboot_static) is V(true) to let the initrd set the address by itself. Router, mask and
        the first two name servers are then taken from the subnet. It can also be a mapping of those
        C(ip=) fields that differ. The fields are V(client), V(server), V(gw), V(mask), V(host),
        V(dev), V(autoconf), V(dns0) and V(dns1).
      - C(netboot_nic) is the name of the interface.
      - C(netboot_persist) is a list of absolute paths that are kept for each client.
      - C(netboot_firmware) notes what the client starts with, V(bios) (the default) or V(uefi). It
        is only a note, and the client can start with either.
      - C(netboot_files) is a mapping of absolute paths to the texts of these files on this client.
    type: dict
    required: true
  subnets:
    description:
      - The subnets that clients may be in.
    type: list
    elements: dict
    required: true
    suboptions:
      network:
        description: The network in CIDR form.
        type: str
        required: true
      pools:
        description: Dynamic ranges such as V(192.0.2.200-192.0.2.250). No client may be in one.
        type: list
        elements: str
      routers:
        description: Addresses of the default gateways.
        type: list
        elements: str
      dns_servers:
        description: Addresses of the DNS servers.
        type: list
        elements: str
      ntp_servers:
        description: Addresses of the time servers.
        type: list
        elements: str
      domain:
        description: DNS domain of the clients.
        type: str
      lease_seconds:
        description:
          - How long a lease lasts, in seconds.
          - A PC with a new NIC may have to wait this long for the address that its old NIC had.
        type: int
        default: 600
      interface:
        description: Interface of the DHCP server in this subnet.
        type: str
  reserved:
    description:
      - Addresses that no client may have, such as those of the boot servers, each with what it is.
    type: dict
    default: {}
  images:
    description: Names that C(netboot_image) may have. If not given, it may have any name.
    type: list
    elements: str
seealso:
  - plugin: diskless.netboot.entries
    plugin_type: filter
  - plugin: diskless.netboot.exports
    plugin_type: filter
  - plugin: diskless.netboot.client_roots
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Check the inventory and show the clients
  ansible.builtin.debug:
    msg: >-
      {{ groups['netboot_clients']
         | diskless.netboot.clients(hostvars, netboot_subnets, {'192.0.2.1': 'the boot server'}) }}
  vars:
    netboot_subnets:
      - network: 192.0.2.0/24
        pools: [192.0.2.200-192.0.2.250]
        routers: [192.0.2.254]
"""

RETURN = r"""
_value:
  description: The clients, sorted by inventory name.
  type: list
  elements: dict
  contains:
    name:
      description: Inventory name.
      type: str
      sample: pc01
    hostname:
      description: Host name.
      type: str
      sample: pc01
    macs:
      description: MAC addresses in lower case with colons.
      type: list
      elements: str
      sample: ["52:54:00:12:34:56"]
    address:
      description: IPv4 address.
      type: str
      sample: 192.0.2.21
    subnet:
      description: The network that the address is in, in CIDR form.
      type: str
      sample: 192.0.2.0/24
    ntp_servers:
      description: IPv4 addresses of the time servers of that network.
      type: list
      elements: str
      sample: [192.0.2.1]
    image:
      description: Name of the image.
      type: str
      sample: library
    release:
      description: Name of the image's release, or null for the current one.
      type: str
      sample: null
    root:
      description: Kind of root, V(overlay), V(squashfs), V(rw) or V(shared-rw).
      type: str
      sample: overlay
    overlay_size:
      description: How much RAM the client's changes may take on an overlay or squashfs root.
      type: str
      sample: 50%
    firmware:
      description: Kind of firmware, V(bios) or V(uefi).
      type: str
      sample: bios
    kernel_args:
      description: Additional kernel arguments.
      type: list
      elements: str
      sample: ["console=ttyS0"]
    static:
      description: The fields of C(ip=), or null if the initrd asks DHCP.
      type: dict
      sample: null
    state:
      description: Whether the client has a folder of its own on the boot server.
      type: bool
      sample: true
    nic:
      description: Name of the interface that the client boots from, if given.
      type: str
      sample: null
    persist:
      description: Absolute paths that are kept for each client.
      type: list
      elements: str
      sample: [/var/log]
    files:
      description: Texts of the client's own files, by absolute path.
      type: dict
      sample: {}
"""

from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.diskless.netboot.plugins.module_utils.inventory.parser import parse_clients
from ansible_collections.diskless.netboot.plugins.plugin_utils.data import filter_errors, plain
from ansible_collections.diskless.netboot.plugins.plugin_utils.site import client_variables


def clients(
    names: Any,
    hostvars: Mapping[str, Any],
    subnets: Any,
    reserved: Any = None,
    images: Any = None,
) -> list[dict[str, Any]]:
    """Return a mapping for each of the clients *names*; see DOCUMENTATION."""
    if not isinstance(names, (list, tuple)):
        raise AnsibleFilterError("the input must be a list of inventory names")
    names = plain(names)
    unknown = [str(name) for name in names if name not in hostvars]
    if unknown:
        raise AnsibleFilterError(f"no host of the inventory: {', '.join(unknown)}")
    with filter_errors():
        raw = client_variables(names, hostvars)
        found = parse_clients(raw, plain(subnets), plain(reserved or {}), plain(images))
        return [client.to_dict() for client in found]


class FilterModule:
    """The filter ``diskless.netboot.clients``."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters by name."""
        return {"clients": clients}
