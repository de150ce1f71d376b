# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a program of an NFS server."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Ended:
    """What a command came to."""

    code: int
    output: str
    errors: str


def run(command: Sequence[str]) -> Ended:
    """Run *command* to its end.

    Raises:
        OSError: the program is missing.
    """
    ended = subprocess.run(  # pylint: disable=ansible-bad-function
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    return Ended(ended.returncode, ended.stdout, ended.stderr.strip())
