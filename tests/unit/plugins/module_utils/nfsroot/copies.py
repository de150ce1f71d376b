# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copy, and look at what a copy leaves beside its root."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot.checks import Request
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot.outcome import Outcome
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot.sync import sync


def copy(src: object, *dest: Path, **options: Any) -> Outcome:
    """Copy, and say at once what failed."""
    outcome = sync(Request(str(src), [str(path) for path in dest], **options))
    assert outcome.errors == []
    return outcome


def mark(dest: Path) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((dest.parent / f".{dest.name}.nfsroot.json").read_text())
    return data


def leftovers(dest: Path) -> set[str]:
    """What lies beside a root, but for what belongs there."""
    names = {path.name for path in dest.parent.iterdir()}
    return names - {dest.name, f".{dest.name}.nfsroot.json", f".{dest.name}.nfsroot.lock"}
