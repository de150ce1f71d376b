# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the state folders of many clients: identity, and a place for what each of them keeps."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ansible_collections.diskless.netboot.plugins.module_utils.client_state import machine_id, names
from ansible_collections.diskless.netboot.plugins.module_utils.files import tree
from ansible_collections.diskless.netboot.plugins.module_utils.image import rootfs
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot import marker
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot.command import run
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot.coreutils import sync
from ansible_collections.diskless.netboot.plugins.module_utils.store import paths

_LOCK_WAIT = 5.0  # seconds; the children of a run that was killed need a moment to die


class StateError(Exception):
    """The states cannot become what is asked for; the text names every fault."""


@dataclass(frozen=True)
class Wanted:
    """One client's state.

    Attributes:
        client: inventory name.
        persist: absolute paths that are kept.
        source: a root from which a kept path takes its first content; None for empty folders.
        files: texts by the absolute path that they get in the client's root.
    """

    client: str
    persist: tuple[str, ...] = ()
    source: Path | None = None
    files: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Outcome:
    """What was made and removed, or would be in check mode: paths below the store."""

    created: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)

    @property
    def changed(self) -> bool:
        """Whether anything was, or would be."""
        return bool(self.created or self.updated or self.removed)


def ensure(store: str, wanted: Sequence[Wanted], *, check: bool = False) -> Outcome:
    """Make each client's state what it has to be; what a client keeps is never touched.

    Raises:
        StateError, ValueError, OSError: what failed; what was made before it is whole.
    """
    top = Path(paths.store_root(store))
    if not wanted:
        return Outcome()
    if check:
        return _ensured(top, wanted, None)
    top.mkdir(mode=0o755, parents=True, exist_ok=True)
    try:
        with marker.lock(top / ".states.lock", _LOCK_WAIT) as lock:
            return _ensured(top, wanted, lock)
    except marker.BusyError as error:
        raise StateError(
            f"another run works on the clients' states in {top}; wait for it to end"
        ) from error


def _ensured(top: Path, wanted: Sequence[Wanted], lock: int | None) -> Outcome:
    """Make the states, or without a *lock* say what would be made."""
    outcome = Outcome()
    key_file = top / "secret"
    key = machine_id.read_key(key_file)
    if key is None:
        outcome.created.append(key_file.name)
        # Without a lock a stand-in: what it is for is not there either.
        key = machine_id.make_key(key_file) if lock is not None else bytes(machine_id.KEY_BYTES)
    desired = _files(wanted, key)
    in_the_way = [path for path in desired if _is_folder(top / path)]
    for path in in_the_way:
        if lock is None:
            del desired[path]
        else:
            _put_aside(top / path)
    files = tree.plan(str(top), desired, absent=_former(top, wanted))
    homes = [item for item in wanted if not _state(top, item).is_dir()]
    keys = [item for item in wanted if not _has_key(_state(top, item))]
    kept = [
        (item, path)
        for item in wanted
        for path in item.persist
        if not os.path.lexists(_state(top, item) / names.folder_for(path))
    ]
    outcome.created += [_below(item) for item in homes]
    outcome.created += [f"{_below(item)}/{names.SSH_KEY}" for item in keys]
    outcome.created += [f"{_below(item)}/{names.folder_for(path)}" for item, path in kept]
    outcome.created += sorted({*files.paths(tree.CREATED), *in_the_way})
    outcome.updated += files.paths(tree.UPDATED)
    outcome.removed += files.paths(tree.REMOVED)
    if lock is None:
        return outcome
    for item in homes:
        # Its client's alone, also for other users of the boot server.
        _state(top, item).parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        _state(top, item).mkdir(mode=0o700, exist_ok=True)
    # First what is kept and the keys, then the files by which a client knows of them, last goes
    # what these name no more.
    _make(top, kept, keys, lock)
    files.apply()
    return outcome


def _below(item: Wanted) -> str:
    return f"clients/{item.client}/{paths.STATE}"


def _state(top: Path, item: Wanted) -> Path:
    return Path(paths.client_state(str(top), item.client))


def _has_key(state: Path) -> bool:
    key = state / names.SSH_KEY
    return os.path.lexists(key) and not _is_folder(key)


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _put_aside(path: Path) -> None:
    """Rename a folder that a client made where a file of ours belongs, and could not come."""
    path.rename(path.with_name(f"aside-{secrets.token_hex(4)}-{path.name[-200:]}"))


def _files(wanted: Sequence[Wanted], key: bytes) -> dict[str, tree.FileSpec]:
    desired = {}
    for item in wanted:
        identity = machine_id.derive(key, item.client) + "\n"
        desired[f"{_below(item)}/{names.MACHINE_ID}"] = tree.FileSpec(identity.encode(), 0o444)
        kept = names.kept_text(item.persist)
        desired[f"{_below(item)}/{names.KEPT}"] = tree.FileSpec(kept.encode(), 0o444)
        own = names.files_text(item.files)
        desired[f"{_below(item)}/{names.FILES}"] = tree.FileSpec(own.encode(), 0o444)
        for path, content in item.files.items():
            name = f"{_below(item)}/{names.file_for(path)}"
            desired[name] = tree.FileSpec(content.encode(), 0o444)
    return desired


def _former(top: Path, wanted: Sequence[Wanted]) -> list[str]:
    """Return all that is named as files of a client's own are; those that are wanted, too.

    By their names, not by the list of the last run, which may have been killed after writing it.
    """
    found = []
    for item in wanted:
        with contextlib.suppress(FileNotFoundError):
            inside = [path.name for path in _state(top, item).iterdir()]
            found += [f"{_below(item)}/{name}" for name in inside if names.is_file(name)]
    return found


def _staged(state: Path) -> Path:
    """Return the folder in which what comes into *state* is made, out of its client's reach."""
    return state.with_name(f".{state.name}.new")


def _make(top: Path, kept: Sequence[tuple[Wanted, str]], keys: Sequence[Wanted], lock: int) -> None:
    """Make kept folders and keys; all are on the disk before a state has any of them.

    For what a state has counts as whole, and is never touched again.
    """
    states = {_state(top, item) for item in (*keys, *(item for item, _path in kept))}
    if not states:
        return
    for state in states:
        shutil.rmtree(_staged(state), ignore_errors=True)  # of a run that was killed
        _staged(state).mkdir(mode=0o700)
    made = []
    for item, path in kept:
        state, name = _state(top, item), names.folder_for(path)
        _first_content(_staged(state) / name, item, path, lock)
        made.append((state, name))
    for item in keys:
        state = _state(top, item)
        _host_key(_staged(state) / names.SSH_KEY, item.client, lock)
        # The private key last: where it is, both are.
        made += [(state, f"{names.SSH_KEY}.pub"), (state, names.SSH_KEY)]
    _run(sync(top / "clients"), top, lock)
    for state, name in made:
        if _is_folder(state / name):
            _put_aside(state / name)
        (_staged(state) / name).replace(state / name)
    for state in states:
        marker.fsync_folder(state)
        _staged(state).rmdir()


def _first_content(folder: Path, item: Wanted, path: str, lock: int) -> None:
    """Make the folder for a kept *path*, with what the client's image has there."""
    try:
        origin = rootfs.resolve(item.source, path) if item.source else None
    except OSError as error:
        raise StateError(f"{folder}: {error}") from error
    if origin is not None and origin.is_dir():
        argv = ["cp", "--archive", "--no-target-directory", "--", str(origin), str(folder)]
        _run(argv, folder, lock)
    else:
        folder.mkdir(mode=0o755)


def _host_key(file: Path, client: str, lock: int) -> None:
    """Make an ssh host key: of one kind, the only one that costs a slow PC no time to use."""
    argv = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", client, "-f", str(file)]
    _run(argv, file, lock)


def _run(argv: Sequence[str], path: Path, lock: int) -> None:
    """Run a program for *path*, with a share in the lock, so that it is held while this runs."""
    ended = run(argv, held=(lock,))
    if ended.code:
        raise StateError(f"{path}: {argv[0]}: {ended.stderr}")
