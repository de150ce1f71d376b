# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks that others have a say in: PCs behind a DHCP relay, and beside a foreign DHCP server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from ansible_collections.diskless.netboot.tests.boot.site import Site, at_once
from ansible_collections.diskless.netboot.tests.lab import network, others
from ansible_collections.diskless.netboot.tests.lab.places import Lab

FAR = ("pc71", "52:54:00:00:00:71", "198.18.5.71")
FAR_STATIC = ("pc72", "52:54:00:00:00:72", "198.18.5.72")
FAR_SUBNET = {
    "network": others.FAR_NETWORK,
    "routers": [others.FAR_ROUTER],
    "dns_servers": ["198.18.5.53"],
    "domain": "far.example",
}
FOREIGN_POOL = "198.51.100.230,198.51.100.239"
NEAR = ("pc73", "52:54:00:00:00:73", "198.51.100.73")
NEAR_STATIC = ("pc74", "52:54:00:00:00:74", "198.51.100.74")
LOOK = (
    "hostname; ip -4 -o address show scope global | awk '{print $4}';"
    " ip -4 route show default | awk '{print $3}'; . /run/net-*.conf; echo $PROTO;"
    " grep -v '^search' /etc/resolv.conf"
)


@pytest.fixture(scope="module")
def networks(bare: Site) -> Site:
    """A boot server whose inventory has a second subnet, and PCs in both."""
    variables = yaml.safe_load((bare.inventory / "group_vars" / "all.yml").read_text())
    bare.edit("all", netboot_subnets=[*variables["netboot_subnets"], FAR_SUBNET])
    bare.edit("netboot_clients", netboot_root="overlay")
    bare.add(*FAR)
    bare.add(*FAR_STATIC, netboot_static=True)
    bare.add(*NEAR)
    bare.add(*NEAR_STATIC, netboot_static=True)
    bare.playbook("site.yml")
    return bare


@pytest.fixture
def far(networks: Site) -> Iterator[Lab]:
    """The second network, behind a router that relays DHCP."""
    with others.relayed(networks.lab) as far:
        yield far


def test_pcs_behind_a_relay_boot_with_the_addresses_of_their_subnet(
    networks: Site, far: Lab, logs: Path
) -> None:
    def look_inside(pc: tuple[str, str, str]) -> tuple[str, list[str]]:
        name, mac, address = pc
        with networks.boots(mac, logs / name, cable=far) as guest:
            return guest.trace.detail("dhcp"), networks.inside(address, LOOK).splitlines()

    asked, static = at_once([lambda pc=pc: look_inside(pc) for pc in (FAR, FAR_STATIC)])

    for (name, _mac, address), protocol, (leased, said) in (
        (FAR, "dhcp", asked),
        (FAR_STATIC, "none", static),
    ):
        assert leased == address
        assert said == [
            name,
            f"{address}/24",
            others.FAR_ROUTER,
            protocol,
            "nameserver 198.18.5.53",
        ]


def test_only_dnsmasq_stands_beside_a_foreign_dhcp_server(networks: Site) -> None:
    run = networks.playbook("clients.yml", "-e", "dhcp_server_proxy=true", fails=True)
    said = "dhcp_server_proxy: kea cannot stand beside another DHCP server; say"
    assert said in run.output


@pytest.fixture
def foreign(networks: Site) -> Iterator[None]:
    """A DHCP server that knows nothing of booting, and ours, which gives no addresses."""
    networks.on_server("systemctl disable --quiet --now kea-dhcp4-server")
    networks.edit("all", dhcp_server_backend="dnsmasq", dhcp_server_proxy=True)
    networks.playbook("site.yml")
    lease_only = [
        f"interface={network.BRIDGE}",
        f"dhcp-range={FOREIGN_POOL}",
        f"dhcp-host={NEAR[1]},{NEAR[2]}",
        f"dhcp-option=option:router,{network.SERVER_ADDRESS}",
        "dhcp-option=option:dns-server,198.51.100.53",
    ]
    with others.dnsmasq(networks.lab, lease_only):
        yield


def test_pcs_boot_beside_a_foreign_dhcp_server(networks: Site, foreign: None, logs: Path) -> None:
    def look_inside(pc: tuple[str, str, str]) -> tuple[str, list[str]]:
        name, mac, address = pc
        with networks.boots(mac, logs / name) as guest:
            return guest.trace.detail("dhcp"), networks.inside(address, LOOK).splitlines()

    reserved, static = at_once([lambda pc=pc: look_inside(pc) for pc in (NEAR, NEAR_STATIC)])

    # One has its address from the foreign server; the other had any, until Linux started.
    assert reserved[0] == NEAR[2]
    assert static[0].startswith("198.51.100.23")
    for (name, _mac, address), protocol, dns, said in (
        (NEAR, "dhcp", "198.51.100.53", reserved[1]),
        (NEAR_STATIC, "none", "198.51.100.1", static[1]),
    ):
        assert said == [
            name,
            f"{address}/24",
            network.SERVER_ADDRESS,
            protocol,
            f"nameserver {dns}",
        ]
    assert networks.playbook("site.yml").changed == 0


def test_a_pc_boots_by_a_server_whose_administrator_got_the_handout(
    networks: Site, tmp_path: Path, logs: Path
) -> None:
    ours = "kea-dhcp4-server dnsmasq"
    networks.on_server(f"for unit in {ours}; do systemctl stop $unit || true; done")
    assert "active" not in networks.on_server(f"systemctl is-active {ours} || true").split()
    handout = tmp_path / "handout.conf"
    told = [
        "dhcp_server_backend=dnsmasq",
        f"dhcp_server_handout={handout}",
    ]
    options = [word for option in told for word in ("--extra-vars", option)]
    assert networks.playbook("dhcp_handout.yml", *options).changed == 1
    assert networks.playbook("dhcp_handout.yml", *options).changed == 0

    theirs = [f"interface={network.BRIDGE}", *handout.read_text().splitlines()]
    name, mac, address = NEAR
    with (
        others.dnsmasq(networks.lab, theirs),
        networks.boots(mac, logs),
    ):
        said = networks.inside(address, LOOK).splitlines()

    router, dns = network.SERVER_ADDRESS, "198.51.100.1"
    assert said == [name, f"{address}/24", router, "dhcp", f"nameserver {dns}"]
