# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""PCs with another initrd than the usual one: by dracut, and small with NFS 4.2.

Also one that is given its root in one file by dracut; initramfs-tools' is in test_6_squashfs.py.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ansible_collections.diskless.netboot.tests.boot.room import CONSOLE, PC, pc
from ansible_collections.diskless.netboot.tests.boot.site import Site, at_once
from ansible_collections.diskless.netboot.tests.lab import images

pytestmark = pytest.mark.matrix

DRACUT = pc(51, whole=True, image="dracut", kernel_args=[*CONSOLE, "netboot.nfs=rsize=65536"])
SMALL = pc(52, whole=True, image="small")
FETCHING = pc(53, whole=True, image="dracut", root="squashfs")
WRITING = pc(55, whole=True, image="dracut", root="rw")
NEXT_FETCHING = pc(56, whole=True, image="next", root="squashfs")
NEXT_WRITING = pc(57, whole=True, image="next", root="rw")
NEXT = pc(54, whole=True, image="next")
"""It runs Debian 14, whose dracut has no network-legacy any more."""
SMALL_BYTES = 7_000_000
LOWER = "findmnt -no FSTYPE,OPTIONS /run/netboot/lower"
# The root's kind, what lies below it, an address's life, failed services, and the name.
LOOK = (
    f"findmnt -no FSTYPE /; {LOWER}; ip -4 -o address show scope global;"
    " systemctl --failed --plain --quiet --no-legend; hostname"
)
# An archive of the packages is shared with the demo's image.
IMAGES: dict[str, dict[str, object]] = {
    "dracut": {
        "nfsroot_image_suite": "bookworm",
        "nfsroot_image_initramfs": "dracut",
        "nfsroot_image_squashfs": "lz4",
    },
    "small": {
        "nfsroot_image_suite": "bookworm",
        "nfsroot_image_nfs_version": "4.2",
        "nfsroot_image_squashfs": "none",
        "nfsroot_image_compression_level": 19,
    },
    "next": {
        "nfsroot_image_suite": "forky",
        "nfsroot_image_initramfs": "dracut",
        "nfsroot_image_squashfs": "lz4",
    },
}
CARDS: dict[str, object] = {
    "nfsroot_image_modules": "list",
    "nfsroot_image_drivers": ["virtio_net", "e1000", "8086:153a", "r8169"],
    "nfsroot_image_missing_firmware": "warn",
}
OPTIONS = ("nfs_version", "compression_level", "modules", "drivers", "missing_firmware")


@pytest.fixture(scope="module")
def initrds(site: Site) -> Site:
    """Three images more, and PCs for them."""
    with site.edited() as hosts:
        for name, variables in IMAGES.items():
            system = images.of_suite(str(variables["nfsroot_image_suite"]))
            hosts["netboot_images"]["hosts"][name] = {**system, **variables, **CARDS}
    site.add(DRACUT, SMALL, FETCHING, WRITING, NEXT, NEXT_FETCHING, NEXT_WRITING)
    site.playbook("site.yml")
    for image in IMAGES:
        # Not one of the packages that are in each image.
        site.ad_hoc(image, "ansible.builtin.apt", name="xz-utils")
    return site


def _look_inside(site: Site, pc: PC, logs: Path) -> list[str]:
    with site.boots(pc, logs) as running:
        return running.run(LOOK).splitlines()


def test_initrds_by_dracut_and_with_nfs_4_2_boot_pcs_with_their_changes_in_ram(
    initrds: Site, logs: Path
) -> None:
    dracut, small = at_once(
        [lambda pc=pc: _look_inside(initrds, pc, logs) for pc in (DRACUT, SMALL)]
    )

    following = _look_inside(initrds, NEXT, logs)

    for root, lower, address, *failed, name in (dracut, small, following):
        assert root == "overlay"
        assert "ro" in lower.split()[1].split(",")
        assert "valid_lft forever" in address, "a root over NFS would end with its lease"
        assert failed == [], name
    assert [dracut[-1], small[-1], following[-1]] == ["pc51", "pc52", "pc54"]
    for by_dracut in (dracut, following):
        assert by_dracut[1].split()[0] == "nfs" and "vers=3," in by_dracut[1]
    assert "rsize=65536," in dracut[1], "netboot.nfs= on the command line was not heeded"
    assert small[1].split()[0] == "nfs4" and "vers=4.2," in small[1]


@pytest.mark.parametrize("fetching", [FETCHING, NEXT_FETCHING], ids=lambda one: one.name)
def test_an_initrd_by_dracut_fetches_a_root_that_needs_no_server(
    initrds: Site, logs: Path, fetching: PC
) -> None:
    with initrds.boots(fetching, logs, memory=2048) as running:
        said = running.run(
            "findmnt -no FSTYPE /; findmnt -no FSTYPE /run/netboot/lower; findmnt -nt nfs,nfs4;"
            " ip -4 -o address show scope global; systemctl --failed --plain --quiet --no-legend;"
            " hostname",
        )
    root, lower, lease, *rest = said.splitlines()
    assert (root, lower, rest) == ("overlay", "squashfs", [fetching.name])
    assert "valid_lft forever" in lease


def test_an_initrd_by_dracut_mounts_a_root_that_its_pc_writes_to(initrds: Site, logs: Path) -> None:
    def root(one: PC) -> list[str]:
        with initrds.boots(one, logs) as running:
            written = "echo written > /etc/note; cat /etc/note; findmnt -no SOURCE,FSTYPE /"
            return running.run(f"{written}; systemctl --failed --plain --quiet --no-legend").split()

    pcs = (WRITING, NEXT_WRITING)
    for one, found in zip(pcs, at_once([lambda pc=one: root(pc) for one in pcs]), strict=True):
        own = f"/srv/netboot/clients/{one.name}/root"
        assert found == ["written", f"198.51.100.1:{own}", "nfs"]
        assert initrds.on_server(f"cat {own}/etc/note") == "written\n"


def test_an_initrd_with_four_kinds_of_cards_is_small(initrds: Site) -> None:
    size = initrds.on_server("stat -c %s /srv/netboot/images/small/boot/initrd.img")
    assert int(size) <= SMALL_BYTES


@pytest.mark.parametrize("image", IMAGES)
def test_the_same_inputs_give_the_same_bytes_and_are_not_built_again(
    initrds: Site, image: str
) -> None:
    folder = f"/srv/netboot/images/{image}"
    variables = {**IMAGES[image], **CARDS}
    options = {
        option: variables[f"nfsroot_image_{option}"]
        for option in OPTIONS
        if f"nfsroot_image_{option}" in variables
    }
    options["squashfs"] = variables["nfsroot_image_squashfs"] != "none"
    where = {"root": f"{folder}/root", "dest": "/srv/second.img"}
    first, again = (
        initrds.ad_hoc("boot1", "diskless.netboot.initramfs_netboot", **where, **options)
        for _time in range(2)
    )
    assert ("CHANGED" in first, "CHANGED" in again) == (True, False)
    initrds.on_server(f"cmp /srv/second.img {folder}/boot/initrd.img; rm /srv/second.img*")


def _built(initrds: Site, image: str, **options: object) -> tuple[list[str], str]:
    """Build another initrd of an image, and forget it.

    Returns what modules the module found inside, and the initrd's first bytes in hexadecimal.
    """
    where = {"root": f"/srv/netboot/images/{image}/root", "dest": "/srv/other.img"}
    said = initrds.ad_hoc(
        "boot1", "diskless.netboot.initramfs_netboot", **where, missing_firmware="warn", **options
    )
    begins = initrds.on_server("od -An -tx1 -N4 /srv/other.img; rm /srv/other.img*")
    return json.loads(said[said.index("{") :])["modules"], begins.replace(" ", "").strip()


@pytest.mark.parametrize("modules", ["netboot", "most"])
def test_modules_mean_the_same_by_initramfs_tools_and_by_dracut(
    initrds: Site, modules: str
) -> None:
    for image in IMAGES:
        found, _begins = _built(initrds, image, modules=modules)
        wanted = {"e1000", "igb", "r8169", "tg3", "virtio_net", "nfsv3", "overlay"}
        assert wanted <= set(found), image


@pytest.mark.parametrize(
    ("compression", "magic"), [("gzip", "1f8b"), ("xz", "fd377a58"), ("zstd", "28b52ffd")]
)
def test_both_compress_as_they_are_told(initrds: Site, compression: str, magic: str) -> None:
    options = {"modules": "list", "drivers": ["e1000"], "compression": compression}
    # dracut 112 begins with an archive of what is compressed already, such as drivers. For it, what
    # the module itself finds inside, and refuses if it is another one, must do.
    for image in IMAGES:
        _modules, begins = _built(initrds, image, **options)
        assert image == "next" or begins.startswith(magic), image
