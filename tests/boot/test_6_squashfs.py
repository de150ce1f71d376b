# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""PCs that fetch their root as one file, and live on when the server is gone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from ansible_collections.diskless.netboot.tests.boot.site import Site
from ansible_collections.diskless.netboot.tests.lab import network
from ansible_collections.diskless.netboot.tests.lab.shell import run

PC = ("pc91", "52:54:00:00:00:91", "198.51.100.91")
IMAGE = "/srv/netboot/images/bookworm"
URL = f"http://{network.SERVER_ADDRESS}/images/bookworm"
SERVICES = "nginx nfs-ganesha tftpd-hpa kea-dhcp4-server"
READ_ALL = (
    "echo 3 > /proc/sys/vm/drop_caches;"
    " find / -xdev -type f -exec cat {} + 2>/run/unread | wc -c; cat /run/unread"
)


@pytest.fixture(scope="module")
def fetching(site: Site) -> Site:
    """A PC more, of an image whose releases have their root as one file too."""
    site.edit("netboot_images", nfsroot_image_squashfs="lz4")
    site.add(*PC, netboot_root="squashfs")
    site.playbook("site.yml")
    return site


@contextmanager
def _gone(site: Site) -> Iterator[None]:
    """Take the boot server's services away, as a power cut does."""
    site.on_server(f"systemctl stop {SERVICES}")
    try:
        yield
    finally:
        site.on_server(f"systemctl start {SERVICES}")


def test_a_pc_that_has_fetched_its_root_needs_no_server(fetching: Site, logs: Path) -> None:
    site, (_name, mac, address) = fetching, PC
    with site.boots(mac, logs, memory=2048) as guest:
        assert site.inside(address, "findmnt -no FSTYPE /; hostname") == "overlay\npc91"
        below = "findmnt -no FSTYPE,OPTIONS /run/netboot/lower"
        assert site.inside(address, below).startswith("squashfs ro,")
        identity = site.on_server("cat /srv/netboot/clients/pc91/state/machine-id").strip()
        assert site.inside(address, "cat /etc/machine-id") == identity
        assert site.inside(address, "findmnt -t nfs,nfs4 || true") == ""
        with _gone(site):
            size, *unread = site.inside(address, READ_ALL).splitlines()
            assert int(size) > 200_000_000 and unread == []
            site.inside(address, "echo written > /etc/note && systemctl poweroff")
            assert guest.wait_end(60), "it did not switch itself off within a minute"


def _status(site: Site, source: str, path: str) -> str:
    """Return the HTTP status that somebody with this address gets for a path."""
    inside = ["ip", "netns", "exec", site.lab.namespace]
    added = ["address", "add", f"{source}/32", "dev", network.BRIDGE]
    ask = ["curl", "--silent", "--path-as-is", "--interface", source, "--output", "/dev/null"]
    run(["ip", "-n", site.lab.namespace, *added])
    try:
        return run([*inside, *ask, "--head", "--write-out", "%{http_code}", f"{URL}/{path}"])
    finally:
        run(["ip", "-n", site.lab.namespace, "address", "del", *added[2:]])


def test_nobody_else_gets_the_root_and_nobody_anything_else(fetching: Site) -> None:
    release = fetching.on_server(f"basename $(readlink {IMAGE}/current)").strip()
    packed = f"{release}/root.squashfs"
    assert _status(fetching, PC[2], packed) == "200"
    assert _status(fetching, "198.51.100.11", packed) == "403", "pc01 runs it in another way"
    assert _status(fetching, "198.51.100.99", packed) == "403"
    others = ("", f"{release}/", f"{release}/manifest.json", f"../../secret/{packed}")
    for path in (*others, f"{release}/../../root/etc/shadow", f".{packed}"):
        assert _status(fetching, PC[2], path) in ("404", "400"), path
    mode = fetching.on_server(f"stat -c '%a %U %G' {IMAGE}/releases/{release}/boot/root.squashfs")
    assert mode.strip() == "640 root www-data"
    assert fetching.playbook("site.yml").changed == 0
    # From this 'prune' knows that the release must stay.
    booted = fetching.on_server(f"cat /srv/netboot/clients/{PC[0]}/state/booted")
    assert booted.strip() == f"{URL}/{packed}"
