#!/usr/bin/python
# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Ansible module: a service's configuration file, tested before it replaces the old one."""

from __future__ import annotations

DOCUMENTATION = r"""
module: config_file
short_description: A service's configuration file, tested before it counts
version_added: 0.1.0
author: The diskless.netboot authors (@diskless-netboot)
description:
  - Writes one configuration file atomically, after a command of the service has accepted it.
  - The new file is staged beside its place, in the same folder. AppArmor lets C(kea-dhcp4 -t) and
    C(dhcpd -t) read their own folders below C(/etc) only, so that a file in a temporary folder,
    as with O(ansible.builtin.copy#module:validate), cannot be tested on many hosts.
  - If the command refuses the file, the old one stays as it is and nothing is left behind.
  - What a killed run left staged is removed by the next run for a file in the same folder.
extends_documentation_fragment:
  - diskless.netboot.attributes
attributes:
  check_mode:
    support: full
    details:
      - O(validate) is not run in check mode, since it would need the staged file on the disk.
      - A user or group that does not exist is taken for one that an earlier task would have made.
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
      - Absolute path of the file. Missing folders on the way are made. A link at this place is
        replaced, not followed.
    type: path
    required: true
  content:
    description:
      - What the file holds, to the last newline.
    type: str
    required: true
  owner:
    description:
      - User name or number that owns the file. An existing file keeps its owner if this is not
        given.
    type: str
  group:
    description:
      - Group name or number. An existing file keeps its group if this is not given.
    type: str
  mode:
    description:
      - Permissions as an octal number in quotes, such as V('0640'). An existing file keeps its
        mode if this is not given; a new one gets V('0644').
    type: str
  validate:
    description:
      - Command that tests the file, as a list, with V(%s) in the place of the staged file's path.
        It is run without a shell, before the file is replaced, and only if the content differs.
      - It must end with status 0.
    type: list
    elements: str
  pending:
    description:
      - Absolute path of a note, an empty file, that is made before the content changes. Whoever
        lets the service read its configuration removes it afterwards.
      - While it is there the task is changed, so that a service is reloaded even if the run that
        wrote the file was killed before that. Put it below C(/run), since a service that starts
        with the machine reads its configuration anyway.
    type: path
seealso:
  - module: ansible.builtin.copy
"""

EXAMPLES = r"""
- name: The DHCP server's configuration
  diskless.netboot.config_file:
    path: /etc/kea/kea-dhcp4.conf
    content: "{{ kea_config | to_nice_json }}\n"
    owner: root
    group: _kea
    mode: "0640"
    validate: [kea-dhcp4, -t, "%s"]
    pending: /run/kea-to-be-reloaded
  notify: Reload Kea, and remove the note

- name: The same for ISC's
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
    - One of V(created), V(updated), V(unchanged), and V(pending) for a file that is as it should be
      but was not read yet, see O(pending).
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
    - The command of O(validate) with the staged file's path in it, or what it would be in check
      mode, with the file's own path. Empty if there was nothing to test.
  returned: always
  type: list
  elements: str
  sample: [kea-dhcp4, -t, /etc/kea/.netboot-0f3c2a91d45be678-kea-dhcp4.conf]
rc:
  description: Exit status of a command that refused the file.
  returned: when O(validate) fails
  type: int
  sample: 1
stdout:
  description: What that command wrote to its standard output.
  returned: when O(validate) fails
  type: str
  sample: ""
stderr:
  description: What that command wrote to its standard error.
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
