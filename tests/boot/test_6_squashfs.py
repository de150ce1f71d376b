# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""PCs that fetch their root as one file, and live on when the server is gone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ansible_collections.diskless.netboot.tests.boot.room import FETCHING, FIRST
from ansible_collections.diskless.netboot.tests.boot.site import Site
from ansible_collections.diskless.netboot.tests.lab import network
from ansible_collections.diskless.netboot.tests.lab.shell import run

IMAGE = "/srv/netboot/images/bookworm"
URL = f"http://{network.SERVER_ADDRESS}/images/bookworm"
SERVICES = "nginx nfs-ganesha tftpd-hpa kea-dhcp4-server"
READ_MUCH = (
    "echo 3 > /proc/sys/vm/drop_caches;"
    " find /usr/bin /usr/sbin -xdev -type f -exec cat {} + 2>/run/unread | wc -c; cat /run/unread"
)


@contextmanager
def _gone(site: Site) -> Iterator[None]:
    """Take the boot server's services away, as a power cut does."""
    site.on_server(f"systemctl stop {SERVICES}")
    try:
        yield
    finally:
        site.on_server(f"systemctl start {SERVICES}")


def test_a_pc_that_has_fetched_its_root_needs_no_server(site: Site, logs: Path) -> None:
    with site.boots(FETCHING, logs, memory=2048) as running:
        assert running.run("findmnt -no FSTYPE /; hostname") == "overlay\npc91"
        below = "findmnt -no FSTYPE,OPTIONS /run/netboot/lower"
        assert running.run(below).startswith("squashfs ro,")
        identity = site.on_server("cat /srv/netboot/clients/pc91/state/machine-id").strip()
        assert running.run("cat /etc/machine-id") == identity
        assert running.run("findmnt -t nfs,nfs4 || true") == ""
        with _gone(site):
            size, *unread = running.run(READ_MUCH).splitlines()
            assert int(size) > 30_000_000 and unread == []
            running.run("echo written > /etc/note")
            running.switch_off()


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


def test_nobody_else_gets_the_root_and_nobody_anything_else(site: Site) -> None:
    release = site.on_server(f"basename $(readlink {IMAGE}/current)").strip()
    packed = f"{release}/root.squashfs"
    assert _status(site, FETCHING.address, packed) == "200"
    assert _status(site, FIRST.address, packed) == "403", "pc01 runs it in another way"
    assert _status(site, "198.51.100.99", packed) == "403"
    others = ("", f"{release}/", f"{release}/manifest.json", f"../../secret/{packed}")
    for path in (*others, f"{release}/../../root/etc/shadow", f".{packed}"):
        assert _status(site, FETCHING.address, path) in ("404", "400"), path
    mode = site.on_server(f"stat -c '%a %U %G' {IMAGE}/releases/{release}/boot/root.squashfs")
    assert mode.strip() == "640 root www-data"
    # From this 'prune' knows that the release must stay.
    booted = site.on_server(f"cat /srv/netboot/clients/{FETCHING.name}/state/booted")
    assert booted.strip() == f"{URL}/{packed}"
