# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks that an initrd contains what a client needs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ansible_collections.diskless.netboot.plugins.module_utils.initramfs.cpio import Contents
from ansible_collections.diskless.netboot.plugins.module_utils.initramfs.drivers import normalise


@dataclass(frozen=True)
class Wanted:
    """What an initrd must contain.

    Attributes:
        version: version of the kernel.
        compression: name of the compressor.
        modules: normalised names of loadable modules.
        firmware: names of firmware files, as drivers use them.
        files: for each purpose, the possible paths of its file. One of them is enough.
    """

    version: str
    compression: str
    modules: Sequence[str]
    firmware: Sequence[str]
    files: Mapping[str, tuple[str, ...]]


def modules_in(contents: Contents, version: str) -> set[str]:
    """Return the normalised names of the modules for this kernel version."""
    tops = (f"lib/modules/{version}/", f"usr/lib/modules/{version}/")
    return {
        normalise(entry.name)
        for entry in contents.entries
        if entry.is_file and entry.size and entry.name.startswith(tops) and ".ko" in entry.name
    }


def firmware_in(contents: Contents, version: str) -> set[str]:
    """Return the firmware files by the names that drivers use, without prefix, .xz and .zst."""
    found = set()
    for entry in contents.entries:
        _before, mark, name = entry.name.partition("lib/firmware/")
        if mark and not entry.is_folder:
            for prefix in ("updates/", f"{version}/"):
                name = name[len(prefix) :] if name.startswith(prefix) else name
            for suffix in (".xz", ".zst"):
                name = name[: -len(suffix)] if name.endswith(suffix) else name
            found.add(name)
    return found


def missing(contents: Contents, wanted: Wanted) -> list[str]:
    """Return one text for each thing that is missing. If the list is empty, nothing is missing."""
    faults = _lacking("module", wanted.modules, modules_in(contents, wanted.version))
    faults += _lacking("firmware", wanted.firmware, firmware_in(contents, wanted.version))
    names = {entry.name for entry in contents.entries if not entry.is_folder and entry.size}
    faults += [what for what, paths in wanted.files.items() if names.isdisjoint(paths)]
    if contents.compression != wanted.compression:
        faults.append(f"{wanted.compression} compression (it has {contents.compression})")
    return faults


def _lacking(kind: str, wanted: Iterable[str], inside: set[str]) -> list[str]:
    return [f"{kind} {name}" for name in wanted if name not in inside]
