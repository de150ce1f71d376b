# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs rsync, cp, tar, unsquashfs and sync, and writes their progress to a file meanwhile."""

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
# The options with which each program prints a line for each file. rsync prints the number of bytes
# and files from time to time instead.
_TELL = {
    "rsync": ["--info=progress2"],
    "cp": ["--verbose"],
    "tar": ["--verbose"],
    "unsquashfs": ["-info"],
}
# rsync(1), --info=progress2: bytes, per cent, rate, time, and after each file
# (xfr#TRANSFERRED, to-chk=REMAINING/KNOWN). It is ir-chk while rsync still finds more files.
_RSYNC = re.compile(rb"\s+(\d+)\s+\d+%.*?(?:(to|ir)-chk=(\d+)/(\d+)\))?\s*")
_UNSQUASHFS = re.compile(rb"(\d+) inodes \(\d+ blocks\) to write")

Totals = Callable[[], "tuple[int | None, int]"]
"""Returns the number of bytes (None if it cannot be known), and of files and so on, at the end.

The call may take long.
"""


class Meter:
    """Runs commands. With a file, it also reports their progress.

    If a report cannot be written, the copy still goes on.
    """

    def __init__(self, file: Path | None, beginning: str) -> None:
        """Write the first report.

        Args:
            file: the file for reports, or None.
            beginning: what is being done before the first command runs.
        """
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
        """Run a command, as command.run() does, and report its progress.

        Args:
            argv: the command.
            on_record: as for command.run(), but it does not get the lines about progress.
            dest: the destination, for the report.
            held: as for command.run().
            totals: returns what there is to do. It runs in a thread beside the command.
        """
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
            # When tar's decompressor has ended, the kernel adds its written bytes to those of tar.
            # So they are used only while the archive is being read.
            if program in ("cp", "unsquashfs") or read is not None:
                progress.size = _written(pid) or progress.size
            self._report(progress)

        tell = _TELL.get(program, [])
        return command.run([program, *tell, *arguments], record, held=held, watch=watch)

    def _report(self, progress: Progress) -> None:
        """Replace the file with a rename, so that a reader never gets half a report."""
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
    """Read the progress in a line of a program's output.

    Returns whether the line is only about progress, so that nobody else needs it.
    """
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
    """Return the bytes that a process wrote in all (proc(5), /proc/PID/io), or 0 if not known."""
    with contextlib.suppress(OSError, ValueError):
        for entry in Path(f"/proc/{pid}/io").read_text("ascii").splitlines():
            name, colon, value = entry.partition(": ")
            if name == "wchar" and colon:
                return int(value)
    return 0


def _position(pid: int, arguments: Sequence[str]) -> float | None:
    """Return how much of the archive tar or its decompressor has read, from 0 to 1, or None."""
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
