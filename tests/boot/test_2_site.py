# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole chain: a run of site.yml, and PCs without disks that come up from it."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
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

# The last byte of the UEFI variable (UEFI Specification, "Globally Defined Variables").
VARIABLES = "/sys/firmware/efi/efivars"
SECURE_BOOT = (
    f"mount -t efivarfs efivarfs {VARIABLES} && od -An -t u1 -j 4 {VARIABLES}/SecureBoot-*"
)
LOOK = (
    "findmnt -no SOURCE /; cat /proc/cmdline; ip -4 -o address show scope global;"
    f" cat /etc/machine-id; [ ! -d {VARIABLES} ] || {{ {SECURE_BOOT}; }}"
)
HOME = "/srv/netboot/clients/pc01/root/root"
NOTE = f"{HOME}/note"
PING = "setpriv --reuid 65534 --clear-groups ping -c 1 -W 9 198.51.100.1"
# What a user may do before and after dpkg has replaced a program that has capabilities.
CAPABLE = (
    "/usr/lib/netboot/capabilities start;"
    f" {{ getcap /usr/bin/ping; {PING} >&2; dpkg --install /root/iputils-ping_*.deb >&2;"
    f" getcap /usr/bin/ping; {PING} >&2; }} > /root/capable 2> /root/said"
)


@dataclass(frozen=True)
class Seen:
    """What a PC said of itself, from inside.

    Attributes:
        root: where its root is mounted from.
        arguments: the kernel's.
        addresses: of its NICs, as ip(8) shows them.
        machine_id: see machine-id(5).
        loader: the boot file that its firmware asked for first.
        secure_boot: whether its firmware checks signatures; None with a BIOS.
    """

    root: str
    arguments: list[str]
    addresses: str
    machine_id: str
    loader: str
    secure_boot: bool | None

    @property
    def hostname(self) -> str:
        """What the kernel was told, and systemd would set."""
        (name,) = (one for one in self.arguments if one.startswith("systemd.hostname="))
        return name.partition("=")[2]


def _look_inside(
    site: Site, pc: PC, logs: Path, last: str = "true", *, firmware: str = "bios"
) -> Seen:
    """Boot ``pc``, have it say who it is, and run ``last`` in it."""
    with site.boots(pc, logs, firmware=firmware) as running:
        root, arguments, addresses, machine_id, *secure = running.run(LOOK).splitlines()
        # It would ask again ten seconds later.
        assert "IP-Config: no response" not in running.guest.console
        running.run(last)
        loader = running.guest.trace.detail("loader")
    checks = secure[0].strip() == "1" if secure else None
    return Seen(root, arguments.split(), addresses, machine_id, loader, checks)


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


def test_an_export_that_the_server_refuses_is_named(site: Site) -> None:
    conf = "/etc/ganesha/netboot-exports.conf"
    root = "/srv/netboot/clients/pc02/root"
    # The next reload takes back what this one does before it fails: pc01 boots below.
    wrong = f's|= "{root}"|= "{root}-gone"|; s|{FIRST.address}\\b|198.51.100.99|'
    site.on_server(f"cp {conf} /root/exports; sed -i '{wrong}' {conf}")
    task = {"server": "ganesha", "exports": [], "file": conf}
    try:
        refused = site.try_ad_hoc("boot1", "diskless.netboot.nfs_exports_reload", **task)
    finally:
        site.on_server(f"mv /root/exports {conf}")
    assert refused.status != 0
    assert f"NFS-Ganesha does not serve {root}-gone: AddExport " in refused.output
    site.ad_hoc("boot1", "diskless.netboot.nfs_exports_reload", **task)


def test_nothing_that_is_served_is_writable_or_unreadable(site: Site) -> None:
    wrong = site.on_server("find /srv/tftp ! -perm -o=r -o -type d ! -perm -o=x -o -perm /o=w")
    assert wrong == ""


@pytest.fixture(scope="module")
def both(site: Site) -> tuple[Seen, Seen]:
    """What two PCs with UEFI said of themselves that were on at once.

    The first wrote a note to its root, the second has Secure Boot on.
    """
    logs = OUTPUT / "both"
    site.on_server(f"cd {HOME} && apt-get -q download iputils-ping")
    note = f"echo kept > /root/note; {CAPABLE}; sync"
    first, second = at_once(
        [
            lambda: _look_inside(site, FIRST, logs, note, firmware="uefi"),
            lambda: _look_inside(site, SECOND, logs, firmware="secureboot"),
        ]
    )
    return first, second


def test_two_clients_boot_at_once_each_with_its_own_root_and_identity(
    both: tuple[Seen, Seen],
) -> None:
    for pc, seen in zip((FIRST, SECOND), both):
        assert seen.root == f"198.51.100.1:/srv/netboot/clients/{pc.name}/root"
        assert seen.hostname == pc.name
        assert f"{pc.address}/24" in seen.addresses
        assert len(seen.machine_id) == 32
    assert both[0].machine_id != both[1].machine_id


def test_a_root_over_nfs_has_the_capabilities_of_its_image_also_after_an_upgrade(
    site: Site, both: tuple[Seen, Seen]
) -> None:
    said = site.on_server(f"cat {HOME}/said")
    assert said.count("1 received") == 2, said
    assert (
        site.on_server(f"cat {HOME}/capable").splitlines() == ["/usr/bin/ping cap_net_raw=ep"] * 2
    )


def test_uefi_and_secure_boot_pcs_boot_from_the_same_inventory(both: tuple[Seen, Seen]) -> None:
    assert [seen.secure_boot for seen in both] == [False, True]
    for pc, seen in zip((FIRST, SECOND), both):
        assert seen.loader == "shimx64.efi"
        assert f"BOOTIF=01-{pc.mac.replace(':', '-')}" in seen.arguments


def test_what_a_client_with_its_own_root_writes_is_kept_by_later_runs(
    site: Site, both: tuple[Seen, Seen]
) -> None:
    assert site.on_server(f"cat {NOTE}").strip() == "kept"
    assert site.playbook("clients.yml").changed == 0
    assert site.on_server(f"cat {NOTE}").strip() == "kept"


@pytest.fixture(scope="module")
def added(site: Site) -> tuple[Seen, Seen]:
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
    added: tuple[Seen, Seen],
) -> None:
    seen, _shared = added
    assert (seen.loader, seen.secure_boot) == ("pxelinux.0", None)
    assert seen.root.endswith("/clients/pc03/root")
    assert seen.hostname == "pc03"
    assert f"{THIRD.address}/24" in seen.addresses


def test_kea_s_journal_has_each_request_with_its_mac_address(
    site: Site, added: tuple[Seen, Seen]
) -> None:
    journal = site.on_server("journalctl --unit kea-dhcp4-server --no-pager")
    for pc in (THIRD, SHARED):
        assert re.search(rf"DHCP4_PACKET_RECEIVED .*{pc.mac}.* DHCPDISCOVER ", journal), pc.name


def test_a_client_on_the_shared_root_keeps_its_identity_out_of_it(
    site: Site, added: tuple[Seen, Seen]
) -> None:
    _own, seen = added
    assert seen.root == "198.51.100.1:/srv/netboot/images/bookworm/shared/root"
    assert seen.hostname == "pc04"
    assert len(seen.machine_id) == 32
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
    assert _look_inside(site, KILLED, logs).hostname == "pc05"


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
