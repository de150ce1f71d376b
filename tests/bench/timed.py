# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run one command and say what it cost: ``timed.py RESULT-FILE COMMAND...``.

A process of its own, since Linux counts what a parent held at the fork towards the peak memory
of its child (``setmax_mm_hiwater_rss`` in the kernel's ``exec_mmap``): this one holds little.
"""

import json
import os
import sys
import time
from pathlib import Path

if __name__ == "__main__":
    result, *command = sys.argv[1:]
    start = time.monotonic()
    pid = os.posix_spawnp(command[0], command, os.environ)
    _pid, status, usage = os.wait4(pid, 0)
    seconds = time.monotonic() - start
    Path(result).write_text(
        json.dumps(
            {
                "exit": os.waitstatus_to_exitcode(status),
                "seconds": seconds,
                "cpu": usage.ru_utime + usage.ru_stime,
                "rss_mb": usage.ru_maxrss / 1024,
            }
        ),
        encoding="utf-8",
    )
