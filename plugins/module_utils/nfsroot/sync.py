# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copy one source to many destination roots; each ends complete or can be taken up again."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timezone

from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot import archive, marker, rsync
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot import source as src
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot.checks import (
    Plan,
    Request,
    examine,
)
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot.command import run
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot.destination import (
    Destination,
    State,
    look,
)
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot.marker import (
    BusyError,
    Marker,
)
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot.survey import (
    Changes,
    changed_since,
    clock,
    contents,
)

SHOWN = 500  # itemised changes that a diff shows


class CopyError(Exception):
    """One destination could not be copied; the message is for the user."""


@dataclass
class Stats:
    """Things (files, folders, links, devices), bytes and seconds of one copy.

    total_bytes and transferred_bytes count apparent sizes, as rsync --stats does.
    """

    files: int = 0
    created: int = 0
    deleted: int = 0
    transferred_bytes: int = 0
    total_bytes: int = 0
    seconds: float = 0.0


@dataclass
class Root:
    """What happened to one destination (the module's RETURN documents it)."""

    dest: str
    label: str | None = None
    copied: bool = False
    changed: bool = False
    source_changed: bool = False
    stats: Stats = field(default_factory=Stats)
    error: str | None = None


@dataclass
class Outcome:
    """All destinations in the order asked for, and how it was done."""

    roots: list[Root] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    diff: str = ""

    @property
    def changed(self) -> bool:
        return any(root.changed for root in self.roots)

    @property
    def errors(self) -> list[str]:
        """One sentence for each destination that failed."""
        return [f"dest {root.dest!r}: {root.error}" for root in self.roots if root.error]

    def as_dicts(self) -> list[dict[str, object]]:
        """The roots as the module returns them."""
        return [asdict(root) for root in self.roots]


def sync(request: Request) -> Outcome:
    """Copy as asked. Raises RefusedError (checks.py) before anything is written;
    afterwards a destination that fails does not stop the others (Outcome.errors)."""
    plan = examine(request)
    run_ = _Run(request, plan)
    roots = {target.root: Root(target.root) for target, _state in plan.destinations}
    pending = []
    for target, state in plan.destinations:
        if state.complete and not request.force:
            roots[target.root].label = state.marker.label if state.marker else None
        else:
            pending.append((target, state))
    try:
        with run_.origin(pending) as origin:
            # The archive's folder becomes the first root: by then the others have read it.
            for target, state in pending[1:] + pending[:1]:
                run_.attempt(origin, target, state, roots[target.root])
    except (archive.ArchiveError, BusyError, OSError) as error:
        said = "another run unpacks here; try again later" if _busy(error) else str(error)
        for target, _state in pending:
            roots[target.root].error = roots[target.root].error or said
    run_.outcome.roots = list(roots.values())
    if run_.unseen:
        run_.diff.append(f"… and {run_.unseen} more")
    run_.outcome.diff = "".join(f"{line}\n" for line in run_.diff)
    return run_.outcome


def _busy(error: Exception) -> bool:
    return isinstance(error, BusyError)


@dataclass(frozen=True)
class _Origin:
    """What rsync reads: a folder here or there; staged: ours to rename into place."""

    path: str
    folder: bool
    staged: Destination | None = None


class _Run:
    """The state that the destinations of one run share."""

    def __init__(self, request: Request, plan: Plan) -> None:
        self.request = request
        self.plan = plan
        self.outcome = Outcome()
        self.diff: list[str] = []
        self.shown = 0
        self.unseen = 0

    @contextlib.contextmanager
    def origin(self, pending: Sequence[tuple[Destination, State]]) -> Iterator[_Origin | None]:
        """The source, unpacked if it is an archive. None: there is nothing to read (yet)."""
        source, check = self.plan.source, self.request.check
        if self.plan.absent or not pending:
            yield None
        elif source.kind == src.SSH:
            yield _Origin(source.text, folder=False)
        elif source.kind == src.FOLDER:
            yield _Origin(os.path.realpath(source.path), folder=True)
        else:
            beside = pending[0][0]
            self._note(archive.command(source.path, beside.unpacked))
            if check:
                # Only existing roots can differ, and only by unpacking can that be told.
                existing = [target for target, state in pending if not state.fresh]
                if not existing:
                    yield None
                    return
                beside = existing[0]
            with archive.unpacked(source.path, beside, self.request.lock_wait) as folder:
                yield _Origin(folder, folder=True, staged=None if check else beside)

    def attempt(
        self, origin: _Origin | None, target: Destination, state: State, root: Root
    ) -> None:
        """Copy to one destination; what goes wrong is written down in root."""
        started = time.monotonic()
        changes = Changes(SHOWN - self.shown)
        root.label, root.copied = self.request.label, True
        try:
            if origin is None or self.request.check:
                self._look(origin, target, state, root, changes)
            else:
                os.makedirs(target.parent, mode=0o755, exist_ok=True)
                with marker.lock(target.lock, self.request.lock_wait) as held:
                    self._copy(origin, target, root, changes, held)
        except BusyError:
            root.error = "another run is copying to it; wait for it to end"
        except (CopyError, OSError) as error:
            root.error = str(error)
        root.copied = root.copied and root.error is None
        root.stats.seconds = round(time.monotonic() - started, 3)
        if changes.count:
            self.diff += [f"--- {target.root}", f"+++ {self.plan.source.text}", *changes.lines]
            self.shown += len(changes.lines)
            self.unseen += changes.count - len(changes.lines)
        elif root.changed and origin is None:
            self.diff.append(f"would copy {self.plan.source.text} to {target.root}")
        if root.source_changed:
            self.outcome.warnings.append(
                f"{self.plan.source.text} changed while it was copied to {target.root}"
            )

    def _note(self, argv: Sequence[str]) -> None:
        self.outcome.commands.append(shlex.join(argv))

    def _rsync(self, origin: _Origin, target: str, fresh: bool, temporary: str | None) -> list[str]:
        request = self.request
        return rsync.command(
            origin.path,
            target,
            rsync.Options(
                excludes=self.plan.excludes,
                delete=request.delete or fresh,  # what lies in a partial copy is our own
                one_file_system=request.one_file_system,
                checksum=request.checksum,
                rsh=None if origin.folder else request.rsh or rsync.DEFAULT_RSH,
                temporary=temporary,
            ),
        )

    def _look(
        self,
        origin: _Origin | None,
        target: Destination,
        state: State,
        root: Root,
        changes: Changes,
    ) -> None:
        """Check mode: what a copy would change."""
        root.changed = self._outdated(state)
        if origin is None:
            root.changed = True
            path = self.plan.source.text
            if self.plan.source.kind == src.ARCHIVE:
                path = target.unpacked
            origin = _Origin(path, folder=self.plan.source.kind != src.SSH)
            self._note(self._rsync(origin, target.root, state.fresh, None))
            return
        real = target.partial if state.fresh else target.root
        argv = self._rsync(origin, real, state.fresh, None if state.fresh else target.temporary)
        self._note(argv)
        with tempfile.TemporaryDirectory(prefix="nfsroot-") as nothing:
            shown = real if os.path.isdir(real) else nothing
            dry = self._rsync(origin, shown, state.fresh, None)
            ended, numbers = rsync.copy(dry, changes, dry_run=True)
        self._judge(ended.code, ended.stderr, ended.full_disk, target, root)
        root.stats = replace(root.stats, **numbers)
        root.changed = root.changed or changes.count > 0

    def _outdated(self, state: State) -> bool:
        """Whether what we remember of the destination has to change."""
        return not state.complete or (
            state.marker is not None and state.marker.label != self.request.label
        )

    def _copy(
        self, origin: _Origin, target: Destination, root: Root, changes: Changes, held: int
    ) -> None:
        state = look(target)  # another run may have ended while we waited for the lock
        if state.complete and not self.request.force:
            root.label, root.copied = state.marker.label if state.marker else None, False
            return
        source = self.plan.source.text
        marker.write(target.marker, Marker(marker.COPYING, source, self.request.label))
        since = clock()
        if state.fresh:
            self._first(origin, target, root, changes, held)
        else:
            self._update(origin, target, root, changes, held)
        if origin.folder and self.plan.source.kind == src.FOLDER:
            moved = changed_since(
                origin.path, since, self.plan.excludes, self.request.one_file_system
            )
            root.source_changed = root.source_changed or moved is not None
        root.changed = self._outdated(state) or changes.count > 0
        finished = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        if not root.changed and state.marker is not None:
            finished = state.marker.finished or finished
        marker.write(target.marker, Marker(marker.COMPLETE, source, self.request.label, finished))

    def _first(
        self, origin: _Origin, target: Destination, root: Root, changes: Changes, held: int
    ) -> None:
        """Make the root beside its place and rename it: nobody sees half a root."""
        request = self.request
        whole = False
        if not self.plan.excludes and origin.staged == target:
            _remove(target.partial)
            os.rename(origin.path, target.partial)
            whole = True
        elif origin.folder and not self.plan.excludes and not os.path.lexists(target.partial):
            argv = _cp(origin.path, target.partial, request.one_file_system)
            self._note(argv)
            ended = run(argv, held=(held,))
            if ended.full_disk:
                self._full(target, ended.stderr)
            # Where cp stumbled (a file vanished, say), rsync completes and judges it.
            whole = ended.code == 0
        if whole:
            found = contents(target.partial, request.one_file_system, changes)
            root.stats = Stats(
                files=found.files,
                created=found.files,
                transferred_bytes=found.size,
                total_bytes=found.size,
            )
        else:
            os.makedirs(target.partial, mode=0o755, exist_ok=True)
            self._transfer(origin, target, target.partial, root, changes, held)
        _flush(target.partial)
        os.rename(target.partial, target.root)

    def _update(
        self, origin: _Origin, target: Destination, root: Root, changes: Changes, held: int
    ) -> None:
        _remove(target.temporary)
        os.mkdir(target.temporary, 0o700)
        try:
            self._transfer(origin, target, target.root, root, changes, held)
        finally:
            _remove(target.temporary)
        if changes.count:
            _flush(target.root)

    def _transfer(
        self,
        origin: _Origin,
        target: Destination,
        folder: str,
        root: Root,
        changes: Changes,
        held: int,
    ) -> None:
        fresh = folder == target.partial
        if self.plan.source.is_host:
            _seed_machine_id(folder)
        argv = self._rsync(origin, folder, fresh, None if fresh else target.temporary)
        self._note(argv)
        ended, numbers = rsync.copy(argv, changes, held=(held,))
        self._judge(ended.code, ended.stderr, ended.full_disk, target, root)
        root.stats = replace(root.stats, **numbers)

    def _judge(
        self, code: int, stderr: str, full_disk: bool, target: Destination, root: Root
    ) -> None:
        if full_disk:
            self._full(target, stderr)
        if code not in (0, rsync.VANISHED):
            raise CopyError(f"rsync ended with code {code}: {stderr}")
        root.source_changed = code == rsync.VANISHED or "failed verification" in stderr

    def _full(self, target: Destination, stderr: str) -> None:
        # A boot server with a full disk also loses leases and logs: give the space back.
        _remove(target.partial)
        free = os.statvfs(target.parent)
        raise CopyError(
            f"the file system is full: {self.plan.source.text} does not fit"
            f" ({free.f_bavail * free.f_frsize / 2**20:.0f} MiB and {free.f_favail} inodes"
            f" are free now). {stderr.splitlines()[0] if stderr else ''}"
        )


def _cp(origin: str, folder: str, one_file_system: bool) -> list[str]:
    """cp(1) for a first copy of everything: twice as fast as rsync, and as faithful.

    --preserve=xattr makes cp report an attribute that it could not copy; --archive
    alone would keep silent.
    """
    return [
        "cp",
        "--archive",
        "--preserve=xattr",
        *(["--one-file-system"] if one_file_system else []),
        "--reflink=auto",
        "--no-target-directory",
        "--",
        origin,
        folder,
    ]


def _remove(path: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(path)


def _flush(folder: str) -> None:
    """Write the file system out: 'complete' must still be true after a power cut."""
    ended = run(["sync", "--file-system", "--", folder])
    if ended.code != 0:
        raise CopyError(f"sync failed: {ended.stderr}")


def _seed_machine_id(folder: str) -> None:
    """Give a copy of the boot server an empty machine-id, which means 'make one at boot'
    (machine-id(5)); a missing one is an error on a root that is mounted read-only."""
    etc = os.path.join(folder, "etc")
    if not os.path.lexists(etc):
        os.mkdir(etc, 0o755)
    descriptor = os.open(etc, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        os.close(os.open("machine-id", flags, 0o444, dir_fd=descriptor))
    except FileExistsError:
        pass
    finally:
        os.close(descriptor)
