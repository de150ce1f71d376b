# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian 14 as the one boot server: DHCP by Kea and by dnsmasq, TFTP, NFS, HTTP, logs."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.diskless.netboot.tests.boot.nics import check_two_nics
from ansible_collections.diskless.netboot.tests.boot.room import PC, TWO_NICS, pc
from ansible_collections.diskless.netboot.tests.boot.site import Site, at_once

pytestmark = pytest.mark.matrix

SUITE = "forky"
LOGGING, OWN, FETCHING = pc(1, whole=True), pc(2, root="rw"), pc(3, root="squashfs")
SAID = "a line for the log server"
LOG = f"/var/log/netboot/{LOGGING.name}.log"
LOOK = "findmnt -no SOURCE,FSTYPE /run/netboot/lower || findmnt -no SOURCE /"


def _look_inside(
    site: Site, pc: PC, logs: Path, say: str = "true", *, firmware: str = "bios", memory: int = 1024
) -> str:
    with site.boots(pc, logs, firmware=firmware, memory=memory) as running:
        running.run(say)
        return running.run(LOOK)


def test_a_dhcp_server_that_debian_14_has_no_more_is_refused_before_anything_is_done(
    bare: Site,
) -> None:
    bare.add(LOGGING, OWN, FETCHING, TWO_NICS)
    with bare.edited() as hosts:
        hosts["log_servers"] = {"hosts": {"boot1": None}}
    bare.edit("all", dhcp_server_backend="isc")
    try:
        run = bare.playbook("site.yml", fails=True)
    finally:
        bare.edit("all", dhcp_server_backend="kea")
    assert "has no package isc-dhcp-server: set 'dhcp_server_backend' to 'kea'" in run.output
    assert bare.on_server("ls /srv") == ""


def test_pcs_boot_from_debian_14(site: Site, logs: Path) -> None:
    release, own = at_once(
        [
            lambda: _look_inside(site, LOGGING, logs, f"logger '{SAID}'"),
            lambda: _look_inside(site, OWN, logs, firmware="secureboot"),
        ]
    )
    fetched = _look_inside(site, FETCHING, logs, memory=2048)
    assert release.startswith("198.51.100.1:/srv/netboot/images/bookworm/releases/")
    assert own == "198.51.100.1:/srv/netboot/clients/pc02/root"
    assert fetched.split()[-1] == "squashfs"
    site.on_server(f"timeout 60 sh -c 'until grep -q \"{SAID}\" {LOG}; do sleep 1; done'")
    assert site.playbook("site.yml").changed == 0


def test_kea_of_debian_14_gives_each_nic_of_a_pc_its_address(site: Site) -> None:
    check_two_nics(site)


def test_dnsmasq_of_debian_14_answers_in_its_place(site: Site, logs: Path) -> None:
    site.edit("all", dhcp_server_backend="dnsmasq")
    site.playbook("site.yml")
    assert _look_inside(site, OWN, logs) == "198.51.100.1:/srv/netboot/clients/pc02/root"
    # systemctl ends with 3, since one of them is not active.
    states = site.on_server("systemctl is-active dnsmasq kea-dhcp4-server || true").split()
    assert states == ["active", "inactive"]
    assert site.playbook("site.yml").changed == 0
    check_two_nics(site)
