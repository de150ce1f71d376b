# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The demonstration: an inventory, one playbook run, and a PC without a disk that comes up."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ansible_collections.diskless.netboot.plugins.module_utils.pc.qemu import Guest
from ansible_collections.diskless.netboot.plugins.module_utils.pc.trace import Passed
from ansible_collections.diskless.netboot.tests.lab import client, server
from ansible_collections.diskless.netboot.tests.lab.places import PROJECT, Lab
from ansible_collections.diskless.netboot.tests.lab.shell import LabError

INVENTORY = PROJECT / "inventories" / "demo"
_MAC = "52:54:00:00:00:01"
_LOOK = (
    "printf 'host name   '; hostname;"
    "printf 'address     '; ip -4 -o address show scope global | awk '{print $4, \"on\", $2}';"
    "printf 'root        '; findmnt --noheadings --output SOURCE,FSTYPE /;"
    "printf 'disks       '; lsblk --noheadings --output NAME | grep -v ^zram | wc -l"
)
_AFTERWARDS = """
The boot server goes on running. To look around:
  tests/lab/lab run cat /srv/tftp/pxelinux.cfg/01-52-54-00-00-00-01   what the PC's loader reads
  tests/lab/lab client --mac 52:54:00:00:00:02 --shell                boot PC 2 and log in
  .build/venv/bin/ansible-playbook -i inventories/demo playbooks/site.yml   again: 0 changed
  tests/lab/lab down                                                  end it
"""


def demo(lab: Lab) -> int:
    """Show the whole chain, stage by stage, and return the exit status."""
    with stage("A network and a boot server (Debian 12 in a container)"):
        server.up(lab, "container", "bookworm")
        (INVENTORY / "lab.yml").write_text(server.inventory(lab))
    with stage("ansible-playbook -i inventories/demo playbooks/site.yml"):
        playbook()
    with stage("A PC without a disk, from power-on"), client.power_on(lab, _MAC) as guest:
        follow(guest)
        address = guest.trace.detail("dhcp")
        print("\n  Read from inside the PC:", flush=True)
        for line in client.inside(lab, address, _LOOK).splitlines():
            print(f"    {line}")
        print(f"    over the network came {guest.wire_bytes / 1e6:.0f} MB")
    print(_AFTERWARDS, end="")
    return 0


@contextmanager
def stage(title: str) -> Iterator[None]:
    """Print what is done inside, and how long it took."""
    print(f"\n== {title}", flush=True)
    begun = time.monotonic()
    yield
    print(f"   done in {time.monotonic() - begun:.0f} s", flush=True)


def playbook(inventory: Path = INVENTORY) -> None:
    """Run site.yml and print its tasks while they run; all of its output where it fails."""
    variables = {**os.environ, "ANSIBLE_NOCOLOR": "1", "ANSIBLE_FORCE_COLOR": "0"}
    output = []
    ansible = PROJECT / ".build/venv/bin/ansible-playbook"
    if not ansible.exists():
        raise LabError("Ansible is not installed here yet: 'make setup' installs it")
    with subprocess.Popen(
        [str(ansible), "-i", str(inventory), "playbooks/site.yml"],
        cwd=PROJECT,
        env=variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        for line in process.stdout or ():
            output.append(line)
            if line.startswith("TASK [") and "Validating arguments" not in line:
                task = line[len("TASK [") :].rsplit("]", 1)[0]
                print(f"   {task.replace('diskless.netboot.', '')}", flush=True)
    if process.returncode != 0:
        raise LabError("the playbook failed:\n" + "".join(output[-60:]))
    print("   " + "   ".join(line for line in output if " ok=" in line).rstrip())


def follow(guest: Guest) -> None:
    """Print each stage when the PC reaches it."""
    passed = guest.trace.passed
    shown: list[Passed] = []

    def ready() -> bool:
        for step in passed[len(shown) :]:
            print(f"  {step.seconds:7.1f} s  {step.stage:<7} {step.detail}", flush=True)
            shown.append(step)
        return guest.trace.reached("ready")

    if not guest.watch(ready, client.BOOT_SECONDS):
        raise LabError(f"{guest.trace.sentence()} Its console: {guest.folder / 'console.log'}")
