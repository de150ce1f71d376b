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
  - Makes one or more destination folders equal to a source root. The copy keeps owners by number,
    hard links, ACLs, extended attributes, file capabilities, device nodes, sockets, FIFOs, sparse
    files, and times to the nanosecond.
  - File attributes of C(chattr) are not kept. The copy of an immutable file has the same content,
    owner and so on, but it can be changed and deleted, so that the next run can do so. If a file in
    a destination was made immutable, it is left as it is. The destination then fails with an error
    that names the file.
  - The work is done by C(rsync), C(cp), C(tar) and C(unsquashfs) on the boot server.
  - All options are checked before the first byte is written, and one error message lists all
    faults. After that, each destination is copied separately. If one fails, the others are still
    copied.
  - A first copy is made beside its place and renamed when it is complete, so that no client ever
    mounts half a root. The module can be killed at any moment and run again.
  - Do not use this module in a loop. Pass all destinations in one list.
  - What the module remembers about a destination V(/a/root) is kept beside it, in
    C(/a/.root.nfsroot.json). C(/a/.root.nfsroot.lock) is there too. While the module works, there
    are also C(/a/.root.partial), C(/a/.root.tmp) and C(/a/.root.unpacked). None of this is in the
    root.
extends_documentation_fragment:
  - diskless.netboot.attributes
attributes:
  check_mode:
    support: full
    details:
      - A source or a program that does not exist counts as a change, since an earlier task would
        have put it there.
      - To compare an existing root with an archive or a squashfs image, the module unpacks the
        archive or image beside the root, and then removes what it unpacked.
  diff_mode:
    support: full
    details:
      - Shows one line for each change, in the form of C(rsync --itemize-changes). The first 500
        lines are shown, and the others are counted.
  idempotent:
    support: full
  platform:
    support: full
    platforms: posix
    details:
      - Linux, with GNU coreutils, findutils and tar.
requirements:
  - rsync 3.2 or newer
  - ssh, for a source on another host, which needs rsync too
  - tar and the program of the compression, for an archive
  - unsquashfs (in the Debian package C(squashfs-tools)), for a squashfs image
options:
  src:
    description:
      - The root to copy. It can be one of the following.
      - The absolute path of a folder.
      - V(/), which is the running boot server itself. The copy leaves out the contents of C(/proc),
        C(/sys), C(/dev), C(/run), C(/tmp), C(/var/tmp), C(/mnt) and C(/media), the machine-id (an
        empty one takes its place), ssh host keys, C(/etc/krb5.keytab), the random seed, systemd's
        credential secret, leases of DHCP servers and clients, logs, swap files, C(/srv/netboot) and
        C(/srv/tftp). You must name other secrets in O(exclude), such as those in C(/root) and
        C(/home).
      - C(host:/path) or C(user@host:/path), which rsync reads over ssh. C(host:/) is another
        running system, and the copy leaves out the same as for V(/).
      - The absolute path of a tar archive on the boot server, whose name ends in C(.tar),
        C(.tar.gz), C(.tgz), C(.tar.bz2), C(.tbz), C(.tbz2), C(.tar.xz), C(.txz), C(.tar.zst),
        C(.tzst), C(.tar.lz4) or C(.tar.lzma).
      - The absolute path of a squashfs image on the boot server, with any name. Such an image has
        no ACLs, and its times are in whole seconds.
    type: str
    required: true
  dest:
    description:
      - The folders to copy to. Missing parent folders are created with mode V(0755).
      - A folder is refused if it is the boot server's own root, is a mount point, has something
        mounted inside, is reached through a symbolic link, or overlaps with O(src) without being
        excluded. It is also refused if it is not empty and was not made by this module.
    type: list
    elements: path
    required: true
  force:
    description:
      - Whether to make existing destinations equal to O(src). This undoes what a client has
        changed in its root.
      - If V(false), the module copies only to destinations that do not exist yet, or whose copy was
        interrupted.
    type: bool
    default: true
  label:
    description:
      - Free text that is remembered with the copy and returned, such as the release or the kernel
        build of O(src).
    type: str
  exclude:
    description:
      - Patterns of files that are not copied, as for C(rsync --exclude). A pattern that begins with
        a slash is relative to O(src). Excluded files are not deleted in the destination either.
    type: list
    elements: str
    default: []
  delete:
    description:
      - Whether to delete in the destination what O(src) does not have.
    type: bool
    default: true
  one_file_system:
    description:
      - Whether to stay on the file system that O(src) is on. Mount points become empty folders.
    type: bool
    default: true
  adopt:
    description:
      - Whether to take over a destination that is not empty and was not made by this module. With
        O(delete=true), everything in it that O(src) does not have is deleted.
    type: bool
    default: false
  checksum:
    description:
      - Whether to compare files by their content instead of by size and time. This reads
        everything.
    type: bool
    default: false
  rsh:
    description:
      - The remote shell that rsync uses to connect to another host, with its arguments. Defaults to
        C(ssh -o BatchMode=yes).
    type: str
  progress:
    description:
      - Whether to show the progress of each copy. A line with bytes, files, rate and time left is
        shown every few seconds.
      - By default, progress is shown if the output of Ansible is a terminal. You can set this
        option in C(module_defaults) for a whole play, including its roles.
      - Progress is never shown in check mode, nor for a task with C(async), since Ansible itself
        waits for the end of such a task.
    type: bool
seealso:
  - name: rsync
    description: Manual of rsync, with its patterns and the form of its itemised changes.
    link: https://download.samba.org/pub/rsync/rsync.1
"""

EXAMPLES = r"""
- name: Make a root for each PC that has none yet
  diskless.netboot.nfsroot_sync:
    src: /srv/netboot/images/reading-room/root
    dest:
      - /srv/netboot/clients/pc01/root
      - /srv/netboot/clients/pc02/root
    force: false
    label: reading-room 2026-11-23

- name: Make an image from a PC that was set up by hand
  diskless.netboot.nfsroot_sync:
    src: root@192.0.2.50:/
    dest: [/srv/netboot/images/captured/root]
    one_file_system: false

- name: Make an image from an archive
  diskless.netboot.nfsroot_sync:
    src: /root/debian-12.tar.zst
    dest: [/srv/netboot/images/debian-12/root]

- name: Make an image from the root of a live medium, or of LTSP
  diskless.netboot.nfsroot_sync:
    src: /srv/ltsp/images/x86_64.img
    dest: [/srv/netboot/images/ltsp/root]

- name: Make an image from the boot server itself
  diskless.netboot.nfsroot_sync:
    src: /
    dest: [/srv/netboot/images/server/root]
    exclude: [/home/*, /srv/netboot]
"""

RETURN = r"""
roots:
  description: The destinations in their order. They are returned even if some of them failed.
  returned: when the options are valid
  type: list
  elements: dict
  contains:
    dest:
      description: Path of the destination.
      type: str
    label:
      description: The label of the last copy, or null if it had none.
      type: str
    copied:
      description:
        - Whether the destination was compared with the source and made equal to it, or would be in
          check mode.
        - It is V(false) for a destination that O(force=false) left alone, and for one that failed.
      type: bool
    changed:
      description: Whether anything in the destination, or its label, changed.
      type: bool
    source_changed:
      description:
        - Whether the source changed while it was copied, so that the copy may mix old and new.
        - If anything was copied from a host over ssh, the names, sizes and times of its files are
          read once more to find this out. If that is not possible, there is a warning and this is
          V(false).
        - If the source changed, a warning names one thing that changed, where this is known.
      type: bool
    stats:
      description: What the copy did. All numbers are 0 if nothing was compared.
      type: dict
      contains:
        files:
          description: Number of files, folders, links and devices in the source.
          type: int
        created:
          description: Number of files, folders, links and devices that were created.
          type: int
        deleted:
          description: Number of files, folders, links and devices that were deleted.
          type: int
        transferred_bytes:
          description: Size of the files whose content was copied, in bytes.
          type: int
        total_bytes:
          description: Size of all files and links, in bytes.
          type: int
        seconds:
          description: Time that the copy took, in seconds.
          type: float
    error:
      description: Why the destination failed, or null if it did not.
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
  returned: when the options are valid
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
