# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Paths, digests and package versions of an image's root. No link leads out of the root."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from pathlib import Path


def resolve(root: Path, relative: str) -> Path:
    """Return the real path of ROOT/RELATIVE, as a process with ROOT as its ``/`` would find it.

    The links of an image are often absolute (``/lib -> /usr/lib``). On the boot server, they would
    lead to the boot server's own files. The result need not exist.

    :raises OSError: the links form a loop.
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
    """Return whether the image has a program in one of the usual folders."""
    tops = ("usr/sbin", "usr/bin", "sbin", "bin")
    return any(resolve(root, f"{top}/{name}").is_file() for top in tops)


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hex."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def tree_digest(top: Path, *, content: bool = True) -> str:
    """Return one SHA-256 over the names, modes and link targets below TOP, and the files' bytes.

    :param content: whether to read the files. If not, their size and modification time are used
        instead of the bytes. This is for trees of hundreds of megabytes.
    :returns: the digest in hex, or ``absent`` if there is no such file or folder.
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
    """Return the versions of installed packages by name, from dpkg's status file (see dpkg(1))."""
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
    """Return the ID in os-release(5), for example ``debian``, or "" if there is none."""
    return os_release(root, "ID")


def os_release(root: Path, key: str) -> str:
    """Return a value of os-release(5), or "" if there is none.

    Python has this only from 3.10 on, and Debian 11 has 3.9.
    """
    for name in ("etc/os-release", "usr/lib/os-release"):
        path = resolve(root, name)
        if path.is_file():
            for line in path.read_text("utf-8", "replace").splitlines():
                if line.startswith(f"{key}="):
                    return line.partition("=")[2].strip("\"'")
    return ""
