#!/usr/bin/python
# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Ansible module: a service's configuration file, tested before it replaces the old one."""

from __future__ import annotations

DOCUMENTATION = r"""
module: config_file
short_description: Write a service's configuration file after testing it
version_added: 0.1.0
author: The diskless.netboot authors (@diskless-netboot)
description:
  - Writes one configuration file atomically, after a command of the service has accepted it.
  - The new file is staged in the folder of the old one. AppArmor lets C(kea-dhcp4 -t) and
    C(dhcpd -t) read only their own folders below C(/etc). So on many hosts, these commands cannot
    test a file in a temporary folder, where O(ansible.builtin.copy#module:validate) puts it.
  - If the command rejects the file, the old file stays as it is and nothing is left behind.
  - If a run is killed, the next run for a file in the same folder removes what it left there.
extends_documentation_fragment:
  - diskless.netboot.attributes
attributes:
  check_mode:
    support: full
    details:
      - O(validate) is not run in check mode, since it needs the staged file on the disk.
      - If a user or group does not exist, it is assumed that an earlier task would create it.
  diff_mode:
    support: full
  idempotent:
    support: full
  platform:
    support: full
    platforms: posix
options:
  path:
    description:
      - Absolute path of the file. Missing parent folders are created. A symbolic link at this path
        is replaced, not followed.
    type: path
    required: true
  content:
    description:
      - The whole content of the file, including the last newline.
    type: str
    required: true
  owner:
    description:
      - Name or number of the user who owns the file. If not given, an existing file keeps its
        owner.
    type: str
  group:
    description:
      - Name or number of the group of the file. If not given, an existing file keeps its group.
    type: str
  mode:
    description:
      - Permissions as an octal number in quotes, such as V('0640'). If not given, an existing file
        keeps its mode, and a new file gets V('0644').
    type: str
  validate:
    description:
      - Command that tests the file, as a list. V(%s) stands for the path of the staged file.
      - The command is run without a shell, before the file is replaced, and only if the content
        differs.
      - It must exit with status 0.
    type: list
    elements: str
  pending:
    description:
      - Absolute path of a note, which is an empty file. The note is created before the content
        changes. Whatever reloads the service must remove it afterwards.
      - While the note exists, the task reports a change. So the service is reloaded even if the run
        that wrote the configuration file was killed before the reload.
      - Put the note below C(/run). After a restart of the machine it is not needed, since the
        service has read its configuration when it started.
    type: path
seealso:
  - module: ansible.builtin.copy
"""

EXAMPLES = r"""
- name: Configure Kea
  diskless.netboot.config_file:
    path: /etc/kea/kea-dhcp4.conf
    content: "{{ kea_config | to_nice_json }}\n"
    owner: root
    group: _kea
    mode: "0640"
    validate: [kea-dhcp4, -t, "%s"]
    pending: /run/kea-to-be-reloaded
  notify: Reload Kea, and remove the note

- name: Configure ISC's DHCP server
  diskless.netboot.config_file:
    path: /etc/dhcp/dhcpd.conf
    content: "{{ lookup('ansible.builtin.template', 'dhcpd.conf.j2') }}"
    validate: [dhcpd, -t, -4, -cf, "%s"]
"""

RETURN = r"""
path:
  description: Absolute path of the file.
  returned: always
  type: str
  sample: /etc/kea/kea-dhcp4.conf
action:
  description:
    - One of V(created), V(updated), V(unchanged) and V(pending). V(pending) means that the file is
      as it should be, but that the service has not read it yet, see O(pending).
  returned: success
  type: str
  sample: updated
validated:
  description: Whether O(validate) was run and accepted the new content.
  returned: always
  type: bool
  sample: true
command:
  description:
    - The command of O(validate) with the path of the staged file in it. In check mode, it has the
      path of the file itself. Empty if there was nothing to test.
  returned: always
  type: list
  elements: str
  sample: [kea-dhcp4, -t, /etc/kea/.netboot-0f3c2a91d45be678-kea-dhcp4.conf]
rc:
  description: Exit status of the command that rejected the file.
  returned: when O(validate) fails
  type: int
  sample: 1
stdout:
  description: Standard output of that command.
  returned: when O(validate) fails
  type: str
  sample: ""
stderr:
  description: Standard error of that command.
  returned: when O(validate) fails
  type: str
  sample: "Error encountered: /etc/kea/.netboot-0f3c2a91d45be678-kea-dhcp4.conf:12.1: syntax error"
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.diskless.netboot.plugins.module_utils.files import atomic, config_file

ARGUMENT_SPEC = {
    "path": {"type": "path", "required": True},
    "content": {"type": "str", "required": True},
    "owner": {"type": "str"},
    "group": {"type": "str"},
    "mode": {"type": "str"},
    "validate": {"type": "list", "elements": "str"},
    "pending": {"type": "path"},
}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    result = {"path": module.params["path"], "validated": False, "command": []}
    try:
        plan = config_file.plan(**module.params, check=module.check_mode)
        result.update(changed=plan.changed, action=plan.action)
        if module._diff:
            result["diff"] = plan.diff()
        result["command"] = plan.command
        if not module.check_mode:
            result["command"] = plan.apply(module.run_command)
            result["validated"] = bool(result["command"])
    except config_file.RefusedError as refused:
        module.fail_json(msg=str(refused), **{**result, "changed": False, **refused.result})
    except (config_file.OptionError, atomic.TreeError, OSError) as error:
        module.fail_json(msg=str(error), **{**result, "changed": False})
    module.exit_json(**result)


if __name__ == "__main__":
    main()
