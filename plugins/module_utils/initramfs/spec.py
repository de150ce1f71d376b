# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options for the netboot initrd of one kernel of one image, after they were checked."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.diskless.netboot.plugins.module_utils.initramfs import hardware
from ansible_collections.diskless.netboot.plugins.module_utils.initramfs.error import InitramfsError

# The highest level of each compressor that needs no other option, from its man page.
LEVELS = {"zstd": 19, "gzip": 9, "xz": 9, "lz4": 12, "bzip2": 9, "lzma": 9}

NO_BUSYBOX = "squashfs: the image has no busybox, which fetches the root; install busybox in it"

_DRIVERS = (re.compile(r"[A-Za-z0-9_-]+"), hardware.PCI_ID, hardware.MODALIAS)
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+~_-]*$")


@dataclass(frozen=True)
class Spec:
    """The options of module initramfs_netboot, see its DOCUMENTATION.

    `drivers` are module names, PCI ids and modaliases, as they were given. `machine` is a text with
    several lines, or empty.
    """

    root: Path
    kernel: str = "newest"
    dest: Path | None = None
    nfs_version: str = "3"
    squashfs: bool = False
    modules: str = "netboot"
    drivers: tuple[str, ...] = ()
    machine: str = ""
    compression: str = "zstd"
    compression_level: int | None = None
    missing_firmware: str = "fail"

    @classmethod
    def create(
        cls,
        root: str,
        kernel: str,
        dest: str | None,
        nfs_version: str,
        squashfs: bool,
        modules: str,
        drivers: list[str],
        machine: object,
        compression: str,
        compression_level: int | None,
        missing_firmware: str,
    ) -> Spec:
        """Return the options if all of them are valid.

        :raises InitramfsError: some options are wrong; the text lists all faults.
        """
        faults = []
        if not root.startswith("/"):
            faults.append(f"root: {root!r} is not an absolute path")
        elif Path(root).resolve() == Path("/"):
            faults.append("root: '/' is the boot server itself, not an image")
        if dest is not None and not dest.startswith("/"):
            faults.append(f"dest: {dest!r} is not an absolute path")
        if not _VERSION.match(kernel):
            faults.append(f"kernel: {kernel!r} is no kernel version (as in /lib/modules)")
        for name in drivers:
            if not any(kind.fullmatch(name) for kind in _DRIVERS):
                faults.append(
                    f"drivers: {name!r} is no module name (as lsmod shows them), PCI id (such as"
                    " 10ec:8168) or modalias"
                )
        lines = [machine] if isinstance(machine, str) else machine or []
        if not isinstance(lines, list) or not all(isinstance(line, str) for line in lines):
            faults.append("machine: must be text, or a list of lines")
            lines = []
        lines = [line for line in lines if line.strip()]
        if modules == "list" and not drivers and not lines:
            faults.append("drivers: modules=list includes only listed ones; name the NIC drivers")
        if compression_level is not None and not 1 <= compression_level <= LEVELS[compression]:
            faults.append(
                f"compression_level: {compression_level} is not within 1 to"
                f" {LEVELS[compression]} for {compression}"
            )
        if faults:
            raise InitramfsError("; ".join(faults))
        return cls(
            root=Path(root),
            kernel=kernel,
            dest=Path(dest) if dest else None,
            nfs_version=nfs_version,
            squashfs=squashfs,
            modules=modules,
            drivers=tuple(dict.fromkeys(drivers)),
            machine="\n".join(lines),
            compression=compression,
            compression_level=compression_level,
            missing_firmware=missing_firmware,
        )

    def destination(self, version: str) -> Path:
        """Return the path of the initrd on the boot server."""
        return self.dest or self.root / "boot" / f"initrd-netboot-{version}.img"
