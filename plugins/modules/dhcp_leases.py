#!/usr/bin/python
# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Ansible module: leases that keep an address from the NIC that it is reserved for."""

from __future__ import annotations

DOCUMENTATION = r"""
module: dhcp_leases
short_description: Remove leases that contradict reservations
version_added: 0.1.0
author: The diskless.netboot authors (@diskless-netboot)
description:
  - Removes each lease of an address that is reserved for another NIC. Kea and dnsmasq would
    otherwise keep the address for the NIC that has it until the lease ends. So a PC with a new
    network card, or one that got the address of another PC, would get a dynamic address, for which
    nothing is exported.
  - If there are such leases, the server is stopped first, since it holds its leases in memory.
    Start it afterwards. If there are none, nothing is done.
  - ISC's server needs no such module. It has no leases for reserved addresses.
extends_documentation_fragment:
  - diskless.netboot.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
  platform:
    support: full
    platforms: posix
options:
  server:
    description: The DHCP server.
    type: str
    choices: [kea, dnsmasq]
    required: true
  path:
    description: The file with its leases. It may be missing.
    type: path
    required: true
  clients:
    description:
      - The clients, as P(diskless.netboot.clients#filter) returns them.
    type: list
    elements: dict
    required: true
  stop:
    description: The command that stops the server, as a list.
    type: list
    elements: str
    required: true
seealso:
  - plugin: diskless.netboot.kea_dhcp4
    plugin_type: filter
  - plugin: diskless.netboot.dnsmasq_conf
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Remove leases that contradict the reservations
  diskless.netboot.dhcp_leases:
    server: kea
    path: /var/lib/kea/kea-leases4.csv
    clients: "{{ netboot_plan }}"
    stop: [systemctl, stop, kea-dhcp4-server]
"""

RETURN = r"""
removed:
  description: The MAC address that had each of the removed leases, by IPv4 address.
  returned: success
  type: dict
  sample: {"192.0.2.21": "52:54:00:00:00:15"}
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.diskless.netboot.plugins.module_utils.dhcp import leases
from ansible_collections.diskless.netboot.plugins.module_utils.files.atomic import TreeError

ARGUMENT_SPEC: dict[str, dict[str, Any]] = {
    "server": {"type": "str", "choices": list(leases.SERVERS), "required": True},
    "path": {"type": "path", "required": True},
    "clients": {"type": "list", "elements": "dict", "required": True},
    "stop": {"type": "list", "elements": "str", "required": True},
}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    told = module.params
    wanted: dict[str, str] = {}
    for client in told["clients"]:
        wanted.update(leases.reserved(client["macs"], client["addresses"]))
    try:
        plan = leases.plan(told["server"], told["path"], wanted)
        if plan.changed and not module.check_mode:
            module.run_command(told["stop"], check_rc=True)
            # What it wrote until then counts.
            plan = leases.plan(told["server"], told["path"], wanted)
            plan.apply()
    except (TreeError, ValueError, OSError) as error:
        module.fail_json(msg=str(error))
    result: dict[str, Any] = {"removed": dict(plan.removed)}
    if module._diff:
        lines = [f"- {address} {mac}\n" for address, mac in sorted(plan.removed.items())]
        result["diff"] = {"prepared": "".join(lines)}
    module.exit_json(changed=plan.changed, **result)


if __name__ == "__main__":
    main()
