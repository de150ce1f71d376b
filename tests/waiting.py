# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for what no event announces, such as the end of somebody else's process."""

from __future__ import annotations

import time
from collections.abc import Callable


def until(condition: Callable[[], object], seconds: float = 10, *, pause: float = 0.01) -> None:
    """Return when *condition* holds, and fail the test if it does not within *seconds*.

    Args:
        condition: is asked again after each *pause*, in seconds.
    """
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds:.0f} s"
        time.sleep(pause)
