# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: dhcpd_conf
short_description: Return the configuration of ISC's DHCP server
version_added: 0.1.0
author: The diskless.netboot authors
description:
  - Returns the whole text of C(dhcpd.conf) for ISC's server 4.4.
  - The order of the input does not change the text.
  - One error message lists all faults of the input.
notes:
  - ISC's server gets its interfaces on the command line. In Debian, they are in C(INTERFACESv4) in
    C(/etc/default/isc-dhcp-server). The server finds the interface of a subnet by its address. So
    O(interfaces) and O(subnets[].interface) are checked, but they are not part of the text.
extends_documentation_fragment:
  - diskless.netboot.dhcp_config
"""

EXAMPLES = r"""
- name: Configure ISC's DHCP server
  ansible.builtin.copy:
    dest: /etc/dhcp/dhcpd.conf
    mode: "0644"
    content: >-
      {{ groups['netboot_clients']
         | diskless.netboot.clients(hostvars, netboot_subnets)
         | diskless.netboot.dhcpd_conf(
             subnets=netboot_subnets, interfaces=['eth1'], next_server='192.0.2.1') }}
"""

RETURN = r"""
_value:
  description: The text, with a final newline.
  type: str
  sample: |
    authoritative;
    subnet 192.0.2.0 netmask 255.255.255.0 {
      option routers 192.0.2.254;
    }
    host mac-525400000001 {
      hardware ethernet 52:54:00:00:00:01;
      fixed-address 192.0.2.21;
      option host-name "pc01";
    }
"""

from collections.abc import Callable
from typing import Any

from ansible_collections.diskless.netboot.plugins.module_utils.dhcp import dhcpd
from ansible_collections.diskless.netboot.plugins.plugin_utils.data import rendered


def dhcpd_conf(clients: Any, **options: Any) -> str:
    """Return the text of dhcpd.conf; DOCUMENTATION has the options."""
    return rendered(dhcpd.dhcpd_conf, clients, options)


class FilterModule:
    """The filter ``diskless.netboot.dhcpd_conf``."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters by name."""
        return {"dhcpd_conf": dhcpd_conf}
