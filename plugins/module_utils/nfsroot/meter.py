# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run rsync, cp, tar, unsquashfs and sync, and write meanwhile how far they are to a file."""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot import command
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot.command import Ended
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot.progress import (
    Progress,
    dump,
)

FILE_NAME = "progress.json"
_INTERVAL = 1.0  # seconds from one report to the next
_DOING = {"tar": "unpacking for", "unsquashfs": "unpacking for", "sync": "writing to the disk"}
# What makes each of them tell of every file (rsync: of bytes and files, once in a while).
_TELL = {
    "rsync": ["--info=progress2"],
    "cp": ["--verbose"],
    "tar": ["--verbose"],
    "unsquashfs": ["-info"],
}
# rsync(1), --info=progress2: bytes, per cent, rate, time, and after each file
# (xfr#TRANSFERRED, to-chk=REMAINING/KNOWN), with ir-chk while more become known
_RSYNC = re.compile(rb"\s+(\d+)\s+\d+%.*?(?:(to|ir)-chk=(\d+)/(\d+)\))?\s*")
_UNSQUASHFS = re.compile(rb"(\d+) inodes \(\d+ blocks\) to write")

Totals = Callable[[], "tuple[int | None, int]"]
"""Tells the bytes (None: that cannot be known) and things that there will be; may take long."""


class Meter:
    """Runs commands. With a file, reports of them; without, costs nothing.

    A report that cannot be written is left out: the copy matters more.
    """

    def __init__(self, file: Path | None, beginning: str) -> None:
        """beginning is what is done before the first command runs."""
        self._file = file
        self._reported = 0.0
        self._report(Progress(beginning, os.getpid()))

    def run(
        self,
        argv: Sequence[str],
        on_record: Callable[[bytes], None] | None = None,
        *,
        dest: Path,
        held: Sequence[int] = (),
        totals: Totals | None = None,
    ) -> Ended:
        """As command.run(). dest is the destination to report; totals runs beside the command."""
        if self._file is None:
            return command.run(argv, on_record, held=held)
        program, *arguments = argv
        progress = Progress(f"{_DOING.get(program, 'copying to')} {dest}", os.getpid())
        started = time.monotonic()
        if totals is not None:
            threading.Thread(target=_count, args=(progress, totals), daemon=True).start()

        def record(line: bytes) -> None:
            if not _learn(program, line, progress) and on_record is not None:
                on_record(line)

        def watch(pid: int) -> None:
            now = time.monotonic()
            if now - self._reported < _INTERVAL:
                return
            self._reported = now
            progress.seconds = round(now - started, 1)
            read = _position(pid, arguments) if program == "tar" else None
            progress.read = read or progress.read
            # When tar's decompressor has ended, what that wrote counts as written by tar.
            if program in ("cp", "unsquashfs") or read is not None:
                progress.size = _written(pid) or progress.size
            self._report(progress)

        tell = _TELL.get(program, [])
        return command.run([program, *tell, *arguments], record, held=held, watch=watch)

    def _report(self, progress: Progress) -> None:
        """Replace the file, so that who reads it finds a whole one."""
        if self._file is None:
            return
        with contextlib.suppress(OSError):
            descriptor, name = tempfile.mkstemp(dir=self._file.parent)
            try:
                with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                    file.write(dump(progress))
                Path(name).rename(self._file)
            except OSError:
                Path(name).unlink()


def _count(progress: Progress, totals: Totals) -> None:
    with contextlib.suppress(OSError):
        progress.total_size, progress.total_files = totals()


def _learn(program: str, line: bytes, progress: Progress) -> bool:
    """Learn from a line of a program's output; whether there was nothing else in it."""
    if program == "rsync":
        found = _RSYNC.fullmatch(line)
        if not found:
            return False
        progress.size = int(found[1])
        if found[4]:
            progress.files = int(found[4]) - int(found[3])
            if found[2] == b"to":
                progress.total_files = int(found[4])
        return True
    if program == "unsquashfs" and not line.startswith(b"/"):
        found = _UNSQUASHFS.match(line)
        if found:
            progress.total_files = int(found[1])
    elif program in _TELL:
        progress.files += 1
    return True


def _written(pid: int) -> int:
    """Bytes that a process wrote, to whatever (proc(5), /proc/PID/io); 0 if unknown."""
    with contextlib.suppress(OSError, ValueError):
        for entry in Path(f"/proc/{pid}/io").read_text("ascii").splitlines():
            name, colon, value = entry.partition(": ")
            if name == "wchar" and colon:
                return int(value)
    return 0


def _position(pid: int, arguments: Sequence[str]) -> float | None:
    """How much of its archive a tar has read: itself, or the decompressor that it started."""
    archive = Path(next(word[7:] for word in arguments if word.startswith("--file=")))
    with contextlib.suppress(OSError, ValueError):
        size = archive.stat().st_size
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()
        for process in (str(pid), *children):
            for file in Path(f"/proc/{process}/fd").iterdir():
                if file.exists() and file.samefile(archive):
                    info = Path(f"/proc/{process}/fdinfo/{file.name}").read_text("ascii")
                    return int(info.split()[1]) / size
    return None
