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
THEIRS = "LTSP"
_COPY = "first"


@dataclass(frozen=True)
class Published:
    """What publishing cost.

    Attributes:
        how: what was published, in words.
        seconds: of the whole command that a person runs.
        disk: bytes of disk that this release costs for as long as it is kept.
    """

    how: str
    seconds: float
    disk: int


def run(site: Site, rounds: int, told: Callable[[Published], None]) -> Iterator[Published]:
    """Yield each publication, ours and LTSP's in turn, the first changing."""
    numbers = itertools.count()
    kinds: list[tuple[str, Callable[[], object]]] = [
        ("ours", lambda: ours.publish(site)),
        ("ours, with lz4", lambda: ours.publish(site, squashfs="lz4")),
        (THEIRS, ltsp.publish),
    ]
    once: list[tuple[str, Callable[[], object]]] = [
        ("ours, with zstd", lambda: ours.publish(site, squashfs="zstd")),
        ("ours, all of rollout.yml (with lz4)", lambda: site.playbook("rollout.yml")),
    ]
    order = [kinds if number % 2 == 0 else kinds[::-1] for number in range(rounds)]
    for how, publish in itertools.chain(*order, once):
        _change(ltsp.tree() if how == THEIRS else ours.tree(), next(numbers))
        made = _measured(how, publish)
        told(made)
        yield made
    _copy()
    made = _measured("ours, an image's first release", lambda: ours.publish(site, image=_COPY))
    told(made)
    yield made


def _measured(how: str, publish: Callable[[], object]) -> Published:
    """Publish, and look at the disk: LTSP's release is one file, which replaces an older one."""
    store = ours.LAB.disk / "srv"
    before = _used(store)
    begun = time.monotonic()
    publish()
    seconds = time.monotonic() - begun
    return Published(how, seconds, _used(ltsp.image()) if how == THEIRS else _used(store) - before)


def _change(root: Path, number: int) -> None:
    """Add a line to ten files, others for each ``number``."""
    files = sorted(
        path for path in (root / "usr/share").rglob("*") if path.is_file() and not path.is_symlink()
    )
    for path in files[number :: len(files) // CHANGED][:CHANGED]:
        path.write_bytes(path.read_bytes() + b"\n")


def _copy() -> None:
    """Make another image of our image's root, of which there is no release yet."""
    folder = ours.tree().parents[1] / _COPY
    command(["rm", "-rf", "--one-file-system", str(folder)])
    command(["mkdir", "-p", str(folder)])
    command(["cp", "-a", str(ours.tree()), str(folder / "root")])


def _used(path: Path) -> int:
    """Return the bytes on disk of a file, or of all below a folder."""
    words = command(["du", "--summarize", "--block-size=1", str(path)]).split()
    return int(words[0])
