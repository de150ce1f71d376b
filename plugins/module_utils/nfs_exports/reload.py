# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lets an NFS server have other exports, and looks whether it serves them.

exportfs(8) of the kernel's server ends with status 0 when it did not understand a line. What it
understood is in /var/lib/nfs/etab. NFS-Ganesha's half is in ganesha_reload.py.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ansible_collections.diskless.netboot.plugins.module_utils.nfs_exports.command import run
from ansible_collections.diskless.netboot.plugins.module_utils.nfs_exports.error import (
    ReloadError,
    some,
)
from ansible_collections.diskless.netboot.plugins.module_utils.nfs_exports.ganesha_reload import (
    reload_ganesha,
)

GANESHA, KERNEL = "ganesha", "kernel"
SERVERS = (GANESHA, KERNEL)

_EXPORTFS = ("exportfs", "-ra")
_ETAB = Path("/var/lib/nfs/etab")
_OCTAL = re.compile(rb"\\([0-7]{3})")


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
        reload_ganesha(Path(file), timeout)
    else:
        _kernel(exports)


def _kernel(exports: Sequence[Mapping[str, Any]]) -> None:
    ended = run(_EXPORTFS)
    served = etab(_ETAB.read_bytes())
    wrong = [
        f"{export['path']} for {client['address']}"
        for export in exports
        for client in export["clients"]
        if client["address"] not in served.get(export["path"], ())
    ]
    if ended.code or wrong:
        why = ended.errors or "it did not say why"
        raise ReloadError(f"exportfs did not export {some(wrong) or 'anything new'}: {why}")


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
