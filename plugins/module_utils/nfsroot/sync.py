# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copies one source to many destination roots. A copy that was interrupted can be continued."""

from __future__ import annotations

import contextlib
import os
import shlex
import time
from collections.abc import Iterator, Sequence

from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot import archive
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot import source as src
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot.checks import (
    Plan,
    Request,
    examine,
)
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot.destination import (
    Destination,
    State,
)
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot.job import (
    CopyError,
    Job,
    Origin,
)
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot.marker import (
    BusyError,
    MarkerUnreadableError,
)
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot.meter import Meter
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot.outcome import Outcome, Root
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot.survey import Changes

SHOWN = 500  # maximum number of itemised changes in a diff


def sync(request: Request) -> Outcome:
    """Copy as the request says.

    If a destination fails, the others are still copied, see Outcome.errors.

    Raises:
        RefusedError: the request has faults (checks.py). Nothing was written.
    """
    meter = Meter(None if request.check else request.progress, f"examining {request.src}")
    plan = examine(request)
    outcome = Outcome([Root(str(target.root)) for target, _state in plan.destinations])
    diff = _Diff()
    pending = []
    for (target, state), root in zip(plan.destinations, outcome.roots):
        if state.complete and not request.force:
            root.label = state.marker.label if state.marker else None
        else:
            pending.append((target, state, root))
    if plan.source.is_packed:
        # The unpacked archive is renamed to the first root, so this root comes last. The others
        # have been copied from it by then.
        pending = pending[1:] + pending[:1]
    try:
        with _origin(request, plan, [task[:2] for task in pending], outcome, meter) as origin:
            for target, state, root in pending:
                changes = Changes(diff.room)
                noted = (outcome.commands, outcome.warnings)
                job = Job(request, plan, target, root, changes, *noted, meter)
                _attempt(job, origin, state)
                diff.show(job, origin)
    except BusyError:
        _fail(pending, "another run is unpacking the archive there; wait for it to end")
    except (archive.ArchiveError, OSError) as error:
        _fail(pending, str(error))
    outcome.diff = diff.text
    return outcome


def _fail(pending: Sequence[tuple[Destination, State, Root]], why: str) -> None:
    for _target, _state, root in pending:
        if not root.copied:
            root.error = root.error or why


def _attempt(job: Job, origin: Origin | None, state: State) -> None:
    """Do one job. If it fails, the reason is in the error of its root."""
    started = time.monotonic()
    root = job.root
    root.label, root.copied = job.request.label, True
    try:
        if origin is None:
            job.announce(state)
        elif job.request.check:
            job.preview(origin, state)
        else:
            job.perform(origin)
    except BusyError:
        root.error = "another run is copying to it; wait for it to end"
    except (CopyError, MarkerUnreadableError, OSError) as error:
        root.error = str(error)
    root.copied = root.copied and root.error is None
    root.stats.seconds = round(time.monotonic() - started, 3)


@contextlib.contextmanager
def _origin(
    request: Request,
    plan: Plan,
    pending: Sequence[tuple[Destination, State]],
    outcome: Outcome,
    meter: Meter,
) -> Iterator[Origin | None]:
    """Yield the source (of an archive, the unpacked folder), or None if it cannot be read yet."""
    source = plan.source
    if plan.absent or not pending:
        yield None
    elif source.kind == src.SSH:
        yield Origin(source.text, folder=False)
    elif source.kind == src.FOLDER:
        yield Origin(os.path.realpath(source.path), folder=True)
    else:
        # In check mode, an archive is not unpacked for roots that do not exist: everything is new.
        existing = [target for target, state in pending if not (request.check and state.fresh)]
        beside = (existing or [target for target, _state in pending])[-1]
        outcome.commands.append(shlex.join(archive.command(source, beside.unpacked)))
        if not existing:
            yield None
            return
        with archive.unpacked(source, beside, request.lock_wait, meter) as folder:
            yield Origin(str(folder), folder=True, staged=beside)


class _Diff:
    """The itemised changes of all destinations, as one text of limited length."""

    def __init__(self) -> None:
        self.room = SHOWN
        self._unseen = 0
        self._lines: list[str] = []

    def show(self, job: Job, origin: Origin | None) -> None:
        """Add the changes of a job."""
        changes, source = job.changes, job.plan.source.text
        if changes.count:
            self._lines += [f"--- {job.target.root}", f"+++ {source}", *changes.lines]
            self.room -= len(changes.lines)
            self._unseen += changes.count - len(changes.lines)
        elif job.root.changed and origin is None:
            self._lines.append(f"would copy {source} to {job.target.root}")

    @property
    def text(self) -> str:
        """The lines, and the number of lines that were left out."""
        more = [f"… and {self._unseen} more"] if self._unseen else []
        return "".join(f"{line}\n" for line in [*self._lines, *more])
