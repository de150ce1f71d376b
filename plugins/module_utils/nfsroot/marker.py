# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What we remember of a destination root, kept in a file beside it, and its lock."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

FORMAT = 1
COPYING = "copying"
COMPLETE = "complete"


class MarkerUnreadableError(Exception):
    """The marker is there but is not ours to understand."""


class BusyError(Exception):
    """Another run holds the lock of this destination."""


@dataclass(frozen=True)
class Marker:
    """state is V(copying) or V(complete); finished is in UTC, ISO 8601, null while copying."""

    state: str
    src: str
    label: str | None = None
    finished: str | None = None


def read(path: Path) -> Marker | None:
    """The marker at path, or None where there is none. Raises MarkerUnreadableError."""
    try:
        with path.open(encoding="utf-8") as file:
            data = json.load(file)
        if data["format"] != FORMAT or data["state"] not in (COPYING, COMPLETE):
            raise MarkerUnreadableError(f"{path} is of an unknown format, of a newer version maybe")
        return Marker(data["state"], data["src"], data["label"], data["finished"])
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise MarkerUnreadableError(f"{path} is not a marker of nfsroot_sync; remove it") from error


def write(path: Path, marker: Marker) -> None:
    """Replace the marker, so that after a crash it is the old one or the new one."""
    temporary = path.with_name(f"{path.name}.new")  # the lock makes us the only writer
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(temporary, flags, 0o644), "w", encoding="utf-8") as file:
        json.dump({"format": FORMAT, **asdict(marker)}, file, indent=2)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    fsync_folder(path.parent)


def fsync_folder(path: Path) -> None:
    """Make the names in a folder durable (fsync(2): a file's fsync does not do that)."""
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextlib.contextmanager
def lock(path: Path, wait: float) -> Iterator[int]:
    """Hold the lock file at path; yields its descriptor for children to share.

    Waits up to wait seconds, because the children of a killed run need a moment to
    die. Raises BusyError. The file stays: removing a lock file opens a race.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        take(descriptor, wait)
        yield descriptor
    finally:
        os.close(descriptor)


def take(descriptor: int, wait: float) -> None:
    """flock(2) an open file or folder within wait seconds, or raise BusyError."""
    until = time.monotonic() + wait
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() >= until:
                raise BusyError from None
            time.sleep(0.05)
