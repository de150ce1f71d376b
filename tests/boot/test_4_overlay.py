# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""PCs that share one tree and keep their changes in RAM."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.diskless.netboot.plugins.module_utils.initramfs.root_scripts import (
    READ_AHEAD,
)
from ansible_collections.diskless.netboot.tests.boot.room import OVERLAYS, PC
from ansible_collections.diskless.netboot.tests.boot.site import Site, at_once
from ansible_collections.diskless.netboot.tests.lab import client

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


def _write_and_look(site: Site, pc: PC, logs: Path) -> str:
    """Boot a PC, write to many places, start it again, and return what it found from before."""
    note = f"for place in {' '.join(PLACES)}; do echo {pc.name} > $place/note; done"
    look = f"cat {' '.join(f'{place}/note' for place in PLACES)} 2>/dev/null || true"
    with site.boots(pc, logs) as running:
        before = running.run(look)
        written = running.run(f"{note}; {look}").split()
    assert before == ""
    assert written == [pc.name] * len(PLACES)
    with site.boots(pc, logs) as running:
        return running.run(f"{look}; {LOWER}")


def test_pcs_write_everywhere_at_once_and_nothing_of_it_is_left(site: Site, logs: Path) -> None:
    tree = site.on_server("realpath /srv/netboot/images/bookworm/current/root").strip()
    before = site.on_server(HASH.format(tree=tree))

    found = at_once([lambda pc=pc: _write_and_look(site, pc, logs) for pc in OVERLAYS])

    assert found == [f"198.51.100.1:{tree}\n{READ_AHEAD}"] * len(OVERLAYS)
    assert site.on_server(HASH.format(tree=tree)) == before


def test_a_pc_whose_overlay_cannot_be_made_stops_and_says_why(site: Site, logs: Path) -> None:
    entry = "/srv/tftp/pxelinux.cfg/01-52-54-00-00-00-41"
    change = f"sed -i 's/netboot.overlay=200M/netboot.overlay=much/' {entry}"
    site.on_server(f"cp --archive {entry} /root/entry; {change}")
    said = "cannot set much of RAM aside for changes (netboot.overlay=)"
    try:
        with site.power_on(OVERLAYS[0].mac) as guest:
            stopped = guest.watch(lambda: said in guest.console, client.BOOT_SECONDS)
            if not stopped:
                client.keep_logs(site.lab, guest, logs)
            assert stopped, guest.console[-2000:]
            assert not guest.trace.reached("root")
    finally:
        site.on_server(f"mv /root/entry {entry}")
