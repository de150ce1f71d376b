# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the states of many clients: identity, own files, and folders for what a client keeps."""

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

_LOCK_WAIT = 5.0  # seconds; the processes of a run that was killed need a moment to end


class StateError(Exception):
    """The states could not be made; the text tells why."""


@dataclass(frozen=True)
class Wanted:
    """The state that a client must have.

    Attributes:
        client: inventory name.
        persist: absolute paths that are kept.
        source: a root with the first content of kept folders. If None, they are empty at first.
        files: texts of the client's own files, by absolute path in its root.
    """

    client: str
    persist: tuple[str, ...] = ()
    source: Path | None = None
    files: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Outcome:
    """What was made and removed, or would be in check mode, as paths below the store."""

    created: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)

    @property
    def changed(self) -> bool:
        """Whether anything was changed, or would be in check mode."""
        return bool(self.created or self.updated or self.removed)


def ensure(store: str, wanted: Sequence[Wanted], *, check: bool = False) -> Outcome:
    """Make the states of clients. What a client keeps is never changed.

    Raises:
        StateError, ValueError, OSError: something failed. What was made before that is complete.
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
    """Make the states. Without a *lock*, only return what would be made."""
    outcome = Outcome()
    key_file = top / "secret"
    key = machine_id.read_key(key_file)
    if key is None:
        outcome.created.append(key_file.name)
        # In check mode, any key will do: the states that depend on it do not exist either.
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
        # Other users of the boot server cannot read it either.
        _state(top, item).parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        _state(top, item).mkdir(mode=0o700, exist_ok=True)
    # The order matters: first the kept folders and the keys, then the files that name them for the
    # client. What these files no longer name is removed last.
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
    """Rename a folder that a client made in the place of a file that is to be written."""
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
    """Return all paths whose names are those of clients' own files, also of files that are wanted.

    They are found by their names. The list of the last run may be wrong, since that run may have
    been killed after it wrote the list.
    """
    found = []
    for item in wanted:
        with contextlib.suppress(FileNotFoundError):
            inside = [path.name for path in _state(top, item).iterdir()]
            found += [f"{_below(item)}/{name}" for name in inside if names.is_file(name)]
    return found


def _staged(state: Path) -> Path:
    """Return the folder beside *state* in which new content is made. Its client cannot see it."""
    return state.with_name(f".{state.name}.new")


def _make(top: Path, kept: Sequence[tuple[Wanted, str]], keys: Sequence[Wanted], lock: int) -> None:
    """Make kept folders and keys.

    All of them are on the disk before the first one is moved to a state. What is in a state is
    assumed to be complete, and it is never changed again.
    """
    states = {_state(top, item) for item in (*keys, *(item for item, _path in kept))}
    if not states:
        return
    for state in states:
        shutil.rmtree(_staged(state), ignore_errors=True)  # left by a run that was killed
        _staged(state).mkdir(mode=0o700)
    made = []
    for item, path in kept:
        state, name = _state(top, item), names.folder_for(path)
        _first_content(_staged(state) / name, item, path, lock)
        made.append((state, name))
    for item in keys:
        state = _state(top, item)
        _host_key(_staged(state) / names.SSH_KEY, item.client, lock)
        # The private key is moved last. If it is there, the public key is there too.
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
    """Make the folder for a kept *path*, with the content that it has in the client's image."""
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
    """Make an ssh host key. Its type is ed25519, which is fast on slow PCs too."""
    argv = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", client, "-f", str(file)]
    _run(argv, file, lock)


def _run(argv: Sequence[str], path: Path, lock: int) -> None:
    """Run a program for *path*. It shares the lock, so that the lock is held while it runs."""
    ended = run(argv, held=(lock,))
    if ended.code:
        raise StateError(f"{path}: {argv[0]}: {ended.stderr}")
