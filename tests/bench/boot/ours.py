# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Our side: the demo's site in a lab of its own, with a PC for each kind of root."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.diskless.netboot.tests.boot.room import pc
from ansible_collections.diskless.netboot.tests.boot.site import Site
from ansible_collections.diskless.netboot.tests.lab import server
from ansible_collections.diskless.netboot.tests.lab.places import Lab

LAB = Lab("bench-ours")
IMAGE = "bookworm"
FOLDER = f"/srv/netboot/images/{IMAGE}"
_KINDS = [
    pc(number, whole=True, root=kind)
    for number, kind in enumerate(("overlay", "squashfs", "rw"), 61)
]
_STORM = [pc(number, whole=True) for number in range(71, 79)]
KINDS = {one.variables["netboot_root"]: one.mac for one in _KINDS}
"""The kinds of root that are compared, and the MAC address of the PC that has it."""
STORM = [one.mac for one in _STORM]
"""PCs with an overlay root that are switched on at once."""


def up() -> None:
    """Start the boot server and run site.yml.

    Raises:
        AssertionError: the playbook failed; the text is what it printed.
    """
    server.up(LAB, "container", "bookworm")
    site().playbook("site.yml")


def site() -> Site:
    """Return the site, whose boot server runs."""
    made = Site(LAB, LAB.run / "inventory")
    made.edit("netboot_images", nfsroot_image_squashfs="lz4")
    made.add(*_KINDS, *_STORM)
    return made


def tree() -> Path:
    """Return the image's root, on this machine."""
    return LAB.disk / "srv" / "netboot" / "images" / IMAGE / "root"


def publish(site: Site, *, image: str = IMAGE, squashfs: str = "none") -> None:
    """Publish the image as it is now, by the module that rollout.yml publishes it with.

    Args:
        site: of `site`.
        image: another name is another image of the same tree, whose first release this makes.
        squashfs: ``none``, ``lz4`` or ``zstd``: whether the root is made one file too.

    Raises:
        AssertionError: it failed; the text is what it printed.
    """
    (kernel,) = (tree() / "boot").glob("vmlinuz-*")
    site.ad_hoc(
        "boot1",
        "diskless.netboot.nfsroot_release",
        image=image,
        kernel=f"{FOLDER}/root/boot/{kernel.name}",
        initrd=f"{FOLDER}/boot/initrd.img",
        squashfs=squashfs,
        make_current="never",
    )


def initrd() -> int:
    """Return how many bytes of initrd a PC loads."""
    return (LAB.disk / "srv/netboot/images" / IMAGE / "boot/initrd.img").stat().st_size
