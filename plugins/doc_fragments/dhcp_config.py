# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations


class ModuleDocFragment:
    """Options of the filters that return the configuration of a DHCP server."""

    DOCUMENTATION = r"""
options:
  _input:
    description:
      - Clients as P(diskless.netboot.clients#filter) returns them, or as the JSON text that
        M(diskless.netboot.site_plan) returns.
      - The address and the host name of a client are reserved for each of its MAC addresses.
    type: raw
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
          - Address ranges for machines without a reservation, each V(FIRST-LAST).
          - Without a range, the server answers only the clients.
        type: list
        elements: str
      routers:
        description: IPv4 addresses of the default gateways.
        type: list
        elements: str
      dns_servers:
        description: IPv4 addresses of the DNS servers.
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
          - How long a lease lasts, in seconds.
          - A PC with a new NIC may have to wait this long for the address that its old NIC had.
        type: int
        default: 600
      interface:
        description: Interface of the server in this subnet.
        type: str
  interfaces:
    description:
      - Names of the interfaces on which the server answers.
      - At least one is required, unless O(handout=true).
    type: list
    elements: str
  next_server:
    description:
      - IPv4 address of the TFTP server.
      - It must not be the address of a client, and it must not be in a pool.
    type: str
    required: true
  boot_files:
    description:
      - The boot file for each kind of firmware, as a path below the root of the TFTP server.
      - A PC with another kind of firmware gets an address, but no boot file.
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
      - Whether the text is meant to be added to the configuration of another DHCP server.
      - It then contains no settings of the server itself. These are its interfaces, how it stores
        leases and logs, and that it is the only server on its networks.
    type: bool
    default: false
seealso:
  - plugin: diskless.netboot.clients
    plugin_type: filter
"""
