# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The marker of a destination root, which is a file beside it, and its lock."""

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
    """The marker exists, but it has an unknown format."""


class BusyError(Exception):
    """Another run holds the lock of this destination."""


@dataclass(frozen=True)
class Marker:
    """What is remembered of a destination root.

    Attributes:
        state: COPYING or COMPLETE.
        src: the source, as the user wrote it.
        label: the label of the copy, or None.
        finished: when the copy was complete, in UTC, as ISO 8601; None while copying.
    """

    state: str
    src: str
    label: str | None = None
    finished: str | None = None


def read(path: Path) -> Marker | None:
    """Return the marker at *path*, or None if there is none.

    Raises:
        MarkerUnreadableError: the file has another format.
    """
    try:
        with path.open(encoding="utf-8") as file:
            data = json.load(file)
        if data["format"] != FORMAT or data["state"] not in (COPYING, COMPLETE):
            raise MarkerUnreadableError(f"{path} is of an unknown format, maybe of a newer version")
        return Marker(data["state"], data["src"], data["label"], data["finished"])
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise MarkerUnreadableError(f"{path} is not a marker of nfsroot_sync; remove it") from error


def write(path: Path, marker: Marker) -> None:
    """Replace the marker. After a crash, there is either the old marker or the new one."""
    temporary = path.with_name(f"{path.name}.new")  # the lock keeps other writers out
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(temporary, flags, 0o644), "w", encoding="utf-8") as file:
        json.dump({"format": FORMAT, **asdict(marker)}, file, indent=2)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    fsync_folder(path.parent)


def fsync_folder(path: Path) -> None:
    """Write the names in a folder to the disk. The fsync of a file does not do this, fsync(2)."""
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextlib.contextmanager
def lock(path: Path, wait: float) -> Iterator[int]:
    """Hold the lock file at *path*. Yields its descriptor, which children can share.

    The file is not removed afterwards, since removing a lock file causes a race.

    Args:
        path: the lock file.
        wait: how long to wait, in seconds. The processes of a killed run need a moment to end.

    Raises:
        BusyError: another run holds the lock.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        take(descriptor, wait)
        yield descriptor
    finally:
        os.close(descriptor)


def take(descriptor: int, wait: float) -> None:
    """Lock an open file or folder with flock(2).

    Raises:
        BusyError: another run still holds the lock after *wait* seconds.
    """
    until = time.monotonic() + wait
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() >= until:
                raise BusyError from None
            time.sleep(0.05)
