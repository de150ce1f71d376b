# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One image for all PCs: changed once, published, gone back from, while a PC runs on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.diskless.netboot.tests.boot.site import Site

RUNNING = ("pc61", "52:54:00:00:00:61", "198.51.100.61")
RESTARTED = ("pc62", "52:54:00:00:00:62", "198.51.100.62")
IMAGE = "/srv/netboot/images/bookworm"

# Reads all of its root again and again, past what it has in memory, and notes what it could not
# read. A pass writes a line, so that the test sees that it went on. The pauses are for other PCs.
READ_FOR_EVER = (
    "systemd-run --quiet --unit=reader sh -c '"
    "while sleep 5; do echo 1 > /proc/sys/vm/drop_caches;"
    " find /usr/bin /usr/lib/systemd -xdev -type f -exec cat {} + 2>>/run/unread | sha256sum"
    " >> /run/passes; done'"
)


@pytest.fixture(scope="module")
def releases(site: Site) -> Site:
    """Two PCs more that overlay the image."""
    for pc in (RUNNING, RESTARTED):
        site.add(*pc, netboot_root="overlay")
    site.playbook("clients.yml")
    return site


def _current(site: Site) -> str:
    return site.on_server(f"basename $(readlink {IMAGE}/current)").strip()


def _look(site: Site, logs: Path) -> tuple[str, list[str]]:
    """Start a PC and return what it finds: the release, and the changed file and package if any."""
    with site.boots(RESTARTED[1], logs):
        look = "findmnt -no SOURCE /run/netboot/lower; grep changed /etc/motd; command -v tree"
        lower, *changes = site.inside(RESTARTED[2], f"{look}; true").splitlines()
    return lower.split("/")[-2], changes


def test_a_change_is_published_and_gone_back_from_while_a_pc_runs_on(
    releases: Site, logs: Path
) -> None:
    site = releases
    first = _current(site)
    with site.boots(RUNNING[1], logs / "running"):
        site.inside(RUNNING[2], READ_FOR_EVER)

        site.ad_hoc("bookworm", "ansible.builtin.apt", name="tree", update_cache=True)
        site.ad_hoc("bookworm", "ansible.builtin.copy", content="changed\n", dest="/etc/motd")
        site.playbook("rollout.yml")
        second = _current(site)
        assert second != first
        assert _look(site, logs / "after") == (second, ["changed", "/usr/bin/tree"])

        for option, said in (
            ("--extra-vars=netboot_rollback_image=bookwrm", "Say which image"),
            ("--limit=bookworm", "without --limit"),
        ):
            assert said in site.playbook("rollback.yml", option, fails=True).output
            assert _current(site) == second
        site.playbook("rollback.yml", "-e", "netboot_rollback_image=bookworm")
        assert _current(site) == first
        assert _look(site, logs / "back") == (first, [])

        _read_the_same_all_along(site)
    # An image that has nothing new stays gone back from.
    assert site.playbook("site.yml").changed == 0
    assert _current(site) == first


def test_no_release_goes_that_a_pc_runs_or_is_set_to(releases: Site, logs: Path) -> None:
    site = releases
    site.playbook("rollout.yml")
    second = _current(site)
    with site.boots(RUNNING[1], logs / "second"):
        site.inside(RUNNING[2], READ_FOR_EVER)
        third, fourth, fifth = (_changed(site, words) for words in ("third", "fourth", "fifth"))
        assert third in _releases(site)
        site.add(*RESTARTED, netboot_root="overlay", netboot_release=fourth)
        # From its next start on the running one has a root of its own. It goes on with what it has.
        site.add(*RUNNING, netboot_root="rw")
        site.playbook("prune.yml", "-e", "nfsroot_image_keep=1")
        left = _releases(site)
        assert third not in left
        assert {second, fourth, fifth} <= left
        labels = site.on_server(
            "sed -n 's/.*\"label\": //p' /srv/netboot/clients/*/.root.nfsroot.json"
        )
        copied = {label.strip('",').removeprefix("bookworm/") for label in labels.split()}
        assert copied <= left
        assert site.inside(RUNNING[2], "cat /etc/motd") == "changed"
        assert _look(site, logs / "set")[0] == fourth
        _read_the_same_all_along(site)


def _read_the_same_all_along(site: Site) -> None:
    """Fail unless READ_FOR_EVER read all files of the running PC's root, always the same."""
    passes = set(site.inside(RUNNING[2], "cat /run/passes").splitlines())
    assert len(passes) == 1, "what the running PC read was not the same each time"
    assert site.inside(RUNNING[2], "cat /run/unread") == ""
    assert site.inside(RUNNING[2], "systemctl is-active reader") == "active"


def _changed(site: Site, words: str) -> str:
    """Change the image, publish it, and return the release."""
    site.ad_hoc("bookworm", "ansible.builtin.copy", content=words, dest="/etc/motd")
    site.playbook("rollout.yml")
    return _current(site)


def _releases(site: Site) -> set[str]:
    names = site.on_server(f"ls {IMAGE}/releases").split()
    served = site.on_server("ls /srv/tftp/images/bookworm").split()
    assert set(served) <= set(names), "kernels of releases that are no more are still served"
    manifests: list[dict[str, Any]] = [
        json.loads(site.on_server(f"cat {IMAGE}/releases/{name}/manifest.json")) for name in names
    ]
    assert {manifest["name"] for manifest in manifests} == set(names)
    return set(names)
