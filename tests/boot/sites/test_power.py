# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each kind of root, on Debian 12, 13 and 14: started, started again, switched off."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.diskless.netboot.plugins.module_utils.inventory.client import (
    ROOT_KINDS,
    ROOT_RW,
    ROOT_SHARED_RW,
    ROOT_SQUASHFS,
)
from ansible_collections.diskless.netboot.plugins.module_utils.pc.qemu import Guest
from ansible_collections.diskless.netboot.tests.boot.room import pc
from ansible_collections.diskless.netboot.tests.boot.site import Site, at_once
from ansible_collections.diskless.netboot.tests.lab import client, images

pytestmark = pytest.mark.matrix

SUITES = images.SUITES
# By suite and kind.
PCS = {
    (suite, kind): pc(number, whole=True, image=suite, root=kind, persist=["/home/kiosk"])
    for number, (suite, kind) in enumerate(
        [(suite, kind) for suite in SUITES for kind in ROOT_KINDS], 121
    )
}
WRITE = "echo written > /etc/note; echo kept > /home/kiosk/note; sync"
# Whether it makes caches anew that its image has; Debian 12 has no such unit.
CACHES = (
    "systemctl show --property=LoadState,ConditionResult --value"
    " systemd-journal-catalog-update.service"
)
LOOK = "cat /etc/note /home/kiosk/note 2>/dev/null; true"


@pytest.fixture(scope="module")
def kinds(site: Site) -> Site:
    """Two images more, and a PC of each kind for each of the three."""
    site.edit("netboot_images", nfsroot_image_squashfs="lz4")
    with site.edited() as hosts:
        for suite in SUITES[1:]:
            hosts["netboot_images"]["hosts"][suite] = images.of_suite(suite)
    site.add(*PCS.values())
    site.playbook("site.yml")
    return site


def _up_again(guest: Guest) -> bool:
    """Tell whether the PC has come up a second time."""
    _before, *boots = guest.console.split("Linux version ")
    return len(boots) >= 2 and " login:" in boots[-1]


def _from_start_to_end(site: Site, suite: str, kind: str, logs: Path) -> list[str]:
    """Start a PC, let it start again, switch it off, and return what it had after its restart."""
    one = PCS[suite, kind]
    memory = 2048 if kind == ROOT_SQUASHFS else 1024
    with site.boots(one, logs, memory=memory) as running:
        guest = running.guest
        caches = running.run(CACHES).split()
        assert "yes" not in caches
        assert "loaded" in caches or suite == "bookworm"
        assert running.run("systemctl --failed --plain --quiet --no-legend") == ""
        running.run(WRITE)
        running.end("systemctl reboot")
        again = guest.watch(lambda: _up_again(guest), client.BOOT_SECONDS)
        if not again:
            client.keep_logs(site.lab, guest, logs / one.name)
        assert again, f"{one.name} ({suite}, {kind}) did not come up again. See {logs}."
        found = running.run(LOOK).split()
        # Well below the 90 s that Debian gives a unit which will not end.
        running.switch_off(40)
    return found


@pytest.mark.parametrize("suite", SUITES)
@pytest.mark.parametrize("pair", [ROOT_KINDS[:2], ROOT_KINDS[2:]], ids="+".join)
def test_a_pc_starts_again_and_switches_itself_off(
    kinds: Site, suite: str, pair: tuple[str, ...], logs: Path
) -> None:
    found = at_once(
        [lambda kind=kind: _from_start_to_end(kinds, suite, kind, logs) for kind in pair]
    )
    stays = (ROOT_RW, ROOT_SHARED_RW)
    assert found == [["written", "kept"] if kind in stays else ["kept"] for kind in pair]
