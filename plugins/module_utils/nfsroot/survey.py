# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks find(1) and du(1) for the size of a folder, its contents, and what changed in it."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot.command import run
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot.source import literal

# The codes of rsync(1), --itemize-changes, for new files, folders, links and so on.
_NEW = {"f": ">f", "d": "cd", "l": "cL", "b": "cD", "c": "cD", "p": "cS", "s": "cS"}
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass
class Changes:
    """Itemised changes. All of them are counted, and the first ones are stored."""

    keep: int
    count: int = 0
    lines: list[str] = field(default_factory=list)

    def add(self, line: bytes) -> None:
        """Count one change. *line* has its code and its name."""
        self.count += 1
        if len(self.lines) < self.keep:
            self.lines.append(readable(line))

    def extend(self, others: Changes) -> None:
        """Add the changes in *others*."""
        self.count += others.count
        self.lines += others.lines[: self.keep - len(self.lines)]


def readable(name: bytes) -> str:
    """Return *name*, which can have any bytes, as one line of text."""
    text = name.decode(errors="backslashreplace")
    return _CONTROL.sub(lambda match: f"\\x{ord(match[0]):02x}", text)


def clock() -> str:
    """Return the current time in the format of find's -newerct.

    The clock for the times of inodes can be some milliseconds behind. So call this a little before
    reading begins.
    """
    now = time.time_ns()
    return f"{now // 10**9}.{now % 10**9:09d}"


def _prunes(folder: str, excludes: Sequence[str]) -> list[str]:
    base = literal("" if folder == "/" else folder)
    tests: list[str] = []
    for pattern in excludes:
        bare = re.sub(r"/\*\*\*$|/$", "", pattern)
        if bare.startswith("/"):
            tests += ["-o", "-path", f"{base}{bare}"]
        elif "/" in bare:
            tests += ["-o", "-path", f"*/{bare}"]
        else:
            tests += ["-o", "-name", bare]
    return ["(", *tests[1:], ")", "-prune", "-o"] if tests else []


def changed_since(
    folder: str, since: str, excludes: Sequence[str], one_file_system: bool
) -> str | None:
    """Return the name of one thing in *folder* whose inode changed after *since*, or None.

    Each write, rename, new link and change of permissions sets the change time. Two processes
    search, each in half of the folders on the second level, such as usr/lib and usr/share.
    """
    base = "" if folder == "/" else folder

    def look(others: str) -> str | None:
        found: list[bytes] = []
        # With "or", find checks the type first. With "and", it would compare the name of each file
        # before that, which takes longer.
        skipped = ["!", "-type", "d", "-o", "-regex", f"{re.escape(base)}/[^/]+/[{others}][^/]*"]
        ended = run(
            [
                *("find", folder, "-regextype", "posix-extended"),
                *(["-xdev"] if one_file_system else []),
                *_prunes(folder, excludes),
                *("-newerct", f"@{since}", "-printf", "/%P\\0", "-quit", "-o", *skipped, "-prune"),
            ],
            found.append,
            separator=b"\0",
        )
        if found:
            return readable(found[0])
        return "(vanished)" if "No such file" in ended.stderr else None

    with ThreadPoolExecutor(2) as both:
        return next(filter(None, both.map(look, ("0-4A-Ma-m", "^0-4A-Ma-m"))), None)


def changed_files(folder: str, reference: str) -> list[bytes]:
    """Return the names of files in *folder* whose inode changed after *reference* was written.

    Raises:
        OSError: not all of the folder could be read.
    """
    found: list[bytes] = []
    tests = ["-type", "f", "-cnewer", reference, "-printf", "%P\\0"]
    ended = run(["find", folder, "-xdev", *tests], found.append, separator=b"\0")
    if ended.code:
        raise OSError(f"find ended with code {ended.code}: {ended.stderr}")
    return found


@dataclass
class Contents:
    """The number of files, folders and so on in a folder (with itself), and their bytes.

    *size* is that of files and links.
    """

    files: int = 0
    size: int = 0


def contents(folder: str, one_file_system: bool, changes: Changes) -> Contents:
    """Count what is in *folder*. Each thing is added to *changes* as rsync shows new things."""
    total = Contents()

    def count(record: bytes) -> None:
        kind, size, name = record.split(b" ", 2)
        total.files += 1
        if kind in (b"f", b"l"):
            total.size += int(size)
        code = _NEW.get(kind.decode(), "??")
        changes.add(b"%s+++++++++ %s" % (code.encode(), name))

    walk = ["find", folder, *(["-xdev"] if one_file_system else [])]
    shown = ["(", "-type", "d", "-printf", "%y %s %P/\\0", ")"]
    shown += ["-o", "(", "-type", "l", "-printf", "%y %s %P -> %l\\0", ")"]
    run([*walk, *shown, "-o", "-printf", "%y %s %P\\0"], count, separator=b"\0")
    return total


def totals(folder: str, excludes: Sequence[str], one_file_system: bool, *, holes: bool) -> Contents:
    """Count what a copy of *folder* will have. A file with several hard links is counted once.

    To know which files were counted, each file with several links is stored, in 75 MiB for a
    million of them. The number of links does not help: in a release, most of them are in other
    releases.

    Args:
        folder: the folder.
        excludes: patterns of what is not copied.
        one_file_system: whether the copy stays on one file system.
        holes: whether the holes of sparse files are counted.
    """
    total = Contents()
    seen: set[bytes] = set()

    def count(record: bytes) -> None:
        kind, links, size, blocks, inode = record.split()
        total.files += 1
        if kind != b"f" or inode in seen:
            return
        if links != b"1":
            seen.add(inode)
        total.size += int(size) if holes else min(int(size), int(blocks) * 512)

    walk = ["find", folder, *(["-xdev"] if one_file_system else []), *_prunes(folder, excludes)]
    run([*walk, "-printf", "%y %n %s %b %D:%i\\n"], count)
    return total


def usage(folder: str, excludes: Sequence[str], one_file_system: bool) -> tuple[int, int]:
    """Return the bytes on disk and the inodes of *folder*. The real numbers may be higher."""
    base = literal("" if folder == "/" else folder)
    options = ["--one-file-system"] if one_file_system else []
    for pattern in excludes:
        bare = re.sub(r"/\*\*\*$|/$", "", pattern)
        options.append(f"--exclude={base}{bare}" if bare.startswith("/") else f"--exclude={bare}")
    found: list[bytes] = []
    for unit in ("--block-size=1", "--inodes"):
        run(["du", "--summarize", unit, *options, "--", folder], found.append)
    numbers = [int(line.split()[0]) for line in found]
    return (numbers[0], numbers[1]) if len(numbers) == 2 else (0, 0)
