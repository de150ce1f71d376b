# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Trees of files on the disk for benches of copies, and the module that copies them."""

from __future__ import annotations

import json
import os
import random
import stat
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from string import ascii_lowercase

from ansible_collections.diskless.netboot.tests.bench.harness import Process
from ansible_collections.diskless.netboot.tests.lab.places import PROJECT

# /var/tmp outlives a boot (FHS), so it is no tmpfs; BENCH_FOLDER names a folder on another disk.
ON_DISK = os.environ.get("BENCH_FOLDER", "/var/tmp")
RSYNC = ("rsync", "-aHAXS", "--numeric-ids", "--one-file-system", "--delete")


def make(root: Path, folders: int, files: int, sizes: Sequence[int]) -> None:
    """Make files of random content, as many of each of sizes (bytes), evenly in folders.

    The folders lie three levels down, as most of a system's do.
    """
    source = random.Random(1)
    content = {size: source.randbytes(size) for size in sizes}
    root.mkdir()
    for number in range(folders):
        _folder(root, number).mkdir(parents=True)
    for number in range(files):
        size = sizes[number % len(sizes)]
        (_folder(root, number % folders) / f"{number}").write_bytes(content[size])


def _folder(root: Path, number: int) -> Path:
    top, middle = number % 8, number // 8 % len(ascii_lowercase)
    return root / ascii_lowercase[top] / ascii_lowercase[middle] / f"{number}"


def change(root: Path, folders: int, files: int, share: float) -> None:
    """Change a share of a copy's files, evenly, and have it written to the disk."""
    for number in range(0, files, round(1 / share)):
        with (_folder(root, number % folders) / f"{number}").open("ab") as file:
            file.write(b"changed")
    os.sync()


def set_aside(*roots: Path) -> None:
    """Give copies that are made again a new folder each, and have all written to the disk.

    The old one is kept to the end of the bench: for minutes after many files were deleted, an ext4
    without a journal passes over each of their inodes for each file it makes (its
    ``recently_deleted``), which made a copy twelve times slower, its own or the other side's.
    """
    for root in roots:
        if root.parent.exists():
            root.parent.rename(tempfile.mkdtemp(prefix="old-", dir=root.parent.parent))
        root.parent.mkdir()
    os.sync()


def module(source: Path, dest: Path, before: Callable[[], object]) -> Process:
    """Return a run of the module as a target runs it, in a Python of its own."""
    arguments = dest.parent.with_name(f"{dest.parent.name}.json")
    options = {"src": str(source), "dest": [str(dest)]}
    arguments.write_text(json.dumps({"ANSIBLE_MODULE_ARGS": options}), encoding="utf-8")
    words: list[str | Path] = [
        sys.executable,
        PROJECT / "plugins/modules/nfsroot_sync.py",
        arguments,
    ]
    return Process(words, before=before)


def difference(one: Path, other: Path) -> str:
    """Return what differs first between two trees of folders and files, or "" if nothing does.

    Looks at one folder after the other, so that a million files need little memory.
    """
    for folder, _folders, _files in os.walk(one):
        beside = str(other) + folder[len(str(one)) :]
        names = _names(folder)
        if _names(beside) != names:
            return f"names in {folder}"
        for name in [".", *names]:
            first, second = Path(folder, name), Path(beside, name)
            if _seen(first) != _seen(second):
                return str(first)
    return ""


def _names(folder: str) -> list[str]:
    with os.scandir(folder) as entries:
        return sorted(entry.name for entry in entries)


def _seen(path: Path) -> tuple[object, ...]:
    status = path.lstat()
    content = path.read_bytes() if stat.S_ISREG(status.st_mode) else None
    links = status.st_nlink if content is not None else None
    return (status.st_mode, status.st_uid, status.st_gid, status.st_mtime_ns, links, content)
