# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A PXE client on the lab's network, from power-on to what can be seen from inside."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from ansible_collections.diskless.netboot.plugins.module_utils.pc.firmware import firmware_arguments
from ansible_collections.diskless.netboot.plugins.module_utils.pc.qemu import (
    Guest,
    Hardware,
    nic_arguments,
)
from ansible_collections.diskless.netboot.plugins.module_utils.pc.trace import Trace
from ansible_collections.diskless.netboot.tests.lab import images, network, server
from ansible_collections.diskless.netboot.tests.lab.places import Lab
from ansible_collections.diskless.netboot.tests.lab.shell import LabError, run

BOOT_SECONDS = 300.0
_CONTROL = "ssh"
# What ssh says of a PC that is not there yet, or too busy starting to greet it in time.
_NOT_YET = ("Connection refused", "No route to host", "timed out during banner exchange")


def power_on(
    lab: Lab,
    mac: str,
    *,
    firmware: str = "bios",
    nic: str = "virtio-net-pci",
    memory: int = 1024,
    cpus: int = 1,
    disks: Sequence[Path] = (),
    trace: Trace | None = None,
) -> Guest:
    """Switch on a PC whose NIC has address ``mac``, and which boots from it.

    Args:
        lab: whose cable it is plugged into.
        mac: lower case with colons.
        firmware: ``bios``, ``uefi`` or ``secureboot``.
        nic: QEMU's name of the NIC, for example ``e1000``.
        memory: MiB.
        cpus: processors.
        disks: files that are its disks, byte by byte; none, as a rule.
        trace: what takes note of its stages; by default those up to a login prompt.
    """
    short = mac.replace(":", "")
    hardware = Hardware(memory=memory, cpus=cpus, accelerator=server.qemu_accelerator())
    folder = lab.run / "clients" / short
    # A PC of before may have had its plug pulled while somebody was logged in.
    (folder / _CONTROL).unlink(missing_ok=True)
    arguments = [*hardware.arguments(), *firmware_arguments(firmware, folder)]
    for disk in disks:
        arguments += ["-drive", f"file={disk},if=virtio,format=raw"]
    # Last: what fails before must not leave the PC's place at the cable taken.
    tap = network.open_tap(lab, f"pc{short[-10:]}")
    arguments += nic_arguments("lan", tap, mac, nic, boot=True, rom=firmware == "bios")
    return Guest(arguments, folder, taps=[tap], capture="lan", trace=trace)


def keep_logs(lab: Lab, guest: Guest, folder: Path) -> None:
    """Put a failed client's console and the boot server's log where a person finds them."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("console.log", "qemu.log"):
        shutil.copy(guest.folder / name, folder / name)
    log = server.execute(lab, "journalctl", "--no-pager", "--boot", "--lines", "500")
    (folder / "server.log").write_text(log)


def inside(
    lab: Lab, address: str, command: str, *, guest: Guest | None = None, timeout: float = 240
) -> str:
    """Run ``command`` in the client at ``address`` over ssh, and return what it printed.

    A client's sshd may come up after its login prompt, so this waits for it. All commands in a
    ``guest`` share one connection, since a login costs an emulated PC seconds.
    """
    # fmt: off
    shared = [] if guest is None else [
        "-o", "ControlMaster=auto", "-o", "ControlPersist=60s", "-o", "ServerAliveInterval=10",
        "-o", f"ControlPath={guest.folder / _CONTROL}",
    ]
    # fmt: on
    ssh = [*_ssh(lab), *shared, f"root@{address}", command]
    deadline = time.monotonic() + timeout
    while True:
        try:
            return run(ssh, timeout=timeout)
        except LabError as error:
            if not any(words in str(error) for words in _NOT_YET) or time.monotonic() > deadline:
                raise
            time.sleep(0.3)


def log_in(lab: Lab, address: str) -> None:
    """Give the person at the keyboard a shell in the client at ``address``."""
    inside(lab, address, "true")
    subprocess.run([*_ssh(lab), "-t", f"root@{address}"], check=False)


def _ssh(lab: Lab) -> list[str]:
    # The key exchange that ssh prefers costs an emulated PC half a minute.
    quick = ["-o", "KexAlgorithms=curve25519-sha256"]
    return ["ip", "netns", "exec", lab.namespace, "ssh", *images.ssh_options(), *quick]
