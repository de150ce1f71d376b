# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One image for all PCs: changed once, published, gone back from, while a PC runs on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ansible_collections.diskless.netboot.tests.boot.room import RESTARTED, RUNNING
from ansible_collections.diskless.netboot.tests.boot.site import Running, Site

IMAGE = "/srv/netboot/images/bookworm"

# Reads a part of its root again and again, past what it has in memory, and notes what it could not
# read. A pass writes a line, so that the test sees that it went on. The pauses are for other PCs.
READ_FOR_EVER = (
    "(while sleep 5; do echo 1 > /proc/sys/vm/drop_caches;"
    " find /usr/lib/systemd/system /etc -xdev -type f -exec cat {} + 2>>/run/unread | md5sum"
    " >> /run/passes; done) >/dev/null &"
)


def _current(site: Site) -> str:
    return site.on_server(f"basename $(readlink {IMAGE}/current)").strip()


def _look(site: Site, logs: Path) -> tuple[str, list[str]]:
    """Start a PC and return what it finds: the release, and the changed file and package if any."""
    with site.boots(RESTARTED, logs) as running:
        look = "findmnt -no SOURCE /run/netboot/lower; grep change /etc/motd; command -v tree"
        lower, *changes = running.run(f"{look}; true").splitlines()
    return lower.split("/")[-2], changes


def _changed(site: Site, words: str) -> str:
    """Change the image, publish it, and return the release."""
    site.ad_hoc("bookworm", "ansible.builtin.copy", content=f"{words}\n", dest="/etc/motd")
    site.playbook("rollout.yml")
    return _current(site)


def test_a_change_is_published_gone_back_from_and_pruned_while_a_pc_runs_on(
    site: Site, logs: Path
) -> None:
    first = _current(site)
    with site.boots(RUNNING, logs / "running") as running:
        running.run(READ_FOR_EVER)

        site.ad_hoc("bookworm", "ansible.builtin.apt", name="tree", update_cache=True)
        second = _changed(site, "first change")
        assert second != first
        assert _look(site, logs / "after") == (second, ["first change", "/usr/bin/tree"])

        for option, said in (
            ("--extra-vars=netboot_rollback_image=bookwrm", "Say which image"),
            ("--limit=bookworm", "without --limit"),
        ):
            assert said in site.playbook("rollback.yml", option, fails=True).output
            assert _current(site) == second
        site.playbook("rollback.yml", "-e", "netboot_rollback_image=bookworm")
        assert _current(site) == first
        assert _look(site, logs / "back") == (first, [])
        # An image that has nothing new stays gone back from.
        assert site.playbook("image.yml").changed == 0
        assert _current(site) == first

        third, fourth = (_changed(site, f"{words} change") for words in ("second", "third"))
        site.add(RESTARTED, netboot_release=second)
        # From its next start on the running one has a root of its own. It goes on with what it has.
        site.add(RUNNING, netboot_root="rw")
        site.playbook("prune.yml", "-e", "nfsroot_image_keep=1")
        left = _releases(site)
        assert third not in left, "no PC is set to it or runs it"
        assert {first, second, fourth} <= left
        assert _copied(site) <= left
        assert _look(site, logs / "set")[0] == second

        _read_the_same_all_along(running)


def _read_the_same_all_along(running: Running) -> None:
    """Fail unless READ_FOR_EVER read all files each time, always the same."""
    passes = running.run("cat /run/passes").splitlines()
    assert len(passes) > 10
    assert len(set(passes)) == 1, "what the running PC read was not the same each time"
    assert running.run("cat /run/unread") == ""


def _copied(site: Site) -> set[str]:
    """Return the releases that roots of PCs were copied from."""
    roots = "/srv/netboot/clients/*/.root.nfsroot.json"
    labels = site.on_server(f"sed -n 's/.*\"label\": //p' {roots}").split()
    return {label.strip('",').removeprefix("bookworm/") for label in labels}


def _releases(site: Site) -> set[str]:
    names = site.on_server(f"ls {IMAGE}/releases").split()
    served = site.on_server("ls /srv/tftp/images/bookworm").split()
    assert set(served) <= set(names), "kernels of releases that are no more are still served"
    manifests: list[dict[str, Any]] = [
        json.loads(site.on_server(f"cat {IMAGE}/releases/{name}/manifest.json")) for name in names
    ]
    assert {manifest["name"] for manifest in manifests} == set(names)
    return set(names)
