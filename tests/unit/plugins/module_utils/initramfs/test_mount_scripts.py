# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How an initrd mounts its root, run by dash, with the mount itself only noted."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from ansible_collections.diskless.netboot.plugins.module_utils.initramfs import mount_scripts


def source(tmp_path: Path, text: str, arguments: str, before: str, after: str) -> str:
    """What a shell prints that runs `text`, a part of an init, between two others."""
    (tmp_path / "cmdline").write_text(f"BOOT_IMAGE=x {arguments} quiet\n")
    (tmp_path / "nfs").write_text("nfsmount() { exit 3; }\n")
    text = text.replace("/proc/cmdline", "./cmdline").replace("/scripts/nfs", "./nfs")
    for folder in ("/tmp/", "/run/", "/sys/", "/usr/"):
        text = text.replace(folder, f".{folder}")
    script = f"{before}\n{text}\n{after}"
    command = ["dash", "-c", script]
    return subprocess.check_output(command, text=True, cwd=tmp_path, timeout=10)


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        ("", "retrans=10,ro,nolock,vers=4.2"),
        ("netboot.nfs=vers=4.1,nconnect=4", "retrans=10,ro,nolock,vers=4.2,vers=4.1,nconnect=4"),
    ],
)
def test_mount_nfs_gets_what_nfsmount_would_and_the_options_of_its_own(
    tmp_path: Path, arguments: str, options: str
) -> None:
    (tmp_path / "mount.nfs").write_text('#!/bin/sh\necho "$*"\n')
    (tmp_path / "mount.nfs").chmod(0o755)
    said = source(
        tmp_path,
        mount_scripts.boot_script("4.2", squashfs=False),
        arguments,
        "PATH=.:$PATH",
        "nfsmount -o nolock -o ro -o retrans=10 192.0.2.1:/srv /root",  # as scripts/nfs does
    )
    assert said == f"192.0.2.1:/srv /root -n -o {options}\n"


NICS = {"lo": "00:00:00:00:00:00", "ens4": "52:54:00:12:34:56", "ens5": "52:54:00:12:34:57"}


def linked(tmp_path: Path, arguments: str, states: dict[str, str]) -> list[str]:
    """Which NICs are switched on, and how often the link is looked for in vain."""
    for name, address in NICS.items():
        folder = tmp_path / "sys/class/net" / name
        folder.mkdir(parents=True)
        (folder / "address").write_text(f"{address}\n")
        (folder / "operstate").write_text(f"{states.get(name, 'down')}\n")
        (folder / "flags").write_text("0x1002\n")
    (tmp_path / "functions").write_text(
        "wait_for_udev() { echo settled; }\nsleep() { echo waited; }\n"
    )
    script = mount_scripts.LINK.replace("/scripts/functions", "./functions")
    said = source(tmp_path, script, arguments, "", "").split()
    flags = {name: (tmp_path / "sys/class/net" / name / "flags").read_text() for name in NICS}
    assert said[0] == "settled"
    return [*(name for name in NICS if flags[name] == "0x1003\n"), *said[1:]]


@pytest.mark.parametrize(
    ("arguments", "states", "expected"),
    [
        ("BOOTIF=01-52-54-00-12-34-56", {"ens4": "up"}, ["ens4"]),
        ("BOOTIF=01-52-54-00-12-34-56", {"ens4": "unknown"}, ["ens4"]),
        ("BOOTIF=01-52-54-00-12-34-56", {"ens5": "up"}, ["ens4", *["waited"] * 100]),
        ("BOOTIF=01-52-54-00-12-34-99", {"ens5": "up"}, []),
        ("ip=dhcp", {"ens5": "up"}, ["ens4", "ens5"]),
    ],
)
def test_a_link_is_awaited_on_the_nic_that_the_loader_used(
    tmp_path: Path, arguments: str, states: dict[str, str], expected: list[str]
) -> None:
    assert linked(tmp_path, arguments, states) == expected


URL = "http://192.0.2.1/images/library/1/root.squashfs"
TOOLS = """
panic() { echo "PANIC $*"; exit 9; }
modprobe() { echo "modprobe $*"; }
mount() { echo "mount $*"; }
sleep() { echo "sleep $*"; }
run_scripts() { echo "run $*"; }
configure_networking() { echo configured; }
busybox() {
    case "$1 $2" in
    timeout*) echo "fetch $*" && [ "${served:-y}" = y ] ;;
    "losetup -f") echo /dev/loop0 ;;
    *) echo "$*" ;;
    esac
}
rootmnt=/root
"""


def test_an_initrd_fetches_a_root_into_ram_and_mounts_it(tmp_path: Path) -> None:
    script = mount_scripts.boot_script("3", squashfs=True)
    said = source(tmp_path, script, f"netboot.squashfs={URL}", TOOLS, "mountroot")
    image = "./run/netboot/image"
    assert said.splitlines() == [
        "modprobe -q af_packet",
        "run ./nfs-premount",
        "configured",
        f"mount -t tmpfs -o size=90%,mode=0700 netboot {image}",
        f"fetch timeout 600 busybox wget -c -O {image}/root.squashfs {URL}",
        "modprobe -q loop",
        "modprobe -q squashfs",
        f"losetup -r /dev/loop0 {image}/root.squashfs",
        "mount -t squashfs -o ro /dev/loop0 /root",
    ]


def test_a_root_that_is_not_served_stops_the_boot_after_some_tries(tmp_path: Path) -> None:
    script = mount_scripts.boot_script("3", squashfs=True)
    with pytest.raises(subprocess.CalledProcessError) as caught:
        tools = f"{TOOLS}served=n\n"
        source(tmp_path, script, f"netboot.squashfs={URL}", tools, "mountroot")
    said = caught.value.stdout
    assert said.count("busybox wget") == 5 and said.count("sleep 2") == 4
    assert f"PANIC netboot: cannot fetch {URL}: " in said and "losetup" not in said


def test_the_same_initrd_mounts_other_roots_as_ever(tmp_path: Path) -> None:
    script = mount_scripts.boot_script("3", squashfs=True)
    after = "nfs_mount_root() { echo as ever; }\nmountroot"
    assert source(tmp_path, script, "nfsroot=192.0.2.1:/srv", TOOLS, after) == "as ever\n"


@pytest.mark.parametrize(
    ("netroot", "expected"),
    [
        ("nfs:192.0.2.1:/srv:", "nfs:192.0.2.1:/srv:vers=3,nconnect=4"),
        ("nfs:192.0.2.1:/srv:tcp", "nfs:192.0.2.1:/srv:tcp,vers=3,nconnect=4"),
        ("iscsi:x", "iscsi:x"),
    ],
)
def test_dracut_mounts_with_the_same_options(tmp_path: Path, netroot: str, expected: str) -> None:
    hook = mount_scripts.dracut_hooks("3")["cmdline/95-netboot.sh"]
    before, after = f"getarg() {{ :; }}\nnetroot={netroot}", 'echo "$netroot"'
    assert source(tmp_path, hook, "netboot.nfs=nconnect=4", before, after) == f"{expected}\n"


def test_dracut_hands_a_root_that_is_fetched_to_our_handler(tmp_path: Path) -> None:
    hook = mount_scripts.dracut_hooks("3")["cmdline/95-netboot.sh"]
    before = f'getarg() {{ [ "$1" != netboot.squashfs= ] || echo {URL}; }}'
    said = source(tmp_path, hook, "", before, 'echo "$root $rootok $netroot"')
    assert said == f"netboot 1 netboot:{URL}\n"


DRACUT = """
die() { echo "DIE $*"; exit 9; }
ip() { case "$1 $2" in
    "-4 -o") echo "2: eth0    inet 192.0.2.21/24 brd 192.0.2.255 scope global dynamic eth0" ;;
    *) echo "ip $*" ;;
esac; }
NEWROOT=/sysroot
"""


def nic(tmp_path: Path, leased: str) -> None:
    for folder in ("tmp", "run", "sys/class/net/eth0", "usr/sbin"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "sys/class/net/eth0/address").touch()
    for name in ("net.eth0.did-setup", "net.52:54:00:12:34:56.did-setup", "net.lo.did-setup"):
        (tmp_path / "tmp" / name).touch()
    (tmp_path / "tmp/dhclient.eth0.dhcpopts").write_text(leased)


def root_script(tmp_path: Path, text: str) -> None:
    script = tmp_path / "usr/sbin/netboot-root"
    script.write_text(f"#!/bin/sh\n{text}")
    script.chmod(0o755)


def test_dracut_leaves_a_note_of_the_nic_and_an_address_that_stays(tmp_path: Path) -> None:
    nic(
        tmp_path,
        "new_domain_name='lab.example'\nnew_domain_name_servers='192.0.2.1 192.0.2.2'\n",
    )
    root_script(tmp_path, '[ "$rootmnt" = /sysroot ]')
    hook = mount_scripts.dracut_hooks("3")["pre-pivot/95-netboot.sh"]
    assert source(tmp_path, hook, "", DRACUT, "") == (
        "ip addr change 192.0.2.21/24 dev eth0 valid_lft forever preferred_lft forever\n"
    )
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["net-eth0.conf"]
    assert (tmp_path / "run/net-eth0.conf").read_text() == (
        "DEVICE='eth0'\nDNSDOMAIN='lab.example'\nIPV4DNS0='192.0.2.1'\nIPV4DNS1='192.0.2.2'\n"
    )


def test_dracut_stops_with_the_message_where_the_root_cannot_be_made(tmp_path: Path) -> None:
    nic(tmp_path, "")
    root_script(tmp_path, "echo netboot-root: no room; exit 1")
    hook = mount_scripts.dracut_hooks("3")["pre-pivot/95-netboot.sh"]
    with pytest.raises(subprocess.CalledProcessError) as caught:
        source(tmp_path, hook, "", DRACUT, "echo went on")
    assert (caught.value.returncode, caught.value.stdout) == (9, "DIE netboot-root: no room\n")
