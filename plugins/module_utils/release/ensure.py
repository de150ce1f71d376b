# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Publishes a release of an image, makes a release current, or removes old releases."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot import marker
from ansible_collections.diskless.netboot.plugins.module_utils.release import (
    catalogue,
    current,
    in_use,
    publish,
)
from ansible_collections.diskless.netboot.plugins.module_utils.release.catalogue import (
    Catalogue,
    ReleaseError,
)

NEW, ALWAYS, NEVER = "new", "always", "never"

_LOCK_WAIT = 5.0  # seconds; the processes of a run that was killed need a moment to end


@dataclass
class Outcome:
    """What the module returns. The names have the same meaning as in its RETURN."""

    changed: bool = False
    release: str | None = None
    current: str | None = None
    releases: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    kept: dict[str, list[str]] = field(default_factory=dict)
    commands: list[str] = field(default_factory=list)
    before: str = ""
    after: str = ""


def published(
    store: str,
    image: str,
    source: publish.Source,
    *,
    release: str | None = None,
    note: str = "",
    make_current: str = NEW,
    check: bool = False,
) -> Outcome:
    """Publish *source* if it differs from the newest release.

    Args:
        store: root of the store.
        image: name of the image.
        source: what the release is made of.
        release: name of the new release. If None, it is the date and a number.
        note: why it is published.
        make_current: With ``new``, a release becomes current if it was just published. So if
            somebody went back to an earlier release, that one stays current until there is a new
            one. With ``always``, the newest release becomes current. With ``never``, no release
            becomes current, except the first one of an image.
        check: whether to return only what would be done.

    Raises:
        ReleaseError: the image cannot be published. Nothing was published.
        OSError, ValueError: the same.
    """
    if release is not None:
        catalogue.check_name(release)
    known = catalogue.read(store, image)
    missing = source.missing()
    if missing and check:  # an earlier task would have made it
        return Outcome(True, release, known.current, known.names)
    if missing:
        raise ReleaseError("; ".join(missing))
    if check:
        return _publication(known, source, release, note, make_current, None)
    with _locked(known.folder) as lock:
        known = catalogue.read(store, image)  # another run may have ended while this one waited
        publish.sweep(known)
        # Of a release that failed later; another one may get its name.
        if current.interrupted(known.folder, known.names) is None:
            current.forget(known.folder)
        try:
            return _publication(known, source, release, note, make_current, lock)
        finally:
            # With a full disk, a boot server also loses leases and logs. So the space is freed.
            publish.sweep(known)


def _publication(
    known: Catalogue,
    source: publish.Source,
    name: str | None,
    note: str,
    make_current: str,
    lock: int | None,
) -> Outcome:
    """Publish the image. Without a *lock*, only return what would be published."""
    newest = known.newest
    found = publish.compare(source, known)
    chosen = current.interrupted(known.folder, known.names) or known.current
    if newest is not None and not found:
        if name not in (None, newest.name):
            raise ReleaseError(
                f"there is nothing to publish as {name}: the image is as in {newest.name}"
            )
        wanted = newest.name if make_current == ALWAYS else chosen or newest.name
        if wanted != known.current and lock is not None:
            current.point(known.folder, wanted)
        return _told(known, wanted != known.current, newest.name, wanted)
    if name in known.names:
        raise ReleaseError(f"there is a release {name} already, and a release is never changed")
    name = name or catalogue.next_name(known.next_serial, datetime.now())
    wanted = name if make_current != NEVER or chosen is None else chosen
    if lock is not None:
        if wanted != known.current:
            current.stage(known.folder, wanted)
        publish.publish(source, known, name, note, found, lock)
        if wanted != known.current:
            current.point(known.folder, wanted)
    outcome = _told(known, True, name, wanted)
    outcome.releases.append(name)
    outcome.commands = found.commands
    outcome.after += "".join(f"{line}\n" for line in found.lines)
    return outcome


def _told(known: Catalogue, changed: bool, release: str, becomes: str) -> Outcome:
    return Outcome(
        changed,
        release,
        becomes,
        known.names,
        before=f"current: {known.current or 'none'}\n",
        after=f"current: {becomes}\n",
    )


def made_current(
    store: str, image: str, release: str, *, squashfs: bool = False, check: bool = False
) -> Outcome:
    """Make an existing release the current one.

    Args:
        store: root of the store.
        image: name of the image.
        release: name of the release, or ``previous`` for the one before the current one.
        squashfs: whether clients fetch the current release as one file.
        check: whether to return only what would be done.

    Raises:
        ReleaseError: there is no such release, or clients could not boot it.
        OSError, ValueError: the store cannot be read or written.
    """
    known = catalogue.read(store, image)
    name = known.resolve(release)
    fetched = [each.name for each in known.releases if each.squashfs]
    if squashfs and name not in fetched:
        raise ReleaseError(
            f"the release {name} has no squashfs, so clients that fetch it could not start. Choose"
            f" one that has ({', '.join(fetched) or 'there is none'}), or give these clients"
            " another netboot_root."
        )
    outcome = _told(known, name != known.current, name, name)
    if outcome.changed and not check:
        with _locked(known.folder):
            catalogue.read(store, image).resolve(name)
            current.point(known.folder, name)
    return outcome


def pruned(
    store: str, image: str, keep: int, set_to: Mapping[str, str], *, check: bool = False
) -> Outcome:
    """Remove all releases except the current one, the newest ones, and those that are in use.

    Args:
        store: root of the store.
        image: name of the image.
        keep: number of the newest releases to keep.
        set_to: the releases that clients are set to, by the names of the clients.
        check: whether to return only what would be done.

    Raises:
        ReleaseError: *keep* is too low, or it is not known which releases are in use. Nothing was
            removed.
        OSError, ValueError: the store cannot be read or written.
    """
    if keep < 1:
        raise ReleaseError(f"keep: {keep}: must be at least 1, or a new PC could not boot")
    known = catalogue.read(store, image)
    if check or not known.folder.is_dir():
        return _pruning(store, image, known, keep, set_to, check=True)
    with _locked(known.folder):
        known = catalogue.read(store, image)
        publish.sweep(known)
        return _pruning(store, image, known, keep, set_to, check=False)


def _pruning(
    store: str,
    image: str,
    known: Catalogue,
    keep: int,
    set_to: Mapping[str, str],
    *,
    check: bool,
) -> Outcome:
    try:
        kept = in_use.reasons(store, image, known.current, set_to)
    except marker.MarkerUnreadableError as error:
        raise ReleaseError(f"{error}; nothing was removed") from error
    for name in known.names[-keep:]:
        kept.setdefault(name, []).append(f"is one of the newest {keep}")
    going = [name for name in known.names if name not in kept]
    if not check:
        for name in going:
            publish.remove(known.path(name))
    left = [name for name in known.names if name in kept]
    return Outcome(
        bool(going),
        None,
        known.current,
        left,
        removed=going,
        kept={name: kept[name] for name in left},
        before="".join(f"{name}\n" for name in known.names),
        after="".join(f"{name}\n" for name in left),
    )


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[int]:
    try:
        with marker.lock(folder / ".releases.lock", _LOCK_WAIT) as lock:
            yield lock
    except marker.BusyError as error:
        raise ReleaseError(
            f"another run works on the releases of {folder.name}; wait for it to end"
        ) from error
