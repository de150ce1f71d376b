# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A control group for a container's systemd, on hosts of whichever generation.

systemd 258 and later start with version 2 only. A host that has version 1 for its controllers often
has version 2 beside it, without controllers, which is all that a boot server's systemd needs.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

_MOUNTS = Path("/proc/self/mounts")
_USUAL = "/sys/fs/cgroup"


def arguments() -> list[str]:
    """Return podman's arguments for a container that runs systemd."""
    beside = _beside()
    if beside is None:
        return ["--systemd=always"]
    # What podman would do for systemd by itself, but for version 1.
    # fmt: off
    return [
        "--systemd=false", "--env", "container=podman", "--stop-signal", "SIGRTMIN+3",
        "--tmpfs", "/run", "--tmpfs", "/run/lock", "--tmpfs", "/tmp",
        "--volume", f"{beside}:{_USUAL}",
    ]
    # fmt: on


def remove(container: str) -> None:
    """Remove what systemd has left of the control group of a container, by its id, that ended."""
    beside = _beside()
    for group in beside.glob(f"*/libpod-{container}") if beside else ():
        for folder in sorted([group, *group.glob("**/")], reverse=True):
            # A process that is still ending keeps it, which does no harm.
            with contextlib.suppress(OSError):
                folder.rmdir()


def _beside() -> Path | None:
    """Return where version 2 is mounted, unless it is where everybody looks for it."""
    mounts = [line.split() for line in _MOUNTS.read_text().splitlines()]
    points = [fields[1] for fields in mounts if fields[2] == "cgroup2"]
    return Path(points[0]) if points and _USUAL not in points else None
