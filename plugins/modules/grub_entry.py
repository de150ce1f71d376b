#!/usr/bin/python
# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Ansible module: what GRUB reads for each client."""

from __future__ import annotations

DOCUMENTATION = r"""
module: grub_entry
short_description: Write boot entries for GRUB, for PCs with UEFI
version_added: 0.1.0
author: The diskless.netboot authors (@diskless-netboot)
description:
  - Writes what GRUB's signed network image reads for each client, for any number of clients in one
    call. If shim loads this image, PCs with Secure Boot on can boot from it too.
  - GRUB's image reads only C(grub/grub.cfg), and does not look for files of the client. So this
    module writes a C(grub/grub.cfg) that loads the client's file from C(grub/clients). If somebody
    else wrote C(grub/grub.cfg), it is not replaced, and the task fails.
  - A PC without an entry shows a message with its MAC address, and then continues with its next
    boot device.
  - All entries are checked before the first file is written. One error message lists all faults.
  - Files are staged, synced to disk and renamed. So a client that boots during a run reads either
    the old entry or the new one, even if the run is killed.
  - A file that this module did not write is never removed. The module's own files begin with a
    marker line.
  - Pass all entries in one list. A loop of tasks takes hundreds of times as long for each entry.
  - You can use the same list with M(diskless.netboot.pxelinux_entry), for PCs with a BIOS. What
    GRUB does not support is left out with a warning if the PC boots the same without it. Otherwise
    it is a fault.
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
  - module: diskless.netboot.pxelinux_entry
  - name: GNU GRUB
    description: Manual of the loader.
    link: https://www.gnu.org/software/grub/manual/grub/
"""

EXAMPLES = r"""
- name: Boot two clients over NFS
  diskless.netboot.grub_entry:
    root: /srv/tftp
    entries:
      - client: "52:54:00:12:34:56"
        comment: pc01
        sysappend: 2
        labels: &reading_room
          - name: reading-room
            kernel: images/reading-room/6.1.0-40-amd64/vmlinuz
            initrd: [images/reading-room/6.1.0-40-amd64/initrd.img]
            append:
              - root=/dev/nfs
              - nfsroot=192.0.2.1:/srv/netboot/images/reading-room/root,vers=3
              - ip=dhcp
              - rw
      - client: 5254.0012.3457
        comment: pc02
        sysappend: 2
        labels: *reading_room

- name: Remove the entry of a PC
  diskless.netboot.grub_entry:
    root: /srv/tftp
    entries:
      - client: "52:54:00:12:34:57"
    state: absent

- name: Write the same entries for PCs with UEFI and with a BIOS
  block:
    - name: Write entries for UEFI
      diskless.netboot.grub_entry: &entries
        root: /srv/tftp
        entries: "{{ boot_entries }}"
        purge: true

    - name: Write entries for BIOS
      diskless.netboot.pxelinux_entry: *entries

- name: Show a menu with a password for the rescue system
  diskless.netboot.grub_entry:
    root: /srv/tftp
    entries:
      - client: default
        prompt: true
        timeout: 10
        labels:
          - name: disk
            menu_label: Boot from disk
            localboot: 0
          - name: rescue
            menu_label: Rescue system
            menu_password:
              grub: grub.pbkdf2.sha512.10000.0D5C8C2A1F.7E4B93A6D1
            kernel: images/rescue/vmlinuz
            initrd: [images/rescue/initrd.img]
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
      path: /srv/tftp/grub/clients/01-52-54-00-12-34-56.cfg
      action: created
removed:
  description: Absolute paths of all files that O(state=absent) or O(purge) removed.
  returned: success
  type: list
  elements: str
  sample: [/srv/tftp/grub/clients/01-52-54-00-12-34-57.cfg]
foreign:
  description:
    - Absolute paths of everything in C(grub/clients) that this module did not write and that
      O(entries) does not name, and of files that O(state=absent) left because somebody else wrote
      them.
  returned: success
  type: list
  elements: str
  sample: [/srv/tftp/grub/clients/default.cfg]
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.diskless.netboot.plugins.module_utils.bootloader.entry_module import (
    ARGUMENT_SPEC,
    run,
)
from ansible_collections.diskless.netboot.plugins.module_utils.bootloader.grub import GRUB
from ansible_collections.diskless.netboot.plugins.module_utils.bootloader.model import EntryError
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
                GRUB,
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
