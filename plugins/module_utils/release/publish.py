# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes a release of an image. It shares unchanged files with the release before it."""

from __future__ import annotations

import grp
import hashlib
import os
import shlex
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from pathlib import Path

from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot import marker, rsync
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot.command import Ended, run
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot.destination import (
    Destination,
)
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot.marker import fsync_folder
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot.meter import Meter
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot.survey import (
    Changes,
    changed_files,
    changed_since,
    clock,
)
from ansible_collections.diskless.netboot.plugins.module_utils.release import catalogue
from ansible_collections.diskless.netboot.plugins.module_utils.release.catalogue import (
    Catalogue,
    Release,
    ReleaseError,
)
from ansible_collections.diskless.netboot.plugins.module_utils.store import paths

# Files that belong only to the machine on which packages were installed, such as package lists and
# archives, host keys that the script of a package made, and what a daemon left.
NEVER_PUBLISHED = (
    "/dev/*",
    "/etc/ssh/ssh_host_*",
    "/proc/*",
    "/run/*",
    "/sys/*",
    "/tmp/*",
    "/var/cache/apt/*.bin",
    "/var/cache/apt/archives/*.deb",
    "/var/lib/apt/lists/*",
    # A PC has its journal in RAM. systemd sets ACLs on this folder, which NFS may refuse.
    "/var/log/journal",
    "/var/tmp/*",
)

_NO_METER = Meter(None, "")

# From a root of 773 MiB, mksquashfs(1) with its default level 15 made 228 MB in 71 s. With this
# level, it made 242 MB in 7 s, and with lz4, 355 MB in 2 s.
_LEVELS = {"zstd": ("-Xcompression-level", "6")}

_SHOWN = 500  # maximum number of itemised changes in a diff


@dataclass(frozen=True)
class Source:
    """What a release is made of.

    Attributes:
        root: root of the image.
        kernel: path of the kernel.
        initrd: path of the initrd.
        exclude: patterns of files in the root that are not published.
        squashfs: compressor for the root as one file, or None for no such file.
        squashfs_group: group that can read this file. Other users cannot, since the image's
            passwords are in it.
    """

    root: Path
    kernel: Path
    initrd: Path
    exclude: Sequence[str] = ()
    squashfs: str | None = None
    squashfs_group: str = "root"

    @property
    def excludes(self) -> list[str]:
        """Patterns for ``rsync --exclude`` of files that are not in a release."""
        return [*NEVER_PUBLISHED, *self.exclude]

    def missing(self) -> list[str]:
        """Return one sentence for each thing that is missing or incomplete."""
        found = self._broken_off()
        if not (self.root / "etc").is_dir():
            found.append(f"{self.root} holds no system")
        found += [
            f"{what}: {path} is no file"
            for what, path in (("kernel", self.kernel), ("initrd", self.initrd))
            if not path.is_file()
        ]
        if self.squashfs:
            if not shutil.which("mksquashfs"):
                found.append("there is no mksquashfs here: install squashfs-tools")
            try:
                grp.getgrnam(self.squashfs_group)
            except KeyError:
                found.append(f"squashfs_group: there is no group {self.squashfs_group} here")
        return found

    def _broken_off(self) -> list[str]:
        """Return a sentence if nfsroot_sync has not completed its copy to the root.

        If nfsroot_sync did not make the root, there is no marker.
        """
        try:
            known = marker.read(Destination(self.root).marker)
        except marker.MarkerUnreadableError as error:
            return [str(error)]
        if known is None or known.state == marker.COMPLETE:
            return []
        return [
            f"the copy of {known.src} to {self.root} is not complete: make the copy again (the"
            " playbook capture.yml does so for a running PC), or remove this root, so that it is"
            " made again"
        ]


class _Changes(Changes):
    """Changes without folders whose time is the only change.

    In such a folder, a file was created or removed that is never published. All other changes in a
    folder have lines of their own.
    """

    def add(self, line: bytes) -> None:
        if not line.startswith(b".d..t...... "):
            super().add(line)


class _Rewritten(Changes):
    """Changes of content alone, which a comparison of sizes and times has missed."""

    def add(self, line: bytes) -> None:
        if line.startswith(b">fc.."):
            super().add(line)


@dataclass
class Difference:
    """The differences between an image and its newest release.

    Attributes:
        since: when the comparison began, as for find's -newerct.
        changes: the changes in the root.
        boot: one line for each change of the kernel, the initrd or the squashfs file.
        commands: the commands that were run to publish the image.
    """

    since: str = field(default_factory=clock)
    changes: Changes = field(default_factory=lambda: _Changes(_SHOWN))
    boot: list[str] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.changes.count or self.boot)

    @property
    def lines(self) -> list[str]:
        """One line for each change, in the form of ``rsync --itemize-changes``."""
        more = self.changes.count - len(self.changes.lines)
        return [*self.boot, *self.changes.lines, *([f"… and {more} more"] if more else [])]


def compare(source: Source, known: Catalogue) -> Difference:
    """Return the differences between *source* and the newest release.

    If there is no release, the result has no differences.

    Raises:
        ReleaseError: they cannot be compared.
        OSError: the kernel or the initrd cannot be read.
    """
    found = Difference()
    newest = known.newest
    if newest is None:
        return found
    digests = {"kernel": newest.kernel, "initrd": newest.initrd}
    for what, path in (("kernel", source.kernel), ("initrd", source.initrd)):
        if _digest(path) != digests[what]:
            found.boot.append(f">f.st...... boot/{what}")
    if newest.squashfs != source.squashfs:
        kind = ">f.st......" if newest.squashfs else ">f+++++++++"
        kind = kind if source.squashfs else "*deleting  "
        found.boot.append(f"{kind} boot/{paths.SQUASHFS}")
    root = known.path(newest.name) / "root"
    # If a pattern is newer than the release, the release may contain what must not be published.
    options = rsync.Options(excludes=source.excludes, delete_excluded=True, dry_run=True)
    argv = rsync.command(str(source.root), str(root), options)
    ended, _numbers = rsync.copy(argv, found.changes, _NO_METER, dest=root)
    _judge(ended)
    rewritten = _Rewritten(_SHOWN)
    names = _touched(source, known, newest)
    _copy_by_content(names, source, root, rewritten, rsync.Options(dry_run=True))
    found.changes.extend(rewritten)
    return found


def _touched(source: Source, known: Catalogue, newest: Release) -> list[bytes]:
    """Return the files whose inode changed after the newest release was made.

    Until its manifest was written, none did: `publish` would have refused to go on. Some of them
    may have been rewritten with their old size and time, so that rsync skips them.
    """
    return changed_files(str(source.root), str(known.path(newest.name) / catalogue.MANIFEST))


def _copy_by_content(
    names: Sequence[bytes],
    source: Source,
    dest: Path,
    changes: Changes,
    options: rsync.Options,
    *,
    held: Sequence[int] = (),
) -> None:
    """Copy the files *names* where their content differs, whatever their sizes and times say."""
    if not names:
        return
    with tempfile.NamedTemporaryFile() as listed:
        listed.write(b"".join(name + b"\0" for name in names))
        listed.flush()
        options = replace(options, excludes=source.excludes, checksum=True, files_from=listed.name)
        argv = rsync.command(str(source.root), str(dest), options)
        ended, _numbers = rsync.copy(argv, changes, _NO_METER, dest=dest, held=held)
    _judge(ended)


def publish(
    source: Source, known: Catalogue, name: str, note: str, found: Difference, lock: int
) -> Release:
    """Make the release *name* and return it.

    Until the last step, which is a rename, it is a hidden folder. `sweep` removes such folders.

    Args:
        source: what the release is made of.
        known: the existing releases.
        name: its name.
        note: why it is published.
        found: what `compare` returned. The commands are added to it.
        lock: descriptor of the image's lock. rsync and mksquashfs share it. So if this run is
            killed, the next run waits until they have ended too.

    Raises:
        ReleaseError: it could not be made, or the image changed meanwhile. Nothing was published.
        OSError: the same.
    """
    staged = known.path(f".{name}.partial")
    staged.mkdir(mode=0o755, parents=True)
    newest = known.newest
    link_dest = str(known.path(newest.name) / "root") if newest else None
    options = rsync.Options(excludes=source.excludes, link_dest=link_dest)
    argv = rsync.command(str(source.root), str(staged / "root"), options)
    found.commands.append(shlex.join(argv))
    # For the first release, everything is new. Otherwise, the changes are known already.
    changes = found.changes if newest is None else Changes(0)
    ended, numbers = rsync.copy(argv, changes, _NO_METER, dest=staged, held=(lock,))
    _judge(ended)
    if newest:
        names = _touched(source, known, newest)
        # They may be links to files of a release that is served, which rsync would change in place.
        for one in names:
            (staged / "root" / os.fsdecode(one)).unlink(missing_ok=True)
        by_content = rsync.Options(link_dest=link_dest)
        _copy_by_content(names, source, staged / "root", Changes(0), by_content, held=(lock,))
    boot = staged / "boot"
    boot.mkdir(mode=0o755)
    if source.squashfs:
        packed = boot / paths.SQUASHFS
        if newest and newest.squashfs == source.squashfs and not found.changes.count:
            packed.hardlink_to(known.path(newest.name) / "boot" / paths.SQUASHFS)
        else:
            found.commands.append(shlex.join(_pack(source, staged / "root", packed, lock)))
    release = Release(
        name=name,
        serial=known.next_serial,
        published=datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        parent=newest.name if newest else None,
        note=note,
        kernel=_bring(source.kernel, boot / paths.KERNEL, known),
        initrd=_bring(source.initrd, boot / paths.INITRD, known),
        files=numbers["files"],
        bytes=numbers["total_bytes"],
        squashfs=source.squashfs,
    )
    (staged / catalogue.MANIFEST).write_text(release.dump(), "utf-8")
    moved = changed_since(str(source.root), found.since, source.excludes, one_file_system=True)
    if moved is not None:
        raise ReleaseError(
            f"{source.root}{moved} changed while the release was made, so it would have mixed old"
            " and new; nothing was published: run again when nobody works on the image"
        )
    ended = run(["sync", "--file-system", "--", str(staged)])
    if ended.code:
        raise ReleaseError(f"sync failed: {ended.stderr}")
    staged.rename(known.path(name))
    fsync_folder(known.path(name).parent)
    return release


def remove(folder: Path) -> None:
    """Remove a release.

    First it gets a hidden name. So if the run is killed, there is never half a release.
    """
    hidden = folder.with_name(f".{folder.name}.removed")
    folder.rename(hidden)
    fsync_folder(folder.parent)
    shutil.rmtree(hidden)


def sweep(known: Catalogue) -> None:
    """Remove what failed or killed runs have left. The image's lock must be held."""
    top = known.folder / "releases"
    for folder in top.glob(".*"):
        if folder.name.endswith((".partial", ".removed")):
            shutil.rmtree(folder)


def _pack(source: Source, root: Path, packed: Path, lock: int) -> list[str]:
    """Pack a root as one file with mksquashfs(1), and return the command."""
    compression = ["-comp", str(source.squashfs), *_LEVELS.get(str(source.squashfs), ())]
    quiet = ["-noappend", "-no-progress", "-quiet"]
    argv = ["mksquashfs", str(root), str(packed), *compression, *quiet]
    packed.touch(0o600)
    ended = run(argv, held=(lock,))
    _judge(ended, "mksquashfs")
    shutil.chown(packed, group=source.squashfs_group)
    packed.chmod(0o640)
    return argv


def _bring(source: Path, target: Path, known: Catalogue) -> str:
    """Put a kernel or initrd into a release, and return its digest.

    If it has not changed, it is a hard link to the file in the release before.
    """
    if known.newest is not None:
        before = known.path(known.newest.name) / "boot" / target.name
        digest = _digest(before)
        if digest == _digest(source):
            target.hardlink_to(before)
            return digest
    shutil.copyfile(source, target)
    target.chmod(0o644)
    return _digest(target)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        digest = hashlib.sha256()
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _judge(ended: Ended, program: str = "rsync") -> None:
    if ended.full_disk:
        raise ReleaseError(f"the store's file system is full: {ended.stderr.splitlines()[0]}")
    if program == "rsync" and ended.code == rsync.VANISHED:
        raise ReleaseError(
            "files of the image vanished while they were read; nothing was published:"
            " run again when nobody works on the image"
        )
    if ended.code:
        raise ReleaseError(f"{program} ended with code {ended.code}: {ended.stderr}")
