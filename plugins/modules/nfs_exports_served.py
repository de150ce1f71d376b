#!/usr/bin/python
# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Ansible module: wait until an NFS server exports what it should."""

from __future__ import annotations

DOCUMENTATION = r"""
module: nfs_exports_served
short_description: Wait until an NFS server serves its exports
version_added: 0.1.0
author: The diskless.netboot authors (@diskless-netboot)
description:
  - Asks the NFS server on this host what it exports to whom, until that is what it should export.
    NFS-Ganesha still reads its exports after the command that reloads them has ended, for thousands
    of them several minutes long. The kernel's server ignores lines that it does not understand.
  - Fails if nothing changes for O(timeout) seconds, and names the exports that are missing, that
    should be gone, or that have other clients.
  - Asks by the MOUNT protocol, version 3, so NFSv3 must not be switched off.
extends_documentation_fragment:
  - diskless.netboot.attributes
attributes:
  check_mode:
    support: full
    details:
      - In check mode, the module does not wait, since nothing was reloaded.
  diff_mode:
    support: none
    details:
      - The module changes nothing.
  idempotent:
    support: full
  platform:
    support: full
    platforms: posix
options:
  exports:
    description:
      - The exports, as P(diskless.netboot.exports#filter) returns them.
    type: list
    elements: dict
    required: true
  folder:
    description: Folder below which nothing else should be exported.
    type: path
    default: /srv/netboot
  port:
    description: TCP port of the MOUNT protocol on this host.
    type: int
    default: 20048
  timeout:
    description: How long to wait while nothing changes, in seconds.
    type: int
    default: 120
seealso:
  - plugin: diskless.netboot.exports
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Wait until the NFS server serves the exports
  diskless.netboot.nfs_exports_served:
    exports: "{{ nfs_server_exports }}"
"""

RETURN = r"""
exports:
  description: Number of exports that the server serves.
  returned: success
  type: int
  sample: 52
seconds:
  description: How long it took, in seconds.
  returned: success
  type: float
  sample: 0.5
"""

import time
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.diskless.netboot.plugins.module_utils.nfs_exports import served
from ansible_collections.diskless.netboot.plugins.module_utils.store import paths

ARGUMENT_SPEC: dict[str, dict[str, Any]] = {
    "exports": {"type": "list", "elements": "dict", "required": True},
    "folder": {"type": "path", "default": paths.DEFAULT_STORE},
    "port": {"type": "int", "default": 20048},
    "timeout": {"type": "int", "default": 120},
}
_HOST = "127.0.0.1"
# The server does not say when it has finished.
_PAUSE = 0.5


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    expected = served.wanted(module.params["exports"])
    begun = changed = time.monotonic()
    before = -1
    while not module.check_mode:
        try:
            now = served.ask(_HOST, module.params["port"])
            difference = served.compare(now, expected, module.params["folder"])
            left, said = difference.count, str(difference)
        except (OSError, served.AskError) as error:  # it may just be starting
            left, said = len(expected), f"gives no answer on port {module.params['port']}: {error}"
        if said == "":
            break
        if left != before:
            before, changed = left, time.monotonic()
        elif time.monotonic() - changed > module.params["timeout"]:
            module.fail_json(
                msg=f"After {module.params['timeout']} s, the NFS server {said}. Its log says why."
            )
        time.sleep(_PAUSE)
    seconds = round(time.monotonic() - begun, 1)
    module.exit_json(changed=False, exports=len(expected), seconds=seconds)


if __name__ == "__main__":
    main()
