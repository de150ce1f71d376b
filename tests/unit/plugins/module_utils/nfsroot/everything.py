# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A tree with every kind of thing that a root can hold, and a walker that sees them all."""

from __future__ import annotations

import hashlib
import os
import socket
import stat
import struct
from pathlib import Path
from typing import Any

LONG_AGO = 1_000_000_000_123_456_789  # ns
# CAP_NET_RAW, permitted and effective: struct vfs_cap_data, revision 2 (linux/capability.h)
CAPABILITY = struct.pack("<5I", 0x02000001, 1 << 13, 0, 0, 0)


def acl(user: int, rights: int) -> bytes:
    """An ACL with a named user, as system.posix_acl_access has it (linux/posix_acl_xattr.h)."""
    nobody = 0xFFFFFFFF
    entries = ((1, 7, nobody), (2, rights, user), (4, 5, nobody), (16, 7, nobody), (32, 0, nobody))
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)


def build(root: Path) -> Path:
    """A tree with every kind of thing that a root can hold."""
    for folder in ("bin", "etc/deep/er", "dev", "var/empty", "home/anna"):
        (root / folder).mkdir(parents=True)
    (root / "bin/ping").write_bytes(b"\x7fELF" + b"x" * 5000)
    os.setxattr(root / "bin/ping", "security.capability", CAPABILITY)
    (root / "bin/su").write_bytes(b"su")
    os.chown(root / "bin/su", 4001, 4002)
    (root / "bin/su").chmod(0o6755)
    (root / "bin/sudo").hardlink_to(root / "bin/su")
    (root / "etc/deep/er/linked").hardlink_to(root / "bin/su")
    (root / "etc/plain").write_text("plain\n")
    os.setxattr(root / "etc/plain", "user.note", b"of the \x00 librarian")
    os.setxattr(root / "etc/plain", "trusted.note", b"root's own")
    os.setxattr(root / "etc/deep", "system.posix_acl_access", acl(4003, 5))
    os.setxattr(root / "etc/deep", "system.posix_acl_default", acl(4004, 7))
    os.setxattr(root / "etc/plain", "system.posix_acl_access", acl(4005, 4))
    os.mknod(root / "dev/null", stat.S_IFCHR | 0o666, os.makedev(1, 3))
    os.mknod(root / "dev/loop", stat.S_IFBLK | 0o660, os.makedev(7, 7))
    os.mkfifo(root / "dev/fifo", 0o640)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(root / "dev/log"))
    (root / "bin/sh").symlink_to("ping")
    (root / "etc/outside").symlink_to("/nowhere/at all")
    os.lchown(root / "etc/outside", 4006, 4007)
    with (root / "var/sparse").open("wb") as file:
        file.truncate(8 << 20)
        file.seek(4 << 20)
        file.write(b"island")
    base = os.fsencode(root)
    for name in (b"new\nline", b"\xff\xfe bad", b"lit\\#012", "é ü".encode(), b" *?[x]", b"-n"):
        Path(os.fsdecode(base + b"/home/anna/" + name)).write_bytes(name)
    (root / "home/anna").chmod(0o1770)
    for number, path in enumerate(sorted([root, *root.rglob("*")], reverse=True)):
        os.utime(path, ns=(LONG_AGO, LONG_AGO + number), follow_symlinks=False)
    return root


def walk(root: Path) -> dict[str, Any]:
    """Everything that can be known of a tree, so that equal trees compare equal."""
    found: dict[str, Any] = {}
    links: dict[tuple[int, int], list[str]] = {}
    for path in sorted([root, *root.rglob("*")]):
        status = path.lstat()
        name = os.path.relpath(path, root)
        kind = stat.S_IFMT(status.st_mode)
        content: object = None
        if kind == stat.S_IFREG:
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            if status.st_nlink > 1:
                links.setdefault((status.st_dev, status.st_ino), []).append(name)
        elif kind == stat.S_IFLNK:
            content = str(path.readlink())
        elif kind in (stat.S_IFCHR, stat.S_IFBLK):
            content = status.st_rdev
        found[name] = (
            oct(status.st_mode),
            (status.st_uid, status.st_gid),
            status.st_mtime_ns,
            content,
            status.st_size > status.st_blocks * 512 + 65536,
            {
                key: os.getxattr(path, key, follow_symlinks=False)
                for key in os.listxattr(path, follow_symlinks=False)
            },
        )
    found["hard links"] = sorted(links.values())
    return found
