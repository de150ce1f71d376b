#!/usr/bin/python
# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Ansible module: the release of Debian that a host runs has the packages that it will need."""

from __future__ import annotations

DOCUMENTATION = r"""
module: packages_check
short_description: Check that packages can be installed
version_added: 0.1.0
author: The diskless.netboot authors (@diskless-netboot)
description:
  - Fails if apt does not know one of the packages, and says what to choose in its place. Debian 14
    no longer has some packages that Debian 12 and 13 have.
  - On a host without package lists, nothing can be said, and the module succeeds.
extends_documentation_fragment:
  - diskless.netboot.attributes
  - diskless.netboot.attributes.reading
attributes:
  platform:
    support: full
    platforms: debian
options:
  names:
    description: The packages.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
- name: Check the package of the DHCP server
  diskless.netboot.packages_check:
    names: [isc-dhcp-server]
"""

RETURN = ""

from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.diskless.netboot.plugins.module_utils.bootstrap import available
from ansible_collections.diskless.netboot.plugins.module_utils.image import rootfs

ARGUMENT_SPEC: dict[str, dict[str, Any]] = {
    "names": {"type": "list", "elements": "str", "required": True},
}
LISTS = Path("/var/lib/apt/lists")


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    names = module.params["names"]
    if names and any(LISTS.glob("*_Packages*")):
        module.run_command_environ_update = {"LC_ALL": "C", "LANGUAGE": "C"}
        _code, policy, _errors = module.run_command(["apt-cache", "policy", *names], check_rc=True)
        system = rootfs.os_release(Path("/"), "PRETTY_NAME")
        faults = available.faults(names, policy, system)
        if faults:
            module.fail_json(msg=f"{'. '.join(faults)}. Nothing was changed.")
    module.exit_json(changed=False)


if __name__ == "__main__":
    main()
