# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The progress of a copy, as data from the boot server to the controller, and as text."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


@dataclass
class Progress:
    """The progress of a copy.

    Attributes:
        doing: what is being done, such as ``copying to /a/root``.
        pid: id of the process that waits for the copy and reports.
        seconds: time since the copy began, in seconds.
        size: bytes written so far.
        files: number of files, folders, links and devices that were made or compared so far.
        total_size: bytes at the end, or None if not known yet.
        total_files: number of files, folders, links and devices at the end, or None if not known.
        read: how much of a packed source was read, from 0 to 1, or None for other sources.
    """

    doing: str
    pid: int
    seconds: float = 0.0
    size: int = 0
    files: int = 0
    total_size: int | None = None
    total_files: int | None = None
    read: float | None = None

    @property
    def share(self) -> float | None:
        """How much of the work is done, from 0 to 1, or None if it is not known."""
        if self.read is not None:
            return min(self.read, 1.0)
        if self.size and self.total_size:
            return min(self.size / self.total_size, 1.0)
        if self.files and self.total_files:
            return min(self.files / self.total_files, 1.0)
        return None

    @property
    def left(self) -> float | None:
        """Estimated time that is left, in seconds, or None if too little is known."""
        share = self.share
        return self.seconds * (1 - share) / share if share and share > 0.001 else None


def dump(progress: Progress) -> str:
    """Return *progress* as JSON, for `load`."""
    return json.dumps(asdict(progress))


def load(text: str) -> Progress | None:
    """Return what `dump` wrote, or None for any other text."""
    try:
        return Progress(**json.loads(text))
    except (ValueError, TypeError):
        return None


def line(progress: Progress) -> str:
    """Return *progress* as a line of text: bytes, files, rate and time left, if they are known.

    >>> line(Progress("copying to /a/root", 1, 10.0, 5 << 20, 50, 10 << 20, 100))
    'copying to /a/root: 5.0 of 10.0 MiB, 50 of 100 files, 512 KiB/s, 10 s left'
    """
    words = []
    if progress.size:
        words.append(_of(progress.size, progress.total_size))
    if progress.files:
        total = progress.total_files
        more = f" of {total}" if total and total > progress.files else ""
        words.append(f"{progress.files}{more} files")
    if progress.size and progress.seconds >= 1:
        words.append(f"{_bytes(progress.size / progress.seconds)}/s")
    if progress.read is not None:
        words.append(f"{progress.read:.0%} of the source read")
    left = progress.left
    words.append(f"{duration(progress.seconds)} so far" if left is None else _left(left))
    return f"{progress.doing}: {', '.join(words)}"


def _left(seconds: float) -> str:
    return f"{duration(seconds)} left" if seconds >= 1 else "nearly done"


def duration(seconds: float) -> str:
    """Return a number of seconds as text. A long time is rounded to minutes."""
    whole = round(seconds)
    if whole < 100:
        return f"{whole} s"
    if whole < 100 * 60:
        return f"{round(whole / 60)} min"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def _power(count: float) -> int:
    power = 0
    while count >= 1000 * 1024**power and power < len(_UNITS) - 1:
        power += 1
    return power


def _number(count: float, power: int) -> str:
    value = count / 1024**power
    return f"{value:.0f}" if value >= 100 or power == 0 else f"{value:.1f}"


def _bytes(count: float) -> str:
    power = _power(count)
    return f"{_number(count, power)} {_UNITS[power]}"


def _of(count: int, total: int | None) -> str:
    if total is None or total <= count:
        return _bytes(count)
    power = _power(total)
    return f"{_number(count, power)} of {_number(total, power)} {_UNITS[power]}"
