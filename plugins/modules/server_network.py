#!/usr/bin/python
# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Ansible module: a boot server has the address and the NICs that the inventory says."""

from __future__ import annotations

DOCUMENTATION = r"""
module: server_network
short_description: Check a boot server's address and NICs
version_added: 0.1.0
author: The diskless.netboot authors (@diskless-netboot)
description:
  - Fails if the boot server does not have the address or a NIC that the inventory names, and says
    which ones it has. With a wrong address, a run would succeed and no PC could start.
extends_documentation_fragment:
  - diskless.netboot.attributes
  - diskless.netboot.attributes.reading
attributes:
  platform:
    support: full
    platforms: posix
options:
  address:
    description: The server's C(netboot_address).
    type: str
    required: true
  interfaces:
    description: The NICs on which it answers DHCP requests, its C(dhcp_server_interfaces).
    type: list
    elements: str
    default: []
seealso:
  - module: diskless.netboot.site_plan
"""

EXAMPLES = r"""
- name: Check the boot server's address and NICs
  diskless.netboot.server_network:
    address: "{{ netboot_address }}"
    interfaces: "{{ dhcp_server_interfaces }}"
"""

RETURN = r"""
nics:
  description: The IPv4 addresses of each NIC, by the name of the NIC.
  returned: success
  type: dict
  sample: {"eth0": ["192.0.2.1"]}
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.diskless.netboot.plugins.module_utils.inventory import server

ARGUMENT_SPEC: dict[str, dict[str, Any]] = {
    "address": {"type": "str", "required": True},
    "interfaces": {"type": "list", "elements": "str", "default": []},
}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    told = module.params
    _code, output, _errors = module.run_command(["ip", "-json", "address"], check_rc=True)
    nics = server.read_nics(output)
    faults = server.network_faults(told["address"], told["interfaces"], nics)
    if faults:
        module.fail_json(msg=f"{'. '.join(faults)}. Nothing was changed.")
    module.exit_json(changed=False, nics=nics)


if __name__ == "__main__":
    main()
