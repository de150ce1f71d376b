# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which accelerator QEMU can be trusted with on this machine.

A /dev/kvm that exists is no proof: under some hypervisors a guest hangs on its
first instruction and burns a core for ever. So a guest of 512 bytes has to
run to its end within a few seconds before KVM is chosen.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import threading
from pathlib import Path

QEMU = "qemu-system-x86_64"
PROOF_SECONDS = 10.0

# A boot sector that does what a kernel does first: enter protected mode, map
# 4 MiB by one large page, turn paging on and count down from 2**26. Then it
# writes 0x2a to port 0xf4, where isa-debug-exit ends QEMU with (value << 1) | 1.
# Real mode alone proves nothing: it was seen to work where paging resets the CPU.
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
    """Return the proving guest: one sector that SeaBIOS will start."""
    return _PROOF_CODE.ljust(510, b"\0") + b"\x55\xaa"


def proves(accelerator: str, seconds: float = PROOF_SECONDS) -> bool:
    """Run the proving guest and tell whether it came to its end in time.

    Args:
        accelerator: what QEMU's ``-accel`` takes, ``kvm`` or ``tcg``.
        seconds: how long the guest may take.
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
    """Return ``kvm`` if it was proven since this machine was booted, else ``tcg``.

    Args:
        memory: the file that remembers the answer between calls.
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
    # PCs are switched on at once, by threads and by processes.
    staged = memory.with_suffix(f".{os.getpid()}.{threading.get_ident()}")
    staged.write_text(f"{boot_id} {answer}\n")
    staged.replace(memory)
    return answer
