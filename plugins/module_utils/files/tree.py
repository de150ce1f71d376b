# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares desired files with a folder, shows the changes as one diff, and makes them atomically.

`plan` reads and decides, and `Plan.apply` writes. In check mode, the plan is not applied.
"""

from __future__ import annotations

import contextlib
import difflib
import os
import posixpath
import re
import stat
import textwrap
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from ansible_collections.diskless.netboot.plugins.module_utils.files import atomic
from ansible_collections.diskless.netboot.plugins.module_utils.files.atomic import (
    Folders,
    Found,
    TreeError,
)

CREATED, UPDATED, REMOVED, UNCHANGED = "created", "updated", "removed", "unchanged"
LISTED = 100  # maximum number of names in a list of files with the same change


@dataclass(frozen=True)
class FileSpec:
    """A desired file.

    If *mode*, *uid* or *gid* is None, it is taken from the file that is replaced. A new file gets
    the mode 0644 and the user and group of this process.
    """

    content: bytes
    mode: int | None = 0o644
    uid: int | None = None
    gid: int | None = None


@dataclass(frozen=True)
class LinkSpec:
    """A desired symbolic link to *target*, which need not exist."""

    target: str

    @property
    def content(self) -> bytes:
        """The text that a diff shows as its content."""
        return atomic.link_text(self.target)


@dataclass(frozen=True)
class Change:
    """One path of a plan: what is there, what is wanted, and what is done."""

    path: str
    action: str
    before: Found | None = None
    after: FileSpec | LinkSpec | None = None

    @property
    def content_differs(self) -> bool:
        old = self.before.content if self.before and self.before.regular else None
        return old != (self.after.content if self.after else None)

    def target_mode(self) -> int:
        if isinstance(self.after, FileSpec) and self.after.mode is not None:
            return self.after.mode
        return self.before.mode if self.before and self.before.regular else 0o644

    def target_owner(self) -> tuple[int | None, int | None]:
        wanted = self.after if isinstance(self.after, FileSpec) else FileSpec(b"")
        uid, gid = wanted.uid, wanted.gid
        if self.before and self.before.regular:
            uid = self.before.uid if uid is None else uid
            gid = self.before.gid if gid is None else gid
        return uid, gid

    def texts(self) -> tuple[str, str]:
        """Return the file before and after, as text for a diff.

        If mode, owner or group differ, they are in the first lines.
        """
        old, new = "", ""
        if self.before:
            old = _text(self.before.content)
        if self.after:
            new = _text(self.after.content)
        if self.before and isinstance(self.after, FileSpec) and self.before.regular:
            uid, gid = self.target_owner()
            here = (f"{self.before.mode:04o}", self.before.uid, self.before.gid)
            there = (f"{self.target_mode():04o}", uid, gid)
            for name, was, becomes in zip(("mode", "owner", "group"), here, there):
                if was != becomes:
                    old, new = f"{name}: {was}\n{old}", f"{name}: {becomes}\n{new}"
        return old, new


@dataclass(frozen=True)
class Plan:
    """What `plan` found and decided.

    Attributes:
        folder: absolute path of the folder.
        changes: one for each path that is desired, absent or purged, by path.
        foreign: paths in the managed folder, or named as absent, that somebody else wrote.
    """

    folder: str
    changes: Mapping[str, Change]
    foreign: tuple[str, ...] = ()
    managed: str | None = None
    _real: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)

    @property
    def pending(self) -> list[Change]:
        return [change for change in self.changes.values() if change.action != UNCHANGED]

    @property
    def changed(self) -> bool:
        return any(change.action != UNCHANGED for change in self.changes.values())

    def paths(self, action: str) -> list[str]:
        """Return the paths with this action, sorted."""
        return sorted(change.path for change in self.changes.values() if change.action == action)

    def diff(self, names: Mapping[str, str] | None = None) -> dict[str, str]:
        """Return one diff for Ansible's diff mode.

        For one file, it has the texts before and after. For several files, it is one text, with
        each change once: files that differ from a shown one only by their own name are listed.

        Args:
            names: a name for each file that is one of many of a kind, by path.
        """
        pending = sorted(self.pending, key=lambda change: change.path)
        if len(pending) == 1:
            before, after = pending[0].texts()
            before_header, after_header = self._headers(pending[0])
            return {
                "before_header": before_header,
                "after_header": after_header,
                "before": before,
                "after": after,
            }
        alike: dict[tuple[str, ...], list[Change]] = {}
        for change in pending:
            name = (names or {}).get(change.path)
            own = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)") if name else None
            texts = (own.sub("\0", text) if own else text for text in change.texts())
            alike.setdefault((change.action, *texts, "" if own else change.path), []).append(change)
        # Each file is compared separately. For two texts with 5,000 small files, Ansible's own
        # comparison takes most of a minute, and its hunks do not say to which file they belong.
        lines: list[str] = []
        for first, *others in alike.values():
            before, after = first.texts()
            lines += difflib.unified_diff(
                before.splitlines(keepends=True),
                after.splitlines(keepends=True),
                *self._headers(first),
            )
            if others:
                lines += _listed({change.path: (names or {})[change.path] for change in others})
        ended = [line if line.endswith("\n") else f"{line}\n" for line in lines]
        return {"prepared": "".join(ended)}

    def _headers(self, change: Change) -> tuple[str, str]:
        path = posixpath.join(self.folder, change.path)
        absent = f"{path} (absent)"
        return path if change.before else absent, path if change.after else absent

    def apply(self, validate: Callable[[str, str], None] | None = None) -> None:
        """Make the changes: all files are staged and synced to the disk, then renamed.

        If the run is killed, each path has either its old file or its new one, and the next plan
        has the remaining changes. Staged files of a killed run are removed.

        Args:
            validate: called with a path of the plan and the absolute path of its staged file,
                before any file is replaced. If it raises an exception, nothing is replaced.

        Raises:
            TreeError: a file could not be written. No staged files are left.
        """
        folders = Folders(self.folder, self._real)
        try:
            with folders:
                if self.changed or folders.present:
                    with atomic.locked(folders.base):
                        self._apply(folders, validate)
        except OSError as error:
            raise TreeError([f"{folders.where(error)}: {error.strerror or error}"]) from error

    def _apply(self, folders: Folders, validate: Callable[[str, str], None] | None) -> None:
        pending = self.pending
        parents = {posixpath.dirname(change.path) for change in pending}
        for parent in self._real:
            if parent in parents or folders.exists(parent):
                atomic.sweep(folders.open(parent, create=True))
        staged: dict[str, dict[str, str]] = {}
        files: dict[str, list[str]] = {}
        try:
            for change in pending:
                if change.after is None:
                    continue
                parent, name = posixpath.split(change.path)
                if isinstance(change.after, LinkSpec):
                    link = atomic.stage_link(folders.open(parent), name, change.after.target)
                    staged.setdefault(parent, {})[link] = name
                    continue
                temporary = atomic.stage(
                    folders.open(parent),
                    name,
                    change.after.content,
                    change.target_mode(),
                    *change.target_owner(),
                )
                staged.setdefault(parent, {})[temporary] = name
                files.setdefault(parent, []).append(temporary)
                if validate is not None:
                    validate(change.path, posixpath.join(self.folder, parent, temporary))
            folders.sync_files(files)
            for parent, names in staged.items():
                handle = folders.open(parent)
                for temporary in list(names):
                    os.rename(temporary, names[temporary], src_dir_fd=handle, dst_dir_fd=handle)
                    del names[temporary]
        except OSError as error:
            error.filename = folders.where(error)  # before the cleanup uses other folders
            raise
        finally:
            for parent, names in staged.items():
                for temporary in names:
                    with contextlib.suppress(OSError):
                        os.unlink(temporary, dir_fd=folders.open(parent))
        for change in pending:
            if change.after is None:
                parent, name = posixpath.split(change.path)
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(name, dir_fd=folders.open(parent))
        folders.sync_names(parents)


def plan(
    folder: str,
    desired: Mapping[str, FileSpec | LinkSpec],
    *,
    absent: Iterable[str] = (),
    managed: str | None = None,
    marker: bytes = b"",
    purge: bool = False,
    links: bool = False,
) -> Plan:
    """Compare desired files with a folder and decide what to do. Nothing is written.

    Args:
        folder: absolute path. If it is missing, everything would be created. `apply` creates
            missing folders below it, but not the folder itself.
        desired: files and links by path relative to *folder*.
        absent: relative paths that must not exist.
        managed: relative path of a folder (``""`` for *folder* itself) in which to look for files
            that are not desired.
        marker: the first bytes of all files that this collection writes. A file without it is never
            removed.
        purge: whether to remove files in *managed* that have the marker and are not desired.
        links: whether symbolic links can be removed too.

    Raises:
        TreeError: a path leads out of *folder* through a link, or something that is neither a file
            nor a folder is in the way. The text lists all faults.
    """
    absent = set(absent)
    faults: list[str] = []
    parents = {posixpath.dirname(path) for path in (*desired, *absent)}
    if managed is not None:
        parents.add(managed)
    real = {parent: _inside(folder, parent, faults) for parent in sorted(parents)}
    if faults:
        raise TreeError(faults)
    changes: dict[str, Change] = {}
    foreign: set[str] = set()
    folders = Folders(folder, real)
    try:
        with folders:
            for path, spec in desired.items():
                found = folders.read(path, len(spec.content))
                if found and stat.S_ISDIR(found.kind):
                    faults.append(f"{posixpath.join(folder, path)}: is a folder, not a file")
                changes[path] = _compare(path, found, spec)
            unwanted = absent | (folders.list(managed) if managed is not None else set())
            for path in sorted(unwanted.difference(desired)):
                found = folders.read(path, len(marker))
                link = found and links and stat.S_ISLNK(found.kind)
                ours = link or (found and found.regular and found.content.startswith(marker))
                if found and not ours:
                    foreign.add(path)
                elif found and (purge or path in absent):
                    changes[path] = Change(path, REMOVED, before=found)
                elif path in absent:
                    changes[path] = Change(path, UNCHANGED)
    except OSError as error:
        raise TreeError([f"{folders.where(error)}: {error.strerror or error}"]) from error
    if faults:
        raise TreeError(faults)
    return Plan(folder, changes, tuple(sorted(foreign)), managed, real)


def _compare(path: str, found: Found | None, spec: FileSpec | LinkSpec) -> Change:
    change = Change(path, UPDATED if found else CREATED, found, spec)
    if isinstance(spec, LinkSpec):
        same = found and stat.S_ISLNK(found.kind) and found.content == spec.content
        return Change(path, UNCHANGED, found, spec) if same else change
    if found and found.regular and not change.content_differs:
        wanted = (change.target_mode(), *change.target_owner())
        if wanted == (found.mode, found.uid, found.gid):
            return Change(path, UNCHANGED, found, spec)
    return change


def _listed(names: Mapping[str, str]) -> list[str]:
    """Return lines with the name of each path, or the path itself if its name is not its alone."""
    times = Counter(names.values())
    told = [name if times[name] == 1 else path for path, name in names.items()]
    more = len(told) - LISTED
    shown = ", ".join(told[:LISTED]) + (f" and {more} more" if more > 0 else "")
    text = f"The same for {len(told)} more: {shown}"
    return textwrap.wrap(
        text, 100, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
    )


def _text(content: bytes) -> str:
    return content.decode("utf-8", "replace")


def _inside(folder: str, parent: str, faults: list[str]) -> tuple[str, ...]:
    """Return the folders from *folder* to *parent*, after all links were resolved."""
    base = posixpath.realpath(folder)
    real = posixpath.realpath(posixpath.join(base, parent))
    steps = posixpath.relpath(real, base).split("/")
    if steps[0] == ".." or parent.startswith("/"):
        faults.append(f"{posixpath.join(folder, parent)}: leads out of {folder} to {real}")
    return tuple(step for step in steps if step != ".")
