# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kea, tftpd-hpa and NFS-Ganesha of Debian 13, as a client on the network finds them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from testinfra.host import Host

TFTP_GET = (Path(__file__).parents[2] / "shared" / "tftp_get.py").read_text()
KEA = "/etc/kea/kea-dhcp4.conf"


@pytest.mark.parametrize("name", ["kea-dhcp4-server", "tftpd-hpa", "nfs-ganesha"])
def test_the_service_runs_now_and_after_every_boot(host: Host, name: str) -> None:
    assert host.service(name).is_running
    assert host.service(name).is_enabled


def test_kea_accepts_its_configuration(host: Host) -> None:
    host.run_expect([0], f"kea-dhcp4 -t {KEA}")


def test_kea_has_a_reservation_for_each_client_and_the_boot_file(host: Host) -> None:
    kea = json.loads(host.file(KEA).content_string)["Dhcp4"]
    reserved = [*kea.get("reservations", []), *kea["subnet4"][0].get("reservations", [])]

    assert {(one["hw-address"], one["ip-address"]) for one in reserved} == {
        ("52:54:00:00:00:01", "198.51.100.11"),
        ("52:54:00:00:00:02", "198.51.100.12"),
    }
    assert kea["interfaces-config"]["interfaces"] == ["lan0"]
    assert "pxelinux.0" in json.dumps(kea)


@pytest.mark.parametrize(
    ("path", "original"),
    [
        ("pxelinux.0", "/usr/lib/PXELINUX/pxelinux.0"),
        ("ldlinux.c32", "/usr/lib/syslinux/modules/bios/ldlinux.c32"),
        ("shimx64.efi", "/usr/lib/shim/shimx64.efi.signed"),
        ("grubx64.efi", "/usr/lib/grub/x86_64-efi-signed/grubnetx64.efi.signed"),
    ],
)
def test_tftp_hands_out_the_loader_as_its_package_has_it(
    host: Host, path: str, original: str
) -> None:
    served = host.run("python3 -c %s 198.51.100.1 %s", TFTP_GET, path)

    assert served.rc == 0, served.stderr
    digest = hashlib.sha256(host.file(original).content).hexdigest()
    assert served.stdout.split() == [str(host.file(original).size), digest]


@pytest.mark.parametrize("path", ["nothing.here", "../../etc/passwd", "/etc/passwd"])
def test_tftp_hands_out_nothing_else(host: Host, path: str) -> None:
    refused = host.run("python3 -c %s 198.51.100.1 %s", TFTP_GET, path)

    assert refused.rc == 1
    assert "TFTP error" in refused.stderr


def test_what_is_served_over_tftp_can_be_read_by_all_and_written_by_root_alone(host: Host) -> None:
    listing = host.check_output("find /srv/tftp -printf '%y %m %u %p\n'").splitlines()

    assert len(listing) > 3
    right = ("d 755 root ", "f 644 root ")
    assert [line for line in listing if not line.startswith(right)] == []


@pytest.fixture(scope="module")
def exports_seen_from(host: Host) -> Callable[[str], list[list[str]]]:
    """Ask the NFS server from an address: what is reached at an own address comes from there."""
    host.run_expect([0], "apt-get install -qq --no-install-recommends nfs-common netbase")

    def ask(address: str) -> list[list[str]]:
        host.run_expect([0], f"ip address add {address}/32 dev lo")
        try:
            shown = host.check_output(f"showmount --no-headers --exports {address}")
        finally:
            host.run_expect([0], f"ip address delete {address}/32 dev lo")
        return [line.split() for line in shown.splitlines()]

    return ask


def test_an_export_is_seen_from_the_address_that_uses_it_alone(
    exports_seen_from: Callable[[str], list[list[str]]],
) -> None:
    for name, address, image in (
        ("pc01", "198.51.100.11", "bookworm"),
        ("pc02", "198.51.100.12", "trixie"),
    ):
        assert sorted(exports_seen_from(address)) == [
            [f"/srv/netboot/clients/{name}/state", f"{address}/32"],
            [f"/srv/netboot/images/{image}/releases", f"{address}/32"],
        ]
    assert exports_seen_from("198.51.100.13") == []
