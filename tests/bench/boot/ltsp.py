# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The other side: LTSP as its own manual sets it up, with an image of the same tree.

Sources: ltsp(8), ltsp-image(8), ltsp-kernel(8), ltsp-initrd(8), ltsp-ipxe(8), ltsp-nfs(8),
ltsp-dnsmasq(8) and ltsp.conf(5) of Debian's package, version 23.02. From the manual we depart in
what a container forbids, a kernel's NFS server and loop devices, and in what costs LTSP time that
is not its own: the menu's five seconds.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from ansible_collections.diskless.netboot.plugins.module_utils.image.host import command_line
from ansible_collections.diskless.netboot.plugins.module_utils.nfs_exports.ganesha import (
    ganesha_conf,
)
from ansible_collections.diskless.netboot.tests.lab import network, server
from ansible_collections.diskless.netboot.tests.lab.places import Lab
from ansible_collections.diskless.netboot.tests.lab.podman import podman
from ansible_collections.diskless.netboot.tests.lab.shell import run

LAB = Lab("bench-ltsp")
IMAGE = "bookworm"
MAC = "52:54:00:00:01:61"
STORM = [f"52:54:00:00:01:{number}" for number in range(71, 79)]
"""PCs that are switched on at once."""

# ltsp-dnsmasq(8): "you only need to configure the internal NIC to a static IP of 192.168.67.1".
_ADDRESS, _NETWORK = "192.168.67.1/24", "192.168.67.0/24"
_PACKAGES = (
    *("ltsp", "dnsmasq", "ipxe", "squashfs-tools"),
    *("nfs-ganesha", "nfs-ganesha-vfs", "rpcbind", "netbase"),
)
_SETTINGS = f"""\
[server]
DEFAULT_IMAGE="{IMAGE}"
KERNEL_PARAMETERS="console=tty0 console=ttyS0,115200 no_timer_check"
MENU_TIMEOUT="-1"
"""
# What ltsp-nfs.exports says, as far as NFS-Ganesha has it.
_EXPORTS = [
    {
        "path": path,
        "clients": [{"address": _NETWORK, "options": ["ro", "no_root_squash", "insecure"]}],
    }
    for path in ("/srv/ltsp", "/srv/tftp/ltsp")
]


def up(root: Path) -> None:
    """Start the server, with an image of the tree ``root`` of this machine, published.

    Raises:
        LabError: a command failed; the text is what it said.
    """
    server.up(LAB, "container", "bookworm")
    _move(_ADDRESS)
    install = ["apt-get", "install", "-qq", "--no-install-recommends", *_PACKAGES]
    server.execute(LAB, "env", "DEBIAN_FRONTEND=noninteractive", *install)
    _copy(root)
    _write("/etc/ltsp/ltsp.conf", _SETTINGS)
    publish()
    server.execute(LAB, "ltsp", "dnsmasq", "--proxy-dhcp=0")
    _nfs()
    server.execute(LAB, "ltsp", "ipxe")
    server.execute(LAB, "ltsp", "initrd")


def publish() -> None:
    """Make LTSP's image anew of its tree, by the one command that its manual has for that."""
    _near_loop_devices("ltsp", "image", IMAGE)


def tree() -> Path:
    """Return the image's tree, on this machine."""
    return LAB.disk / "srv" / "ltsp" / IMAGE


def image() -> Path:
    """Return the image file that PCs boot, on this machine."""
    return LAB.disk / "srv" / "ltsp" / "images" / f"{IMAGE}.img"


def initrd() -> int:
    """Return how many bytes of initrd a PC loads: LTSP's own comes beside the image's."""
    folder = LAB.disk / "srv/tftp/ltsp"
    return sum((folder / name).stat().st_size for name in ("ltsp.img", f"{IMAGE}/initrd.img"))


def _move(address: str) -> None:
    """Give the server's NIC ``address`` instead of the lab's."""
    server.execute(LAB, "ip", "address", "flush", "dev", network.SERVER_NIC)
    server.execute(LAB, "ip", "address", "add", address, "dev", network.SERVER_NIC)


def _copy(root: Path) -> None:
    """Make the image's tree: a copy, with what LTSP's manual wants in a client."""
    shutil.rmtree(tree(), ignore_errors=True)
    tree().parent.mkdir(exist_ok=True)
    run(["cp", "-a", str(root), str(tree())])
    script = (
        "apt-get update -qq && DEBIAN_FRONTEND=noninteractive"
        " apt-get install -qq --no-install-recommends ltsp busybox &&"
        " sed -i 's/^MODULES=.*/MODULES=most/' /etc/initramfs-tools/initramfs.conf &&"
        " update-initramfs -c -k all"
    )
    server.execute(LAB, "sh", "-c", command_line(f"/srv/ltsp/{IMAGE}", script))


def _nfs() -> None:
    """Let NFS-Ganesha serve what `ltsp nfs` exports, under the name that this restarts."""
    unit = "/lib/systemd/system/nfs-ganesha.service"
    server.execute(LAB, "ln", "-sfn", unit, "/etc/systemd/system/nfs-kernel-server.service")
    server.execute(LAB, "systemctl", "daemon-reload")
    _write("/etc/ganesha/ganesha.conf", ganesha_conf(_EXPORTS, protocols=[3]))
    server.execute(LAB, "mkdir", "-p", "/srv/tftp/ltsp")
    server.execute(LAB, "ltsp", "nfs")


def _write(path: str, text: str) -> None:
    script = 'mkdir -p "$(dirname "$1")" && printf %s "$2" >"$1"'
    server.execute(LAB, "sh", "-euc", script, "sh", path, text)


def _near_loop_devices(*command: str) -> None:
    """Run a command on the server that mounts an image file.

    A container may not open loop devices, whatever is in its /dev: so the command comes from
    outside, into all namespaces of the container but with this machine's device rights.
    """
    pid = podman(["inspect", "--format", "{{.State.Pid}}", LAB.container]).strip()
    nodes = (
        "[ -e /dev/loop-control ] || mknod /dev/loop-control c 10 237;"
        " for n in 0 1 2 3 4 5 6 7; do [ -e /dev/loop$n ] || mknod /dev/loop$n b 7 $n; done;"
        ' exec "$@"'
    )
    inside = ["nsenter", "--target", pid, "--mount", "--uts", "--ipc", "--net", "--pid", "--root"]
    clean = ["env", "-i", "HOME=/root", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"]
    run([*inside, *clean, "sh", "-euc", nodes, "sh", *command], timeout=1200)
