# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules for boot entries. They do the same for all loaders."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.diskless.netboot.plugins.module_utils.bootloader import entry_files
from ansible_collections.diskless.netboot.plugins.module_utils.bootloader.loader import Loader
from ansible_collections.diskless.netboot.plugins.module_utils.bootloader.model import (
    Entry,
    EntryError,
)
from ansible_collections.diskless.netboot.plugins.module_utils.bootloader.parse import (
    LOCALBOOT_TYPES,
    parse,
    parse_targets,
)
from ansible_collections.diskless.netboot.plugins.module_utils.files import tree
from ansible_collections.diskless.netboot.plugins.module_utils.inventory.faults import Fault

_LINES = {"type": "dict", "options": {"pxelinux": {"type": "str"}, "grub": {"type": "str"}}}
_HASHES = {
    "type": "dict",
    "options": {
        "pxelinux": {"type": "str", "no_log": True},
        "grub": {"type": "str", "no_log": True},
    },
    "no_log": False,
}
_LABEL = {
    "name": {"type": "str", "required": True},
    "kernel": {"type": "str"},
    "com32": {"type": "str"},
    "localboot": {"type": "int", "choices": list(LOCALBOOT_TYPES)},
    "initrd": {"type": "list", "elements": "str"},
    "append": {"type": "raw"},
    "menu_label": {"type": "str"},
    "menu_password": _HASHES,
    "menu_separator": {"type": "bool", "default": False},
    "help": {"type": "str"},
    "raw": _LINES,
}
_SERIAL = {
    "port": {"type": "int", "default": 0},
    "baud": {"type": "int", "default": 115200},
}
_ENTRY = {
    "client": {"type": "raw", "required": True},
    "labels": {"type": "list", "elements": "dict", "options": _LABEL},
    "default": {"type": "str"},
    "ontimeout": {"type": "str"},
    "timeout": {"type": "float"},
    "prompt": {"type": "bool", "default": False},
    "ui": {"type": "str"},
    "menu_title": {"type": "str"},
    "menu_hidden": {"type": "bool", "default": False},
    "menu_password": _HASHES,
    "sysappend": {"type": "int"},
    "serial": {"type": "dict", "options": _SERIAL},
    "include": {"type": "list", "elements": "str"},
    "comment": {"type": "str"},
    "raw": _LINES,
}
ARGUMENT_SPEC = {
    "root": {"type": "path", "required": True},
    "entries": {"type": "list", "elements": "dict", "required": True, "options": _ENTRY},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "purge": {"type": "bool", "default": False},
    "check_files": {"type": "bool", "default": True},
}
"""The options that the fragment ``boot_entries`` documents."""


def run(
    loader: Loader,
    options: Mapping[str, Any],
    *,
    check_mode: bool,
    diff: bool,
    warn: Callable[[str], None],
) -> dict[str, Any]:
    """Do what the options say, and return the result of the module.

    Raises:
        EntryError: the entries have faults; the text lists all of them. Nothing was written.
        files.TreeError: something in the TFTP root is in the way, or a file could not be written.
    """
    root, entries = options["root"], options["entries"]
    if options["state"] == "absent" and options["purge"]:
        expected = "must go with state: present, since entries then lists all entries to keep"
        raise EntryError([Fault("", "purge", True, expected)])
    if options["state"] == "present":
        parsed = parse(entries)
        _check(loader, parsed)
        if options["check_files"]:
            faults, missing = entry_files.unserved(loader, root, parsed, not check_mode)
            if faults:
                raise EntryError(faults)
            if missing:
                warn("Not there yet, so clients could not boot: " + "; ".join(missing))
        _warn_of_left_out(loader, parsed, warn)
        targets = [entry.target for entry in parsed]
        plan = entry_files.plan_present(loader, root, parsed, options["purge"])
    else:
        targets = parse_targets(entries)
        plan = entry_files.plan_absent(loader, root, targets)
        named = {entry_files.path_of(loader, target) for target in targets}
        kept = [path for path in plan.foreign if path in named]
        if kept:
            warn("Left in place, since somebody else wrote them: " + ", ".join(kept))
    if not check_mode:
        plan.apply()
    result: dict[str, Any] = {
        "changed": plan.changed,
        "entries": entry_files.listed(loader, root, targets, plan),
        "removed": [posixpath.join(root, path) for path in plan.paths(tree.REMOVED)],
        "foreign": [posixpath.join(root, path) for path in plan.foreign],
        # Otherwise, Ansible would return all entries, which takes longer than writing them.
        "invocation": {"module_args": {**options, "entries": f"{len(entries)} entries"}},
    }
    if diff:
        result["diff"] = plan.diff(entry_files.names(plan))
    return result


def _check(loader: Loader, entries: list[Entry]) -> None:
    faults = [
        Fault(entry.client, variable, value, expected)
        for entry in entries
        for variable, value, expected in loader.faults(entry)
    ]
    if faults:
        raise EntryError(faults)


def _warn_of_left_out(loader: Loader, entries: list[Entry], warn: Callable[[str], None]) -> None:
    clients: dict[str, list[str]] = {}
    for entry in entries:
        for what in loader.left_out(entry):
            clients.setdefault(what, []).append(entry.client)
    for what, named in clients.items():
        others = f" and {len(named) - 1} others" if len(named) > 1 else ""
        warn(f"Left out for {named[0]}{others}: {what}.")
