#!/usr/bin/python
# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Ansible module: what each client has for itself alone."""

from __future__ import annotations

DOCUMENTATION = r"""
module: client_state
short_description: Give each client an identity and a place for what it keeps
version_added: 0.1.0
author: The diskless.netboot authors (@diskless-netboot)
description:
  - Makes for each client a folder C(STORE/clients/CLIENT/state), to be exported to that client's
    address and no other. The initrd mounts it and gives the client what lies in it.
  - That is a machine-id, the same at every boot, derived from the client's name with a key that
    stays on the boot server in C(STORE/secret); an ssh host key; and a folder for each path that
    the client keeps when it is switched off.
  - What a client keeps is never changed or removed. Folders of clients that are named no more stay.
  - A file of a client's own that is asked for no more is removed from its state.
  - This module has no loop to it. Pass all clients in one list.
extends_documentation_fragment:
  - diskless.netboot.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details:
      - Shows the names of what is made and removed, and nothing of what is in it.
  idempotent:
    support: full
  platform:
    support: full
    platforms: posix
requirements:
  - ssh-keygen
options:
  store:
    description:
      - Root of the store on the boot server.
    type: path
    default: /srv/netboot
  clients:
    description:
      - The clients, as P(diskless.netboot.client_states#filter) gives them.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description:
          - The client's name, one path segment.
        type: str
        required: true
      persist:
        description:
          - Absolute paths of folders that it keeps.
        type: list
        elements: str
        default: []
      files:
        description:
          - Texts of files that it has in place of its image's, by their absolute paths. The initrd
            puts them there at every boot.
        type: dict
        default: {}
      source:
        description:
          - Absolute path of a root on the boot server. What it has in a kept folder is where that
            folder begins. Without it, or where it has no such folder, it begins empty.
        type: path
seealso:
  - plugin: diskless.netboot.client_states
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Identities, and a log folder that outlives a reboot
  diskless.netboot.client_state:
    clients:
      - name: pc01
      - name: pc02
        persist: [/var/log]
        files:
          /etc/X11/xorg.conf.d/90-card.conf: |
            Section "Device"
              Identifier "card"
              Driver "modesetting"
            EndSection
"""

RETURN = r"""
created:
  description: What was made, or would be in check mode, below the store.
  returned: success
  type: list
  elements: str
  sample: [clients/pc02/state, clients/pc02/state/ssh_host_ed25519_key]
updated:
  description: Files whose content was replaced, or would be in check mode, below the store.
  returned: success
  type: list
  elements: str
  sample: [clients/pc02/state/kept]
removed:
  description:
    - Files of clients' own that are asked for no more, and were or would be removed, below the
      store.
  returned: success
  type: list
  elements: str
  sample: ["clients/pc02/state/file-etc,motd"]
booted:
  description:
    - By the client's name, the tree on this host that it runs from, as it noted itself when it was
      last started. Clients that noted no tree that is there are left out.
  returned: success
  type: dict
  sample: {pc01: /srv/netboot/images/library/releases/2026-11-24.1/root}
"""

from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.diskless.netboot.plugins.module_utils.client_state import booted, ensure
from ansible_collections.diskless.netboot.plugins.module_utils.files.atomic import TreeError

ARGUMENT_SPEC: dict[str, dict[str, Any]] = {
    "store": {"type": "path", "default": "/srv/netboot"},
    "clients": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "name": {"type": "str", "required": True},
            "persist": {"type": "list", "elements": "str", "default": []},
            "files": {"type": "dict", "default": {}},
            "source": {"type": "path"},
        },
    },
}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    wanted = [
        ensure.Wanted(
            item["name"],
            tuple(item["persist"]),
            Path(item["source"]) if item["source"] else None,
            item["files"],
        )
        for item in module.params["clients"]
    ]
    try:
        outcome = ensure.ensure(module.params["store"], wanted, check=module.check_mode)
        runs = booted.trees(module.params["store"], [item.client for item in wanted])
    except (ensure.StateError, TreeError, ValueError, OSError) as error:
        module.fail_json(msg=str(error))
    result: dict[str, Any] = {
        "created": outcome.created,
        "updated": outcome.updated,
        "removed": outcome.removed,
        "booted": runs,
    }
    if module._diff:
        lines = [
            *(f"+ {name}\n" for name in outcome.created),
            *(f"~ {name}\n" for name in outcome.updated),
            *(f"- {name}\n" for name in outcome.removed),
        ]
        result["diff"] = {"prepared": "".join(lines)}
    module.exit_json(changed=outcome.changed, **result)


if __name__ == "__main__":
    main()
