# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pxelinux entries in a TFTP root: which files they are, and whether what they name is served."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Sequence
from typing import Any

from ansible_collections.diskless.netboot.plugins.module_utils import served, tree
from ansible_collections.diskless.netboot.plugins.module_utils.bootloader import pxelinux
from ansible_collections.diskless.netboot.plugins.module_utils.faults import Fault


def path_of(file_name: str) -> str:
    """Return the path of an entry's file relative to the TFTP root."""
    return posixpath.join(pxelinux.FOLDER, file_name)


def plan_present(root: str, entries: Iterable[pxelinux.Entry], purge: bool) -> tree.Plan:
    """Return what makes *entries* those of *root*; with *purge*, the only ones of ours.

    Raises:
        files.TreeError: the folder of the entries leads out of *root*, or is none.
    """
    desired = {
        path_of(entry.file_name): tree.FileSpec(pxelinux.render(entry).encode())
        for entry in entries
    }
    return _plan(root, desired, (), purge)


def plan_absent(root: str, file_names: Iterable[str]) -> tree.Plan:
    """Return what removes the entries of these names, as far as they are ours."""
    return _plan(root, {}, map(path_of, file_names), False)


def _plan(
    root: str, desired: dict[str, tree.FileSpec], absent: Iterable[str], purge: bool
) -> tree.Plan:
    return tree.plan(
        root,
        desired,
        absent=absent,
        managed=pxelinux.FOLDER,
        marker=pxelinux.MARKER.encode(),
        purge=purge,
    )


def unserved(
    root: str, entries: Sequence[pxelinux.Entry], missing_is_fault: bool
) -> tuple[list[Fault], list[str]]:
    """Return what the entries name and a TFTP server at *root* would not send.

    Returns:
        The faults, and, unless *missing_is_fault*, a sentence for each file that is not there yet.
    """
    seen: dict[str, served.Refusal | None] = {}
    faults, missing = [], {}
    for entry in entries:
        for variable, path in entry.files():
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


def listed(root: str, targets: Iterable[tuple[str, str]], plan: tree.Plan) -> list[dict[str, Any]]:
    """Return client, absolute path and action of each target, in their order."""
    return [
        {
            "client": client,
            "path": posixpath.join(root, path_of(name)),
            "action": plan.changes[path_of(name)].action
            if path_of(name) in plan.changes
            else tree.UNCHANGED,
        }
        for client, name in targets
    ]
