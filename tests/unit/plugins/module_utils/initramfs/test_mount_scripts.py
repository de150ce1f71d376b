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


# What an initrd by dracut has, each noting how it was called.
DRACUT = """
modprobe() { :; }
udevadm() { :; }
sleep() { :; }
mount() { echo "mount $*"; }
ipconfig() { echo "ipconfig $*"; [ -n "$refused" ] || touch ./run/net-ens4.conf; }
mount.nfs() { echo "mount.nfs $*"; [ -z "$unexported" ]; }
busybox() { echo "$*"; }
"""


def mounted(tmp_path: Path, arguments: str, state: str = "up", *, broken: str = "") -> list[str]:
    """What netboot-mount does for a PC with one NIC, or why it gives up."""
    folder = tmp_path / "sys/class/net/ens4"
    folder.mkdir(parents=True)
    (tmp_path / "run").mkdir()
    (folder / "address").write_text("52:54:00:12:34:56\n")
    (folder / "operstate").write_text(f"{state}\n")
    script = mount_scripts.netboot_mount("3").replace("newroot=$1", "newroot=/sysroot")
    # dash takes no dot in the name of a function.
    for name in ("/usr/lib/klibc/bin/ipconfig", "mount.nfs"):
        script = script.replace(name, name.rpartition("/")[2].replace(".", "_"))
    tools = DRACUT.replace("mount.nfs()", "mount_nfs()") + broken
    try:
        return source(tmp_path, script, arguments, tools, "").splitlines()
    except subprocess.CalledProcessError:
        return (tmp_path / "run/netboot-failed").read_text().splitlines()


def test_dracut_asks_dhcp_on_the_loader_s_nic_and_mounts_with_the_same_options(
    tmp_path: Path,
) -> None:
    told = "ip=dhcp BOOTIF=01-52-54-00-12-34-56 nfsroot=192.0.2.1:/srv,nocto ro"
    assert mounted(tmp_path, f"{told} netboot.nfs=nconnect=4") == [
        "ipconfig -t 2 -c dhcp -d ens4",
        "mount.nfs 192.0.2.1:/srv /sysroot -n -o ro,nolock,nocto,vers=3,nconnect=4",
    ]


def test_dracut_sets_a_static_address_without_dhcp(tmp_path: Path) -> None:
    static = "ip=192.0.2.21:192.0.2.1:192.0.2.1:255.255.255.0:pc01::none:192.0.2.53"
    said = mounted(tmp_path, f"{static} nfsroot=192.0.2.1:/srv rw")
    assert said == [
        "ipconfig -t 2 -d 192.0.2.21:192.0.2.1:192.0.2.1:255.255.255.0:pc01:ens4:none:192.0.2.53:",
        "mount.nfs 192.0.2.1:/srv /sysroot -n -o rw,nolock,vers=3",
    ]


def test_dracut_fetches_a_root_that_is_one_file(tmp_path: Path) -> None:
    said = mounted(tmp_path, f"ip=dhcp netboot.squashfs={URL}")
    assert (
        said[0].startswith("ipconfig ")
        and f"-O ./run/netboot/image/root.squashfs {URL}" in (said[2])
    )
    assert not [line for line in said if line.startswith("mount.nfs")]


@pytest.mark.parametrize(
    ("arguments", "state", "broken", "expected"),
    [
        ("ip=dhcp", "down", "", "no network card with a link"),
        ("ip=dhcp", "up", "refused=y", "ens4 got no address (ip=dhcp)"),
        (
            "nfsroot=192.0.2.1:/srv,nocto",
            "up",
            "unexported=y",
            "cannot mount 192.0.2.1:/srv: it must be exported to this PC",
        ),
    ],
)
def test_dracut_says_why_there_is_no_root(
    tmp_path: Path, arguments: str, state: str, broken: str, expected: str
) -> None:
    assert mounted(tmp_path, arguments, state, broken=broken) == [f"netboot: {expected}"]


@pytest.mark.parametrize(
    ("hook", "program", "said"),
    [
        ("mount", "netboot-mount", "echo no link > ./run/netboot-failed"),
        ("pre-pivot", "netboot-root", "echo no link"),
    ],
)
def test_dracut_stops_with_the_message_of_what_failed(
    tmp_path: Path, hook: str, program: str, said: str
) -> None:
    (tmp_path / "usr/sbin").mkdir(parents=True)
    (tmp_path / "run").mkdir()
    script = tmp_path / "usr/sbin" / program
    script.write_text(f"#!/bin/sh\n{said}\nexit 1\n")
    script.chmod(0o755)
    text = mount_scripts.dracut_hooks()[f"{hook}/95-netboot.sh"]
    die = 'NEWROOT=/sysroot; die() { echo "DIE $*"; exit 9; }'
    with pytest.raises(subprocess.CalledProcessError) as caught:
        source(tmp_path, text, "", die, "echo went on")
    assert (caught.value.returncode, caught.value.stdout) == (9, "DIE no link\n")
