# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds out which accelerator of QEMU works on this machine.

It is not enough that /dev/kvm exists. Under some hypervisors, a guest hangs at its first
instruction and uses a whole core for ever. So KVM is chosen only if a guest of 512 bytes ends
within a few seconds.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import threading
from pathlib import Path

QEMU = "qemu-system-x86_64"
PROOF_SECONDS = 10.0

# A boot sector that begins like a kernel: it enters protected mode, maps 4 MiB with one large page,
# and turns paging on. Then it counts down from 2**26 and writes 0x2a to port 0xf4. There, the
# device isa-debug-exit ends QEMU with the status (value << 1) | 1. A test in real mode is not
# enough: on a machine where it worked, paging reset the CPU.
_PROOF_CODE = bytes.fromhex(
    "fa31c08ed8"  # cli; ds = 0
    "660f0116707c"  # lgdt the table at 0x7c58
    "0f20c00c010f22c0"  # cr0.PE
    "66ea1b7c00000800"  # far jump into 32-bit code at 0x7c1b
    "66b810008ed8"  # ds = flat data
    "c7050000010083000000"  # page directory at 0x10000: one 4 MiB page
    "b8100000000f22e0"  # cr4.PSE
    "b8000001000f22d8"  # cr3
    "0f20c00d000000800f22c0"  # cr0.PG
    "b900000004e2fe"  # ecx = 2**26; loop
    "b02ae6f4f4ebfd"  # out 0xf4, 0x2a; hlt for ever
    "8d742600"  # padding
    "0000000000000000ffff0000009acf00ffff00000092cf00"  # GDT: null, code, data
    "1700587c0000"  # its size and address
)
_PROOF_STATUS = (0x2A << 1) | 1
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def boot_sector() -> bytes:
    """Return the test guest, which is one sector that SeaBIOS starts."""
    return _PROOF_CODE.ljust(510, b"\0") + b"\x55\xaa"


def proves(accelerator: str, seconds: float = PROOF_SECONDS) -> bool:
    """Run the test guest, and return whether it ended in time.

    Args:
        accelerator: value of QEMU's ``-accel``, ``kvm`` or ``tcg``.
        seconds: how long the guest may take, in seconds.
    """
    with tempfile.NamedTemporaryFile(prefix="netboot-proof-") as disk:
        disk.write(boot_sector())
        disk.flush()
        # fmt: off
        command = [
            QEMU, "-accel", accelerator, "-cpu", "max", "-nodefaults", "-no-reboot",
            "-display", "none", "-m", "16", "-device", "isa-debug-exit,iobase=0xf4,iosize=0x4",
            "-drive", f"file={disk.name},format=raw,snapshot=on",
        ]
        # fmt: on
        try:
            ended = subprocess.run(  # pylint: disable=ansible-bad-function
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=seconds,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            return False
    return ended.returncode == _PROOF_STATUS


def choose(memory: Path) -> str:
    """Return ``kvm`` if it works on this machine, or ``tcg``.

    The test runs once after each boot of this machine.

    Args:
        memory: the file in which the result is stored.
    """
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return "tcg"
    boot_id = _BOOT_ID.read_text().strip()
    try:
        remembered = memory.read_text().split()
    except FileNotFoundError:
        remembered = []
    if len(remembered) == 2 and remembered[0] == boot_id:
        return remembered[1]
    answer = "kvm" if proves("kvm") else "tcg"
    memory.parent.mkdir(parents=True, exist_ok=True)
    # Several threads and processes can do this at the same time.
    staged = memory.with_suffix(f".{os.getpid()}.{threading.get_ident()}")
    staged.write_text(f"{boot_id} {answer}\n")
    staged.replace(memory)
    return answer
