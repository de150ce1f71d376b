# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person may rely on when a client's variables are read."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.diskless.netboot.plugins.module_utils.inventory.client import (
    Client,
)
from ansible_collections.diskless.netboot.plugins.module_utils.inventory.faults import (
    InventoryError,
)
from ansible_collections.diskless.netboot.plugins.module_utils.inventory.parser import parse_clients
from ansible_collections.diskless.netboot.plugins.module_utils.inventory.reader import Unreadable
from ansible_collections.diskless.netboot.plugins.module_utils.inventory.static_address import (
    StaticAddress,
)

from .parsing import SUBNET, fault, one, parse, pc


def test_three_variables_make_a_complete_client() -> None:
    assert one() == Client(
        name="pc01",
        hostname="pc01",
        macs=("52:54:00:12:34:56",),
        addresses=("192.0.2.21",),
        subnet="192.0.2.0/24",
        image="library",
        ntp_servers=(),
        release=None,
        root="overlay",
        overlay_size="50%",
        firmware="bios",
        kernel_args=(),
        static=None,
        nic=None,
        state=True,
        persist=(),
        files={},
    )


def test_every_variable_reaches_its_field() -> None:
    client = one(
        mac=["52:54:00:12:34:56", "52:54:00:12:34:57"],
        ip=["192.0.2.21", "192.0.2.22"],
        hostname="desk-1.example.org",
        release="2026.11",
        root="shared-rw",
        overlay_size="2G",
        firmware="uefi",
        kernel_args=["console=ttyS0,115200", "quiet"],
        static=True,
        nic="enp1s0",
        persist=["/var/log/", "/home//guest", "/var/log"],
    )
    assert client.macs == ("52:54:00:12:34:56", "52:54:00:12:34:57")
    assert client.addresses == ("192.0.2.21", "192.0.2.22")
    assert (client.hostname, client.release) == ("desk-1.example.org", "2026.11")
    assert (client.root, client.firmware, client.nic) == ("shared-rw", "uefi", "enp1s0")
    assert client.overlay_size == "2G"
    assert client.kernel_args == ("console=ttyS0,115200", "quiet")
    assert client.persist == ("/var/log", "/home/guest")
    assert client.static == StaticAddress(
        "192.0.2.21", "", "192.0.2.254", "255.255.255.0", "desk-1.example.org", "enp1s0", "none"
    )


def test_a_client_has_the_time_servers_of_its_network() -> None:
    subnet = {**SUBNET, "ntp_servers": ["192.0.2.7", "192.0.2.8"]}
    assert parse_clients({"pc01": pc()}, [subnet])[0].ntp_servers == ("192.0.2.7", "192.0.2.8")


def test_clients_come_sorted_by_name_whatever_the_inventory_s_order() -> None:
    found = parse(
        pc10=pc(mac="525400000010", ip="192.0.2.10"), pc02=pc(mac="525400000002", ip="192.0.2.2")
    )
    assert [client.name for client in found] == ["pc02", "pc10"]


def test_the_host_name_is_the_first_label_of_the_inventory_name() -> None:
    client = parse_clients({"pc01.room.example.org": pc()}, [SUBNET])[0]
    assert (client.name, client.hostname) == ("pc01.room.example.org", "pc01")


def test_an_empty_variable_counts_as_not_given() -> None:
    assert one(release=None, kernel_args=None, persist=[], static=None) == one()


@pytest.mark.parametrize("missing", ["mac", "ip", "image"])
def test_what_must_be_given_is_named(missing: str) -> None:
    assert fault(**{missing: None}) == (f"netboot_{missing}", "must be given")


def test_an_empty_list_of_macs_is_a_fault() -> None:
    assert fault(mac=[]) == ("netboot_mac", "must hold at least one value")


def test_a_template_that_fails_is_reported_once_and_as_itself() -> None:
    assert fault(mac=Unreadable("'x' is undefined")) == ("netboot_mac", "'x' is undefined")


@pytest.mark.parametrize(
    ("variables", "variable", "says"),
    [
        ({"mac": "52:54:00:12:34"}, "mac", "MAC address"),
        ({"mac": ["52:54:00:12:34:56", "x"]}, "mac[1]", "MAC address"),
        ({"ip": "192.0.2.300"}, "ip", "IPv4 address"),
        ({"ip": 3221225985}, "ip", "quote it"),
        ({"ip": "198.51.100.7"}, "ip", "192.0.2.0/24"),
        ({"ip": "192.0.2.0"}, "ip", "network address"),
        ({"ip": "192.0.2.255"}, "ip", "broadcast address"),
        ({"ip": "192.0.2.200"}, "ip", "dynamic range 192.0.2.200-192.0.2.250"),
        ({"ip": "192.0.2.250"}, "ip", "dynamic range"),
        ({"ip": "192.0.2.254"}, "ip", "a router"),
        ({"ip": "192.0.2.1"}, "ip", "the boot server's address"),
        ({"image": "../etc"}, "image", "one path segment"),
        ({"image": "a" * 65}, "image", "at most 64"),
        ({"image": 12}, "image", "quote it"),
        ({"release": "a/b"}, "release", "one path segment"),
        ({"release": 2026.11}, "release", "quote it"),
        ({"root": "ro"}, "root", "overlay or squashfs or rw or shared-rw"),
        ({"root": ["rw"]}, "root", "overlay or squashfs or rw or shared-rw"),
        ({"firmware": "efi"}, "firmware", "bios or uefi"),
        ({"hostname": "pc_01"}, "hostname", "RFC 1123"),
        ({"hostname": "-pc"}, "hostname", "RFC 1123"),
        ({"hostname": "a" * 64}, "hostname", "RFC 1123"),
        ({"hostname": ".".join(["a" * 22] * 3)}, "hostname", "64 in all"),
        ({"hostname": "192.0.2.21"}, "hostname", "not digits alone"),
        ({"hostname": 7}, "hostname", "quote it"),
        ({"hostname": "pc01\n"}, "hostname", "RFC 1123"),
        ({"nic": "a" * 16}, "nic", "at most 15"),
        ({"nic": "eth0/1"}, "nic", "interface name"),
        ({"nic": "eth 0"}, "nic", "interface name"),
        ({"nic": "eth:0"}, "nic", "interface name"),
        ({"persist": "var/log"}, "persist", "absolute path"),
        ({"persist": ["/var", "/var/../etc"]}, "persist[1]", "without '..'"),
        ({"persist": "/"}, "persist", "below /"),
        ({"persist": "/a b"}, "persist", "absolute path"),
        ({"persist": {"a": 1}}, "persist", "must be a string"),
        ({"persist": "/run"}, "persist", "outside /dev, /proc, /run and /sys"),
        ({"persist": ["/running", "//dev//shm"]}, "persist[1]", "outside /dev, /proc, /run and"),
        ({"persist": "/home", "state": False}, "persist", "nowhere to keep it"),
        ({"files": ["/etc/motd"]}, "files", "a mapping of paths to texts"),
        ({"files": {"etc/motd": "x"}}, "files", "absolute path"),
        ({"files": {"/etc/motd": 1}}, "files[/etc/motd]", "must be text"),
        ({"files": {"/etc/motd": "x"}, "state": False}, "files", "nowhere to keep it"),
        ({"files": {"/etc/motd": "x"}, "root": "shared-rw"}, "files", "all would get them"),
        ({"state": "perhaps"}, "state", "must be true or false"),
        ({"kernel_args": "quiet\nLABEL x"}, "kernel_args", "control characters"),
        ({"kernel_args": ["a", "b c"]}, "kernel_args[1]", "white space"),
        ({"kernel_args": ['a="b"']}, "kernel_args", "quotes"),
        ({"kernel_args": ["a\x07"]}, "kernel_args", "control characters"),
        ({"kernel_args": [""]}, "kernel_args", "one kernel argument"),
        ({"static": "maybe"}, "static", "true, false or a mapping"),
        ({"static": {"gw": "198.51.100.1"}}, "static.gw", "192.0.2.0/24"),
        ({"static": {"gateway": "192.0.2.254"}}, "static.gateway", "is no field of ip="),
        ({"static": {"autoconfig": "none"}}, "static.autoconfig", "did you mean autoconf?"),
        ({"static": {"client": "192.0.2.22"}}, "static.client", "192.0.2.21"),
        ({"static": {"mask": "255.0.255.0"}}, "static.mask", "netmask"),
        ({"static": {"mask": "0.0.0.0"}}, "static.mask", "netmask"),
        ({"static": {"dev": "a:b"}}, "static.dev", "interface name"),
        ({"static": {"autoconf": "yes"}}, "static.autoconf", "none, off"),
        ({"static": {"dns0": "ns1"}}, "static.dns0", "IPv4"),
        ({"adress": "192.0.2.21"}, "adress", "did you mean netboot_ip?"),
        ({"macs": "x"}, "macs", "did you mean netboot_mac?"),
        ({"kernel_arg": "x"}, "kernel_arg", "did you mean netboot_kernel_args?"),
    ],
)
def test_a_wrong_value_is_one_fault_that_says_what_is_right(
    variables: dict[str, Any], variable: str, says: str
) -> None:
    where, expected = fault(**variables)
    assert where == f"netboot_{variable}"
    assert says in expected


@pytest.mark.parametrize(
    ("argument", "instead"),
    [
        ("root=/dev/sda1", "netboot_root"),
        ("nfsroot=192.0.2.9:/x", "netboot_image"),
        ("ip=dhcp", "netboot_static"),
        ("BOOTIF=01-52", "netboot_mac"),
        ("initrd=x", "netboot_image"),
        ("boot=nfs", "netboot_root"),
        ("ro", "netboot_root"),
        ("systemd.hostname=x", "netboot_hostname"),
    ],
)
def test_an_argument_that_the_plan_sets_is_refused_with_the_variable_for_it(
    argument: str, instead: str
) -> None:
    where, expected = fault(kernel_args=["quiet", argument])
    assert where == "netboot_kernel_args[1]"
    assert expected.startswith("must leave out ")
    assert instead in expected


def test_a_lone_hyphen_is_refused_here_and_not_when_the_entry_is_written() -> None:
    assert "PXELINUX" in fault(kernel_args=["quiet", "-"])[1]


def test_arguments_that_only_resemble_the_plan_s_are_the_client_s_own() -> None:
    given = ["rootwait", "ipv6.disable=1", "rootflags=x", "net.ifnames=0", "memmap=4K$0x1000"]
    assert one(kernel_args=" ".join(given)).kernel_args == tuple(given)


def test_an_image_that_the_inventory_does_not_have_is_a_fault_that_names_those_it_has() -> None:
    with pytest.raises(InventoryError, match=r"netboot_images \(kiosk, library\)"):
        parse_clients({"pc01": pc(image="libary")}, [SUBNET], images=["library", "kiosk"])
    assert parse_clients({"pc01": pc(image="library")}, [SUBNET], images=["library"])


def test_site_wide_and_unrelated_variables_are_no_misspellings() -> None:
    others = {"subnets": [], "address": "192.0.2.1", "images": [], "store": "/x", "wallpaper": 1}
    assert one(**others, tftp_root="/srv/tftp", nfs_options=[]) == one()


def test_a_static_address_comes_with_the_subnet_s_first_two_name_servers() -> None:
    servers = ["192.0.2.251", "192.0.2.252", "192.0.2.253"]
    found = [
        parse_clients({"pc01": pc(static=True)}, [{**SUBNET, "dns_servers": servers[:count]}])
        for count in range(4)
    ]
    assert [(client.static.dns0, client.static.dns1) for (client,) in found if client.static] == [
        ("", ""),
        ("192.0.2.251", ""),
        ("192.0.2.251", "192.0.2.252"),
        ("192.0.2.251", "192.0.2.252"),
    ]


def test_static_fields_are_replaced_one_by_one() -> None:
    client = one(static={"server": "192.0.2.9", "dev": "eth1", "autoconf": "off", "gw": ""})
    assert client.static == StaticAddress(
        "192.0.2.21", "192.0.2.9", "192.0.2.254", "255.255.255.0", "pc01", "eth1", "off"
    )


@pytest.mark.parametrize("word", [True, "true", "Yes", "on"])
def test_an_ini_inventory_s_truth_is_understood(word: Any) -> None:
    assert one(static=word).static is not None


@pytest.mark.parametrize("word", [False, "false", "No", "off"])
def test_no_static_address_is_made_when_refused(word: Any) -> None:
    assert one(static=word).static is None
