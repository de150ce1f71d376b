# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: kea_dhcp4
short_description: Return the configuration of Kea's DHCPv4 server
version_added: 0.1.0
author: The diskless.netboot authors
description:
  - Returns the whole configuration of C(kea-dhcp4), as data, for Kea 2.0 to 2.6.
  - The order of the input does not change the data or its order.
  - The id of a subnet is derived from its network address. So leases stay with their subnet when
    another one is added.
  - One error message lists all faults of the input.
notes:
  - Kea gives an address to the MAC address that holds its lease. If a client with several MAC
    addresses boots from another of its NICs, it gets an address of the pool, or none, until the
    lease of the first NIC has ended. With P(diskless.netboot.dhcpd_conf#filter), it gets its
    address on each NIC at once.
  - Kea refuses a configuration that names an interface which the host does not have.
    C(kea-dhcp4 -t) does so too.
extends_documentation_fragment:
  - diskless.netboot.dhcp_config
"""

EXAMPLES = r"""
- name: Configure Kea
  ansible.builtin.copy:
    dest: /etc/kea/kea-dhcp4.conf
    mode: "0640"
    group: _kea
    content: |
      {{ groups['netboot_clients']
         | diskless.netboot.clients(hostvars, netboot_subnets)
         | diskless.netboot.kea_dhcp4(
             subnets=netboot_subnets, interfaces=['eth1'], next_server='192.0.2.1',
             boot_files={'bios': 'pxelinux.0', 'uefi': 'shimx64.efi'})
         | to_nice_json }}
"""

RETURN = r"""
_value:
  description: The configuration, with the single key C(Dhcp4).
  type: dict
  sample:
    Dhcp4:
      interfaces-config:
        interfaces: [eth1]
      subnet4:
        - id: 3221225984
          subnet: 192.0.2.0/24
          reservations:
            - hw-address: "52:54:00:00:00:01"
              ip-address: 192.0.2.21
              hostname: pc01
"""

from collections.abc import Callable
from typing import Any

from ansible_collections.diskless.netboot.plugins.module_utils.dhcp import kea
from ansible_collections.diskless.netboot.plugins.plugin_utils.data import rendered


def kea_dhcp4(clients: Any, **options: Any) -> dict[str, Any]:
    """Return the configuration of kea-dhcp4; DOCUMENTATION has the options."""
    return rendered(kea.kea_dhcp4, clients, options)


class FilterModule:
    """The filter ``diskless.netboot.kea_dhcp4``."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters by name."""
        return {"kea_dhcp4": kea_dhcp4}
