# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A PC without a disk, seen from inside after it booted."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ansible_collections.diskless.netboot.tests.lab import client
from ansible_collections.diskless.netboot.tests.lab.places import PROJECT, Lab
from ansible_collections.diskless.netboot.tests.lab.turn import turn

MAC = "52:54:00:00:00:02"
ADDRESS = "198.51.100.12"


@pytest.fixture(scope="module")
def inside(lab: Lab, scenario: Path) -> Iterator[Callable[[str], str]]:
    """Run a command in pc02, which was booted to its login prompt."""
    with turn(1), client.power_on(lab, MAC) as guest:
        if not guest.wait_ready(client.BOOT_SECONDS):
            logs = PROJECT / "tests" / "output" / f"molecule-{scenario.name}"
            client.keep_logs(lab, guest, logs)
            pytest.fail(f"{guest.trace.sentence()} See {logs}.")
        yield lambda command: client.inside(lab, ADDRESS, command, guest=guest).strip()


def test_its_root_is_the_image_s_with_its_own_changes_in_ram(inside: Callable[[str], str]) -> None:
    (root,) = json.loads(inside("findmnt --json /"))["filesystems"]
    (lower,) = json.loads(inside("findmnt --json /run/netboot/lower"))["filesystems"]

    assert root["fstype"] == "overlay"
    assert "rw" in root["options"].split(",")
    assert re.fullmatch(
        r"198\.51\.100\.1:/srv/netboot/images/[a-z]+/releases/[0-9-]+\.1/root", lower["source"]
    )
    assert "ro" in lower["options"].split(",")


def test_its_host_name_is_its_name_in_the_inventory(inside: Callable[[str], str]) -> None:
    assert inside("hostname") == "pc02"


def test_it_has_the_address_that_was_reserved_and_no_other(inside: Callable[[str], str]) -> None:
    nics = json.loads(inside("ip -json -4 address show scope global"))
    addresses = [one["local"] for nic in nics for one in nic["addr_info"]]

    assert addresses == [ADDRESS]


def test_all_its_services_came_up(inside: Callable[[str], str]) -> None:
    assert inside("systemctl is-system-running --wait; systemctl --failed --plain -q") == "running"
