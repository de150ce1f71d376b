# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole chain: a run of site.yml, and PCs without disks that come up from it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from ansible_collections.diskless.netboot.tests.boot.site import OUTPUT, Site, at_once

PC01 = ("pc01", "52:54:00:00:00:01", "198.51.100.11")
PC02 = ("pc02", "52:54:00:00:00:02", "198.51.100.12")
PC03 = ("pc03", "52:54:00:00:00:03", "198.51.100.13")
PC04 = ("pc04", "52:54:00:00:00:04", "198.51.100.14")
PC05 = ("pc05", "52:54:00:00:00:05", "198.51.100.15")

Identity = tuple[str, str, str, str]
"""A PC's root, host name, addresses and machine-id, read from inside."""
LOOK = "findmnt -no SOURCE /; hostname; ip -4 -o address show scope global; cat /etc/machine-id"
NOTE = "/srv/netboot/clients/pc01/root/root/note"


def _look_inside(site: Site, pc: tuple[str, str, str], logs: Path, last: str = "") -> Identity:
    """Boot ``pc``, have it say who it is, and do ``last``, which switches it off, if anything."""
    name, mac, address = pc
    with site.boots(mac, logs / name) as guest:
        root, hostname, addresses, machine_id = site.inside(address, LOOK).splitlines()
        # It would ask again ten seconds later.
        assert "IP-Config: no response" not in guest.console
        if last:
            site.inside(address, last)
            assert guest.wait_end(60), "it did not switch itself off within a minute"
    return root, hostname, addresses, machine_id


def test_a_second_run_changes_nothing(site: Site) -> None:
    assert site.first_run is not None
    assert site.first_run.changed > 0
    assert site.playbook("site.yml").changed == 0


def test_services_that_stopped_before_they_read_what_is_new_are_started(site: Site) -> None:
    services = "kea-dhcp4-server nfs-ganesha"
    # As after a run that was killed between a file and its handler.
    notes = "/run/diskless-netboot/dhcp_server.reload /run/diskless-netboot/nfs_server.reload"
    site.on_server(f"systemctl stop {services}; mkdir -p /run/diskless-netboot; touch {notes}")

    site.playbook("clients.yml")

    # It succeeds where one of them runs, so what it says is looked at.
    assert site.on_server(f"systemctl is-active {services}").split() == ["active", "active"]
    assert site.on_server(f"ls {notes} 2>/dev/null || true") == ""
    assert site.playbook("clients.yml").changed == 0


def test_nothing_that_is_served_is_writable_or_unreadable(site: Site) -> None:
    wrong = site.on_server("find /srv/tftp ! -perm -o=r -o -type d ! -perm -o=x -o -perm /o=w")
    assert wrong == ""


@pytest.fixture(scope="module")
def both(site: Site) -> tuple[Identity, Identity]:
    """What two PCs said of themselves that were on at once; one wrote a note to its root."""
    logs = OUTPUT / "both"
    first, second = at_once(
        [
            lambda: _look_inside(site, PC01, logs, "echo kept > /root/note; systemctl poweroff"),
            lambda: _look_inside(site, PC02, logs),
        ]
    )
    return first, second


def test_two_clients_boot_at_once_each_with_its_own_root_and_identity(
    both: tuple[Identity, Identity],
) -> None:
    first, second = both
    for (name, _mac, address), (root, hostname, addresses, _id) in ((PC01, first), (PC02, second)):
        assert root == f"198.51.100.1:/srv/netboot/clients/{name}/root"
        assert hostname == name
        assert f"{address}/24" in addresses
    assert len(first[3]) == len(second[3]) == 32
    assert first[3] != second[3], "both clients have the same machine-id"


def test_what_a_client_with_its_own_root_writes_is_kept_by_later_runs(
    site: Site, both: tuple[Identity, Identity]
) -> None:
    assert site.on_server(f"cat {NOTE}").strip() == "kept"
    assert site.playbook("clients.yml").changed == 0
    assert site.on_server(f"cat {NOTE}").strip() == "kept"


def test_adding_a_pc_changes_its_entry_and_reservation_only_and_it_boots(
    site: Site, logs: Path
) -> None:
    before = site.files()
    site.add(*PC03)

    run = site.playbook("clients.yml", "--diff")

    after = site.files()
    changed = {path for path in after.keys() | before.keys() if after.get(path) != before.get(path)}
    assert changed == {
        "/srv/tftp/pxelinux.cfg/01-52-54-00-00-00-03",
        "/srv/tftp/grub/clients/01-52-54-00-00-00-03.cfg",
        "/etc/kea/kea-dhcp4.conf",
        "/etc/ganesha/netboot-exports.conf",
        "/srv/netboot/clients/pc03/.root.nfsroot.json",
        "/srv/netboot/clients/pc03/.root.nfsroot.lock",
        "/srv/netboot/clients/pc03/state/files",
        "/srv/netboot/clients/pc03/state/kept",
        "/srv/netboot/clients/pc03/state/machine-id",
        "/srv/netboot/clients/pc03/state/ssh_host_ed25519_key",
        "/srv/netboot/clients/pc03/state/ssh_host_ed25519_key.pub",
    }
    assert not [line for line in run.output.splitlines() if line.startswith("-  ")], run.output
    root, hostname, addresses, _id = _look_inside(site, PC03, logs)
    assert root.endswith("/clients/pc03/root")
    assert hostname == "pc03"
    assert f"{PC03[2]}/24" in addresses
    assert site.playbook("clients.yml").changed == 0


def test_a_client_on_the_shared_root_keeps_its_identity_out_of_it(site: Site, logs: Path) -> None:
    site.add(*PC04, netboot_root="shared-rw")
    site.playbook("clients.yml")

    root, hostname, _addresses, machine_id = _look_inside(site, PC04, logs)

    assert root == "198.51.100.1:/srv/netboot/images/bookworm/shared/root"
    assert hostname == "pc04"
    assert len(machine_id) == 32
    assert site.on_server("cat /srv/netboot/images/bookworm/shared/root/etc/machine-id") == ""


@pytest.mark.parametrize("step", [29, pytest.param(7, marks=pytest.mark.matrix)])
def test_a_run_killed_at_any_task_leaves_all_that_clients_need(
    site: Site, logs: Path, step: int
) -> None:
    # A change that reaches every part: another initrd, an argument for all, a new client.
    site.edit("netboot_images", nfsroot_image_drivers=["virtio_net", "e1000"])
    console = ["console=tty0", "console=ttyS0,115200", "systemd.show_status=0"]
    site.edit("netboot_clients", netboot_kernel_args=console)
    site.add(*PC05)

    task = 3
    while site.killed("site.yml", task, delay=0.2):
        _fetch_what_pc01_fetches(site)
        task += step

    # The last of them was not killed: it finished what the others had begun.
    assert task > 60, "the runs were not killed over the whole of the playbook"
    assert site.playbook("site.yml").changed == 0
    assert "systemd.show_status=0" in site.on_server("cat /srv/tftp/pxelinux.cfg/*-05")
    # It boots only if each service has read what one of the killed runs wrote for it.
    assert _look_inside(site, PC05, logs)[1] == "pc05"


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


def test_the_installed_collection_runs_against_the_same_site(site: Site, tmp_path: Path) -> None:
    artefacts = sorted(Path(".build/artifact").glob("diskless-netboot-*.tar.gz"))
    assert artefacts, "'make build' makes it"
    install = ["ansible-galaxy", "collection", "install", "--offline", "-p", str(tmp_path)]
    site.environment["ANSIBLE_COLLECTIONS_PATH"] = str(tmp_path)
    try:
        subprocess.run([*install, str(artefacts[-1].absolute())], check=True, cwd=tmp_path)
        run = site.playbook("diskless.netboot.clients")
    finally:
        del site.environment["ANSIBLE_COLLECTIONS_PATH"]
    assert run.changed == 0
