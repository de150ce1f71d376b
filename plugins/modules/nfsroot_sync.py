#!/usr/bin/python
# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Ansible module: copies of a root that clients mount."""

from __future__ import annotations

DOCUMENTATION = r"""
module: nfsroot_sync
short_description: Copy a root for clients that boot over NFS
version_added: 0.1.0
author: The diskless.netboot authors (@diskless-netboot)
description:
  - Makes one or many destination folders equal to a source root. Owners by number, hard links,
    ACLs, extended attributes, file capabilities, device nodes, sockets, FIFOs, sparse files and
    times to the nanosecond are kept.
  - File attributes of C(chattr) are not kept. A copy of an immutable file has the same content,
    owner and so on, but can be changed and deleted, so that the next run can do so. A destination
    file that was made immutable is left as it is, and its destination fails with an error that
    names it.
  - The work is done by C(rsync), C(cp), C(tar) and C(unsquashfs) on the boot server.
  - All that is wrong with the options is found before the first byte is written, and one error
    names every fault. After that each destination is copied for itself, and one that fails does
    not stop the others.
  - A first copy is made beside its place and renamed when it is whole, so that no client ever
    mounts half a root. The module can be killed at any moment and run again.
  - This module has no loop to it. Pass all destinations in one list.
  - What the module remembers of a destination V(/a/root) is kept beside it, in
    C(/a/.root.nfsroot.json), and so are C(/a/.root.nfsroot.lock) and, while it works,
    C(/a/.root.partial), C(/a/.root.tmp) and C(/a/.root.unpacked). Nothing of it is in the root.
extends_documentation_fragment:
  - diskless.netboot.attributes
attributes:
  check_mode:
    support: full
    details:
      - A source or a program that does not exist counts as a change, since an earlier task would
        have put it there.
      - To tell how an existing root differs from an archive or an image, this is unpacked beside
        the root, and removed again.
  diff_mode:
    support: full
    details:
      - One line for each thing that changes, in the form of C(rsync --itemize-changes). The first
        500 are shown, and the others counted.
  idempotent:
    support: full
  platform:
    support: full
    platforms: posix
    details:
      - Linux, with GNU coreutils, findutils and tar.
requirements:
  - rsync 3.2 or newer
  - ssh, for a source on another host, where rsync has to be installed too
  - tar and the program of the compression, for an archive
  - unsquashfs (of the package C(squashfs-tools) in Debian), for a squashfs image
options:
  src:
    description:
      - The root to copy.
      - The absolute path of a folder.
      - V(/), which is the running boot server itself. What must not travel is left out.
        These are the contents of C(/proc), C(/sys), C(/dev), C(/run), C(/tmp), C(/var/tmp),
        C(/mnt) and C(/media); the machine-id, of which an empty one is put in its place; ssh host
        keys, C(/etc/krb5.keytab), the random seed and systemd's credential secret; leases of DHCP
        servers and clients; logs; swap files; C(/srv/netboot) and C(/srv/tftp). Other
        secrets, such as those in C(/root) and C(/home), are yours to name in O(exclude).
      - C(host:/path) or C(user@host:/path), read by rsync over ssh. Of C(host:/), another running
        system, the same is left out as of V(/).
      - The absolute path of a tar archive on the boot server, whose name ends in C(.tar),
        C(.tar.gz), C(.tgz), C(.tar.xz), C(.tar.zst), C(.tar.bz2) or C(.tar.lz4).
      - The absolute path of a squashfs image on the boot server, whatever its name. Such an image
        has no ACLs, and times in whole seconds.
    type: str
    required: true
  dest:
    description:
      - The folders to copy to. Folders that lead to them are made with mode V(0755).
      - A folder is refused if it is the boot server's own root, or a mount point, or has
        something mounted inside, or is reached through a symbolic link, or overlaps with O(src)
        without being excluded, or is neither empty nor made by this module.
    type: list
    elements: path
    required: true
  force:
    description:
      - Whether to make existing destinations equal to O(src). This undoes what a client has
        changed in its root.
      - If V(false), only destinations are copied that do not exist yet or whose copy was
        interrupted.
    type: bool
    default: true
  label:
    description:
      - Free text which is remembered with the copy and returned, such as the release or the
        kernel build of O(src).
    type: str
  exclude:
    description:
      - Patterns of what not to copy, as C(rsync --exclude) takes them. One that begins with a
        slash is relative to O(src). What is excluded is not deleted in the destination either.
    type: list
    elements: str
    default: []
  delete:
    description:
      - Whether to delete what O(src) does not have.
    type: bool
    default: true
  one_file_system:
    description:
      - Whether to stay on the file system that O(src) is on. Mount points become empty folders.
    type: bool
    default: true
  adopt:
    description:
      - Take over a destination that is neither empty nor made by this module. With O(delete=true)
        all that O(src) does not have is deleted there.
    type: bool
    default: false
  checksum:
    description:
      - Compare files by their content instead of size and time. This reads everything.
    type: bool
    default: false
  rsh:
    description:
      - The remote shell by which rsync reaches another host, with its arguments. The default is
        C(ssh -o BatchMode=yes).
    type: str
  progress:
    description:
      - Whether to show while it works how far each copy is, every few seconds as a line of
        bytes, files, rate and time left.
      - The default is to do so if the output of Ansible is a terminal. Set it in
        C(module_defaults) for a whole play, roles included.
      - Never in check mode, and not for a task with C(async), of which Ansible waits for the end.
    type: bool
seealso:
  - name: rsync
    description: Manual of rsync, with its patterns and the form of its itemised changes.
    link: https://download.samba.org/pub/rsync/rsync.1
"""

EXAMPLES = r"""
- name: A root of its own for each PC that has none yet
  diskless.netboot.nfsroot_sync:
    src: /srv/netboot/images/reading-room/root
    dest:
      - /srv/netboot/clients/pc01/root
      - /srv/netboot/clients/pc02/root
    force: false
    label: reading-room 2026-11-23

- name: An image from a PC that was set up by hand
  diskless.netboot.nfsroot_sync:
    src: root@192.0.2.50:/
    dest: [/srv/netboot/images/captured/root]
    one_file_system: false

- name: An image from an archive
  diskless.netboot.nfsroot_sync:
    src: /root/debian-12.tar.zst
    dest: [/srv/netboot/images/debian-12/root]

- name: An image from the root of a live medium, or of LTSP
  diskless.netboot.nfsroot_sync:
    src: /srv/ltsp/images/x86_64.img
    dest: [/srv/netboot/images/ltsp/root]

- name: An image of the boot server itself
  diskless.netboot.nfsroot_sync:
    src: /
    dest: [/srv/netboot/images/server/root]
    exclude: [/home/*, /srv/netboot]
"""

RETURN = r"""
roots:
  description: The destinations in their order. Also returned if some of them failed.
  returned: when the options hold
  type: list
  elements: dict
  contains:
    dest:
      description: The destination.
      type: str
    label:
      description: The label that its last copy was made with, null if none.
      type: str
    copied:
      description:
        - Whether it was compared and made equal to the source, or would be in check mode.
        - It is V(false) for what O(force=false) left alone, and for what failed.
      type: bool
    changed:
      description: Whether anything in it, or its label, changed.
      type: bool
    source_changed:
      description:
        - Whether the source changed while it was copied, so that the copy may mix old and new.
        - A host over ssh is looked at once more for that, by names, sizes and times of its files,
          where anything was copied. If it cannot be, there is a warning and this is V(false).
        - The warning names one thing that changed, where that is known.
      type: bool
    stats:
      description: What the copy did. All numbers are 0 where nothing was compared.
      type: dict
      contains:
        files:
          description: Number of things in the source (files, folders, links, devices).
          type: int
        created:
          description: Number of things made.
          type: int
        deleted:
          description: Number of things deleted.
          type: int
        transferred_bytes:
          description: Size of the files whose content was copied, in bytes.
          type: int
        total_bytes:
          description: Size of all files and links, in bytes.
          type: int
        seconds:
          description: Time taken, in seconds.
          type: float
    error:
      description: Why it failed, null if it did not.
      type: str
  sample:
    - dest: /srv/netboot/clients/pc01/root
      label: reading-room 2026-11-23
      copied: true
      changed: true
      source_changed: false
      stats:
        files: 16021
        created: 16021
        deleted: 0
        transferred_bytes: 702545920
        total_bytes: 702545920
        seconds: 3.107
      error: null
commands:
  description: Each command that wrote to a destination, or would do so in check mode.
  returned: when the options hold
  type: list
  elements: str
  sample:
    - >-
      cp --archive --preserve=xattr --one-file-system --reflink=auto --no-target-directory --
      /srv/netboot/images/reading-room/root /srv/netboot/clients/pc01/.root.partial
"""

from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot.checks import (
    RefusedError,
    Request,
)
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot.meter import FILE_NAME
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot.sync import sync

ARGUMENT_SPEC: dict[str, dict[str, Any]] = {
    "src": {"type": "str", "required": True},
    "dest": {"type": "list", "elements": "path", "required": True},
    "force": {"type": "bool", "default": True},
    "label": {"type": "str"},
    "exclude": {"type": "list", "elements": "str", "default": []},
    "delete": {"type": "bool", "default": True},
    "one_file_system": {"type": "bool", "default": True},
    "adopt": {"type": "bool", "default": False},
    "checksum": {"type": "bool", "default": False},
    "rsh": {"type": "str"},
    "progress": {"type": "bool"},
}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    options = module.params
    shown = options["progress"] and not module.check_mode
    options = {**options, "progress": Path(module.tmpdir, FILE_NAME) if shown else None}
    try:
        outcome = sync(Request(check=module.check_mode, **options))
    except RefusedError as error:
        module.fail_json(msg=str(error))
    for warning in outcome.warnings:
        module.warn(warning)
    result: dict[str, Any] = {
        "changed": outcome.changed,
        "roots": outcome.as_dicts(),
        "commands": outcome.commands,
    }
    if module._diff:
        result["diff"] = {"prepared": outcome.diff}
    if outcome.errors:
        module.fail_json(msg="\n".join(outcome.errors), **result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
