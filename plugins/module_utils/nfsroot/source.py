# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds of sources that a root can be copied from."""

from __future__ import annotations

import fnmatch
import os
import re
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

FOLDER = "folder"
SSH = "ssh"
ARCHIVE = "archive"
SQUASHFS = "squashfs"

_REMOTE = re.compile(
    r"(?:[A-Za-z0-9._][A-Za-z0-9._-]*@)?"
    r"(?:\[[0-9A-Fa-f:.%]+\]|[A-Za-z0-9][A-Za-z0-9._-]*):(/(?!/).*)"
)
_ARCHIVE = re.compile(r"\.(?:tar|tar\.(?:gz|bz2|xz|zst|lz4|lzma)|tgz|tbz2?|txz|tzst)$")
_SQUASHFS = re.compile(r"\.(?:squashfs|sqfs|sfs)$")
_SQUASHFS_MAGIC = b"hsqs"  # SQUASHFS_MAGIC of linux/magic.h; version 4 is always little-endian

# What must not be copied from a running system to a root that others mount. The folders themselves
# are copied, since programs expect them, but not their contents.
HOST_EXCLUDES = (
    "/proc/*",
    "/sys/*",
    "/dev/*",
    "/run/*",
    "/tmp/*",
    "/var/tmp/*",
    "/mnt/*",
    "/media/*",
    "/lost+found",
    # identity and secrets
    "/etc/machine-id",
    "/var/lib/dbus/machine-id",
    "/etc/ssh/ssh_host_*",
    "/etc/krb5.keytab",
    "/var/lib/systemd/random-seed",
    "/var/lib/systemd/timers/*",
    "/var/lib/systemd/timesync/*",
    "/var/lib/systemd/credential.secret",
    # leases, of the server and of its own interfaces
    "/var/lib/dhcp/*",
    "/var/lib/dhcpcd/*",
    "/var/lib/kea/*",
    "/var/lib/misc/dnsmasq.leases",
    "/var/lib/NetworkManager/*.lease",
    # logs
    "/var/log/journal/*",
    "/var/log/**.log",
    "/var/log/**.log.*",
    "/var/log/**.gz",
    "/var/log/[bw]tmp*",
    "/var/log/lastlog",
    "/var/lib/lastlog/*",
    "/var/lib/wtmpdb/*",
    "/var/log/faillog",
    "/var/log/syslog*",
    "/var/log/messages*",
    # what Ansible is running now
    ".ansible/tmp",
    # swap
    "/swapfile",
    "/swap.img",
    "/swap/*",
    # the stores of images, clients and loaders
    "/srv/netboot",
    "/srv/tftp",
)


@dataclass(frozen=True)
class Source:
    """A source of a copy.

    Attributes:
        kind: FOLDER, SSH, ARCHIVE or SQUASHFS.
        text: what the user wrote.
        path: absolute path of the folder or file; for SSH, on the other host.
    """

    kind: str
    text: str
    path: str

    @property
    def is_host(self) -> bool:
        """Whether this is a running system, of the boot server or of another host."""
        if self.kind == SSH:
            return self.path == "/"
        # Not by its path, since it may be mounted in another place too (mount --bind).
        return self.kind == FOLDER and Path(self.path).exists() and Path(self.path).samefile("/")

    @property
    def is_packed(self) -> bool:
        """Whether this is one file on the boot server that has to be unpacked."""
        return self.kind in (ARCHIVE, SQUASHFS)


def parse(text: str) -> Source:
    """Return the source that a text stands for: a folder, a packed root, or a host over ssh.

    Raises:
        ValueError: it is none of these; the text says what would be right.
    """
    if any(ord(character) < 32 or ord(character) == 127 for character in text):
        raise ValueError("has control characters")
    remote = _REMOTE.fullmatch(text)
    if text.startswith("/") or remote:
        path = remote[1] if remote else text
        if ".." in path.split("/"):
            raise ValueError("must not contain '..'")
        path = os.path.normpath(path).replace("//", "/")
        return Source(SSH if remote else _kind(path), text, path)
    raise ValueError(
        "must be an absolute path of a folder, a tar archive or a squashfs image, host:/path or"
        " user@host:/path"
    )


def _kind(path: str) -> str:
    """Return the kind of a path on the boot server. If it does not exist, its name decides."""
    if Path(path).is_dir():  # also a folder with a name such as x.tar
        return FOLDER
    if _SQUASHFS.search(path) or is_squashfs(path):
        return SQUASHFS
    return ARCHIVE if _ARCHIVE.search(path) else FOLDER


def is_squashfs(path: str) -> bool:
    """Return whether a file is a squashfs image, with any name (LTSP's name is x86_64.img)."""
    try:
        # without O_NONBLOCK, opening a FIFO would wait for its writer
        file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return stat.S_ISREG(os.fstat(file).st_mode) and os.read(file, 4) == _SQUASHFS_MAGIC
    finally:
        os.close(file)


def host_excludes(source: Source) -> list[str]:
    """Return HOST_EXCLUDES and the swap files that the boot server uses (proc(5), /proc/swaps)."""
    found = list(HOST_EXCLUDES)
    if source.kind == SSH:
        return found
    try:
        swaps = Path("/proc/swaps").read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return found
    for line in swaps.splitlines()[1:]:
        path, kind = line.split()[:2]
        if kind == "file":
            found.append(literal(re.sub(r"\\([0-3][0-7]{2})", lambda m: chr(int(m[1], 8)), path)))
    return found


def literal(path: str) -> str:
    """Return a pattern for rsync or find that matches only *path*.

    rsync reads a backslash as an escape only if the pattern has a wildcard.
    """
    return re.sub(r"([*?\[\\])", r"\\\1", path) if re.search(r"[*?\[]", path) else path


def keeps_out(patterns: Iterable[str], inside: str) -> bool:
    """Return whether a pattern certainly excludes *inside*, a path relative to the source.

    Only patterns that begin with a slash are used, and each part is compared separately (rsync(1),
    PATTERN MATCHING RULES). For other patterns, the result is False.
    """
    parts = inside.strip("/").split("/")
    for pattern in patterns:
        if not pattern.startswith("/"):
            continue
        path = re.sub(r"/\*\*\*$|/$", "", pattern).strip("/")
        path = re.sub(r"/\*\*$", "/*", path)
        wanted = path.split("/")
        if "**" in path or len(wanted) > len(parts):
            continue
        if all(fnmatch.fnmatchcase(part, want) for part, want in zip(parts, wanted)):
            return True
    return False
