# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lets an NFS server read its exports again, and looks whether it serves them.

NFS-Ganesha reads them after ``systemctl reload`` has ended. It says in its log when it has
finished, and only there that it refused an export. Over D-Bus, it lists the exports that it serves
(``org.ganesha.nfsd.exportmgr``, seen with 4.3 and 6.5).

exportfs(8) of the kernel's server ends with status 0 when it did not understand a line. What it
understood is in /var/lib/nfs/etab.
"""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.diskless.netboot.plugins.module_utils.nfs_exports.ganesha import (
    read_export_ids,
)

GANESHA, KERNEL = "ganesha", "kernel"
SERVERS = (GANESHA, KERNEL)

_LOG = Path("/var/log/ganesha/ganesha.log")
_UNIT = "nfs-ganesha"
_RELOAD = ("systemctl", "reload-or-restart", _UNIT)  # it is started if it is not running
_FINISHED = re.compile(r"Reread exports complete|NFS SERVER INITIALIZED")
_WRONG = re.compile(r":(?:CRIT|FATAL|MAJ) :(.*)")
_SHOW = (
    *("busctl", "--system", "--json=short", "call", "org.ganesha.nfsd"),
    *("/org/ganesha/nfsd/ExportMgr", "org.ganesha.nfsd.exportmgr", "ShowExports"),
)
_EXPORTFS = ("exportfs", "-ra")
_ETAB = Path("/var/lib/nfs/etab")
_OCTAL = re.compile(rb"\\([0-7]{3})")
_PAUSE = 0.2
_SHOWN = 5


class ReloadError(Exception):
    """The server does not serve what it should. The text says what, and what the server said."""


@dataclass(frozen=True)
class Ended:
    """What a command came to."""

    code: int
    output: str
    errors: str


def reload(server: str, exports: Sequence[Mapping[str, Any]], file: str, timeout: float) -> None:
    """Let *server* read its exports again, and wait until it serves them.

    Args:
        server: one of SERVERS.
        exports: what *file* says, as `parse_exports` accepts it.
        file: absolute path of the file with the exports that this collection wrote.
        timeout: how long the server may take, in seconds.

    Raises:
        ReloadError: an export is missing, or has other clients than it should.
        OSError: a program or a file is missing.
    """
    if server == GANESHA:
        _ganesha(Path(file), timeout)
    else:
        _kernel(exports)


def _ganesha(file: Path, timeout: float) -> None:
    start = _LOG.stat().st_size if _LOG.exists() else 0
    ended = _run(_RELOAD)
    if ended.code:
        raise ReloadError(f"{' '.join(_RELOAD)} failed: {ended.errors}")
    deadline = time.monotonic() + timeout
    while not _FINISHED.search(_said_since(start)):
        if time.monotonic() > deadline:
            raise ReloadError(f"NFS-Ganesha has not read its exports after {timeout:.0f} s")
        time.sleep(_PAUSE)
    expected = read_export_ids(file.read_text("utf-8", "surrogateescape"))
    served = _served_by_ganesha()
    missing = sorted(path for path, number in expected.items() if served.get(path) != number)
    if missing:
        # What it refused, it says after it has finished.
        why = _WRONG.findall(_said_since(start)) or [f"it did not say why in {_LOG}"]
        raise ReloadError(
            f"NFS-Ganesha does not serve {_some(missing)}: {'; '.join(why[-_SHOWN:])}"
        )


def _said_since(start: int) -> str:
    """Return what was written to the log after its first *start* bytes, or all of a new log."""
    try:
        with _LOG.open("rb") as file:
            file.seek(start if start <= _LOG.stat().st_size else 0)
            return file.read().decode("utf-8", "replace")
    except FileNotFoundError:
        return ""


def _served_by_ganesha() -> dict[str, int]:
    """Return the number of each export by its path."""
    ended = _run(_SHOW)
    if ended.code:
        raise ReloadError(f"NFS-Ganesha does not answer over D-Bus: {ended.errors}")
    _time, exports = json.loads(ended.output)["data"]
    return {path: number for number, path, *_rest in exports}


def _kernel(exports: Sequence[Mapping[str, Any]]) -> None:
    ended = _run(_EXPORTFS)
    served = etab(_ETAB.read_bytes())
    wrong = [
        f"{export['path']} for {client['address']}"
        for export in exports
        for client in export["clients"]
        if client["address"] not in served.get(export["path"], ())
    ]
    if ended.code or wrong:
        why = ended.errors or "it did not say why"
        raise ReloadError(f"exportfs did not export {_some(wrong) or 'anything new'}: {why}")


def etab(table: bytes) -> dict[str, set[str]]:
    """Return who each path is exported to, from the text of /var/lib/nfs/etab.

    Each line is ``PATH<tab>CLIENT(OPTIONS)``, with octal escapes in the path.
    """
    found: dict[str, set[str]] = {}
    for line in table.splitlines():
        path, _tab, client = line.partition(b"\t")
        plain = _OCTAL.sub(lambda match: bytes([int(match.group(1), 8)]), path)
        address = client.partition(b"(")[0].decode("utf-8", "surrogateescape")
        found.setdefault(plain.decode("utf-8", "surrogateescape"), set()).add(address)
    return found


def _run(command: Sequence[str]) -> Ended:
    ended = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    return Ended(ended.returncode, ended.stdout, ended.stderr.strip())


def _some(names: Sequence[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
