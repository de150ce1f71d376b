# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a root is copied from, told apart by the words of one option."""

from __future__ import annotations

import fnmatch
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

FOLDER = "folder"
SSH = "ssh"
ARCHIVE = "archive"

_REMOTE = re.compile(
    r"(?:[A-Za-z0-9._][A-Za-z0-9._-]*@)?"
    r"(?:\[[0-9A-Fa-f:.%]+\]|[A-Za-z0-9][A-Za-z0-9._-]*):(/(?!/).*)"
)
_ARCHIVE = re.compile(r"\.(?:tar|tar\.(?:gz|bz2|xz|zst|lz4|lzma)|tgz|tbz2?|txz|tzst)$")

# What must not travel from the running boot server into a root that others mount.
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
    # identity and secrets of the boot server
    "/etc/machine-id",
    "/var/lib/dbus/machine-id",
    "/etc/ssh/ssh_host_*",
    "/etc/krb5.keytab",
    "/var/lib/systemd/random-seed",
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
    """text is as the user wrote it; path is the folder or archive (on the host, for ssh)."""

    kind: str
    text: str
    path: str

    @property
    def is_host(self) -> bool:
        """Whether this is the boot server's own running system."""
        return self.kind == FOLDER and os.path.realpath(self.path) == "/"


def parse(text: str) -> Source:
    """Tell a folder, an archive and a host over ssh apart; ValueError says what is right."""
    if any(ord(character) < 32 or ord(character) == 127 for character in text):
        raise ValueError("has control characters")
    if text.startswith("/"):
        path = os.path.normpath(text).replace("//", "/")
        if ".." in text.split("/"):
            raise ValueError("must not contain '..'")
        # a folder that happens to be called x.tar is still a folder
        kind = ARCHIVE if _ARCHIVE.search(path) and not Path(path).is_dir() else FOLDER
        return Source(kind, text, path)
    remote = _REMOTE.fullmatch(text)
    if remote:
        return Source(SSH, text, remote[1])
    raise ValueError(
        "must be an absolute path of a folder or of a tar archive, host:/path or user@host:/path"
    )


def host_excludes() -> list[str]:
    """HOST_EXCLUDES and the swap files in use (proc(5), /proc/swaps)."""
    found = list(HOST_EXCLUDES)
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
