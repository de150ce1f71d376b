# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The firmware of a PC that QEMU plays: its own BIOS, or OVMF from Debian's package ovmf."""

from __future__ import annotations

import shutil
from pathlib import Path

OVMF = Path("/usr/share/OVMF")

# Code, and the variables that a new PC begins with. Those named ms have Microsoft's keys
# enrolled and Secure Boot on (README.Debian of the package).
_OVMF = {
    "uefi": ("OVMF_CODE_4M.fd", "OVMF_VARS_4M.fd"),
    "secureboot": ("OVMF_CODE_4M.ms.fd", "OVMF_VARS_4M.ms.fd"),
}

FIRMWARES = ("bios", *_OVMF)


def firmware_arguments(kind: str, folder: Path) -> list[str]:
    """Return QEMU's arguments for a machine with this firmware.

    Args:
        kind: one of FIRMWARES.
        folder: takes the PC's own UEFI variables, new at each power-on.

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
        # Only code in system management mode may write the variables, or it would prove nothing.
        machine = ["-machine", "q35,smm=on"]
        machine += ["-global", "driver=cfi.pflash01,property=secure,value=on"]
    # fmt: off
    return [
        *machine,
        "-drive", f"if=pflash,unit=0,format=raw,readonly=on,file={code}",
        "-drive", f"if=pflash,unit=1,format=raw,file={variables}",
    ]
    # fmt: on
