# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: dnsmasq_conf
short_description: Return the configuration of dnsmasq as a DHCP server
version_added: 0.1.0
author: The diskless.netboot authors
description:
  - Returns the whole text of C(dnsmasq.conf) for dnsmasq 2.86 and later, as a DHCP server without
    DNS.
  - The order of the input does not change the text.
  - One error message lists all faults of the input.
notes:
  - dnsmasq finds the interface of a subnet by its address. So O(subnets[].interface) is checked,
    but it is not part of the text.
  - If a host name has a domain, dnsmasq tells the client only the first label.
options:
  proxy:
    description:
      - Whether another DHCP server on the network gives the addresses, and this one only tells PXE
        firmware its boot file.
      - The text then contains no reservations and no pools. Of each subnet, it contains only the
        network.
    type: bool
    default: false
extends_documentation_fragment:
  - diskless.netboot.dhcp_config
"""

EXAMPLES = r"""
- name: Configure dnsmasq
  ansible.builtin.copy:
    dest: /etc/dnsmasq.conf
    mode: "0644"
    content: >-
      {{ groups['netboot_clients']
         | diskless.netboot.clients(hostvars, netboot_subnets)
         | diskless.netboot.dnsmasq_conf(
             subnets=netboot_subnets, interfaces=['eth1'], next_server='192.0.2.1') }}
"""

RETURN = r"""
_value:
  description: The text, with a final newline.
  type: str
  sample: |
    port=0
    interface=eth1
    dhcp-range=set:net-192.0.2.0,192.0.2.0,static,255.255.255.0,600
    dhcp-option=tag:net-192.0.2.0,option:router,192.0.2.254
    dhcp-host=52:54:00:00:00:01,192.0.2.21,pc01,600
"""

from collections.abc import Callable
from typing import Any

from ansible_collections.diskless.netboot.plugins.module_utils.dhcp import dnsmasq
from ansible_collections.diskless.netboot.plugins.plugin_utils.data import rendered


def dnsmasq_conf(clients: Any, **options: Any) -> str:
    """Return the text of dnsmasq.conf; DOCUMENTATION has the options."""
    return rendered(dnsmasq.dnsmasq_conf, clients, options)


class FilterModule:
    """The filter ``diskless.netboot.dnsmasq_conf``."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters by name."""
        return {"dnsmasq_conf": dnsmasq_conf}
