# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the state folders of many clients: identity, and a place for what each of them keeps."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ansible_collections.diskless.netboot.plugins.module_utils import store as paths
from ansible_collections.diskless.netboot.plugins.module_utils import tree
from ansible_collections.diskless.netboot.plugins.module_utils.client_state import (
    machine_id,
    names,
)
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot.command import run


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
    """What was made, or would be in check mode: paths below the store."""

    created: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)

    @property
    def changed(self) -> bool:
        """Whether anything was, or would be."""
        return bool(self.created or self.updated)


def ensure(store: str, wanted: Sequence[Wanted], *, check: bool = False) -> Outcome:
    """Make each client's state what it has to be; what a client keeps is never touched.

    Raises:
        StateError, ValueError, OSError: what failed; what was made before it is whole.
    """
    top = Path(paths.store_root(store))
    outcome = Outcome()
    if not wanted:
        return outcome
    key_file = top / "secret"
    key = machine_id.read_key(key_file)
    if key is None:
        outcome.created.append(key_file.name)
        if check:
            key = bytes(machine_id.KEY_BYTES)  # a stand-in: what it is for is not there either
        else:
            top.mkdir(mode=0o755, parents=True, exist_ok=True)
            key = machine_id.make_key(key_file)
    files = _files(top, wanted, key)
    homes = [item for item in wanted if not _state(top, item).is_dir()]
    keys = [item for item in wanted if not os.path.lexists(_state(top, item) / names.SSH_KEY)]
    kept = [
        (item, path)
        for item in wanted
        for path in item.persist
        if not os.path.lexists(_state(top, item) / names.folder_for(path))
    ]
    outcome.created += [_below(item) for item in homes]
    outcome.created += [f"{_below(item)}/{names.SSH_KEY}" for item in keys]
    outcome.created += [f"{_below(item)}/{names.folder_for(path)}" for item, path in kept]
    outcome.created += files.paths(tree.CREATED)
    outcome.updated += files.paths(tree.UPDATED)
    if check:
        return outcome
    for item in homes:
        # Its client's alone, also for other users of the boot server.
        _state(top, item).parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        _state(top, item).mkdir(mode=0o700, exist_ok=True)
    # First what is kept and the keys, last the files by which a client knows of them.
    for item, path in kept:
        _first_content(_state(top, item), item, path)
    for item in keys:
        _host_key(_state(top, item), item.client)
    files.apply()
    return outcome


def _below(item: Wanted) -> str:
    return f"clients/{item.client}/{paths.STATE}"


def _state(top: Path, item: Wanted) -> Path:
    return Path(paths.client_state(str(top), item.client))


def _files(top: Path, wanted: Sequence[Wanted], key: bytes) -> tree.Plan:
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
    return tree.plan(str(top), desired)


def _first_content(state: Path, item: Wanted, path: str) -> None:
    """Make the folder for a kept *path*, with what the client's image has there."""
    staged = state.with_name(".keep.new")
    shutil.rmtree(staged, ignore_errors=True)  # of a run that was killed
    origin = (item.source / path.lstrip("/")).resolve() if item.source else None
    if origin is not None and origin.is_dir() and item.source in origin.parents:
        ended = run(["cp", "--archive", "--no-target-directory", "--", str(origin), str(staged)])
        if ended.code:
            raise StateError(f"{state / names.folder_for(path)}: {ended.stderr}")
    else:
        staged.mkdir(mode=0o755)
    staged.rename(state / names.folder_for(path))


def _host_key(state: Path, client: str) -> None:
    """Make an ssh host key: of one kind, the only one that costs a slow PC no time to use."""
    staged = state.with_name(".ssh-key.new")
    public = staged.with_name(f"{staged.name}.pub")
    for old in (staged, public):
        old.unlink(missing_ok=True)  # of a run that was killed
    ended = run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", client, "-f", str(staged)])
    if ended.code:
        raise StateError(f"{state / names.SSH_KEY}: ssh-keygen: {ended.stderr}")
    # The private key last: where it is, both are.
    public.replace(state / f"{names.SSH_KEY}.pub")
    descriptor = os.open(staged, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    staged.replace(state / names.SSH_KEY)
