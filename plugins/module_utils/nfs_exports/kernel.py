# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Exports as text for the kernel's NFS server, for a file in /etc/exports.d, exports(5)."""

from __future__ import annotations

import re
from typing import Any

from ansible_collections.diskless.netboot.plugins.module_utils.nfs_exports.model import (
    MARKER,
    Export,
    parse_exports,
)

# exports(5): all other bytes are written as a backslash and three octal digits.
_UNSAFE = re.compile(rb"[^A-Za-z0-9._+@:~/-]")


def nfs_exports(exports: Any) -> str:
    """Return the text of the whole file, sorted by path and address.

    Args:
        exports: as for `parse_exports`.

    Raises:
        InventoryError: the input has faults; the text lists all of them.
    """
    return "\n".join([MARKER, *(_export(export) for export in parse_exports(exports))]) + "\n"


def _export(export: Export) -> str:
    """Return the text of one export. Each client has its own line, for readable diffs."""
    clients = [f"{client.address}({','.join(client.options)})" for client in export.clients]
    return " \\\n    ".join([_escaped(export.path), *clients])


def _escaped(path: str) -> str:
    raw = path.encode("utf-8", "surrogateescape")
    return _UNSAFE.sub(lambda match: b"\\%03o" % match.group()[0], raw).decode("ascii")
