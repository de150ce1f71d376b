# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds of sources: each makes one of a folder, and says how to copy it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .everything import LONG_AGO

Way = Callable[[Path, Path], tuple[str, dict[str, Any]]]


def pack(source: Path, archive: Path, *compress: str) -> Path:
    tar = ["tar", "--create", f"--file={archive}", "--xattrs", "--xattrs-include=*", "--acls"]
    # tar stores no sockets
    (source / "dev/log").unlink()
    os.utime(source / "dev", ns=(LONG_AGO, LONG_AGO))
    subprocess.run(
        [*tar, "--format=pax", "--sparse", *compress, f"--directory={source}", "."], check=True
    )
    return archive


def by_cp(source: Path, _folder: Path) -> tuple[str, dict[str, Any]]:
    return str(source), {}


def by_rsync(source: Path, _folder: Path) -> tuple[str, dict[str, Any]]:
    return str(source), {"exclude": ["/not/there"]}


def by_ssh(source: Path, folder: Path) -> tuple[str, dict[str, Any]]:
    # rsync's own protocol over a remote shell that is a child instead of another host
    shell = folder / "rsh"
    shell.write_text('#!/bin/sh\n[ "$1" = -l ] && shift 2\nshift\nexec sh -c "$*"\n')
    shell.chmod(0o755)
    return f"root@pc01.example:{source}", {"rsh": str(shell)}


def by_gzip(source: Path, folder: Path) -> tuple[str, dict[str, Any]]:
    return str(pack(source, folder / "root.tar.gz", "--gzip")), {}


def by_zstd(source: Path, folder: Path) -> tuple[str, dict[str, Any]]:
    return str(pack(source, folder / "root.tar.zst", "--zstd")), {}


def by_squashfs(source: Path, folder: Path) -> tuple[str, dict[str, Any]]:
    # a squashfs image has no ACLs, and times in whole seconds
    for path in [source, *source.rglob("*")]:
        if not path.is_symlink():
            for name in os.listxattr(path):
                if name.startswith("system."):
                    os.removexattr(path, name)
        os.utime(path, ns=(LONG_AGO, LONG_AGO // 10**9 * 10**9), follow_symlinks=False)
    image = folder / "root.squashfs"
    subprocess.run(["mksquashfs", source, image, "-no-progress", "-quiet"], check=True)
    return str(image), {}
