# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of boot entries in a TFTP root, and a check that the files they name are served."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Sequence
from typing import Any

from ansible_collections.diskless.netboot.plugins.module_utils.bootloader.checks import is_url
from ansible_collections.diskless.netboot.plugins.module_utils.bootloader.loader import (
    MARKER,
    Loader,
)
from ansible_collections.diskless.netboot.plugins.module_utils.bootloader.model import Entry, Target
from ansible_collections.diskless.netboot.plugins.module_utils.files import served, tree
from ansible_collections.diskless.netboot.plugins.module_utils.files.atomic import TreeError
from ansible_collections.diskless.netboot.plugins.module_utils.inventory.faults import Fault


def path_of(loader: Loader, target: Target) -> str:
    """Return the path of a client's file relative to the TFTP root."""
    return posixpath.join(loader.folder, loader.file_name(target))


def plan_present(loader: Loader, root: str, entries: Iterable[Entry], purge: bool) -> tree.Plan:
    """Return the plan that writes *entries* in *root*.

    Args:
        loader: the boot loader.
        root: absolute path of the TFTP root.
        entries: the entries.
        purge: whether to remove all other entries that this collection wrote.

    Raises:
        files.TreeError: the folder of the entries leads out of *root* or is not a folder, or an
            entry would replace a file that somebody else wrote.
    """
    texts = {path_of(loader, entry.target): loader.render(entry) for entry in entries}
    plan = _plan(loader, root, {**loader.shared, **texts}, (), purge)
    taken = [
        f"{posixpath.join(root, path)}: was written by somebody else, and {why}: move it away"
        for paths, why in (
            (loader.shared, "the clients' entries need it"),
            (texts, "an entry of the inventory belongs there"),
        )
        for path in paths
        if (before := plan.changes[path].before) and not before.content.startswith(MARKER.encode())
    ]
    if taken:
        raise TreeError(taken)
    return plan


def plan_absent(loader: Loader, root: str, targets: Iterable[Target]) -> tree.Plan:
    """Return the plan that removes the entries of these clients if this collection wrote them."""
    return _plan(loader, root, {}, [path_of(loader, target) for target in targets], False)


def _plan(
    loader: Loader, root: str, texts: dict[str, str], absent: Iterable[str], purge: bool
) -> tree.Plan:
    return tree.plan(
        root,
        {path: tree.FileSpec(text.encode()) for path, text in texts.items()},
        absent=absent,
        managed=loader.folder,
        marker=MARKER.encode(),
        purge=purge,
    )


def unserved(
    loader: Loader, root: str, entries: Sequence[Entry], missing_is_fault: bool
) -> tuple[list[Fault], list[str]]:
    """Return the files that the entries name and that a TFTP server at *root* would not send.

    Returns:
        The faults, and one sentence for each missing file. If *missing_is_fault* is true, missing
        files are faults instead.
    """
    seen: dict[str, served.Refusal | None] = {}
    faults, missing = [], {}
    for entry in entries:
        for variable, path in loader.fetches(entry):
            if not path or is_url(path):
                continue
            if path not in seen:
                seen[path] = served.refusal(root, path)
            refusal = seen[path]
            if refusal is None:
                continue
            if refusal.missing and not missing_is_fault:
                missing[path] = refusal.reason
            else:
                faults.append(Fault(entry.client, variable, path, refusal.reason))
    return faults, list(dict.fromkeys(missing.values()))


def names(plan: tree.Plan) -> dict[str, str]:
    """Return the client of each file by its path. It is the comment in the file's second line."""
    found = {}
    for path, change in plan.changes.items():
        side = change.after or change.before
        lines = side.content.decode("utf-8", "replace").splitlines() if side else []
        if len(lines) > 1 and lines[0] == MARKER and lines[1].startswith("# "):
            found[path] = lines[1][2:]
    return found


def listed(
    loader: Loader, root: str, targets: Iterable[Target], plan: tree.Plan
) -> list[dict[str, Any]]:
    """Return the client, the absolute path and the action of each target, in the same order."""
    paths = [(target.name, path_of(loader, target)) for target in targets]
    return [
        {
            "client": client,
            "path": posixpath.join(root, path),
            "action": plan.changes[path].action if path in plan.changes else tree.UNCHANGED,
        }
        for client, path in paths
    ]
