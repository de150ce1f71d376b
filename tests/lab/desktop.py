# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The library's desktop: its image, a PC that starts from it, and a picture of its screen."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path

import yaml
from ansible_collections.diskless.netboot.plugins.module_utils.pc.qemu import Guest
from ansible_collections.diskless.netboot.tests.lab import client, demo, server
from ansible_collections.diskless.netboot.tests.lab.places import PROJECT, Lab
from ansible_collections.diskless.netboot.tests.lab.shell import LabError

_MAC, _ADDRESS = "52:54:00:00:00:01", "198.51.100.11"
_SECONDS = 1200
_MIB = 2048
_IMAGES = "group_vars/netboot_images.yml"
# As root sees lightdm's screen.
_DRAWN = (
    "export DISPLAY=:0 XAUTHORITY=/run/lightdm/root/:0;"
    " until xwininfo -name 'Mozilla Firefox' 2>/dev/null | grep -q IsViewable; do sleep 1; done;"
    " pgrep -u reader -l 'xfce4-panel|firefox'"
)
_STILL = 10.0
"""Seconds in which nothing on the screen changes once all is drawn."""


def desktop(lab: Lab, picture: Path) -> int:
    """Show a PC up to the library's desktop, and write what is on its screen to *picture*."""
    inventory = PROJECT / ".build" / "desktop"
    shutil.rmtree(inventory, ignore_errors=True)
    ignored = shutil.ignore_patterns("lab.yml")
    shutil.copytree(PROJECT / "inventories" / "demo", inventory, ignore=ignored)
    library = yaml.safe_load((PROJECT / "inventories" / "library" / _IMAGES).read_text())
    # The lab's own key opens its PCs.
    del library["nfsroot_image_authorized_keys"]
    ours = yaml.safe_load((inventory / _IMAGES).read_text())
    (inventory / _IMAGES).write_text(yaml.safe_dump({**library, **ours}))
    with demo.stage("A network and a boot server (Debian 12 in a container)"):
        server.up(lab, "container", "bookworm")
        (inventory / "lab.yml").write_text(server.inventory(lab))
    with demo.stage("ansible-playbook site.yml, with the images of inventories/library"):
        demo.playbook(inventory)
    with (
        demo.stage("A PC without a disk, from power-on to the desktop"),
        client.power_on(lab, _MAC, memory=_MIB) as guest,
    ):
        demo.follow(guest)
        print("   waiting for the browser's window (minutes, in emulation)", flush=True)
        try:
            wait = f"timeout {_SECONDS} sh -c {shlex.quote(_DRAWN)}"
            said = client.inside(lab, _ADDRESS, wait, timeout=_SECONDS)
        except LabError as error:
            guest.screenshot(picture)
            raise LabError(f"no browser is on the screen, see {picture}: {error}") from error
        _wait_until_still(guest, picture)
        print(f"   {guest.seconds:.0f} s after power-on: {' '.join(said.split())}")
        print(f"   {guest.wire_bytes / 1e6:.0f} MB came over the network")
    print(f"\nIts screen: {picture}")
    server.down(lab)
    return 0


def _wait_until_still(guest: Guest, picture: Path) -> None:
    """Write the screen to *picture* when it no longer changes, or after two minutes."""
    before = b""
    for _time in range(12):
        guest.screenshot(picture)
        now = picture.read_bytes()
        if now == before:
            return
        before = now
        guest.wait_end(_STILL)
