# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks that others have a say in: PCs behind a DHCP relay, and beside a foreign DHCP server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.diskless.netboot.tests.boot.nics import given, replace
from ansible_collections.diskless.netboot.tests.boot.room import (
    ANOTHER_NIC,
    ITS_NEW_NIC,
    ITS_SECOND_NIC,
    NEAR,
    NEAR_STATIC,
    PC,
    RELAYED,
    RELAYED_STATIC,
    TWO_NICS,
)
from ansible_collections.diskless.netboot.tests.boot.site import Site, at_once
from ansible_collections.diskless.netboot.tests.lab import network, others
from ansible_collections.diskless.netboot.tests.lab.places import Lab

FOREIGN_POOL = "198.51.100.230,198.51.100.239"
# Debian starts that program before its network services.
LOOK = (
    "/usr/lib/netboot/boot-nic; ip -4 -o address show scope global | awk '{print $4}';"
    " ip -4 route show default | awk '{print $3}'; . /run/net-*.conf; echo $PROTO;"
    " grep -v '^search' /etc/resolv.conf"
)


def test_a_pc_boots_from_any_of_its_nics_and_from_a_new_one(site: Site, logs: Path) -> None:
    first, second = TWO_NICS, ITS_SECOND_NIC
    assert given(site, first.mac) == first.address
    # Its export and that of its state are for this address, too.
    with site.boots(second, logs) as running:
        assert running.guest.trace.detail("dhcp") == second.address
        said = running.run(f"cat /proc/cmdline; {LOOK}")
    assert f"systemd.hostname={first.name}" in said
    assert f"{second.address}/24" in said.splitlines()

    replace(site, TWO_NICS, [ITS_NEW_NIC.mac, second.mac])
    assert given(site, ITS_NEW_NIC.mac) == first.address
    assert site.playbook("clients.yml").changed == 0


@pytest.fixture
def far(site: Site) -> Iterator[Lab]:
    """The second network, behind a router that relays DHCP."""
    with others.relayed(site.lab) as far:
        yield far


def test_pcs_behind_a_relay_boot_with_the_addresses_of_their_subnet(
    site: Site, far: Lab, logs: Path
) -> None:
    asked, static = at_once(
        [lambda pc=pc: _look_inside(site, pc, logs, far) for pc in (RELAYED, RELAYED_STATIC)]
    )

    for pc, protocol, (leased, said) in (
        (RELAYED, "dhcp", asked),
        (RELAYED_STATIC, "none", static),
    ):
        assert leased == pc.address
        assert said == [
            f"{pc.address}/24",
            others.FAR_ROUTER,
            protocol,
            "nameserver 198.18.5.53",
        ]


def _look_inside(site: Site, pc: PC, logs: Path, cable: Lab | None = None) -> tuple[str, list[str]]:
    """Return the address that a PC's loader had, and what it has once Linux runs."""
    with site.boots(pc, logs, cable=cable) as running:
        return running.guest.trace.detail("dhcp"), running.run(LOOK).splitlines()


def test_only_dnsmasq_stands_beside_a_foreign_dhcp_server(site: Site) -> None:
    role = {"name": "diskless.netboot.dhcp_server", "tasks_from": "preflight.yml"}
    proxy = ("-e", "dhcp_server_proxy=true")
    run = site.try_ad_hoc("boot1", "include_role", *proxy, **role)
    assert run.status != 0
    assert "dhcp_server_proxy: kea cannot stand beside another DHCP server; say" in run.output


@pytest.fixture
def foreign(site: Site) -> Iterator[None]:
    """A DHCP server that knows nothing of booting, and ours, which gives no addresses."""
    site.on_server("systemctl disable --quiet --now kea-dhcp4-server")
    site.edit("all", dhcp_server_backend="dnsmasq", dhcp_server_proxy=True)
    site.playbook("site.yml")
    lease_only = [
        f"interface={network.BRIDGE}",
        f"dhcp-range={FOREIGN_POOL}",
        f"dhcp-host={NEAR.mac},{NEAR.address}",
        f"dhcp-option=option:router,{network.SERVER_ADDRESS}",
        "dhcp-option=option:dns-server,198.51.100.53",
    ]
    with others.dnsmasq(site.lab, lease_only):
        yield


def test_pcs_boot_beside_a_foreign_dhcp_server(site: Site, foreign: None, logs: Path) -> None:
    reserved, static = at_once(
        [lambda pc=pc: _look_inside(site, pc, logs) for pc in (NEAR, NEAR_STATIC)]
    )

    # One has its address from the foreign server; the other had any, until Linux started.
    assert reserved[0] == NEAR.address
    assert static[0].startswith("198.51.100.23")
    for pc, protocol, dns, said in (
        (NEAR, "dhcp", "198.51.100.53", reserved[1]),
        (NEAR_STATIC, "none", "198.51.100.1", static[1]),
    ):
        assert said == [
            f"{pc.address}/24",
            network.SERVER_ADDRESS,
            protocol,
            f"nameserver {dns}",
        ]
    assert site.playbook("clients.yml").changed == 0


def test_dnsmasq_gives_a_new_nic_the_address_of_the_one_that_it_replaces(site: Site) -> None:
    site.edit("all", dhcp_server_backend="dnsmasq", dhcp_server_proxy=False)
    replace(site, NEAR, NEAR.mac)
    assert given(site, NEAR.mac) == NEAR.address
    replace(site, NEAR, ANOTHER_NIC.mac)
    assert given(site, ANOTHER_NIC.mac) == NEAR.address
    replace(site, NEAR, NEAR.mac)


def test_a_pc_boots_by_a_server_whose_administrator_got_the_handout(
    site: Site, tmp_path: Path, logs: Path
) -> None:
    ours = "kea-dhcp4-server dnsmasq"
    site.on_server(f"for unit in {ours}; do systemctl stop $unit || true; done")
    assert "active" not in site.on_server(f"systemctl is-active {ours} || true").split()
    handout = tmp_path / "handout.conf"
    told = [
        "dhcp_server_backend=dnsmasq",
        f"dhcp_server_handout={handout}",
    ]
    options = [word for option in told for word in ("--extra-vars", option)]
    assert site.playbook("dhcp_handout.yml", *options).changed == 1
    assert site.playbook("dhcp_handout.yml", *options).changed == 0

    theirs = [f"interface={network.BRIDGE}", *handout.read_text().splitlines()]
    with others.dnsmasq(site.lab, theirs):
        _leased, said = _look_inside(site, NEAR, logs)

    router, dns = network.SERVER_ADDRESS, "198.51.100.1"
    assert said == [f"{NEAR.address}/24", router, "dhcp", f"nameserver {dns}"]
