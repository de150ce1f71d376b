# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running other programs, and failing with what they said."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence


class LabError(Exception):
    """Something the person at the keyboard should read."""


def run(command: Sequence[str], *, stdin: str | None = None, timeout: float = 600) -> str:
    """Run ``command`` and return its standard output.

    Raises:
        LabError: it failed, or took longer than ``timeout`` seconds.
    """
    words = [str(word) for word in command]
    try:
        ended = subprocess.run(
            words,
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            check=False,
        )
    except FileNotFoundError as error:
        raise LabError(f"{words[0]} is not installed: 'make setup' installs it") from error
    except subprocess.TimeoutExpired as error:
        raise LabError(f"no end after {timeout:.0f} s: {' '.join(words)}") from error
    if ended.returncode != 0:
        said = (ended.stderr.strip() or ended.stdout.strip())[-3000:]
        raise LabError(f"exit {ended.returncode} from: {' '.join(words)}\n{said}")
    return ended.stdout


def succeeds(command: Sequence[str]) -> bool:
    """Tell whether ``command`` ended with 0; it may say what it likes."""
    return (
        subprocess.run(
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
        ).returncode
        == 0
    )
