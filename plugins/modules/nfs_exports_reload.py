#!/usr/bin/python
# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Ansible module: an NFS server reads its exports again, and serves them."""

from __future__ import annotations

DOCUMENTATION = r"""
module: nfs_exports_reload
short_description: Reload the exports of an NFS server and check that it serves them
version_added: 0.1.0
author: The diskless.netboot authors (@diskless-netboot)
description:
  - Lets the NFS server on this host have the exports of a file, and waits until it has them.
  - NFS-Ganesha is told over D-Bus which exports to add, change and remove since it read the file.
    What it has read is in C(/run/diskless-netboot/nfs_server.loaded), if the unit of the role
    C(nfs_server) has started it. Otherwise it reads all exports again, which for thousands of them
    takes minutes.
  - Fails if the server does not serve an export, and says which one. NFS-Ganesha writes only to its
    log that it refused an export, and exportfs(8) of the kernel's server can succeed although it
    did not understand a line.
  - If NFS-Ganesha is not running, it is started.
extends_documentation_fragment:
  - diskless.netboot.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
    details:
      - The module changes no file.
  idempotent:
    support: none
    details:
      - The kernel's server reads all exports again each time.
  platform:
    support: full
    platforms: posix
options:
  server:
    description: The NFS server, V(ganesha) or V(kernel).
    type: str
    choices: [ganesha, kernel]
    required: true
  exports:
    description:
      - The exports, as P(diskless.netboot.exports#filter) returns them.
    type: list
    elements: dict
    required: true
  further:
    description: Further exports in the file.
    type: list
    elements: dict
    default: []
  file:
    description: The file with these exports that the server reads.
    type: path
    required: true
  timeout:
    description: How long NFS-Ganesha may take to read all exports again, in seconds.
    type: int
    default: 1800
seealso:
  - plugin: diskless.netboot.exports
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Reload the exports
  diskless.netboot.nfs_exports_reload:
    server: ganesha
    exports: "{{ nfs_server_exports }}"
    file: /etc/ganesha/netboot-exports.conf
"""

RETURN = r"""
seconds:
  description: How long it took, in seconds.
  returned: success
  type: float
  sample: 0.5
"""

import time
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.diskless.netboot.plugins.module_utils.nfs_exports import reload
from ansible_collections.diskless.netboot.plugins.module_utils.nfs_exports.error import ReloadError

ARGUMENT_SPEC: dict[str, dict[str, Any]] = {
    "server": {"type": "str", "choices": list(reload.SERVERS), "required": True},
    "exports": {"type": "list", "elements": "dict", "required": True},
    "further": {"type": "list", "elements": "dict", "default": []},
    "file": {"type": "path", "required": True},
    "timeout": {"type": "int", "default": 1800},
}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    told = module.params
    begun = time.monotonic()
    if not module.check_mode:
        try:
            exports = told["exports"] + told["further"]
            reload.reload(told["server"], exports, told["file"], told["timeout"])
        except (ReloadError, OSError) as error:
            module.fail_json(msg=f"{error}. PCs that need what is missing cannot start.")
    module.exit_json(changed=True, seconds=round(time.monotonic() - begun, 1))


if __name__ == "__main__":
    main()
