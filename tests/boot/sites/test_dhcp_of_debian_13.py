# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each NIC of a PC gets its address from Kea and from dnsmasq of Debian 13, in turn."""

from __future__ import annotations

import pytest
from ansible_collections.diskless.netboot.tests.boot.nics import check_two_nics
from ansible_collections.diskless.netboot.tests.boot.room import TWO_NICS
from ansible_collections.diskless.netboot.tests.boot.site import Site

pytestmark = pytest.mark.matrix

SUITE = "trixie"


@pytest.mark.parametrize(
    ("backend", "service", "other"),
    [
        ("kea", "kea-dhcp4-server", "dnsmasq"),
        ("dnsmasq", "dnsmasq", "kea-dhcp4-server"),
        ("kea", "kea-dhcp4-server", "dnsmasq"),
    ],
)
def test_each_nic_of_a_pc_has_its_address(
    bare: Site, backend: str, service: str, other: str
) -> None:
    bare.add(TWO_NICS)
    bare.edit("all", dhcp_server_backend=backend)
    bare.playbook("site.yml")
    # systemctl ends with 3, since one of them is not active.
    states = bare.on_server(f"systemctl is-active {service} {other} || true").split()
    assert states == ["active", "inactive"]
    check_two_nics(bare)
