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


def lock_file(name: str) -> Path:
    """Return a file on which runs on this machine wait for each other, flock(2)."""
    folder = cache() / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / name


@dataclass(frozen=True)
class Lab:
    """One lab: a network of its own with a boot server. Several may run at once.

    Attributes:
        name: short, lower case; part of every name that the lab gives away.
        number: of the boot server on the network; those after the first belong to a lab whose
            first one is up.
    """

    name: str = "demo"
    number: int = 1

    def further(self, number: int) -> Lab:
        """Return the place of another boot server on this lab's network, 1 being the first."""
        return Lab(self.name, number)

    @property
    def run(self) -> Path:
        """Sockets, descriptors and what the running lab needs to know of itself."""
        return RUN / self._server

    @property
    def owner(self) -> Path:
        """The file that names the checkout which started the lab."""
        return self.run / "checkout"

    @property
    def disk(self) -> Path:
        """What belongs on a real disk: the boot server's volume or its VM's disks."""
        return cache() / "labs" / self._server

    @property
    def namespace(self) -> str:
        return f"netboot-{self.name}"

    @property
    def container(self) -> str:
        return f"netboot-{self._server}"

    @property
    def host(self) -> str:
        """The boot server's host name."""
        return f"boot{self.number}"

    @property
    def _server(self) -> str:
        return self.name if self.number == 1 else f"{self.name}-{self.number}"
