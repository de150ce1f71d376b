# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Paths, digests and package versions of an image root, read without ever leaving it."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from pathlib import Path


def resolve(root: Path, relative: str) -> Path:
    """Where ROOT/RELATIVE really lies when ROOT is ``/``, as for a process in a chroot.

    An image's links are often absolute (``/lib -> /usr/lib``); followed by the boot server they
    would name the boot server's own files. The result need not exist.

    :raises OSError: on a loop of links.
    """
    todo = [part for part in reversed(relative.split("/")) if part not in ("", ".")]
    done: list[str] = []
    links = 0
    while todo:
        part = todo.pop()
        if part == "..":
            if done:
                done.pop()
            continue
        here = root.joinpath(*done, part)
        if not here.is_symlink():
            done.append(part)
            continue
        links += 1
        if links > 40:  # the kernel's own limit, path_resolution(7)
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), f"{root}/{relative}")
        target = str(here.readlink())
        if target.startswith("/"):
            done.clear()
        todo.extend(p for p in reversed(target.split("/")) if p not in ("", "."))
    return root.joinpath(*done)


def find_program(root: Path, name: str) -> bool:
    """Whether the image has the program in one of the usual folders."""
    tops = ("usr/sbin", "usr/bin", "sbin", "bin")
    return any(resolve(root, f"{top}/{name}").is_file() for top in tops)


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes, in hex."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def tree_digest(top: Path, *, content: bool = True) -> str:
    """One SHA-256 over the names, modes and link targets below TOP, and the files' bytes.

    Without `content`, size and modification time stand for the bytes: for trees of hundreds of
    megabytes. A folder or file that is absent has the digest ``absent``.
    """
    if not top.exists():
        return "absent"
    digest = hashlib.sha256()
    for path in sorted([top, *top.rglob("*")]):
        info = path.lstat()
        kind = stat.S_IFMT(info.st_mode)
        fact = ""
        if kind == stat.S_IFLNK:
            fact = str(path.readlink())
        elif kind == stat.S_IFREG:
            fact = file_digest(path) if content else f"{info.st_size} {info.st_mtime_ns}"
        line = f"{path.relative_to(top)}\0{info.st_mode:o}\0{fact}\0"
        digest.update(line.encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def packages(root: Path) -> dict[str, str]:
    """Installed packages and their versions, by dpkg's status file (deb822, see dpkg(1))."""
    status = resolve(root, "var/lib/dpkg/status")
    if not status.is_file():
        return {}
    found: dict[str, str] = {}
    fields: dict[str, str] = {}
    for line in [*status.read_text("utf-8", "replace").split("\n"), ""]:
        if not line:
            if fields.get("Status", "").endswith(" installed"):
                found[fields["Package"]] = fields.get("Version", "")
            fields = {}
        elif line.startswith(("Package: ", "Status: ", "Version: ")):
            key, _colon, value = line.partition(": ")
            fields[key] = value
    return found


def distribution(root: Path) -> str:
    """The ID of os-release(5), for example ``debian``; empty when the root has none."""
    for name in ("etc/os-release", "usr/lib/os-release"):
        path = resolve(root, name)
        if path.is_file():
            for line in path.read_text("utf-8", "replace").splitlines():
                if line.startswith("ID="):
                    return line[3:].strip("\"'")
    return ""
