# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs rsync, cp, tar and find as children that are killed if this process is killed."""

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
TICK = 1.0  # maximum number of seconds between two calls of watch
_STDERR_KEPT = 4000  # bytes of a child's last error output that are kept


@dataclass(frozen=True)
class Ended:
    """How a child ended: its exit code (negative for a signal), and its last error output."""

    code: int
    stderr: str

    @property
    def full_disk(self) -> bool:
        """Whether it ended because no space, inodes or quota were left (messages: strerror(3))."""
        return any(
            words in self.stderr for words in ("No space left on device", "Disk quota exceeded")
        )


def child_environment() -> dict[str, str]:
    """Return the environment for children, in the C locale, since their messages are read here.

    Variables that change what rsync, tar or du do are left out (rsync(1) and tar(1), ENVIRONMENT).
    """
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
    """Run a command until it ends.

    If this process is killed, the kernel kills the child too, because of setpriv(1).

    Args:
        argv: the command.
        on_record: called with each record of the standard output.
        separator: what ends a record. If it is a newline, a carriage return ends a record too.
        held: file descriptors of locks that the child shares. So a lock is held until the last
            writer has ended, even if this process is killed.
        watch: called with the process id of the child after each output, and at least once a
            second.

    Raises:
        OSError: the program cannot be started.
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
