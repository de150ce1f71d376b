# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the lab keeps things, and how its parts are named."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
RUN = Path("/run/netboot-lab")


def cache() -> Path:
    """Return the folder of what is built once and kept: images, keys, the KVM answer."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "diskless-netboot"


@dataclass(frozen=True)
class Lab:
    """One lab: a network of its own with a boot server. Several may run at once.

    Attributes:
        name: short, lower case; part of every name that the lab gives away.
    """

    name: str = "demo"

    @property
    def run(self) -> Path:
        """Sockets, descriptors and what the running lab needs to know of itself."""
        return RUN / self.name

    @property
    def disk(self) -> Path:
        """What belongs on a real disk: the boot server's volume or its VM's disks."""
        return cache() / "labs" / self.name

    @property
    def namespace(self) -> str:
        return f"netboot-{self.name}"

    @property
    def container(self) -> str:
        return f"netboot-{self.name}"
