# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a client's kernel is told, and what is refused because no client would boot with it."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from ansible_collections.diskless.netboot.plugins.module_utils.bootloader.checks import (
    COMMAND_LINE_MAX,
)
from ansible_collections.diskless.netboot.plugins.module_utils.bootloader.entry import (
    kernel_arguments,
    plan_entries,
)
from ansible_collections.diskless.netboot.plugins.module_utils.inventory.client import Client
from ansible_collections.diskless.netboot.plugins.module_utils.inventory.faults import (
    InventoryError,
)
from ansible_collections.diskless.netboot.plugins.module_utils.inventory.static_address import (
    StaticAddress,
)

PC = Client(
    name="pc01",
    hostname="desk",
    macs=("52:54:00:12:34:56",),
    addresses=("192.0.2.21",),
    subnet="192.0.2.0/24",
    image="library",
    root="rw",
    state=False,
)
RELEASE = "2026-11-24.1"
OWN, SHARED = "/srv/netboot/clients/pc01/root", "/srv/netboot/images/library/shared/root"
RELEASES = {"library": {"current": RELEASE, "names": ["2026-10-01.0", RELEASE]}}


def arguments(client: Client = PC, **options: Any) -> list[str]:
    return kernel_arguments(client, **{"release": RELEASE, "nfs_server": "192.0.2.1", **options})


def entries(*clients: Client, **options: Any) -> list[dict[str, Any]]:
    given = {
        "nfs_server": "192.0.2.1",
        "image_releases": RELEASES,
        "root_releases": dict.fromkeys((OWN, SHARED), f"library/{RELEASE}"),
        **options,
    }
    return plan_entries(clients, **given)


def change(**fields: Any) -> Client:
    return dataclasses.replace(PC, **fields)


def test_a_client_with_a_root_of_its_own_mounts_that() -> None:
    assert arguments() == [
        "root=/dev/nfs",
        "nfsroot=192.0.2.1:/srv/netboot/clients/pc01/root,noacl,retrans=10",
        "ip=dhcp",
        "rw",
        "netboot.root=rw",
        "systemd.hostname=desk",
        "panic=30",
    ]


def test_a_client_with_a_shared_root_mounts_that() -> None:
    found = arguments(change(root="shared-rw"), store="/data/boot")
    assert "nfsroot=192.0.2.1:/data/boot/images/library/shared/root,noacl,retrans=10" in found
    assert "netboot.root=shared-rw" in found
    assert "rw" in found


def test_an_overlay_root_is_a_release_s_mounted_read_only() -> None:
    found = arguments(change(root="overlay", overlay_size="512M"), nfs_options=["acregmin=5"])
    # What it reads never changes, so it need not ask whether it has; the site has the last word.
    caching = "nocto,acregmin=86400,acregmax=86400,acdirmin=86400,acdirmax=86400,acregmin=5"
    assert found[1:6] == [
        f"nfsroot=192.0.2.1:/srv/netboot/images/library/releases/{RELEASE}/root,{caching}",
        "ip=dhcp",
        "ro",
        "netboot.root=overlay",
        "systemd.hostname=desk",
    ]
    assert "netboot.overlay=512M" in found
    assert not any(argument.startswith("netboot.overlay") for argument in arguments())


def test_a_client_is_told_where_its_own_state_is() -> None:
    found = arguments(change(state=True), store="/data")
    assert "netboot.state=192.0.2.1:/data/clients/pc01/state" in found
    found = arguments(change(state=True), nfs_options=["tcp", "port=2049"])
    assert "netboot.state=192.0.2.1:/srv/netboot/clients/pc01/state,tcp,port=2049" in found


def test_a_client_is_told_its_time_servers() -> None:
    found = arguments(change(ntp_servers=("192.0.2.7", "192.0.2.8")))
    assert "netboot.ntp=192.0.2.7,192.0.2.8" in found
    assert not any(argument.startswith("netboot.ntp") for argument in arguments())


def test_a_client_that_fetches_its_root_is_told_where() -> None:
    found = arguments(change(root="squashfs", overlay_size="2G"))
    assert found == [
        "root=netboot",
        f"netboot.squashfs=http://192.0.2.1/images/library/{RELEASE}/root.squashfs",
        "ip=dhcp",
        "ro",
        "netboot.root=squashfs",
        "systemd.hostname=desk",
        "netboot.overlay=2G",
        "panic=30",
    ]
    other = arguments(change(root="squashfs"), http_port=8080)[1]
    assert other.startswith("netboot.squashfs=http://192.0.2.1:8080/images/")


def test_no_client_is_sent_to_a_root_that_cannot_be_fetched() -> None:
    client = change(root="squashfs")
    with pytest.raises(InventoryError, match="has no squashfs: set nfsroot_image_squashfs"):
        entries(client)
    there = {"library": {**RELEASES["library"], "squashfs": [RELEASE]}}
    (found,) = entries(client, image_releases=there)
    assert found["labels"][0]["initrd"] == [f"images/library/{RELEASE}/initrd.img"]
    older = change(root="squashfs", release="2026-10-01.0")
    with pytest.raises(InventoryError, match="of library has no squashfs"):
        entries(older, image_releases=there)


@pytest.mark.parametrize("port", [0, 65536, "80", True])
def test_a_port_is_a_number_that_a_port_can_have(port: Any) -> None:
    with pytest.raises(InventoryError, match="http_port"):
        arguments(http_port=port)


def test_mount_options_follow_the_path_after_a_comma() -> None:
    expected = "nfsroot=192.0.2.1:/srv/netboot/clients/pc01/root,noacl,retrans=10,tcp,port=2049"
    assert expected in arguments(nfs_options=["tcp", "port=2049"])
    assert expected in arguments(nfs_options="tcp,port=2049")


def test_a_static_address_names_the_nfs_server_in_its_second_field() -> None:
    static = StaticAddress(
        "192.0.2.21", "", "192.0.2.254", "255.255.255.0", "desk", "enp1s0", "none"
    )
    assert "ip=192.0.2.21:192.0.2.1:192.0.2.254:255.255.255.0:desk:enp1s0:none" in arguments(
        change(static=static)
    )
    other = static._replace(server="192.0.2.9", gw="", dev="")
    assert "ip=192.0.2.21:192.0.2.9::255.255.255.0:desk::none" in arguments(change(static=other))


@pytest.mark.parametrize(
    ("servers", "end"),
    [
        ({"dns0": "192.0.2.251"}, ":none:192.0.2.251"),
        ({"dns0": "192.0.2.251", "dns1": "192.0.2.252"}, ":none:192.0.2.251:192.0.2.252"),
        ({"dns1": "192.0.2.252"}, ":none::192.0.2.252"),
    ],
)
def test_a_static_address_ends_with_its_name_servers(servers: dict[str, str], end: str) -> None:
    static = StaticAddress("192.0.2.21", "", "", "255.255.255.0", "desk", "", "none", **servers)
    (address,) = (each for each in arguments(change(static=static)) if each.startswith("ip="))
    assert address == f"ip=192.0.2.21:192.0.2.1::255.255.255.0:desk:{end}"


def test_a_client_s_own_arguments_come_last_and_once() -> None:
    found = arguments(change(kernel_args=("console=tty0", "console=ttyS0", "console=tty0", "rw")))
    assert found[-3:] == ["panic=30", "console=tty0", "console=ttyS0"]
    assert found.count("rw") == 1


def test_a_client_s_own_panic_time_wins() -> None:
    found = arguments(change(kernel_args=("panic=0",)), panic_seconds=99)
    assert [item for item in found if item.startswith("panic")] == ["panic=0"]
    assert "panic=99" in arguments(panic_seconds=99)


@pytest.mark.parametrize(
    "option",
    ["nolock", "hard", "soft", "rw", "ro", "v3", "tcp", "vers=3", "nfsvers=2", "rsize=32768"],
)
def test_mount_options_that_nfsmount_knows_are_taken(option: str) -> None:
    assert any(item.endswith("," + option) for item in arguments(nfs_options=[option]))


@pytest.mark.parametrize(
    ("option", "says"),
    [
        ("actimeo=3", "fail for ever"),
        ("noatime", "fail for ever"),
        ("nconnect=4", "fail for ever"),
        ("proto=tcp", "fail for ever"),
        ("vers=4", "knows no NFSv4"),
        ("vers", "knows no NFSv4"),
        ("port", "must be port=<number>"),
        ("rsize=32k", "must be rsize=<number>"),
        ("rsize=-1", "must be rsize=<number>"),
        ("hard=1", "without a value"),
        ("nolok", "did you mean nolock?"),
        ("", "fail for ever"),
        ("tcp rw", "fail for ever"),
        (7, "quote it"),
    ],
)
def test_a_mount_option_that_nfsmount_would_repeat_for_ever_is_refused(
    option: Any, says: str
) -> None:
    with pytest.raises(InventoryError) as caught:
        arguments(nfs_options=[option])
    assert [fault.variable for fault in caught.value.faults] == ["nfs_options"]
    assert says in caught.value.faults[0].expected


MOUNT_NFS = ("nconnect=4", "vers=4.1", "actimeo=60", "proto=tcp", "noatime", "rdirplus", "timeo=50")


def test_options_for_mount_nfs_stand_where_an_older_initrd_does_not_look() -> None:
    found = arguments(nfs_options=MOUNT_NFS, mounter="mount.nfs")
    assert found[1] == "nfsroot=192.0.2.1:/srv/netboot/clients/pc01/root,noacl,retrans=10"
    assert f"netboot.nfs={','.join(MOUNT_NFS)}" in found
    assert not [item for item in arguments(mounter="mount.nfs") if "netboot.nfs" in item]


def test_a_client_may_have_mount_options_of_its_own() -> None:
    own = change(kernel_args=("quiet", "netboot.nfs=rsize=65536,soft", "netboot.nfs=vers=3"))
    found = arguments(own, nfs_options=["nconnect=4"], mounter="mount.nfs")
    assert [item for item in found if "netboot.nfs" in item] == [
        "netboot.nfs=nconnect=4,rsize=65536,soft,vers=3"
    ]
    assert found[-1] == "quiet"


def test_a_client_s_own_mount_options_must_suit_its_initrd() -> None:
    own = change(kernel_args=("netboot.nfs=nconect=4,vers=2",))
    with pytest.raises(InventoryError) as caught:
        arguments(own, mounter="mount.nfs")
    first, second = caught.value.faults
    assert {first.variable, second.variable} == {"netboot_kernel_args"}
    assert "did you mean nconnect?" in first.expected
    assert "'vers=2' must be vers= and one of 3, 4" in second.expected
    with pytest.raises(InventoryError, match=r"initrds with mount\.nfs alone"):
        arguments(change(kernel_args=("netboot.nfs=vers=4.2",)), mounter="nfsmount")


@pytest.mark.parametrize(
    ("option", "says"),
    [
        ("vers=2", "one of 3, 4, 4.0, 4.1, 4.2"),
        ("proto=rdma", "one of tcp, udp"),
        ("nconect=4", "did you mean nconnect?"),
        ("broken_suid", "is no option of mount.nfs, so the PC would not get its root"),
        ("sec=krb5", "one of sys, none"),
    ],
)
def test_an_option_that_mount_nfs_would_refuse_is_refused(option: str, says: str) -> None:
    with pytest.raises(InventoryError, match=says):
        arguments(nfs_options=[option], mounter="mount.nfs")


def test_an_option_must_suit_the_initrds_of_all_clients() -> None:
    other = change(name="pc02", image="new", root="overlay")
    options = {
        "nfs_options": ["nconnect=4"],
        "image_releases": {**RELEASES, "new": RELEASES["library"]},
    }
    mounters = {"library": "mount.nfs", "new": "mount.nfs"}
    first, second = entries(PC, other, **options, image_mounters=mounters)
    for entry in (first, second):
        assert "netboot.nfs=nconnect=4" in entry["labels"][0]["append"]
    with pytest.raises(InventoryError, match="is no option of klibc's nfsmount"):
        entries(PC, other, **options, image_mounters={"library": "mount.nfs"})
    with pytest.raises(InventoryError, match=r"must be one of nfsmount, mount\.nfs"):
        entries(PC, image_mounters={"library": "mount"})


@pytest.mark.parametrize("store", ["srv", "/", "/a b", "/a,b", "/srv/../etc", "/srv/", "/a\n", 5])
def test_a_store_that_cannot_stand_in_nfsroot_is_refused(store: Any) -> None:
    with pytest.raises(InventoryError, match="store: "):
        arguments(store=store)


def test_server_store_and_options_are_judged_in_one_error() -> None:
    with pytest.raises(InventoryError) as caught:
        entries(PC, nfs_server="boot", store="x", nfs_options=["a", "b"])
    assert [fault.variable for fault in caught.value.faults] == [
        "nfs_server",
        "store",
        "nfs_options",
        "nfs_options",
    ]


@pytest.mark.parametrize("text", ["a b", "a\nb", 'a"b', "a\0"])
def test_nothing_that_breaks_the_line_gets_into_it_even_from_outside_the_model(text: str) -> None:
    with pytest.raises(InventoryError, match="kernel command line"):
        arguments(change(hostname=text))


def test_an_entry_has_the_form_that_pxelinux_entry_takes() -> None:
    assert entries(PC) == [
        {
            "client": "52:54:00:12:34:56",
            "labels": [
                {
                    "name": "library",
                    "kernel": f"images/library/{RELEASE}/vmlinuz",
                    "initrd": [f"images/library/{RELEASE}/initrd.img"],
                    "append": arguments(),
                }
            ],
            "default": "library",
            "sysappend": 2,
            "comment": "pc01",
        }
    ]


MACS = ("52:54:00:12:34:56", "52:54:00:12:34:57")


def test_a_static_address_is_that_of_the_nic() -> None:
    static = StaticAddress("192.0.2.21", mask="255.255.255.0", host="pc01")
    found = entries(change(macs=MACS, addresses=("192.0.2.21", "192.0.2.22"), static=static))
    given = [word for entry in found for word in entry["labels"][0]["append"] if word[:3] == "ip="]
    server = "192.0.2.1"
    assert given == [
        f"ip=192.0.2.21:{server}::255.255.255.0:pc01::none",
        f"ip=192.0.2.22:{server}::255.255.255.0:pc01::none",
    ]


def test_every_card_of_a_client_has_an_entry() -> None:
    found = entries(change(macs=MACS, addresses=("192.0.2.21", "192.0.2.22")))
    assert [entry["client"] for entry in found] == ["52:54:00:12:34:56", "52:54:00:12:34:57"]
    assert found[0]["labels"] == found[1]["labels"]


def test_a_root_that_is_written_to_boots_the_release_that_it_was_copied_from() -> None:
    shared = change(name="pc02", root="shared-rw")
    found = entries(
        PC, shared, root_releases={OWN: "library/2026-10-01.0", SHARED: f"library/{RELEASE}"}
    )
    kernels = [entry["labels"][0]["kernel"] for entry in found]
    assert kernels == [
        "images/library/2026-10-01.0/vmlinuz",
        f"images/library/{RELEASE}/vmlinuz",
    ]


def test_a_client_that_is_set_to_a_release_boots_that_and_no_other() -> None:
    (found,) = entries(change(root="overlay", release="2026-10-01.0"))
    label = found["labels"][0]
    assert label["kernel"] == "images/library/2026-10-01.0/vmlinuz"
    assert any("/releases/2026-10-01.0/root" in argument for argument in label["append"])
    with pytest.raises(InventoryError, match=r"pc01: netboot_release: '2026-10-01': .*mean 2026"):
        entries(change(root="overlay", release="2026-10-01"))


def test_a_root_of_its_own_is_of_one_image_for_good() -> None:
    with pytest.raises(InventoryError) as caught:
        entries(change(image="staff"), root_releases={OWN: f"library/{RELEASE}"})
    (fault,) = caught.value.faults
    assert (fault.client, fault.variable, fault.value) == ("pc01", "netboot_image", "staff")
    assert f"{OWN}, which was copied from library" in str(fault)
    (older,) = entries(PC, root_releases={OWN: RELEASE})
    assert older["labels"][0]["kernel"] == f"images/library/{RELEASE}/vmlinuz"


def test_missing_releases_are_one_error_with_every_client() -> None:
    overlay = change(name="pc02", root="overlay")
    bad = change(name="pc03")
    copied = {"/srv/netboot/clients/pc03/root": "library/a/b"}
    with pytest.raises(InventoryError) as caught:
        entries(PC, overlay, bad, image_releases={}, root_releases=copied)
    assert [(fault.client, fault.variable) for fault in caught.value.faults] == [
        ("pc01", "root_releases"),
        ("pc02", "netboot_image"),
        ("pc03", "root_releases"),
    ]


def line_of(entry: dict[str, Any]) -> str:
    """Return the line as pxelinux hands it to the kernel."""
    label = entry["labels"][0]
    words = [f"BOOT_IMAGE={label['kernel']}", *label["append"], f"initrd={label['initrd'][0]}"]
    return " ".join([*words, "BOOTIF=01-52-54-00-12-34-56"])


def test_the_longest_command_line_is_taken_and_one_byte_more_is_refused_with_its_number() -> None:
    room = COMMAND_LINE_MAX - len(line_of(entries(PC)[0])) - 1
    entry = entries(change(kernel_args=("x" * room,)))[0]
    assert len(line_of(entry)) == COMMAND_LINE_MAX == 2047
    with pytest.raises(InventoryError, match=r"pc01: netboot_kernel_args: .* 2048 bytes .* 2047"):
        entries(change(kernel_args=("x" * (room + 1),)))
