#!/usr/bin/python
# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Ansible module: what pxelinux reads for each client."""

from __future__ import annotations

DOCUMENTATION = r"""
module: pxelinux_entry
short_description: Write boot entries for PXELINUX
version_added: 0.1.0
author: The diskless.netboot authors (@diskless-netboot)
description:
  - Writes what PXELINUX reads for each client, for any number of clients in one call. The entries
    are in the folder C(pxelinux.cfg) beside C(pxelinux.0).
  - All entries are checked before the first file is written. One error message lists all faults.
  - Files are staged, synced to disk and renamed. So a client that boots during a run reads either
    the old entry or the new one, even if the run is killed.
  - A file that this module did not write is never removed. The module's own files begin with a
    marker line.
  - Pass all entries in one list. A loop of tasks takes hundreds of times as long for each entry.
  - You can use the same list with M(diskless.netboot.grub_entry), for PCs with UEFI.
extends_documentation_fragment:
  - diskless.netboot.attributes
  - diskless.netboot.boot_entries
attributes:
  check_mode:
    support: full
    details:
      - If a kernel or initrd does not exist, there is only a warning, since an earlier task would
        have put it there.
      - If O(root) does not exist, it counts as empty.
  diff_mode:
    support: full
  idempotent:
    support: full
  platform:
    support: full
    platforms: posix
seealso:
  - module: diskless.netboot.grub_entry
  - name: PXELINUX
    description: Manual of the loader.
    link: https://wiki.syslinux.org/wiki/index.php?title=PXELINUX
"""

EXAMPLES = r"""
- name: Boot two clients over NFS, and all others from their disk
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

- name: Show a menu on the serial port, with ten seconds to choose
  diskless.netboot.pxelinux_entry:
    root: /srv/tftp
    entries:
      - client: 192.0.2.21
        serial:
          port: 0
          baud: 115200
        ui: menu.c32
        menu_title: Reading room
        menu_password:
          pxelinux: $5$saltsalt$4zlDr8DJEuJIbHZtJBV3a8gEPUCF9UbhMvTfKmxXmk6
        timeout: 10
        default: disk
        labels:
          - name: disk
            menu_label: Boot from ^disk
            localboot: 0
          - name: memory
            menu_label: Test the ^memory
            kernel: memtest86+x64.bin
          - name: hardware
            menu_label: What ^hardware this is
            com32: hdt.c32
            menu_separator: true
          - name: rescue
            menu_label: ^Rescue system
            help: For the librarian's nephew.
            kernel: images/rescue/vmlinuz
            initrd: [images/rescue/initrd.img]
            append: [console=ttyS0]
            raw:
              pxelinux: MENU INDENT 1

- name: Remove the entry of a PC
  diskless.netboot.pxelinux_entry:
    root: /srv/tftp
    entries:
      - client: "52:54:00:12:34:57"
    state: absent

- name: Write these entries, and remove all others that the module wrote
  diskless.netboot.pxelinux_entry:
    root: /srv/tftp
    entries: "{{ boot_entries }}"
    purge: true
"""

RETURN = r"""
entries:
  description: The given entries, in their order, with what was done or would be done.
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
  description: Absolute paths of all files that O(state=absent) or O(purge) removed.
  returned: success
  type: list
  elements: str
  sample: [/srv/tftp/pxelinux.cfg/01-52-54-00-12-34-57]
foreign:
  description:
    - Absolute paths of everything in C(pxelinux.cfg) that this module did not write and that
      O(entries) does not name, and of files that O(state=absent) left because somebody else wrote
      them.
  returned: success
  type: list
  elements: str
  sample: [/srv/tftp/pxelinux.cfg/default]
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.diskless.netboot.plugins.module_utils.bootloader.entry_module import (
    ARGUMENT_SPEC,
    run,
)
from ansible_collections.diskless.netboot.plugins.module_utils.bootloader.model import EntryError
from ansible_collections.diskless.netboot.plugins.module_utils.bootloader.pxelinux import PXELINUX
from ansible_collections.diskless.netboot.plugins.module_utils.files.atomic import TreeError


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec=ARGUMENT_SPEC,
        supports_check_mode=True,
    )
    try:
        module.exit_json(
            **run(
                PXELINUX,
                module.params,
                check_mode=module.check_mode,
                diff=module._diff,
                warn=module.warn,
            )
        )
    except (EntryError, TreeError) as error:
        module.fail_json(msg=str(error))


if __name__ == "__main__":
    main()
