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
  - Creates a state for each client. This is the folder C(STORE/clients/CLIENT/state), which is to
    be exported only to the address of that client. The initrd mounts it and gives its contents to
    the client.
  - A state contains a machine-id, an ssh host key, and a folder for each path that the client keeps
    when it is switched off. The machine-id is the same at every boot. It is derived from the
    client's name, with a key that stays on the boot server in C(STORE/secret).
  - What a client keeps is never changed or removed. The folders of clients that are no longer in
    the list stay.
  - A client's own file that is no longer in the list is removed from its state.
  - Do not use this module in a loop. Pass all clients in one list.
extends_documentation_fragment:
  - diskless.netboot.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details:
      - Shows the names of what is created and removed, but not its content.
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
      - The clients, as P(diskless.netboot.client_states#filter) returns them.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description:
          - Name of the client, as one path segment.
        type: str
        required: true
      persist:
        description:
          - Absolute paths of the folders that the client keeps.
        type: list
        elements: str
        default: []
      files:
        description:
          - Texts of the client's own files, by absolute path. These files replace those of its
            image. The initrd puts them in place at every boot.
        type: dict
        default: {}
      source:
        description:
          - Absolute path of a root on the boot server. Each kept folder gets its first content from
            this root. Without this option, or if the root does not have the folder, the kept folder
            is empty at first.
        type: path
seealso:
  - plugin: diskless.netboot.client_states
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Create identities, and a log folder that survives a reboot
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
  description: What was created below the store, or would be in check mode.
  returned: success
  type: list
  elements: str
  sample: [clients/pc02/state, clients/pc02/state/ssh_host_ed25519_key]
updated:
  description: Files below the store whose content was replaced, or would be in check mode.
  returned: success
  type: list
  elements: str
  sample: [clients/pc02/state/kept]
removed:
  description:
    - Clients' own files below the store that are no longer in the list, and that were removed, or
      would be in check mode.
  returned: success
  type: list
  elements: str
  sample: ["clients/pc02/state/file-etc,motd"]
booted:
  description:
    - The tree on this host that each client runs from, by the name of the client. The client itself
      notes this when it starts. Clients without a note, or whose tree does not exist, are left out.
  returned: success
  type: dict
  sample: {pc01: /srv/netboot/images/library/releases/2026-11-24.1/root}
"""

from pathlib import Path, PurePosixPath
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
        created = set(outcome.created)
        lines = [
            # A new folder stands for what is in it.
            *(
                f"+ {name}\n"
                for name in outcome.created
                if not created & set(map(str, PurePosixPath(name).parents))
            ),
            *(f"~ {name}\n" for name in outcome.updated),
            *(f"- {name}\n" for name in outcome.removed),
        ]
        result["diff"] = {"prepared": "".join(lines)}
    module.exit_json(changed=outcome.changed, **result)


if __name__ == "__main__":
    main()
