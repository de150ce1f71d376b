# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One PC after the other, from power-on to its login prompt: each side in each round."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ansible_collections.diskless.netboot.tests.bench.boot import ltsp, ours
from ansible_collections.diskless.netboot.tests.bench.harness import BenchError
from ansible_collections.diskless.netboot.tests.lab import client
from ansible_collections.diskless.netboot.tests.lab.places import Lab

ROUNDS = 3
MEMORY = 2048
"""MiB of each PC, so that the whole image fits into the RAM of the one that fetches it."""
SIDES: dict[str, tuple[Lab, str]] = {
    **{kind: (ours.LAB, mac) for kind, mac in ours.KINDS.items()},
    "LTSP": (ltsp.LAB, ltsp.MAC),
}


@dataclass(frozen=True)
class Boot:
    """What a boot cost.

    Attributes:
        side: a key of SIDES.
        seconds: from power-on to the login prompt.
        wire: bytes that crossed the PC's cable until then, in both directions.
        stages: seconds from power-on to each stage that was seen.
    """

    side: str
    seconds: float
    wire: int
    stages: dict[str, float]


def boot(side: str) -> Boot:
    """Switch the side's PC on, wait for its login prompt, and pull the plug.

    Raises:
        BenchError: it was not ready in time.
    """
    lab, mac = SIDES[side]
    with client.power_on(lab, mac, memory=MEMORY) as guest:
        if not guest.wait_ready(client.BOOT_SECONDS):
            raise BenchError(f"{side}: {guest.trace.sentence()}\n{guest.console[-2000:]}")
        stages = {step.stage: step.seconds for step in guest.trace.passed}
        return Boot(side, stages["ready"], guest.wire_bytes, stages)


def run(rounds: int, told: Callable[[Boot], None]) -> Iterator[list[Boot]]:
    """Yield the boots of each round, every side's once, the first side changing.

    Each PC is started once before that and not counted: the servers' caches are warm then, and
    the DHCP servers know the PCs.
    """
    names = list(SIDES)
    for side in names:
        told(boot(side))
    for number in range(rounds):
        first = number % len(names)
        made = []
        for side in names[first:] + names[:first]:
            made.append(boot(side))
            told(made[-1])
        yield made
