# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The firmware of a PC in QEMU: QEMU's own BIOS, or OVMF from Debian's package ovmf."""

from __future__ import annotations

import shutil
from pathlib import Path

OVMF = Path("/usr/share/OVMF")

# The code, and the variables of a new PC. The files with "ms" in their name have Microsoft's keys,
# and Secure Boot is on (README.Debian of the package).
_OVMF = {
    "uefi": ("OVMF_CODE_4M.fd", "OVMF_VARS_4M.fd"),
    "secureboot": ("OVMF_CODE_4M.ms.fd", "OVMF_VARS_4M.ms.fd"),
}

FIRMWARES = ("bios", *_OVMF)


def firmware_arguments(kind: str, folder: Path) -> list[str]:
    """Return QEMU's arguments for a machine with this firmware.

    Args:
        kind: one of FIRMWARES.
        folder: folder for the UEFI variables of this PC. They are new at each power-on.

    Raises:
        FileNotFoundError: the package ovmf is not installed.
    """
    if kind == "bios":
        return []
    code, template = (OVMF / name for name in _OVMF[kind])
    variables = folder / "uefi-variables.fd"
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(template, variables)
    machine = ["-machine", "q35"]
    if kind == "secureboot":
        # Only code in system management mode can write the variables. Otherwise, a test of Secure
        # Boot would prove nothing.
        machine = ["-machine", "q35,smm=on"]
        machine += ["-global", "driver=cfi.pflash01,property=secure,value=on"]
    # fmt: off
    return [
        *machine,
        "-drive", f"if=pflash,unit=0,format=raw,readonly=on,file={code}",
        "-drive", f"if=pflash,unit=1,format=raw,file={variables}",
    ]
    # fmt: on
