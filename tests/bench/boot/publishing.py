# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ten files of the image changed, and given to the PCs: how long, and how much disk."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.diskless.netboot.tests.bench.boot import ltsp, ours
from ansible_collections.diskless.netboot.tests.boot.site import Site
from ansible_collections.diskless.netboot.tests.lab.shell import run as command

ROUNDS = 3
CHANGED = 10
_COPY = "first"


@dataclass(frozen=True)
class Published:
    """What publishing cost.

    Attributes:
        how: what was published, in words.
        seconds: of the whole command that a person runs.
        disk: bytes of disk that the server uses more afterwards, the changes included.
    """

    how: str
    seconds: float
    disk: int


def run(site: Site, rounds: int, told: Callable[[Published], None]) -> Iterator[Published]:
    """Yield each publication, ours and LTSP's in turn, the first changing."""
    numbers = itertools.count()
    store = ours.LAB.disk / "srv"
    kinds: list[tuple[str, Path, Callable[[], object]]] = [
        ("ours", store, lambda: ours.publish(site)),
        ("ours, lz4", store, lambda: ours.publish(site, squashfs="lz4")),
        ("LTSP", ltsp.LAB.disk / "srv", ltsp.publish),
    ]
    # LTSP keeps the image before the newest: from the second on, a release costs what it replaces.
    for number in range(rounds):
        for how, folder, publish in kinds if number % 2 == 0 else reversed(kinds):
            _change(ltsp.tree() if how == "LTSP" else ours.tree(), next(numbers))
            made = _measured(how, folder, publish)
            told(made)
            yield made
    once: list[tuple[str, Callable[[], object]]] = [
        ("ours, zstd", lambda: ours.publish(site, squashfs="zstd")),
        ("ours, all of rollout.yml", lambda: site.playbook("rollout.yml")),
        ("ours, first release", lambda: ours.publish(site, image=_COPY)),
    ]
    for how, publish in once:
        if how == "ours, first release":
            _copy(store)
        else:
            _change(ours.tree(), next(numbers))
        made = _measured(how, store, publish)
        told(made)
        yield made


def _measured(how: str, folder: Path, publish: Callable[[], object]) -> Published:
    before = _used(folder)
    begun = time.monotonic()
    publish()
    seconds = time.monotonic() - begun
    return Published(how, seconds, _used(folder) - before)


def _change(root: Path, number: int) -> None:
    """Add a line to ten files, others for each ``number``."""
    files = sorted(
        path for path in (root / "usr/share").rglob("*") if path.is_file() and not path.is_symlink()
    )
    for path in files[number :: len(files) // CHANGED][:CHANGED]:
        path.write_bytes(path.read_bytes() + b"\n")


def _copy(store: Path) -> None:
    """Make another image of our image's root."""
    folder = store / "netboot/images" / _COPY
    command(["mkdir", "-p", str(folder)])
    command(["cp", "-a", str(ours.tree()), str(folder / "root")])


def _used(folder: Path) -> int:
    """Return the bytes on disk below a folder."""
    words = command(["du", "--summarize", "--block-size=1", str(folder)]).split()
    return int(words[0])
