# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processors for emulated PCs, shared out between runs of tests side by side.

Emulated PCs of two runs starve each other when there are more of them than processors, and what is
then late looks like a fault. A run waits here until as many are free as its PC has. While it has
one on it never waits for another: two runs would wait for each other. Whoever has waited longest is
next: flock(2) promises no order, so one run waits for processors and the others for its place.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from ansible_collections.diskless.netboot.tests.lab.places import lock_file

ALL = len(os.sched_getaffinity(0))
POLL = 0.2
"""Seconds: flock(2) waits for one file, not for the first of several."""


class _Turn:
    """This run's part in the turns; its threads share one."""

    def __init__(self) -> None:
        self._threads = threading.Lock()
        self._on = 0

    @contextmanager
    def taken(self, cpus: int) -> Iterator[None]:
        """Have PCs with so many processors on inside.

        Waits until that many are free, or all where it asks for more than there are.
        """
        # Closed, by us or because we were killed, a processor is the next one's.
        with ExitStack() as held:
            with self._threads:
                _take(held, min(cpus, ALL), wait=not self._on)
                self._on += 1
            try:
                yield
            finally:
                with self._threads:
                    self._on -= 1


def _take(held: ExitStack, wanted: int, *, wait: bool) -> None:
    """Put free processors into *held*, *wanted* of them or, without waiting, fewer."""
    with ExitStack() as place:
        if wait:
            fcntl.flock(place.enter_context(lock_file("next-turn").open("w")), fcntl.LOCK_EX)
        missing = list(range(ALL))
        while True:
            for number in list(missing):
                if wanted and _taken(held, number):
                    missing.remove(number)
                    wanted -= 1
            if not wanted or not wait:
                return
            time.sleep(POLL)


def _taken(held: ExitStack, number: int) -> bool:
    file = lock_file(f"processor-{number}").open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return False
    held.enter_context(file)
    return True


turn = _Turn().taken
