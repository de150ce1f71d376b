# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Turns at having PCs on, for runs of tests side by side.

Emulated PCs of two runs starve each other on a machine with two cores, and what is then late looks
like a fault. One run has PCs on, as many as it likes; others work on their boot servers meanwhile,
and wait here before they switch one on. Whoever has waited longest is next: flock(2) promises no
order, so one run waits for the turn and the others for its place.
"""

from __future__ import annotations

import fcntl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from ansible_collections.diskless.netboot.tests.lab.places import lock_file


class _Turn:
    """This run's part in the turns; its threads share one."""

    def __init__(self) -> None:
        self._threads = threading.Lock()
        self._on = 0
        self._file: IO[str] | None = None

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Have a PC on inside: waits until no other run has one."""
        with self._threads:
            if self._file is None:
                # Closed, by us or because we were killed, it is the next one's turn.
                with lock_file("next-turn").open("w") as place:
                    fcntl.flock(place, fcntl.LOCK_EX)
                    self._file = lock_file("turn").open("w")
                    fcntl.flock(self._file, fcntl.LOCK_EX)
            self._on += 1
        try:
            yield
        finally:
            with self._threads:
                self._on -= 1
                if not self._on:
                    self._file.close()
                    self._file = None


turn = _Turn().taken
