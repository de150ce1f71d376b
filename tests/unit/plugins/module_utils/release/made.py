# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small image in a store, and eyes for what became of it."""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.diskless.netboot.plugins.module_utils.release import catalogue, ensure
from ansible_collections.diskless.netboot.plugins.module_utils.release.catalogue import Catalogue
from ansible_collections.diskless.netboot.plugins.module_utils.release.publish import Source

IMAGE = "library"


@dataclass
class Store:
    """A store with the image ``library``."""

    path: str
    squashfs: str | None = None
    exclude: tuple[str, ...] = ()
    squashfs_group: str = "daemon"

    @property
    def image(self) -> Path:
        return Path(self.path, "images", IMAGE)

    @property
    def root(self) -> Path:
        return self.image / "root"

    @property
    def source(self) -> Source:
        return Source(
            self.root,
            self.image / "vmlinuz",
            self.image / "initrd.img",
            self.exclude,
            squashfs=self.squashfs,
            squashfs_group=self.squashfs_group,
        )

    @property
    def known(self) -> Catalogue:
        return catalogue.read(self.path, IMAGE)

    def publish(
        self, name: str | None = None, *, squashfs: str | None = None, **options: Any
    ) -> ensure.Outcome:
        self.squashfs = squashfs
        return ensure.published(self.path, IMAGE, self.source, release=name, **options)

    def go_to(self, name: str, *, check: bool = False, **options: Any) -> ensure.Outcome:
        return ensure.made_current(self.path, IMAGE, name, check=check, **options)

    def prune(self, keep: int, *, check: bool = False, **set_to: str) -> ensure.Outcome:
        return ensure.pruned(self.path, IMAGE, keep, set_to, check=check)


def store(folder: Path) -> Store:
    """Return a store below *folder* whose image has a system, a kernel and an initrd."""
    made = Store(str(folder / "store"))
    for name, text in (
        ("etc/hostname", "pc\n"),
        ("etc/ssh/ssh_host_ed25519_key", "secret"),
        ("usr/bin/tool", "#!/bin/sh\n"),
        ("usr/share/doc/same", "x" * 5000),
        ("var/lib/apt/lists/some_Packages", "lists"),
        ("tmp/left", "over"),
    ):
        path = made.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    os.link(made.root / "usr/bin/tool", made.root / "usr/bin/other-name")
    made.source.kernel.write_text("kernel 1")
    made.source.initrd.write_text("initrd 1")
    return made


def digest(tree: Path) -> str:
    """Return a hash of names, kinds, modes, owners, times and contents below *tree*."""
    found = hashlib.sha256()
    for folder, folders, files in os.walk(tree):
        folders.sort()
        for name in sorted([*files, *folders, "."]):
            path = Path(folder, name)
            info = path.lstat()
            about = (str(path), info.st_mode, info.st_uid, info.st_gid, info.st_mtime_ns)
            found.update(repr(about).encode())
            if stat.S_ISREG(info.st_mode):
                found.update(path.read_bytes())
    return found.hexdigest()
