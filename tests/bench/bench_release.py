# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Publishing the demo's image where ten files changed: how long, and how much disk."""

from __future__ import annotations

import itertools
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from ansible_collections.diskless.netboot.plugins.module_utils.release import ensure
from ansible_collections.diskless.netboot.plugins.module_utils.release.publish import Source
from ansible_collections.diskless.netboot.tests.bench.harness import Bench, BenchError, Bound, Call
from ansible_collections.diskless.netboot.tests.lab import images

IMAGE = "demo"
CHANGED = 10
ROOM = 10 * 2**20
"""Bytes of disk that a release may cost beyond what changed."""


def benches() -> Iterator[Bench]:
    """Yield them."""
    archives = sorted(images.bases().glob("bookworm-*.tar"), key=lambda path: path.stat().st_mtime)
    if not archives:
        raise BenchError("there is no image yet: 'make demo' makes one")
    # On a disk, which /tmp may not be.
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        store = Path(folder)
        root = store / "images" / IMAGE / "root"
        root.mkdir(parents=True)
        subprocess.run(["tar", "-xf", archives[-1], "-C", root], check=True)
        (kernel,) = root.glob("boot/vmlinuz-*")
        (initrd,) = root.glob("boot/initrd.img-*")
        source = Source(root, kernel, initrd)
        files = sorted(path for path in (root / "usr/share").rglob("*") if path.is_file())
        number = itertools.count()

        def change() -> None:
            for path in files[next(number) :: len(files) // CHANGED][:CHANGED]:
                path.write_bytes(path.read_bytes() + b"\n")

        def publish() -> None:
            told = ensure.published(folder, IMAGE, source)
            if not told.changed:
                raise BenchError("the changes were not published")

        yield Bench(
            what="publish an image for the first time",
            ours=Call(publish),
            theirs=Call(lambda: _cp(root, store)),
            runs=1,
            note=f"{_used(root) / 2**20:.0f} MiB, against cp -a of its root",
        )
        change()
        before = _used(store)
        publish()
        cost = _used(store) - before
        if cost > ROOM:
            raise BenchError(f"a release with {CHANGED} files changed took {cost} bytes of disk")
        yield Bench(
            what=f"publish it with {CHANGED} files changed",
            ours=Call(publish, before=change),
            bound=Bound(seconds=3),
            note=f"{cost / 2**20:.1f} MiB of disk, changes included",
        )
        yield Bench(
            what="find that there is nothing to publish",
            ours=Call(lambda: ensure.published(folder, IMAGE, source)),
            theirs=Call(lambda: _rsync(root, store / "images" / IMAGE / "current/root")),
            note="against rsync --dry-run",
        )


def _used(folder: Path) -> int:
    """Return the bytes on disk below a folder."""
    words = subprocess.run(
        ["du", "--summarize", "--block-size=1", folder], check=True, stdout=subprocess.PIPE
    ).stdout.split()
    return int(words[0])


def _cp(root: Path, store: Path) -> None:
    subprocess.run(["cp", "-a", root, store / "copy"], check=True)
    subprocess.run(["sync", "--file-system", store], check=True)


def _rsync(root: Path, release: Path) -> None:
    subprocess.run(["rsync", "-naHAXS", "--numeric-ids", f"{root}/", f"{release}/"], check=True)
