# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run rsync, cp, tar and find as children that do not outlive us."""

from __future__ import annotations

import os
import select
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import IO, cast

_CHUNK = 1 << 16  # bytes per read from a child's standard output
TICK = 1.0  # seconds at most from one look at a child to the next
_STDERR_KEPT = 4000  # bytes of a child's last complaints that are kept


@dataclass(frozen=True)
class Ended:
    """How a child ended: its exit code (negative: the signal) and its last error output."""

    code: int
    stderr: str

    @property
    def full_disk(self) -> bool:
        """Whether it stopped for want of space, inodes or quota (messages of strerror(3))."""
        return any(
            words in self.stderr for words in ("No space left on device", "Disk quota exceeded")
        )


def child_environment() -> dict[str, str]:
    """Our environment in the C locale, so that messages can be read, and without what
    would alter rsync, tar or du behind our back (rsync(1) and tar(1), ENVIRONMENT)."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("RSYNC_", "LC_", "LANG"))
        and name not in ("TAR_OPTIONS", "DU_BLOCK_SIZE", "BLOCK_SIZE", "POSIXLY_CORRECT")
    } | {"LC_ALL": "C"}


def run(
    argv: Sequence[str],
    on_record: Callable[[bytes], None] | None = None,
    *,
    separator: bytes = b"\n",
    held: Sequence[int] = (),
    watch: Callable[[int], None] | None = None,
) -> Ended:
    """Run argv to its end and hand each record of its standard output to on_record.

    A carriage return ends a line, too. watch is called with the child's process id whenever
    there was output, and at least every second.

    held are file descriptors (locks) that the child shares: a lock stays taken until
    the last writer is gone, even when we are killed. setpriv(1) asks the kernel to
    kill the child in that case. Raises OSError when the program cannot be started.
    """
    setpriv = shutil.which("setpriv")
    guard = [setpriv, "--pdeathsig", "KILL", "--"] if setpriv else []
    with tempfile.TemporaryFile() as complaints:
        child = subprocess.Popen(  # pylint: disable=ansible-bad-function
            [*guard, *argv],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=complaints,
            env=child_environment(),
            pass_fds=tuple(held),
            cwd="/",
        )
        with child:
            output = cast(IO[bytes], child.stdout)
            rest = b""
            while True:
                if watch is not None:
                    ready = select.select([output], [], [], TICK)[0]
                    watch(child.pid)
                    if not ready:
                        continue
                chunk = os.read(output.fileno(), _CHUNK)
                if not chunk:
                    break
                if separator == b"\n":
                    chunk = chunk.replace(b"\r", b"\n")
                *records, rest = (rest + chunk).split(separator)
                if on_record is not None:
                    for record in records:
                        on_record(record)
            if rest and on_record is not None:
                on_record(rest)
        size = complaints.seek(0, os.SEEK_END)
        complaints.seek(max(0, size - _STDERR_KEPT))
        stderr = complaints.read().decode(errors="backslashreplace").strip()
    return Ended(child.returncode, stderr)
