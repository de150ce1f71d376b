# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A PC that starts from any of its NICs, while leases of the others still run."""

from __future__ import annotations

from ansible_collections.diskless.netboot.tests.boot.room import (
    ITS_NEW_NIC,
    ITS_SECOND_NIC,
    PC,
    TWO_NICS,
)
from ansible_collections.diskless.netboot.tests.boot.site import Site
from ansible_collections.diskless.netboot.tests.lab import client


def given(site: Site, mac: str) -> str:
    """Return the address that a NIC gets when its PC is switched on."""
    with site.power_on(mac) as guest:
        assert guest.watch(lambda: guest.trace.reached("dhcp"), client.BOOT_SECONDS)
        return guest.trace.detail("dhcp")


def replace(site: Site, pc: PC, mac: str | list[str]) -> None:
    """Let the inventory say that a PC has another NIC, while its lease runs."""
    site.add(pc, netboot_mac=mac)
    site.playbook("clients.yml")


def check_two_nics(site: Site) -> None:
    """Fail unless each NIC of TWO_NICS has its address, and a new one that of the old."""
    assert given(site, TWO_NICS.mac) == TWO_NICS.address
    assert given(site, ITS_SECOND_NIC.mac) == ITS_SECOND_NIC.address
    replace(site, TWO_NICS, [ITS_NEW_NIC.mac, ITS_SECOND_NIC.mac])
    assert given(site, ITS_NEW_NIC.mac) == TWO_NICS.address
    replace(site, TWO_NICS, [TWO_NICS.mac, ITS_SECOND_NIC.mac])
