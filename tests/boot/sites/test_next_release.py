# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian 14 as the one boot server: by BIOS and Secure Boot, with Kea and with dnsmasq."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.diskless.netboot.tests.boot.room import PC, pc
from ansible_collections.diskless.netboot.tests.boot.site import Site, at_once

pytestmark = pytest.mark.matrix

SUITE = "forky"
SHARING, OWN = pc(1), pc(2, root="rw")
LOOK = "findmnt -no SOURCE /run/netboot/lower || findmnt -no SOURCE /"


def _source(site: Site, pc: PC, logs: Path, firmware: str) -> str:
    with site.boots(pc, logs, firmware=firmware) as running:
        return running.run(LOOK)


def test_a_dhcp_server_that_debian_14_has_no_more_is_refused_before_anything_is_done(
    bare: Site,
) -> None:
    bare.add(SHARING, OWN)
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
            lambda: _source(site, SHARING, logs, "bios"),
            lambda: _source(site, OWN, logs, "secureboot"),
        ]
    )
    assert release.startswith("198.51.100.1:/srv/netboot/images/bookworm/releases/")
    assert own == "198.51.100.1:/srv/netboot/clients/pc02/root"
    assert site.playbook("site.yml").changed == 0


def test_dnsmasq_of_debian_14_answers(site: Site, logs: Path) -> None:
    site.on_server("systemctl disable --quiet --now kea-dhcp4-server")
    site.edit("all", dhcp_server_backend="dnsmasq")
    site.playbook("site.yml")
    assert _source(site, SHARING, logs, "bios") != ""
    assert site.on_server("systemctl is-active dnsmasq").strip() == "active"
