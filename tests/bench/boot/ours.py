# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Our side: the demo's site in a lab of its own, with a PC for each kind of root."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.diskless.netboot.tests.boot.site import Site
from ansible_collections.diskless.netboot.tests.lab import server
from ansible_collections.diskless.netboot.tests.lab.places import Lab

LAB = Lab("bench-ours")
IMAGE = "bookworm"
FOLDER = f"/srv/netboot/images/{IMAGE}"
ROOT = LAB.disk / "srv" / "netboot" / "images" / IMAGE / "root"
"""The image's root on this machine: what is copied for the other side."""
KINDS = {
    "overlay": "52:54:00:00:00:61",
    "squashfs": "52:54:00:00:00:62",
    "rw": "52:54:00:00:00:63",
}
"""The kinds of root that are compared, and the address of the PC that has it."""
STORM = [f"52:54:00:00:00:{number}" for number in range(71, 79)]
"""PCs with an overlay root that are switched on at once."""


def up(inventory: Path) -> Site:
    """Start the boot server and run site.yml; ``inventory`` becomes the site's inventory.

    Raises:
        AssertionError: the playbook failed; the text is what it printed.
    """
    server.up(LAB, "container", "bookworm")
    site = Site(LAB, inventory)
    site.edit("netboot_images", nfsroot_image_squashfs="lz4")
    for number, (kind, mac) in enumerate(KINDS.items(), 61):
        site.add(f"pc{number}", mac, f"198.51.100.{number}", netboot_root=kind)
    for number, mac in enumerate(STORM, 71):
        site.add(f"pc{number}", mac, f"198.51.100.{number}")
    site.playbook("site.yml")
    return site
