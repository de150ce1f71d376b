# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many PCs switched on at once: when the last is ready, and what that costs the server."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.diskless.netboot.tests.bench.boot import ltsp, ours
from ansible_collections.diskless.netboot.tests.bench.harness import BenchError
from ansible_collections.diskless.netboot.tests.lab import client
from ansible_collections.diskless.netboot.tests.lab.places import Lab
from ansible_collections.diskless.netboot.tests.lab.podman import podman

SIZES = (1, 2, 4, 8)
SIDES: dict[str, tuple[Lab, Sequence[str]]] = {
    "overlay": (ours.LAB, ours.STORM),
    "LTSP": (ltsp.LAB, ltsp.STORM),
}
# One in the other's way: eight emulated PCs share the cores that one has for itself.
_SECONDS_FOR_EACH = 120.0


@dataclass(frozen=True)
class Storm:
    """What a storm cost.

    Attributes:
        side: a key of SIDES.
        clients: PCs that were switched on.
        seconds: until the last was ready.
        first: seconds until the first was.
        cpu: seconds of processor time that the boot server spent.
        wire: bytes on all cables until then.
    """

    side: str
    clients: int
    seconds: float
    first: float
    cpu: float
    wire: int


def storm(side: str, clients: int) -> Storm:
    """Switch that many PCs of a side on, and pull all plugs when the last is ready.

    Raises:
        BenchError: one was not ready in time.
    """
    lab, macs = SIDES[side]
    before = _processor_time(lab)
    with ExitStack() as stack:
        guests = [stack.enter_context(client.power_on(lab, mac)) for mac in macs[:clients]]
        for guest in guests:
            left = client.BOOT_SECONDS + _SECONDS_FOR_EACH * clients - guest.seconds
            if not guest.wait_ready(left):
                raise BenchError(f"{side}, {clients} at once: {guest.trace.sentence()}")
        # Each counts from its own power-on, all of which were within a moment.
        ready = [
            guest.powered_on - guests[0].powered_on + guest.trace.passed[-1].seconds
            for guest in guests
        ]
        wire = sum(guest.wire_bytes for guest in guests)
        return Storm(side, clients, max(ready), min(ready), _processor_time(lab) - before, wire)


def run(sizes: Sequence[int], told: Callable[[Storm], None]) -> Iterator[Storm]:
    """Yield a storm of each size for each side in turn, the smallest first."""
    for clients in sizes:
        for side in SIDES:
            made = storm(side, clients)
            told(made)
            yield made


def _processor_time(lab: Lab) -> float:
    """Return the seconds of processor time that the boot server's container has used so far.

    From its processes, since where it is in the cgroups depends on the machine; what ended
    meanwhile is in its parent's sum of children (proc(5), cutime and cstime).
    """
    first = int(podman(["inspect", "--format", "{{.State.Pid}}", lab.container]))
    namespace = Path(f"/proc/{first}/ns/pid").readlink()
    ticks = 0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if (folder / "ns/pid").readlink() != namespace:
                continue
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        # One that ended, or one outside of a sandbox that all this runs in.
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
        ticks += sum(int(field) for field in fields[11:15])
    return ticks / os.sysconf("SC_CLK_TCK")
