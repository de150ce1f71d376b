# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""DHCP, TFTP and NFS on a machine each, and a PC that asks DHCP no more once Linux starts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from ansible_collections.diskless.netboot.tests.boot.nics import check_two_nics
from ansible_collections.diskless.netboot.tests.boot.room import PC, TWO_NICS, pc
from ansible_collections.diskless.netboot.tests.boot.site import Site
from ansible_collections.diskless.netboot.tests.lab import images, network, server

ASKING, STATIC = pc(1), pc(61, whole=True, static=True)
NEXT = pc(62, whole=True, image="forky")
"""It runs Debian 14."""
DHCP, NFS = "198.51.100.1", "198.51.100.3"
# Kea and dnsmasq answer PCs in other tests. Debian 14 has no ISC.
SUITE, BACKEND = "trixie", "isc"
ROLES = {2: ("tftp_servers", "forky"), 3: ("nfs_servers", "forky")}
SERVICES = {1: "isc-dhcp-server", 2: "tftpd-hpa", 3: "nfs-ganesha"}


@pytest.fixture(scope="module")
def machines(bare: Site) -> Iterator[Site]:
    """Three boot servers, each with one service, after one run of site.yml."""
    with ExitStack() as running:
        for number, (group, suite) in ROLES.items():
            lab = bare.lab.further(number)
            server.down(lab)
            running.callback(server.down, lab)
            server.up(lab, "container", suite)
            (bare.inventory / f"lab{number}.yml").write_text(server.inventory(lab))
            with bare.edited() as hosts:
                hosts[group]["hosts"] = {lab.host: {"netboot_address": network.server_address(lab)}}
        with bare.edited() as hosts:
            hosts["dhcp_servers"]["hosts"] = {
                bare.lab.host: {"netboot_address": DHCP, "dhcp_server_interfaces": ["lan0"]}
            }
        bare.edit("all", dhcp_server_backend=BACKEND)
        with bare.edited() as hosts:
            forky = {**images.of_suite("forky"), "nfsroot_image_squashfs": "none"}
            hosts["netboot_images"]["hosts"]["forky"] = forky
        bare.add(ASKING, STATIC, NEXT, TWO_NICS)
        bare.playbook("site.yml")
        yield bare


def test_each_machine_has_its_own_service_alone(machines: Site) -> None:
    for number, service in SERVICES.items():
        lab = machines.lab.further(number)
        ask = f"systemctl is-active {' '.join(SERVICES.values())} || true"
        states = dict(zip(SERVICES.values(), server.execute(lab, "sh", "-c", ask).split()))
        running = [name for name, state in states.items() if state == "active"]
        assert running == [service], lab.host


def test_a_pc_boots_from_three_machines(machines: Site, logs: Path) -> None:
    with machines.boots(ASKING, logs) as running:
        said = running.run(
            "/usr/lib/netboot/boot-nic; findmnt -no SOURCE /run/netboot/lower; cat /etc/resolv.conf"
        )
    source, *names = said.splitlines()
    assert source.startswith(f"{NFS}:/srv/netboot/images/bookworm/releases/")
    assert names == ["search demo.example", f"nameserver {DHCP}"]
    assert _leases(machines, ASKING) == 2, "one for the loader, one for the initrd"


def test_isc_gives_each_nic_of_a_pc_its_address(machines: Site) -> None:
    check_two_nics(machines)


def test_a_second_run_changes_nothing_and_leaves_nothing_on_the_controller(
    machines: Site, tmp_path: Path
) -> None:
    machines.environment["TMPDIR"] = str(tmp_path)
    # Fetched anew: as on the day when a TFTP server is replaced.
    lab = machines.lab.further(2)
    server.execute(lab, "rm", "-r", "/srv/tftp/images")
    try:
        assert machines.playbook("clients.yml").changed > 0
        assert machines.playbook("site.yml").changed == 0
    finally:
        del machines.environment["TMPDIR"]
    assert list(tmp_path.iterdir()) == []


def test_a_pc_with_a_static_address_asks_dhcp_once_and_keeps_its_name_and_dns(
    machines: Site, logs: Path
) -> None:
    with machines.boots(STATIC, logs) as running:
        said = running.run(
            "hostname; . /run/net-*.conf; echo $PROTO; cat /etc/resolv.conf;"
            " ip -4 -o address show scope global | awk '{print $4}';"
            " ip -4 route show default | awk '{print $3}';"
            " systemctl --failed --plain --quiet --no-legend"
        )
    assert said.splitlines() == [
        STATIC.name,
        "none",
        f"nameserver {DHCP}",
        f"{STATIC.address}/24",
        DHCP,
    ]
    assert _leases(machines, STATIC) == 1, "one for the loader"


def test_a_pc_runs_debian_14(machines: Site, logs: Path) -> None:
    with machines.boots(NEXT, logs) as running:
        said = running.run(
            ". /etc/os-release; echo $VERSION_CODENAME; hostname; findmnt -no FSTYPE /;"
            " systemctl --failed --plain --quiet --no-legend;"
            f" setpriv --reuid 65534 --clear-groups ping -q -c 1 {NFS} | grep -c ' 0% packet loss'"
        )
    assert said.splitlines() == ["forky", NEXT.name, "overlay", "1"]


def _leases(machines: Site, pc: PC) -> int:
    """Return how often dhcpd gave a PC its lease."""
    log = machines.on_server("journalctl --unit isc-dhcp-server --no-pager")
    return log.count(f"DHCPACK on {pc.address} to {pc.mac}")
