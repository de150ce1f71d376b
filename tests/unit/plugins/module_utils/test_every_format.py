# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a random inventory to every file that is made of it, each read back by its own reader."""

from __future__ import annotations

import json
from typing import Any

from ansible_collections.diskless.netboot.plugins.module_utils.bootloader.entry import plan_entries
from ansible_collections.diskless.netboot.plugins.module_utils.bootloader.grub import GRUB
from ansible_collections.diskless.netboot.plugins.module_utils.bootloader.parse import parse
from ansible_collections.diskless.netboot.plugins.module_utils.bootloader.pxelinux import PXELINUX
from ansible_collections.diskless.netboot.plugins.module_utils.dhcp.dhcpd import dhcpd_conf
from ansible_collections.diskless.netboot.plugins.module_utils.dhcp.dnsmasq import dnsmasq_conf
from ansible_collections.diskless.netboot.plugins.module_utils.dhcp.kea import kea_dhcp4
from ansible_collections.diskless.netboot.plugins.module_utils.inventory.client import (
    ROOT_KINDS,
    Client,
)
from ansible_collections.diskless.netboot.plugins.module_utils.inventory.faults import (
    InventoryError,
)
from ansible_collections.diskless.netboot.plugins.module_utils.inventory.parser import parse_clients
from ansible_collections.diskless.netboot.plugins.module_utils.nfs_exports.ganesha import (
    ganesha_conf,
)
from ansible_collections.diskless.netboot.plugins.module_utils.nfs_exports.kernel import nfs_exports
from ansible_collections.diskless.netboot.plugins.module_utils.nfs_exports.plan import plan_exports
from ansible_collections.diskless.netboot.plugins.module_utils.store import paths, roots
from ansible_collections.diskless.netboot.tests.unit.plugins.module_utils.bootloader.read import (
    kernel_sees,
    read_grub,
    read_pxelinux,
)
from ansible_collections.diskless.netboot.tests.unit.plugins.module_utils.dhcp.read import (
    read_dhcpd,
    read_dnsmasq,
)
from ansible_collections.diskless.netboot.tests.unit.plugins.module_utils.nfs_exports.read import (
    read_exports,
    read_ganesha,
)
from hypothesis import event, given, settings
from hypothesis import strategies as st

SUBNETS = [{"network": "192.0.2.0/24", "routers": ["192.0.2.254"]}]
RELEASES = ("2026-11-24.1", "a+b_c")


TRICKY = st.text(alphabet="aZ0 \t\n\"'\\`$;&|{}()#%^,=/.:-_+@~é\x7f", max_size=6)
MACS = st.builds(
    lambda number, form: form.format(*number.to_bytes(3, "big")),
    st.integers(0, 60),
    st.sampled_from(["52:54:00:{:02X}:{:02x}:{:02x}", "5254.00{:02x}.{:02x}{:02x}"]),
)


def inventories(sound: bool) -> st.SearchStrategy[dict[str, dict[str, Any]]]:
    """Give clients by name; unless *sound*, some of their values may be anything at all."""

    def words(*good: str) -> st.SearchStrategy[str]:
        return st.sampled_from(good) if sound else st.sampled_from(good) | TRICKY

    arguments = words("quiet", "a.b=$x;y", "c={d}|(e)&f", "#g", "x=%h~^!", "debug,i=<j>", "-k")
    addresses = st.integers(1, 60).map("192.0.2.{}".format)
    variables = st.fixed_dictionaries(
        {
            "netboot_mac": st.lists(MACS, min_size=1, max_size=2, unique_by=str.lower),
            "netboot_ip": st.lists(addresses, min_size=1, max_size=2, unique=True),
            "netboot_image": words("library", "lab.2-b+c_d"),
        },
        optional={
            **({} if sound else {"netboot_hostname": TRICKY}),
            "netboot_root": st.sampled_from(ROOT_KINDS),
            "netboot_release": st.sampled_from(RELEASES),
            "netboot_kernel_args": st.lists(arguments, max_size=3),
            "netboot_nic": words("enp1s0", "eth0.5"),
            "netboot_overlay_size": words("50%", "2G"),
            "netboot_persist": st.lists(words("/var/log", "/home/a@b:c~d"), max_size=2),
            "netboot_static": st.booleans(),
            "netboot_state": st.booleans(),
        },
    )
    return st.dictionaries(words("pc01", "PC-2.library", "0c", "x-1.y"), variables, max_size=3)


@settings(max_examples=60, deadline=None)
@given(inventories(sound=True) | inventories(sound=False))
def test_what_an_inventory_says_stands_in_every_file_as_it_was_meant_or_in_none(
    raw: dict[str, dict[str, Any]],
) -> None:
    try:
        clients = parse_clients(raw, SUBNETS)
    except InventoryError as error:
        assert error.faults
        event("refused")
        return
    event(f"{len(clients)} accepted")
    check_dhcp(clients)
    check_exports(clients)
    check_entries(clients)


def check_dhcp(clients: list[Client]) -> None:
    reserved = {
        mac: (address, client.hostname)
        for client in clients
        for mac, address in zip(client.macs, client.addresses)
    }
    assert len(reserved) == sum(len(client.macs) for client in clients), "two have one MAC"
    options = {"subnets": SUBNETS, "interfaces": ["eth1"], "next_server": "192.0.2.200"}

    (subnet,) = json.loads(json.dumps(kea_dhcp4(clients, **options)))["Dhcp4"]["subnet4"]
    found = subnet["reservations"]
    assert len(found) == len(reserved)
    assert reserved == {
        item["hw-address"]: (item["ip-address"], item["hostname"]) for item in found
    }

    blocks = read_dhcpd(dhcpd_conf(clients, **options))
    assert {name for name in blocks if name.startswith("host ")} == {
        f"host mac-{mac.replace(':', '')}" for mac in reserved
    }
    for mac, (address, hostname) in reserved.items():
        assert blocks[f"host mac-{mac.replace(':', '')}"] == {
            f"hardware ethernet {mac}": True,
            f"fixed-address {address}": True,
            f'option host-name "{hostname}"': True,
        }

    lines = read_dnsmasq(dnsmasq_conf(clients, **options)).get("dhcp-host", [])
    words = [line.split(",") for line in lines]
    assert reserved == {mac: (address, hostname) for mac, address, hostname, _seconds in words}


def check_exports(clients: list[Client]) -> None:
    exports = plan_exports(clients)
    allowed: dict[str, set[str]] = {}
    for client in clients:
        trees = [roots.exported(client, paths.DEFAULT_STORE)] if roots.mounts(client) else []
        if client.state:
            trees.append(paths.client_state(paths.DEFAULT_STORE, client.name))
        for path in trees:
            allowed.setdefault(path, set()).update(client.addresses)

    found = read_exports(nfs_exports(exports))
    assert {path: set(addresses) for path, addresses in found.items()} == allowed

    blocks = read_ganesha(ganesha_conf(exports, core=False))["EXPORT"]
    assert {
        block["Path"][0][0]: {
            address
            for inner in block.get("CLIENT", [])
            for words in inner["Clients"]
            for address in words
        }
        for block in blocks
    } == {**allowed, "/": set().union(*allowed.values())}


def check_entries(clients: list[Client]) -> None:
    releases = {"current": RELEASES[0], "names": RELEASES, "squashfs": RELEASES}
    images = {client.image: releases for client in clients}
    copied = {
        roots.copied(client, paths.DEFAULT_STORE): f"{client.image}/{RELEASES[1]}"
        for client in clients
    }
    planned = plan_entries(
        clients, nfs_server="192.0.2.200", image_releases=images, root_releases=copied
    )
    owners = {mac: client for client in clients for mac in client.macs}
    for written, entry in zip(planned, parse(planned), strict=True):
        client = owners[entry.client]
        assert list(GRUB.faults(entry)) == list(PXELINUX.faults(entry)) == []
        wanted = written["labels"][0]["append"]
        assert set(client.kernel_args) <= set(wanted)
        assert f"systemd.hostname={client.hostname}" in wanted

        (label,) = read_pxelinux(PXELINUX.render(entry))["labels"]
        assert label["append"].split(" ") == wanted

        (booted,) = read_grub(GRUB.render(entry))["entries"]
        (line,) = [words for words in booted["commands"] if words[0] == "linux"]
        assert kernel_sees(line[2:]) == [*wanted, "BOOTIF=$bootif"]
