# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copies one source to one destination, or finds what this would change, in check mode."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path

from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot import marker, rsync
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot import source as src
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot.checks import (
    Plan,
    Request,
    faults_now,
)
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot.command import Ended
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot.coreutils import (
    cp,
    sync,
    written_out,
)
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot.destination import (
    Destination,
    State,
    look,
)
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot.marker import Marker
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot.meter import Meter, Totals
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot.outcome import Root, Stats
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot.survey import (
    Changes,
    Contents,
    changed_since,
    clock,
    contents,
    totals,
)
from ansible_collections.diskless.netboot.plugins.module_utils.store.paths import is_release_root

# Checks whether the source changed meanwhile. The result is the name of one thing that changed.
_LookBack = Callable[[Path], "Future[str | None]"]
# Seconds without data after which a second look at a host ends. The copy is complete by then.
_SILENCE = 60
_IMMUTABLE = "\n(something there may be immutable: see lsattr, chattr -i)"


class CopyError(Exception):
    """The copy to a destination failed. The message is for the user."""


@dataclass(frozen=True)
class Origin:
    """What is read.

    Attributes:
        path: a folder on this host, or HOST:PATH for rsync.
        folder: whether it is a folder on this host.
        staged: a destination. The folder is beside it, and it may be renamed to its root.
    """

    path: str
    folder: bool
    staged: Destination | None = None


@dataclass(frozen=True)
class Job:
    """A copy to *target*. It fills *root*, *changes*, *commands* and *warnings*."""

    request: Request
    plan: Plan
    target: Destination
    root: Root
    changes: Changes
    commands: list[str]
    warnings: list[str]
    meter: Meter

    def announce(self, state: State) -> None:
        """Note the command that would be run, if the source cannot be read yet."""
        source = self.plan.source
        path = str(self.target.unpacked) if source.is_packed else source.text
        self._note(self._writer(Origin(path, folder=source.kind != src.SSH), state))
        self.root.changed = True

    def preview(self, origin: Origin, state: State) -> None:
        """Find what the copy would change. Nothing is written to the destination."""
        self._note(self._writer(origin, state))
        real = self.target.partial if state.fresh else self.target.root
        with tempfile.TemporaryDirectory(prefix="nfsroot-") as nothing:
            shown = real if real.is_dir() else Path(nothing, "root")
            argv = self._rsync(origin, shown, dry_run=True)
            ended, numbers = rsync.copy(argv, self.changes, self.meter, dest=self.target.root)
        self._judge(ended)
        self.root.stats = replace(self.root.stats, **numbers)
        self.root.changed = self._outdated(state) or self.changes.count > 0

    def perform(self, origin: Origin) -> None:
        """Copy, and write the marker.

        After an error, the state in the marker is COPYING, and another run can continue.

        Raises:
            CopyError: the copy failed.
            BusyError: another run is copying to this destination (marker.py).
            OSError: a file of this collection cannot be written.
        """
        self.target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        with marker.lock(self.target.lock, self.request.lock_wait) as held:
            state = look(self.target)  # another run may have ended while this one waited
            if state.complete and not self.request.force:
                self.root.label = state.marker.label if state.marker else None
                self.root.copied = False
                return
            faults = faults_now(self.target, state, self.request.adopt)
            if faults:
                raise CopyError(f"{self.root.dest} {faults[0]}")
            for folder in (self.target.partial, self.target.temporary):
                if os.path.lexists(folder) and (folder.is_symlink() or not folder.is_dir()):
                    raise CopyError(f"{folder} is in the way: it is no folder; remove it")
            mark = Marker(marker.COPYING, self.plan.source.text, self.request.label)
            since = clock()
            marker.write(self.target.marker, mark)
            argv = self._writer(origin, state)
            with ThreadPoolExecutor(max_workers=1) as beside:

                def look_back(copied: Path) -> Future[str | None]:
                    # This runs while the copy is written to the disk. Changes of the source after
                    # the copy do not matter.
                    return beside.submit(self._source_moved, origin, since, copied)

                copy = self._first if state.fresh else self._update
                moved = copy(origin, argv, held, look_back)
            self.root.source_changed = self.root.source_changed or moved is not None
            if self.root.source_changed:
                one = f" ({moved}, for one)" if moved else ""
                self.warnings.append(
                    f"{self.plan.source.text} changed while it was copied to {self.root.dest}{one}"
                )
            self.root.changed = self._outdated(state) or self.changes.count > 0
            finished = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
            if not self.root.changed and state.marker is not None:
                finished = state.marker.finished or finished
            marker.write(
                self.target.marker, replace(mark, state=marker.COMPLETE, finished=finished)
            )

    def _note(self, argv: Sequence[str]) -> None:
        self.commands.append(shlex.join(argv))

    def _outdated(self, state: State) -> bool:
        """Return whether the marker of the destination has to change."""
        known = state.marker
        return not state.complete or known is None or known.label != self.request.label

    def _rsync(
        self, origin: Origin, folder: Path, *, dry_run: bool = False, again: bool = False
    ) -> list[str]:
        """Return the rsync command that makes *folder* equal to *origin*.

        Args:
            origin: what is read.
            folder: the destination.
            dry_run: whether to find only what would change.
            again: whether to check only that the source is still as it was copied.
        """
        dry_run = dry_run or again
        in_place = folder == self.target.root
        options = rsync.Options(
            excludes=self.plan.excludes,
            delete=self.request.delete or not in_place,  # a partial copy has no files of clients
            # An earlier run may have copied what is excluded now. In a second look at the source,
            # excluded files such as the empty machine-id must not count as a change.
            delete_excluded=not in_place and not again,
            one_file_system=self.request.one_file_system,
            checksum=self.request.checksum and not again,
            rsh=None if origin.folder else self.request.rsh or rsync.DEFAULT_RSH,
            temporary=str(self.target.temporary)
            if in_place and self._aside and not dry_run
            else None,
            dry_run=dry_run,
            # An excluded log still changes the time of its folder.
            folder_times=not again,
            silence=_SILENCE if again else None,
        )
        return rsync.command(origin.path, str(folder), options)

    @property
    def _aside(self) -> bool:
        """Whether rsync must make its temporary files outside the root, a quarter slower.

        If rsync is killed, its temporary files stay. In the root, the next run would remove them
        only if it deletes everything that the source does not have.
        """
        return bool(self.plan.excludes) or not self.request.delete

    def _writer(self, origin: Origin, state: State) -> list[str]:
        """Return the command that copies. It is cp if a whole folder is copied to a new place."""
        partial = self.target.partial
        if not state.fresh:
            return self._rsync(origin, self.target.root)
        if self.plan.excludes or not origin.folder or os.path.lexists(partial):
            return self._rsync(origin, partial)
        return cp(origin.path, partial, self.request.one_file_system)

    def _first(
        self, origin: Origin, argv: list[str], held: int, look_back: _LookBack
    ) -> str | None:
        """Make the root beside its place and rename it, so that nobody sees half a root."""
        made = self.target.partial
        with written_out(made.parent):
            if not self.plan.excludes and origin.staged == self.target:
                remove(made)
                one = self.request.one_file_system
                self._all_new(contents(origin.path, one, self.changes))
                Path(origin.path).rename(made)
            elif argv[0] != "cp":
                self._transfer(origin, argv, made, held)
            elif not self._by_cp(origin, argv, made, held):
                # If cp failed, for example because a file vanished, rsync completes the copy, and
                # its exit code decides.
                self._transfer(origin, self._rsync(origin, made), made, held)
        moved = look_back(made)
        self._flush(made)
        changed = moved.result()
        made.rename(self.target.root)
        return changed

    def _by_cp(self, origin: Origin, argv: list[str], made: Path, held: int) -> bool:
        """Copy with cp, and return whether it copied everything."""
        self._note(argv)
        coming = self._totals(origin, made, holes=False)
        new = Changes(self.changes.keep)
        # The files are counted while cp runs, since cp uses only one core. After it, counting would
        # take a tenth of the time.
        with ThreadPoolExecutor(max_workers=1) as beside:
            found = beside.submit(contents, origin.path, self.request.one_file_system, new)
            ended = self.meter.run(argv, dest=self.target.root, held=(held,), totals=coming)
        if ended.full_disk:
            raise self._full(ended)
        if ended.code == 0:
            self.changes.extend(new)
            self._all_new(found.result())
        return ended.code == 0

    def _all_new(self, found: Contents) -> None:
        self.root.stats = Stats(
            files=found.files,
            created=found.files,
            transferred_bytes=found.size,
            total_bytes=found.size,
        )

    def _update(
        self, origin: Origin, argv: list[str], held: int, look_back: _LookBack
    ) -> str | None:
        remove(self.target.temporary)
        if self._aside:
            self.target.temporary.mkdir(0o700)
        try:
            self._transfer(origin, argv, self.target.root, held)
        finally:
            remove(self.target.temporary)
        moved = look_back(self.target.root)
        if self.changes.count:
            self._flush(self.target.root)
        return moved.result()

    def _totals(self, origin: Origin, folder: Path, *, holes: bool) -> Totals | None:
        """Return the function that counts what there is to do, for the meter.

        The number of bytes is not known if the root exists already, since only a part is copied.
        For a source on another host, nothing is known.

        Args:
            origin: what is read.
            folder: the destination.
            holes: whether the program counts the holes of sparse files, as rsync does.
        """
        if not origin.folder:
            return None

        def count() -> tuple[int | None, int]:
            excludes, one = self.plan.excludes, self.request.one_file_system
            found = totals(origin.path, excludes, one, holes=holes)
            return (None if folder == self.target.root else found.size), found.files

        return count

    def _transfer(self, origin: Origin, argv: list[str], folder: Path, held: int) -> None:
        self._note(argv)
        ended, numbers = rsync.copy(
            argv,
            self.changes,
            self.meter,
            dest=self.target.root,
            held=(held,),
            totals=self._totals(origin, folder, holes=True),
        )
        self._judge(ended)
        self.root.stats = replace(self.root.stats, **numbers)
        if self.plan.source.is_host and _empty_machine_id(folder):
            self.changes.add(b">f+++++++++ etc/machine-id")

    def _flush(self, folder: Path) -> None:
        """Sync the file system. After a power cut, a root that is marked complete must be so."""
        ended = self.meter.run(sync(folder), dest=self.target.root)
        if ended.code != 0:
            raise CopyError(f"sync failed: {ended.stderr}")

    def _judge(self, ended: Ended) -> None:
        if ended.full_disk:
            raise self._full(ended)
        if ended.code not in (0, rsync.VANISHED):
            hint = _IMMUTABLE if "Operation not permitted" in ended.stderr else ""
            raise CopyError(f"rsync ended with code {ended.code}: {ended.stderr}{hint}")
        self.root.source_changed = (
            ended.code == rsync.VANISHED or "failed verification" in ended.stderr
        )

    def _source_moved(self, origin: Origin, since: str, copied: Path) -> str | None:
        """Return the name of one thing in the source that changed since then, or None.

        For a folder, this is the time *since*. For a host, the source is compared with *copied*. An
        archive is not checked here, but when it is unpacked.
        """
        excludes, one = self.plan.excludes, self.request.one_file_system
        if self.plan.source.kind == src.FOLDER:
            # A release never changes. A new release changes only the number of links of its files.
            if is_release_root(origin.path):
                return None
            return changed_since(origin.path, since, excludes, one)
        # If nothing was copied, no file can have changed while it was read.
        if self.plan.source.kind == src.SSH and self.changes.count:
            return self._host_moved(origin, copied)
        return None

    def _host_moved(self, origin: Origin, copied: Path) -> str | None:
        again = Changes(keep=1)
        argv = self._rsync(origin, copied, again=True)
        ended, _numbers = rsync.copy(argv, again, Meter(None, ""), dest=copied)
        if ended.code not in (0, rsync.VANISHED):
            self.warnings.append(
                f"{self.plan.source.text} could not be looked at once more after it was copied to"
                f" {self.root.dest}, so nobody knows whether it changed meanwhile: {ended.stderr}"
            )
            return None
        return again.lines[0].split(" ", 1)[1] if again.lines else None

    def _full(self, ended: Ended) -> CopyError:
        # With a full disk, a boot server also loses leases and logs. So the space is freed at once.
        remove(self.target.partial)
        free = os.statvfs(self.target.parent)
        return CopyError(
            f"its file system is full: {self.plan.source.text} does not fit"
            f" ({free.f_bavail * free.f_frsize / 2**20:.0f} MiB and {free.f_favail} inodes"
            f" are free now): {ended.stderr.splitlines()[0]}"
        )


def remove(folder: Path) -> None:
    """Remove a folder if it exists."""
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(folder)


def _empty_machine_id(folder: Path) -> bool:
    """Give a copy of a running system an empty machine-id, unless it has one.

    With an empty file, systemd makes a machine-id at boot (machine-id(5)). On a root that is
    mounted read-only, a missing file is an error.

    Returns whether the file was made.
    """
    try:
        etc = os.open(folder / "etc", os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        before = os.fstat(etc)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        os.close(os.open("machine-id", flags, 0o444, dir_fd=etc))
        # Otherwise, the next run would find that the time of /etc has changed.
        os.utime(etc, ns=(before.st_atime_ns, before.st_mtime_ns))
        return True
    except FileExistsError:
        return False
    finally:
        os.close(etc)
