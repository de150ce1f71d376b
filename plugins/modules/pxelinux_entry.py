#!/usr/bin/python
# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Ansible module: what pxelinux reads for each client."""

from __future__ import annotations

DOCUMENTATION = r"""
module: pxelinux_entry
short_description: Boot entries for PXELINUX
version_added: 0.1.0
author: The diskless.netboot authors (@diskless-netboot)
description:
  - Writes what PXELINUX reads for each client, for any number of clients in one call.
  - All entries are checked before the first file is written, and one error names every fault.
  - Files are staged, synced to disk and renamed, so that a client which boots meanwhile reads the
    old entry or the new one, even if the run is killed.
  - A file that this module did not write is never removed. Its own files begin with a marker line.
  - Pass all entries in one list. A loop of tasks costs hundreds of times as much for each entry.
extends_documentation_fragment:
  - diskless.netboot.attributes
attributes:
  check_mode:
    support: full
    details:
      - A kernel or initrd that does not exist is a warning only, since an earlier task would have
        put it there.
      - An O(root) that does not exist counts as empty.
  diff_mode:
    support: full
  idempotent:
    support: full
  platform:
    support: full
    platforms: posix
options:
  root:
    description:
      - The TFTP root, which holds C(pxelinux.0). Entries lie in its folder C(pxelinux.cfg), which
        is made with mode V(0755) if it is missing. O(root) itself must exist.
    type: path
    required: true
  entries:
    description:
      - The entries, one for each client.
    type: list
    elements: dict
    required: true
    suboptions:
      client:
        description:
          - For whom the entry is.
          - A MAC address in any usual spelling, an IPv4 address, the UUID that the PC's SMBIOS
            tells, or V(default) for every client without an entry of its own. PXELINUX looks for
            UUID, MAC address, IPv4 address and V(default), in this order.
          - Quote a MAC address. YAML reads some as numbers, and a number is refused.
        type: raw
        required: true
      labels:
        description:
          - What can be booted. Required with O(state=present).
          - Each label has exactly one of O(entries[].labels[].kernel),
            O(entries[].labels[].com32) and O(entries[].labels[].localboot).
        type: list
        elements: dict
        suboptions:
          name:
            description:
              - Name of the label, which a person types at the C(boot:) prompt. It has no blanks.
            type: str
            required: true
          kernel:
            description:
              - Linux kernel, as a path below O(root), or a C(http), C(ftp) or C(tftp) URL if the
                loader is C(lpxelinux.0).
              - A path has at most 127 bytes.
            type: str
          com32:
            description:
              - SYSLINUX module to run, such as V(memtest.c32) or V(chain.c32), as a path below
                O(root).
            type: str
          localboot:
            description:
              - Leave the network and boot locally. V(0) is what most PCs want; V(-1) tells the
                BIOS to try the next device; V(4) and V(5) keep UNDI or all of PXE in memory.
            type: int
            choices: [-1, 0, 4, 5]
          initrd:
            description:
              - Initrds, loaded one after the other, named like O(entries[].labels[].kernel).
            type: list
            elements: str
          append:
            description:
              - Kernel arguments, a list with one argument each. A string is refused.
              - A blank may stand in double quotes only.
              - Together with what the loader adds, the command line has at most 2047 bytes.
            type: raw
          menu_label:
            description:
              - What a menu shows instead of the name. It needs O(entries[].ui).
            type: str
          help:
            description:
              - Text of one or more lines that a menu shows with the label. It needs
                O(entries[].ui).
            type: str
      default:
        description:
          - Name of the label that boots by itself. The first one if not given.
        type: str
      timeout:
        description:
          - Seconds to wait at the prompt or menu for a key, in steps of 0.1, at most 3599.6.
            V(0) waits for ever.
          - Without O(entries[].prompt) and O(entries[].ui) the default boots at once.
        type: float
      prompt:
        description:
          - Whether to show the C(boot:) prompt. Otherwise it needs a key like Shift held down.
        type: bool
        default: false
      ui:
        description:
          - Menu module, such as V(menu.c32) or V(vesamenu.c32), as a path below O(root). The
            libraries that it needs lie beside it.
        type: str
      menu_title:
        description:
          - Title of the menu. It needs O(entries[].ui).
        type: str
      sysappend:
        description:
          - What the loader adds to every label's command line, as the sum of 1 (C(ip=)),
            2 (C(BOOTIF=) with the MAC address), 4 (C(SYSUUID=)), 8 (C(CPU=)) and what the SYSLINUX
            manual lists for DMI.
        type: int
      serial:
        description:
          - Serial port that serves as a console beside screen and keyboard.
        type: dict
        suboptions:
          port:
            description:
              - V(0) to V(3) as the BIOS counts them, or an I/O address such as V(0x3f8).
            type: int
            default: 0
          baud:
            description:
              - Speed in bit/s, a divisor of 115200.
            type: int
            default: 115200
      comment:
        description:
          - Comment of one or more lines at the top, such as the client's name.
        type: str
  state:
    description:
      - V(present) writes the entries.
      - V(absent) removes those that this module wrote for the clients named. Of each entry only
        O(entries[].client) counts. A file that somebody else wrote stays, with a warning.
    type: str
    choices: [present, absent]
    default: present
  purge:
    description:
      - Remove every entry that this module wrote and that O(entries) does not name. Files of
        others stay.
    type: bool
    default: false
  check_files:
    description:
      - Whether each file that an entry names must be there and such that the TFTP server sends it.
      - It must be a regular file which others may read (C(o+r)), in folders which they may search
        (C(o+x)), and links must be relative and stay inside O(root), as C(tftpd --secure) demands.
      - URLs are not looked at.
    type: bool
    default: true
seealso:
  - name: PXELINUX
    description: Manual of the loader.
    link: https://wiki.syslinux.org/wiki/index.php?title=PXELINUX
"""

EXAMPLES = r"""
- name: Two clients boot over NFS, all others from their disk
  diskless.netboot.pxelinux_entry:
    root: /srv/tftp
    entries:
      - client: "52:54:00:12:34:56"
        comment: pc01
        sysappend: 2
        labels:
          - name: reading-room
            kernel: images/reading-room/6.1.0-40-amd64/vmlinuz
            initrd: [images/reading-room/6.1.0-40-amd64/initrd.img]
            append:
              - root=/dev/nfs
              - nfsroot=192.0.2.1:/srv/netboot/clients/pc01/root,vers=3
              - ip=dhcp
              - rw
      - client: 5254.0012.3457
        comment: pc02
        sysappend: 2
        labels:
          - name: reading-room
            kernel: images/reading-room/6.1.0-40-amd64/vmlinuz
            initrd: [images/reading-room/6.1.0-40-amd64/initrd.img]
            append:
              - root=/dev/nfs
              - nfsroot=192.0.2.1:/srv/netboot/clients/pc02/root,vers=3
              - ip=dhcp
              - rw
      - client: default
        labels:
          - name: disk
            localboot: 0

- name: A menu on the serial port, with ten seconds to choose
  diskless.netboot.pxelinux_entry:
    root: /srv/tftp
    entries:
      - client: 192.0.2.21
        serial:
          port: 0
          baud: 115200
        ui: menu.c32
        menu_title: Reading room
        timeout: 10
        default: disk
        labels:
          - name: disk
            menu_label: Boot from ^disk
            localboot: 0
          - name: rescue
            menu_label: ^Rescue system
            help: For the librarian's nephew.
            kernel: images/rescue/vmlinuz
            initrd: [images/rescue/initrd.img]
            append: [console=ttyS0]

- name: The PC is gone
  diskless.netboot.pxelinux_entry:
    root: /srv/tftp
    entries:
      - client: "52:54:00:12:34:57"
    state: absent

- name: These entries and no others of ours
  diskless.netboot.pxelinux_entry:
    root: /srv/tftp
    entries: "{{ boot_entries }}"
    purge: true
"""

RETURN = r"""
entries:
  description: The entries named, in their order, with what was done or would be done.
  returned: success
  type: list
  elements: dict
  contains:
    client:
      description: The client in its normal form.
      type: str
    path:
      description: Absolute path of the entry's file.
      type: str
    action:
      description:
        - One of V(created), V(updated), V(removed) and V(unchanged).
      type: str
  sample:
    - client: "52:54:00:12:34:56"
      path: /srv/tftp/pxelinux.cfg/01-52-54-00-12-34-56
      action: created
removed:
  description: Absolute paths of all files removed, by O(state=absent) or O(purge).
  returned: success
  type: list
  elements: str
  sample: [/srv/tftp/pxelinux.cfg/01-52-54-00-12-34-57]
foreign:
  description:
    - Absolute paths of what lies in C(pxelinux.cfg) and was neither written by this module nor
      named in O(entries), and of files that O(state=absent) left because somebody else wrote them.
  returned: success
  type: list
  elements: str
  sample: [/srv/tftp/pxelinux.cfg/default]
"""

import posixpath
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.diskless.netboot.plugins.module_utils import files, tree
from ansible_collections.diskless.netboot.plugins.module_utils.bootloader import (
    pxelinux,
    pxelinux_tree,
)

LABEL_OPTIONS = {
    "name": {"type": "str", "required": True},
    "kernel": {"type": "str"},
    "com32": {"type": "str"},
    "localboot": {"type": "int", "choices": list(pxelinux.LOCALBOOT_TYPES)},
    "initrd": {"type": "list", "elements": "str"},
    "append": {"type": "raw"},
    "menu_label": {"type": "str"},
    "help": {"type": "str"},
}
SERIAL_OPTIONS = {
    "port": {"type": "int", "default": 0},
    "baud": {"type": "int", "default": 115200},
}
ENTRY_OPTIONS = {
    "client": {"type": "raw", "required": True},
    "labels": {"type": "list", "elements": "dict", "options": LABEL_OPTIONS},
    "default": {"type": "str"},
    "timeout": {"type": "float"},
    "prompt": {"type": "bool", "default": False},
    "ui": {"type": "str"},
    "menu_title": {"type": "str"},
    "sysappend": {"type": "int"},
    "serial": {"type": "dict", "options": SERIAL_OPTIONS},
    "comment": {"type": "str"},
}
ARGUMENT_SPEC = {
    "root": {"type": "path", "required": True},
    "entries": {"type": "list", "elements": "dict", "required": True, "options": ENTRY_OPTIONS},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "purge": {"type": "bool", "default": False},
    "check_files": {"type": "bool", "default": True},
}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    if module.params["state"] == "absent" and module.params["purge"]:
        module.fail_json(
            msg="purge: true goes with state: present only, where entries says what stays"
        )
    try:
        module.exit_json(**run(module))
    except (pxelinux.EntryError, files.TreeError) as error:
        module.fail_json(msg=str(error))


def run(module: AnsibleModule) -> dict[str, Any]:
    """Do what the options ask for and return the result."""
    root, entries = module.params["root"], module.params["entries"]
    if module.params["state"] == "present":
        parsed = pxelinux.parse(entries)
        targets = [(entry.client, entry.file_name) for entry in parsed]
        if module.params["check_files"]:
            faults, missing = pxelinux_tree.unserved(root, parsed, not module.check_mode)
            if faults:
                raise pxelinux.EntryError(faults)
            if missing:
                module.warn("Not there yet, so clients could not boot: " + "; ".join(missing))
        plan = pxelinux_tree.plan_present(root, parsed, module.params["purge"])
    else:
        targets = pxelinux.parse_targets(entries)
        plan = pxelinux_tree.plan_absent(root, [name for _client, name in targets])
        kept = [
            path
            for path in map(pxelinux_tree.path_of, dict(targets).values())
            if path in plan.foreign
        ]
        if kept:
            module.warn("Left in place, since somebody else wrote them: " + ", ".join(kept))
    if not module.check_mode:
        plan.apply()
    result: dict[str, Any] = {
        "changed": plan.changed,
        "entries": pxelinux_tree.listed(root, targets, plan),
        "removed": [posixpath.join(root, path) for path in plan.paths(tree.REMOVED)],
        "foreign": [posixpath.join(root, path) for path in plan.foreign],
    }
    if module._diff:
        result["diff"] = plan.diff()
    return result


if __name__ == "__main__":
    main()
