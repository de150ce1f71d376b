# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An image root that is small yet real enough to run commands in: dash, cat and their libraries."""

from __future__ import annotations

import functools
import re
import shutil
import subprocess
from pathlib import Path

VERSION = "6.1.0-50-amd64"


def make(root: Path, *programs: str) -> Path:
    """PROGRAMS of this machine, with what the dynamic linker needs, and empty mount points."""
    for name in ("proc", "sys", "dev", "run", "tmp", "etc", "boot", "usr/bin", "usr/sbin"):
        (root / name).mkdir(parents=True)
    (root / "bin").symlink_to("usr/bin")
    (root / "sbin").symlink_to("usr/sbin")
    for name in ("dash", "cat", *programs):
        path = shutil.which(name)
        assert path
        shutil.copy(path, root / "usr/bin" / name)
        for library in _libraries(path):
            place = root / library[1:]
            if not place.exists():
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(library, place)
    (root / "usr/bin/sh").symlink_to("dash")
    return root


@functools.cache
def _libraries(program: str) -> list[str]:
    return re.findall(r"(/\S+) \(0x", subprocess.check_output(["ldd", program], text=True))


def script(root: Path, name: str, text: str) -> None:
    path = root / name
    path.write_text(f"#!/bin/sh\n{text}")
    path.chmod(0o755)
