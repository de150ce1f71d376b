# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole chain: a run of site.yml, and PCs without disks that come up from it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from ansible_collections.diskless.netboot.tests.boot.room import (
    FETCHING,
    FIRST,
    KILLED,
    OTHER,
    PC,
    SECOND,
    SHARED,
    THIRD,
)
from ansible_collections.diskless.netboot.tests.boot.site import OUTPUT, Site, at_once

Identity = tuple[str, str, str, str]
"""A PC's root, host name, addresses and machine-id, read from inside."""
# The kernel was told the host name, which systemd would set.
LOOK = (
    "findmnt -no SOURCE /; tr ' ' '\\n' </proc/cmdline | sed -n 's/^systemd.hostname=//p';"
    " ip -4 -o address show scope global; cat /etc/machine-id"
)
NOTE = "/srv/netboot/clients/pc01/root/root/note"


def _look_inside(site: Site, pc: PC, logs: Path, last: str = "true") -> Identity:
    """Boot ``pc``, have it say who it is, and run ``last`` in it."""
    with site.boots(pc, logs) as running:
        root, hostname, addresses, machine_id = running.run(LOOK).splitlines()
        # It would ask again ten seconds later.
        assert "IP-Config: no response" not in running.guest.console
        running.run(last)
    return root, hostname, addresses, machine_id


def test_the_installed_collection_changes_nothing_in_a_second_run(
    site: Site, tmp_path: Path
) -> None:
    assert site.first_run is not None
    assert site.first_run.changed > 0
    artefacts = sorted(Path(".build/artifact").glob("diskless-netboot-*.tar.gz"))
    assert artefacts, "'make build' makes it"
    install = ["ansible-galaxy", "collection", "install", "--offline", "-p", str(tmp_path)]
    site.environment["ANSIBLE_COLLECTIONS_PATH"] = str(tmp_path)
    try:
        subprocess.run([*install, str(artefacts[-1].absolute())], check=True, cwd=tmp_path)
        run = site.playbook("diskless.netboot.site")
    finally:
        del site.environment["ANSIBLE_COLLECTIONS_PATH"]
    assert run.changed == 0


def test_services_that_stopped_before_they_read_what_is_new_are_started(site: Site) -> None:
    services = "kea-dhcp4-server nfs-ganesha"
    # As after a run that was killed between a file and its handler.
    notes = "/run/diskless-netboot/dhcp_server.reload /run/diskless-netboot/nfs_server.reload"
    site.on_server(f"systemctl stop {services}; mkdir -p /run/diskless-netboot; touch {notes}")
    # The first PC that fetches its root: it brings the HTTP server.
    site.add(FETCHING)

    site.playbook("clients.yml")

    # It succeeds where one of them runs, so what it says is looked at.
    active = site.on_server(f"systemctl is-active {services} nginx").split()
    assert active == ["active", "active", "active"]
    enabled = site.on_server(f"systemctl is-enabled {services} nginx tftpd-hpa").split()
    assert set(enabled) == {"enabled"}, "they would not start when the server does"
    assert site.on_server(f"ls {notes} 2>/dev/null || true") == ""


def test_nothing_that_is_served_is_writable_or_unreadable(site: Site) -> None:
    wrong = site.on_server("find /srv/tftp ! -perm -o=r -o -type d ! -perm -o=x -o -perm /o=w")
    assert wrong == ""


@pytest.fixture(scope="module")
def both(site: Site) -> tuple[Identity, Identity]:
    """What two PCs said of themselves that were on at once; one wrote a note to its root."""
    logs = OUTPUT / "both"
    first, second = at_once(
        [
            lambda: _look_inside(site, FIRST, logs, "echo kept > /root/note; sync"),
            lambda: _look_inside(site, SECOND, logs),
        ]
    )
    return first, second


def test_two_clients_boot_at_once_each_with_its_own_root_and_identity(
    both: tuple[Identity, Identity],
) -> None:
    first, second = both
    for pc, (root, hostname, addresses, _id) in ((FIRST, first), (SECOND, second)):
        assert root == f"198.51.100.1:/srv/netboot/clients/{pc.name}/root"
        assert hostname == pc.name
        assert f"{pc.address}/24" in addresses
    assert len(first[3]) == len(second[3]) == 32
    assert first[3] != second[3], "both clients have the same machine-id"


def test_what_a_client_with_its_own_root_writes_is_kept_by_later_runs(
    site: Site, both: tuple[Identity, Identity]
) -> None:
    assert site.on_server(f"cat {NOTE}").strip() == "kept"
    assert site.playbook("clients.yml").changed == 0
    assert site.on_server(f"cat {NOTE}").strip() == "kept"


@pytest.fixture(scope="module")
def added(site: Site) -> tuple[Identity, Identity]:
    """What two PCs said that were added: one with a root of its own, one that shares another's."""
    before = site.files()
    site.add(THIRD, SHARED)

    run = site.playbook("clients.yml", "--diff")

    after = site.files()
    changed = {path for path in after.keys() | before.keys() if after.get(path) != before.get(path)}
    assert changed == {
        "/etc/kea/kea-dhcp4.conf",
        "/etc/ganesha/netboot-exports.conf",
        "/srv/netboot/clients/pc03/.root.nfsroot.json",
        "/srv/netboot/clients/pc03/.root.nfsroot.lock",
        "/srv/netboot/images/bookworm/shared/.root.nfsroot.json",
        "/srv/netboot/images/bookworm/shared/.root.nfsroot.lock",
        *(
            path
            for pc in (THIRD, SHARED)
            for path in (
                f"/srv/tftp/pxelinux.cfg/01-{pc.mac.replace(':', '-')}",
                f"/srv/tftp/grub/clients/01-{pc.mac.replace(':', '-')}.cfg",
                f"/srv/netboot/clients/{pc.name}/state/files",
                f"/srv/netboot/clients/{pc.name}/state/kept",
                f"/srv/netboot/clients/{pc.name}/state/machine-id",
                f"/srv/netboot/clients/{pc.name}/state/ssh_host_ed25519_key",
                f"/srv/netboot/clients/{pc.name}/state/ssh_host_ed25519_key.pub",
            )
        ),
    }
    assert not [line for line in run.output.splitlines() if line.startswith("-  ")], run.output
    logs = OUTPUT / "added"
    own, shared = at_once([lambda pc=pc: _look_inside(site, pc, logs) for pc in (THIRD, SHARED)])
    return own, shared


def test_adding_a_pc_changes_its_entry_and_reservation_only_and_it_boots(
    added: tuple[Identity, Identity],
) -> None:
    root, hostname, addresses, _id = added[0]
    assert root.endswith("/clients/pc03/root")
    assert hostname == "pc03"
    assert f"{THIRD.address}/24" in addresses


def test_a_client_on_the_shared_root_keeps_its_identity_out_of_it(
    site: Site, added: tuple[Identity, Identity]
) -> None:
    root, hostname, _addresses, machine_id = added[1]
    assert root == "198.51.100.1:/srv/netboot/images/bookworm/shared/root"
    assert hostname == "pc04"
    assert len(machine_id) == 32
    assert site.on_server("cat /srv/netboot/images/bookworm/shared/root/etc/machine-id") == ""


@pytest.mark.parametrize("step", [29, pytest.param(5, marks=pytest.mark.matrix)])
def test_a_run_killed_at_any_task_leaves_all_that_clients_need(
    site: Site, logs: Path, step: int
) -> None:
    # A change that reaches every part: another initrd, an argument for a PC, a new client.
    site.edit("netboot_images", nfsroot_image_drivers=["virtio_net", "e1000"])
    site.add(KILLED)
    site.add(OTHER, netboot_overlay_size="60%")

    task = 3
    while site.killed("site.yml", task, delay=0.2):
        _fetch_what_pc01_fetches(site)
        task += step

    # The last of them was not killed: it finished what the others had begun.
    assert task > 40, "the runs were not killed over the whole of the playbook"
    assert site.playbook("site.yml").changed == 0
    assert "netboot.overlay=60%" in site.on_server("cat /srv/tftp/pxelinux.cfg/*-72")
    # It boots only if each service has read what one of the killed runs wrote for it.
    assert _look_inside(site, KILLED, logs)[1] == "pc05"


def _fetch_what_pc01_fetches(site: Site) -> None:
    """Fail unless each thing that PC 1 asks for is whole on the boot server."""
    entry = site.on_server("cat /srv/tftp/pxelinux.cfg/01-52-54-00-00-00-01")
    kernel = next(line.split()[1] for line in entry.splitlines() if line.split()[:1] == ["LINUX"])
    folder = kernel.rsplit("/", 1)[0]
    release = folder.rsplit("/", 1)[1]
    site.on_server(
        f"for file in vmlinuz initrd.img; do cmp /srv/tftp/{folder}/$file"
        f" /srv/netboot/images/bookworm/releases/{release}/boot/$file; done;"
        "kea-dhcp4 -t /etc/kea/kea-dhcp4.conf >/dev/null;"
        "grep -q 198.51.100.11 /etc/kea/kea-dhcp4.conf;"
        "systemctl is-active --quiet kea-dhcp4-server tftpd-hpa nfs-ganesha;"
        "grep -q '\"/srv/netboot/clients/pc01/root\"' /etc/ganesha/netboot-exports.conf;"
        "test -x /srv/netboot/clients/pc01/root/usr/lib/systemd/systemd"
    )
