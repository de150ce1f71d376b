# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a root is copied from, told apart by the words of one option."""

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
_SQUASHFS_MAGIC = b"hsqs"  # SQUASHFS_MAGIC of linux/magic.h, as little-endian as all of version 4

# What must not travel from a running system into a root that others mount.
# The folders stay, where programs expect them; what is in them does not.
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
    # what Ansible is just running
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
    """text is as the user wrote it; path is the folder or file (on the host, for ssh)."""

    kind: str
    text: str
    path: str

    @property
    def is_host(self) -> bool:
        """Whether this is a running system, the boot server's own or another's."""
        if self.kind == SSH:
            return self.path == "/"
        # By what it is: it may be bound to another place (mount --bind).
        return self.kind == FOLDER and Path(self.path).exists() and Path(self.path).samefile("/")

    @property
    def is_packed(self) -> bool:
        """Whether this is one file here that has to be unpacked."""
        return self.kind in (ARCHIVE, SQUASHFS)


def parse(text: str) -> Source:
    """Tell a folder, a packed root and a host over ssh apart; ValueError says what is right."""
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
    """What lies at a path of the boot server, or by its name would."""
    if Path(path).is_dir():  # also one that happens to be called x.tar
        return FOLDER
    if _SQUASHFS.search(path) or is_squashfs(path):
        return SQUASHFS
    return ARCHIVE if _ARCHIVE.search(path) else FOLDER


def is_squashfs(path: str) -> bool:
    """Whether a file begins as a squashfs image does, whatever its name (LTSP's is x86_64.img)."""
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
    """HOST_EXCLUDES and, of the boot server, the swap files in use (proc(5), /proc/swaps)."""
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
    """path as an rsync or find pattern that means just itself.

    rsync takes a backslash as an escape only where the pattern has a wildcard.
    """
    return re.sub(r"([*?\[\\])", r"\\\1", path) if re.search(r"[*?\[]", path) else path


def keeps_out(patterns: Iterable[str], inside: str) -> bool:
    """Whether an anchored pattern surely excludes inside, a path relative to the source.

    Only patterns that begin with a slash are considered, each part matched on its own
    (rsync(1), PATTERN MATCHING RULES); anything cleverer counts as not excluding.
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
