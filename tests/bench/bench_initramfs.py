# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The initrd: what building it and leaving it alone cost, and how large it is.

Ours has four kinds of network cards, NFS and overlay, at zstd's highest level. Theirs is what the
image's own tool makes for any network card: mkinitramfs with MODULES=netboot, at its own level.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from ansible_collections.diskless.netboot.tests.bench.harness import Bench, Bound, Process
from ansible_collections.diskless.netboot.tests.lab import images
from ansible_collections.diskless.netboot.tests.lab.places import PROJECT

MODULE = "ansible_collections.diskless.netboot.plugins.modules.initramfs_netboot"
CARDS = ["virtio_net", "e1000", "e1000e", "r8169"]
LARGEST_MB = 7


def benches() -> Iterator[Bench]:
    """Yield them."""
    with tempfile.TemporaryDirectory(dir=images.bases()) as name:
        folder = Path(name)
        root = images.client_root("bookworm", folder / "root")
        theirs = folder / "root/tmp/theirs.img"
        stock = mkinitramfs(folder, root, theirs)
        stock.run()
        for version in ("3", "4.2"):
            dest = folder / f"ours-{version}.img"
            ours = module(folder, root, dest, version)
            ours.run()
            yield Bench(
                what=f"an initrd for NFS {version} and {len(CARDS)} kinds of cards",
                ours=ours,
                theirs=stock,
                runs=3,
                note=f"{megabytes(dest)}, {LARGEST_MB} MB wanted; theirs {megabytes(theirs)}",
            )
        yield Bench(
            what="the same where nothing has changed",
            ours=module(folder, root, dest, version, keep=True),
            bound=Bound(seconds=1),
        )


def module(folder: Path, root: Path, dest: Path, version: str, *, keep: bool = False) -> Process:
    """Return a run of the module; unless `keep`, its initrd is removed before."""
    options = {
        "root": str(root),
        "dest": str(dest),
        "nfs_version": version,
        "modules": "list",
        "drivers": CARDS,
        "compression_level": 19,
        "missing_firmware": "warn",
    }
    arguments = folder / f"{dest.name}.arguments"
    arguments.write_text(json.dumps({"ANSIBLE_MODULE_ARGS": options}), encoding="utf-8")
    return Process(
        [sys.executable, "-m", MODULE, arguments],
        before=None if keep else lambda: dest.unlink(missing_ok=True),
        env={"PYTHONPATH": str(PROJECT / ".build/collections")},
    )


def mkinitramfs(folder: Path, root: Path, dest: Path) -> Process:
    """Return a run of the image's own tool, set to boot from the network with any card."""
    kernel = next((root / "lib/modules").iterdir()).name
    conf = root / "etc/initramfs-tools/conf.d/bench"
    conf.write_text("MODULES=netboot\nBOOT=nfs\nRESUME=none\n", encoding="utf-8")
    inside = f"/{dest.relative_to(root)}"
    return Process(["chroot", root, "mkinitramfs", "-o", inside, kernel], cwd=folder)


def megabytes(path: Path) -> str:
    """Return a file's size in words."""
    return f"{path.stat().st_size / 1e6:.2f} MB"
