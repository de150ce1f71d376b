# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inputs of an initrd, stored beside it, so that the next run knows whether to build again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from ansible_collections.diskless.netboot.plugins.module_utils.image import rootfs
from ansible_collections.diskless.netboot.plugins.module_utils.initramfs.cpio import Contents
from ansible_collections.diskless.netboot.plugins.module_utils.initramfs.drivers import Firmware
from ansible_collections.diskless.netboot.plugins.module_utils.initramfs.kernels import vmlinuz
from ansible_collections.diskless.netboot.plugins.module_utils.initramfs.spec import Spec


@dataclass(frozen=True)
class Record:
    """The content of DEST.json: the digest of the initrd, its inputs, and what is in it."""

    kernel_version: str
    sha256: str
    inputs: dict[str, str]
    files: dict[str, str]
    modules: list[str] = field(default_factory=list)
    firmware: list[str] = field(default_factory=list)

    def dump(self) -> str:
        return json.dumps(asdict(self), indent=1, sort_keys=True) + "\n"

    @classmethod
    def load(cls, path: Path) -> Record | None:
        """Return the record, or None if the file is missing or has another format."""
        try:
            data: Any = json.loads(path.read_text("utf-8"))
            record = cls(**data)
            tables, lists = (record.inputs, record.files), (record.modules, record.firmware)
            shaped = all(isinstance(value, dict) for value in tables)
            return record if shaped and all(isinstance(value, list) for value in lists) else None
        except (OSError, ValueError, TypeError):
            return None


def sidecar(dest: Path) -> Path:
    return dest.with_name(dest.name + ".json")


def inputs(
    spec: Spec,
    version: str,
    *,
    asked: Sequence[str],
    config: Mapping[str, tuple[str, int]],
    packages: Sequence[str],
    sources: Sequence[str],
    firmware: Iterable[Firmware],
) -> dict[str, str]:
    """Return the value or digest of each input, by a name that tells the user what it is."""
    root = spec.root
    level = spec.compression_level
    found = {
        "kernel": version,
        f"/boot/vmlinuz-{version}": rootfs.file_digest(vmlinuz(root, version)),
        "option modules": spec.modules,
        "option drivers": " ".join(asked),
        "option nfs_version": spec.nfs_version,
        "option compression": spec.compression,
        "option compression_level": "default" if level is None else str(level),
    }
    # The kernel's own modules, and those that DKMS or an administrator added.
    for name in ("kernel", "updates", "extra"):
        path = f"lib/modules/{version}/{name}"
        found[f"/{path}"] = rootfs.tree_digest(rootfs.resolve(root, path), content=False)
    for name in (f"boot/config-{version}", *sources):
        found[f"/{name}"] = rootfs.tree_digest(rootfs.resolve(root, name))
    for name in ("dep", "softdep", "builtin", "order", "builtin.modinfo"):
        path = f"lib/modules/{version}/modules.{name}"
        found[f"/{path}"] = rootfs.tree_digest(rootfs.resolve(root, path))
    for name, (text, mode) in config.items():
        found[f"our {name}"] = hashlib.sha256(f"{mode:o} {text}".encode()).hexdigest()
    for name, installed in sorted(rootfs.packages(root).items()):
        if any(fnmatchcase(name, pattern) for pattern in packages):
            found[f"package {name}"] = installed
    for item in firmware:
        found[f"firmware {item.name}"] = _fact(item.where) if item.where else "absent"
    return found


def _fact(path: Path) -> str:
    info = path.stat()
    return f"{info.st_size} bytes of {info.st_mtime_ns}"


def files_inside(root: Path, version: str, contents: Contents) -> list[str]:
    """Return the files that are at the same path in the image: programs, libraries, firmware.

    Their packages are not known beforehand, since any package can contain a hook.
    """
    tops = ("bin/", "sbin/", "lib", "usr/", "etc/")
    return sorted(
        entry.name
        for entry in contents.entries
        if entry.is_file
        and entry.name.startswith(tops)
        and f"lib/modules/{version}/" not in entry.name
        and rootfs.resolve(root, entry.name).is_file()
    )


def file_facts(root: Path, names: Iterable[str]) -> dict[str, str]:
    """Return size and time of each file in the image now, or ``absent``."""
    found = {}
    for name in names:
        path = rootfs.resolve(root, name)
        found[name] = _fact(path) if path.is_file() else "absent"
    return found


def reasons(old: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    """Return one line for each input that changed."""
    found = []
    for name in sorted({*old, *new}):
        before, after = old.get(name, "absent"), new.get(name, "absent")
        if before == after:
            continue
        if after == "absent":
            found.append(f"{name} was removed")
        elif before == "absent":
            found.append(f"{name} was added")
        elif len(before) == 64 or len(after) == 64 or " bytes of " in after:
            found.append(f"{name} changed")
        else:
            found.append(f"{name} changed from {before or 'nothing'} to {after or 'nothing'}")
    return found
