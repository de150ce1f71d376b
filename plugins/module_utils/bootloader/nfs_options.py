# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The mount options that an initrd accepts. They depend on the program that mounts its root."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.diskless.netboot.plugins.module_utils.inventory import values
from ansible_collections.diskless.netboot.plugins.module_utils.inventory.faults import nearest

NFSMOUNT = "nfsmount"
MOUNT_NFS = "mount.nfs"


@dataclass(frozen=True)
class Mounter:
    """A program that mounts a root, and its options.

    Attributes:
        name: name of the program, for messages.
        otherwise: what happens with any other option, for messages.
        numbers: options whose value is a number.
        words: options whose value is one of these words.
        flags: options without a value.
        reasons: what a message adds for an option with a wrong value.
    """

    name: str
    otherwise: str
    numbers: Sequence[str]
    words: Mapping[str, Sequence[str]]
    flags: Sequence[str]
    reasons: Mapping[str, str] = field(default_factory=dict)

    def check(self, value: Any) -> str:
        """Return a mount option that this program accepts, else raise ValueError."""
        option = values.text(value)
        name, equals, setting = option.partition("=")
        if name in self.flags and not equals:
            return option
        if name in self.numbers and setting.isdecimal() and setting.isascii():
            return option
        if setting in self.words.get(name, ()):
            return option
        if name in self.numbers:
            expected = f"must be {name}=<number>"
        elif name in self.words:
            reason = self.reasons.get(name, "")
            expected = f"must be {name}= and one of {', '.join(self.words[name])}{reason}"
        elif name in self.flags:
            expected = f"must be {name} without a value"
        else:
            known = (*self.numbers, *self.words, *self.flags)
            near = nearest(name, known)
            hint = f"did you mean {near}?" if near else f"must be one of {', '.join(known)}"
            expected = f"is no option of {self.name}, {self.otherwise}; {hint}"
        raise ValueError(expected)


_NO_V4 = ": klibc's nfsmount knows no NFSv4; build the image's initrd with nfs_version 4.2"
_TIMES = ("acregmin", "acregmax", "acdirmin", "acdirmax")
_SIZES = ("port", "rsize", "wsize", "timeo", "retrans")
_BOTH = (
    *("soft", "hard", "intr", "nointr", "cto", "nocto", "ac", "noac"),
    *("lock", "nolock", "acl", "noacl", "udp", "tcp", "ro", "rw"),
)

_DAY = 86400  # seconds
NEVER_CHANGES = ("nocto", *(f"{name}={_DAY}" for name in _TIMES))
"""Mount options for a tree that never changes, nfs(5).

With them, a client does not ask again and again whether a file has changed. Without them, 2,900 of
the 5,300 calls of a boot were GETATTR (docs/measured.md).
"""

WRITTEN = ("noacl", "retrans=10")
"""Mount options for a tree that its client writes to, nfs(5).

NFS-Ganesha 4.3 refuses to take away an ACL over NFS 3 (nfs-ganesha issue 918), and the client says
EIO. systemd does that in the folder of a service with ``StateDirectory=`` and a user of its own, so
that the service fails. The number of tries is that of initramfs-tools' ``scripts/nfs``, which sets
it for a root without any options.
"""

MOUNTERS = {
    # klibc usr/kinit/nfsmount/main.c, int_opts and bool_opts. If nfsmount fails, scripts/nfs of
    # initramfs-tools tries again for ever.
    NFSMOUNT: Mounter(
        name="klibc's nfsmount",
        otherwise="which would fail for ever",
        numbers=(*_SIZES, *_TIMES),
        words={"nfsvers": ("3", "2"), "vers": ("3", "2")},
        flags=(*_BOTH, "posix", "noposix", "v2", "v3", "broken_suid"),
        reasons={"nfsvers": _NO_V4, "vers": _NO_V4},
    ),
    # nfs(5), without the options that do not work in an initrd. These are the options for Kerberos,
    # RDMA, host names and a local cache.
    MOUNT_NFS: Mounter(
        name="mount.nfs",
        otherwise="so the PC would not get its root",
        numbers=(
            *(*_SIZES, *_TIMES, "actimeo", "retry", "nconnect", "max_connect"),
            *("mountport", "mountvers"),
        ),
        words={
            "nfsvers": ("3", "4", "4.0", "4.1", "4.2"),
            "vers": ("3", "4", "4.0", "4.1", "4.2"),
            "proto": ("tcp", "udp"),
            "mountproto": ("tcp", "udp"),
            "sec": ("sys", "none"),
            "lookupcache": ("all", "none", "pos", "positive"),
            "local_lock": ("none", "all", "flock", "posix"),
        },
        flags=(
            *(*_BOTH, "softerr", "softreval", "nosoftreval", "rdirplus", "nordirplus"),
            *("sharecache", "nosharecache", "resvport", "noresvport", "migration", "nomigration"),
            *("noatime", "nodiratime", "relatime"),
        ),
    ),
}
