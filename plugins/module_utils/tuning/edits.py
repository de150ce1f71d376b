# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Edits files that other packages own. Each function returns a new text for an old text."""

from __future__ import annotations

import re

from ansible_collections.diskless.netboot.plugins.module_utils.tuning.options import Tuning

_HOSTS = ("127.0.0.1 localhost", "::1 localhost ip6-localhost ip6-loopback")
# Debian's installer writes a line with this address for the host name.
_INSTALLERS = re.compile(r"127\.0\.1\.1\s")
_FSTAB_FIRST = (
    "# Written by diskless.netboot.client_tuning: the initrd mounts the root; no disk, no swap."
)
# mount(8) ignores options that begin with x-. This one marks the lines that this collection wrote.
_OURS = "x-netboot"
EVERYBODY, SAFE = "1777", "nosuid,nodev"
"""Default mode and options of a folder in RAM."""

_NOT_ON_DISK = ("tmpfs", "nfs", "nfs4", "cifs")
# A line of /etc/crontab that runs the jobs in a folder, crontab(5). It has five fields, the user
# and the command. The command may already begin with "spread".
_CRON = re.compile(
    r"^(\s*(?:[^#\s]\S*\s+){5}root\s+)(?=\S)(?:/usr/lib/netboot/spread \d+ && )*"
    r"(.*run-parts.*/etc/cron\.(?:daily|weekly|monthly).*)$",
    re.MULTILINE,
)
_RCS = re.compile(r"^#?\s*ASYNCMOUNTNFS=.*$", re.MULTILINE)


def hosts(old: str) -> str:
    """Return ``/etc/hosts`` with the names of localhost, and without a host name, hosts(5)."""
    kept = [line for line in old.splitlines() if not _INSTALLERS.match(line)]
    missing = [line for line in _HOSTS if line not in kept]
    return "".join(f"{line}\n" for line in [*missing, *kept])


def fstab(old: str, tuning: Tuning) -> str:
    """Return ``/etc/fstab`` with file systems in RAM and on file servers, fstab(5).

    Of the old lines, those for RAM and file servers stay. Lines for disks are removed, since these
    are the disks of another machine.
    """
    ram = []
    for one in tuning.tmpfs:
        options = one.get("options", SAFE)
        limits = (f"mode={one.get('mode') or EVERYBODY}", options, f"size={one['size']}", _OURS)
        ram.append(f"tmpfs {one['path']} tmpfs {','.join(filter(None, limits))} 0 0")
    servers = []
    for one in tuning.mounts:
        options = ",".join(filter(None, ("_netdev", one.get("options"), _OURS)))
        servers.append(f"{one['src']} {one['path']} {one.get('fstype') or 'nfs'} {options} 0 0")
    places = {"/", *(one["path"] for one in (*tuning.tmpfs, *tuning.mounts))}
    kept = [line for line in old.splitlines() if _stays(line.split(), places)]
    return "".join(f"{line}\n" for line in [_FSTAB_FIRST, *ram, *servers, *kept])


def _stays(fields: list[str], places: set[str]) -> bool:
    if len(fields) < 3 or fields[0].startswith("#"):
        return False
    ours = len(fields) > 3 and _OURS in fields[3].split(",")
    return fields[2] in _NOT_ON_DISK and fields[1] not in places and not ours


def crontab(old: str, tuning: Tuning) -> str:
    """Return ``/etc/crontab`` with the daily, weekly and monthly jobs spread over some minutes."""
    return _CRON.sub(rf"\1/usr/lib/netboot/spread {tuning.spread_minutes} && \2", old)


def rcs(old: str) -> str:
    """Return ``/etc/default/rcS`` for Debian's old init, so that it waits for NFS mounts, rcS(5).

    Otherwise it mounts NFS in the background, and users can log in before their home is mounted.
    """
    line = "ASYNCMOUNTNFS=no"
    changed, found = _RCS.subn(line, old)
    return changed if found else f"{old.rstrip()}\n{line}\n".lstrip()
