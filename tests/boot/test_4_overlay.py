# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""PCs that share one tree and keep their changes in RAM."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.diskless.netboot.plugins.module_utils.initramfs.root_scripts import (
    READ_AHEAD,
)
from ansible_collections.diskless.netboot.plugins.module_utils.pc.qemu import Guest
from ansible_collections.diskless.netboot.tests.boot.site import OUTPUT, Site, at_once
from ansible_collections.diskless.netboot.tests.lab import client
from ansible_collections.diskless.netboot.tests.lab.shell import LabError

PCS = [
    (f"pc{number}", f"52:54:00:00:00:{number}", f"198.51.100.{number}") for number in (41, 42, 43)
]
PLACES = ("/etc", "/var", "/tmp", "/media")
LOWER = (
    "findmnt -no SOURCE /run/netboot/lower;"
    " cat /sys/class/bdi/$(mountpoint -d /run/netboot/lower)/read_ahead_kb"
)
# Size, content and metadata of everything, as rsync would compare it.
HASH = (
    "cd {tree} && {{ find . -xdev -printf '%P %y %m %U:%G %s %T@ %l\\n';"
    " find . -xdev -type f -exec sha256sum {{}} +; }} | sort | sha256sum"
)


@pytest.fixture(scope="module")
def overlay(site: Site) -> Site:
    """Three PCs more, with the kind of root that a PC has unless told otherwise."""
    for pc in PCS:
        site.add(*pc, netboot_root="overlay", netboot_overlay_size="200M")
    site.playbook("clients.yml")
    return site


def _write_and_look(site: Site, pc: tuple[str, str, str], logs: Path) -> str:
    """Boot a PC, write to many places, start it again, and return what it found from before."""
    name, mac, address = pc
    note = f"for place in {' '.join(PLACES)}; do echo {name} > $place/note; done"
    look = f"cat {' '.join(f'{place}/note' for place in PLACES)} 2>/dev/null || true"
    with site.boots(mac, logs / name):
        before = site.inside(address, look)
        site.inside(address, note)
        written = site.inside(address, look).split()
    assert before == ""
    assert written == [name] * len(PLACES)
    with site.boots(mac, logs / name) as guest:
        after = site.inside(address, f"{look}; hostname; {LOWER}")
        site.inside(address, "systemctl poweroff")
        assert guest.wait_end(60), "it did not switch itself off within a minute"
    return after


def test_three_pcs_write_everywhere_and_nothing_of_it_is_left(overlay: Site, logs: Path) -> None:
    tree = overlay.on_server("realpath /srv/netboot/images/bookworm/current/root").strip()
    before = overlay.on_server(HASH.format(tree=tree))

    found = at_once([lambda pc=pc: _write_and_look(overlay, pc, logs) for pc in PCS])

    assert found == [f"{name}\n198.51.100.1:{tree}\n{READ_AHEAD}" for name, _mac, _address in PCS]
    assert overlay.on_server(HASH.format(tree=tree)) == before


def test_a_pc_whose_overlay_cannot_be_made_stops_and_says_why(overlay: Site, logs: Path) -> None:
    entry = "/srv/tftp/pxelinux.cfg/01-52-54-00-00-00-41"
    overlay.on_server(f"sed -i 's/netboot.overlay=200M/netboot.overlay=much/' {entry}")
    said = "cannot set much of RAM aside for changes (netboot.overlay=)"
    try:
        with overlay.power_on(PCS[0][1]) as guest:
            stopped = guest.watch(lambda: said in guest.console, client.BOOT_SECONDS)
            if not stopped:
                client.keep_logs(overlay.lab, guest, logs)
            assert stopped, guest.console[-2000:]
            assert not guest.trace.reached("root")
    finally:
        overlay.playbook("clients.yml")


@pytest.fixture(scope="module")
def disks(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """What a PC's own disk may hold that a system would mount or swap to by itself."""
    made = []
    for form in (["mke2fs", "-q", "-t", "ext4", "-L", "home"], ["mkswap", "-q"]):
        disk = tmp_path_factory.mktemp("disks") / f"{form[0]}.raw"
        with disk.open("wb") as file:
            file.truncate(64 << 20)
        subprocess.run([*form, str(disk)], check=True)
        made.append(disk)
    return made


@pytest.fixture(scope="module")
def untouched(disks: list[Path]) -> list[bytes]:
    """What they held before the PC was switched on."""
    return [disk.read_bytes() for disk in disks]


@pytest.fixture(scope="module")
def guest(overlay: Site, disks: list[Path], untouched: list[bytes]) -> Iterator[Guest]:
    """One of the PCs, with those disks, switched on."""
    with overlay.boots(PCS[0][1], OUTPUT / "overlay", disks=disks) as guest:
        yield guest


def test_a_pc_whose_changes_fill_their_space_says_so_and_stays_up(
    overlay: Site, guest: Guest
) -> None:
    address = PCS[0][2]
    said = overlay.inside(address, "dd if=/dev/zero of=/var/full bs=1M count=300 2>&1 || true")
    assert "No space left on device" in said
    left = overlay.inside(address, "stat -c %s /var/full; rm /var/full; echo fine > /etc/note")
    assert 100_000_000 < int(left) <= 200 * 1024 * 1024
    assert overlay.inside(address, "cat /etc/note; systemctl is-active ssh") == "fine\nactive"
    with pytest.raises(LabError, match="Read-only file system"):
        overlay.inside(address, "touch /run/netboot/lower/etc/note")


def test_a_pc_s_own_disks_are_left_alone(
    overlay: Site, guest: Guest, disks: list[Path], untouched: list[bytes]
) -> None:
    look = "ls /dev/vda /dev/vdb; grep vd /proc/mounts /proc/swaps; systemctl poweroff"
    assert overlay.inside(PCS[0][2], look).split() == ["/dev/vda", "/dev/vdb"]
    assert guest.wait_end(60), "it did not switch itself off within a minute"
    assert [disk.read_bytes() for disk in disks] == untouched
