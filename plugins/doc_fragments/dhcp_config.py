# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations


class ModuleDocFragment:
    """Options of the filters that render a DHCP server's configuration."""

    DOCUMENTATION = r"""
options:
  _input:
    description:
      - Clients as P(diskless.netboot.clients#filter) returns them.
      - Each of a client's MAC addresses gets a reservation of its address and host name.
    type: list
    elements: dict
    required: true
  subnets:
    description: The subnets to serve.
    type: list
    elements: dict
    required: true
    suboptions:
      network:
        description: The network in CIDR form, such as V(192.0.2.0/24).
        type: str
        required: true
      pools:
        description:
          - Ranges for machines without a reservation, each V(FIRST-LAST).
          - With none, only clients are answered.
        type: list
        elements: str
      routers:
        description: IPv4 addresses of the default gateways.
        type: list
        elements: str
      dns_servers:
        description: IPv4 addresses of the resolvers.
        type: list
        elements: str
      domain:
        description: DNS domain of the machines.
        type: str
      ntp_servers:
        description: IPv4 addresses of the time servers.
        type: list
        elements: str
      lease_seconds:
        description:
          - How long a lease lasts, in seconds, and so how long a PC with a new NIC may wait
            for the address that its old one had.
        type: int
        default: 600
      interface:
        description: The server's interface in this subnet.
        type: str
  interfaces:
    description: Names of the interfaces to answer on; at least one, unless O(handout) is true.
    type: list
    elements: str
  next_server:
    description: IPv4 address of the TFTP server. No client and no pool may have it.
    type: str
    required: true
  boot_files:
    description:
      - The boot file for each kind of firmware, as a path below the TFTP server's root.
      - A kind without a file gets an address, but no boot file.
    type: dict
    default: {bios: pxelinux.0}
    suboptions:
      bios:
        description: For architecture type 0 (BIOS).
        type: str
      uefi:
        description: For architecture types 7 and 9 (64-bit UEFI on x86).
        type: str
  handout:
    description:
      - Whether this is for somebody else's server, to be added to what that says for itself.
      - It then says nothing of interfaces, of leases, of logs, or of being the only server.
    type: bool
    default: false
seealso:
  - plugin: diskless.netboot.clients
    plugin_type: filter
"""
