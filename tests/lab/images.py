# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Operating systems for boot servers, built once from the host's own package mirror."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.diskless.netboot.tests.lab import podman
from ansible_collections.diskless.netboot.tests.lab.network import (
    PREFIX,
    SERVER_ADDRESS,
    SERVER_NIC,
)
from ansible_collections.diskless.netboot.tests.lab.places import cache, lock_file
from ansible_collections.diskless.netboot.tests.lab.shell import LabError, run

SUITES = ("bookworm", "trixie", "forky")
_UNRELEASED = "forky"

# What any Debian server has that Ansible is pointed at.
# fmt: off
_SERVER = [
    "systemd", "systemd-sysv", "dbus", "openssh-server", "python3", "python3-apt", "iproute2",
    "ca-certificates", "procps", "kmod",
]
# fmt: on
# What an image has before a role adds to it: a kernel and what its initrd is made with.
_CLIENT = ["linux-image-amd64", "initramfs-tools", "nfs-common", "udev", "kmod", "zstd"]
_VM = ["linux-image-amd64", "initramfs-tools", "udev", "zstd"]
# What roles would install. In emulation dpkg takes minutes for it, and containers show that it
# works; the NFS server, for whose sake there is a VM, is left to its role.
_VM_SERVICES = [
    "tftpd-hpa",
    "pxelinux",
    "syslinux-common",
    "shim-signed",
    "grub-efi-amd64-signed",
    "kea-dhcp4-server",
    "rsync",
    "mmdebstrap",
    "zstd",
]

VM_SERVER_MAC = "52:54:00:5e:00:01"
_VM_DISK = "12G"


def mirrors(suite: str) -> list[str]:
    """Return apt source lines for ``suite`` from where the host itself gets Debian.

    Raises:
        LabError: the host has no Debian mirror, or no package lists yet.
    """
    which = ["Created-By: Packages", "Origin: Debian"]
    targets = run(["apt-get", "indextargets", "--format", "$(LABEL)\t$(REPO_URI)", *which])
    sites = dict(line.split("\t", 1) for line in targets.splitlines() if "\t" in line)
    if "Debian" not in sites:
        raise LabError("no Debian mirror in this machine's apt sources: run 'apt-get update'")
    main = sites["Debian"].rstrip("/")
    if suite == _UNRELEASED:
        # It has no updates yet, and a mirror may be a snapshot whose files are past their date.
        return [f"deb [check-valid-until=no] {main} {suite} main"]
    lines = [f"deb {main} {suite} main", f"deb {main} {suite}-updates main"]
    if "Debian-Security" in sites:
        lines.append(f"deb {sites['Debian-Security'].rstrip('/')} {suite}-security main")
    return lines


def of_suite(suite: str) -> dict[str, object]:
    """Return the inventory's variables of a PC image of ``suite``."""
    return {"nfsroot_image_suite": suite, "nfsroot_image_mirrors": mirrors(suite)}


def _key(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts, default=str).encode()).hexdigest()[:12]


@contextmanager
def _only_one(name: str) -> Iterator[None]:
    with lock_file(name).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _bootstrap(suite: str, packages: list[str], target: Path, *options: str) -> None:
    # fmt: off
    command = [
        "mmdebstrap", "--quiet", "--variant=minbase", f"--include={','.join(packages)}",
        "--aptopt=APT::Install-Recommends false", *options, suite, str(target), *mirrors(suite),
    ]
    # fmt: on
    run(command, timeout=1800)


def container_image(suite: str) -> str:
    """Return the name of a systemd container image of ``suite``, made when it's not there."""
    name = f"localhost/netboot-lab:{suite}-{_key(_SERVER, mirrors(suite))}"
    with _only_one(f"container-{suite}"):
        if not podman.succeeds(["image", "exists", name]):
            with tempfile.TemporaryDirectory(dir=_folder("tmp")) as folder:
                archive = Path(folder) / "root.tar"
                _bootstrap(suite, _SERVER, archive)
                podman.podman(["import", "-c", 'CMD ["/lib/systemd/systemd"]', str(archive), name])
    return name


def client_root(suite: str, folder: Path) -> Path:
    """Make ``folder`` an image's root of ``suite``, from an archive that is kept."""
    archive = _folder("roots") / f"{suite}-{_key(_CLIENT, mirrors(suite))}.tar"
    with _only_one(f"root-{suite}"):
        if not archive.exists():
            staged = archive.with_name(f"new-{archive.name}")
            _bootstrap(suite, _CLIENT, staged)
            staged.rename(archive)
    folder.mkdir()
    run(["tar", "--extract", "--numeric-owner", "--file", str(archive), "--directory", str(folder)])
    return folder


@dataclass(frozen=True)
class Disk:
    """A bootable boot server: a raw ext4 disk, and the kernel and initrd to start it with."""

    image: Path
    kernel: Path
    initrd: Path


def vm_disk(suite: str) -> Disk:
    """Return the boot server's disk for a VM of ``suite``, made when it's not there."""
    packages = _SERVER + _VM + _VM_SERVICES
    key = _key(packages, mirrors(suite), ssh_key().read_text(), _VM_DISK, _LINK, _NETWORK)
    folder = _folder("vm") / f"{suite}-{key}"
    with _only_one(f"vm-{suite}"):
        if not folder.exists():
            with tempfile.TemporaryDirectory(dir=_folder("tmp")) as scratch:
                staged = Path(scratch) / "vm"
                staged.mkdir()
                root = Path(scratch) / "root"
                _bootstrap(suite, packages, root, "--skip=cleanup/apt/lists")
                _furnish(root)
                (kernel,) = (root / "boot").glob("vmlinuz-*")
                (initrd,) = (root / "boot").glob("initrd.img-*")
                shutil.copy(kernel, staged / "vmlinuz")
                shutil.copy(initrd, staged / "initrd.img")
                disk = staged / "disk.raw"
                run(["truncate", "--size", _VM_DISK, str(disk)])
                run(["mke2fs", "-q", "-t", "ext4", "-d", str(root), str(disk)])
                staged.rename(folder)
    return Disk(folder / "disk.raw", folder / "vmlinuz", folder / "initrd.img")


_LINK = f"""\
[Match]
MACAddress={VM_SERVER_MAC}
[Link]
Name={SERVER_NIC}
"""
_NETWORK = {
    "10-lan.network": f"""\
[Match]
Name={SERVER_NIC}
[Network]
Address={SERVER_ADDRESS}/{PREFIX}
""",
    "20-outside.network": """\
[Match]
Name=e*
[Network]
DHCP=ipv4
""",
}


def _furnish(root: Path) -> None:
    """Make a bare root a server that answers ssh and knows its NICs."""
    network = root / "etc/systemd/network"
    network.mkdir(parents=True, exist_ok=True)
    (network / "10-lan.link").write_text(_LINK)
    for name, text in _NETWORK.items():
        (network / name).write_text(text)
    run(["systemctl", f"--root={root}", "enable", "systemd-networkd.service", "ssh.service"])
    (root / "etc/hostname").write_text("boot1\n")
    (root / "etc/fstab").write_text("/dev/vda / ext4 defaults 0 1\n")
    # QEMU's user network answers DNS here.
    (root / "etc/resolv.conf").write_text("nameserver 10.0.2.3\n")
    keys = root / "root/.ssh"
    keys.mkdir(mode=0o700, exist_ok=True)
    shutil.copy(ssh_key().with_suffix(".pub"), keys / "authorized_keys")


def ssh_key() -> Path:
    """Return the private key that opens the lab's machines; it never leaves the cache."""
    key = _folder("ssh") / "id_ed25519"
    with _only_one("ssh"):
        if not key.exists():
            staged = key.with_name(f"new-{os.getpid()}")
            options = ["-q", "-t", "ed25519", "-N", "", "-C", "netboot-lab"]
            run(["ssh-keygen", *options, "-f", str(staged)])
            staged.with_suffix(".pub").rename(key.with_suffix(".pub"))
            staged.rename(key)
    return key


def ssh_options() -> list[str]:
    """Return ssh's options for machines of the lab, which get new host keys all the time."""
    # fmt: off
    return ["-i", str(ssh_key()), "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no",
            "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR",
            "-o", "ConnectTimeout=10"]
    # fmt: on


def _folder(name: str) -> Path:
    folder = cache() / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def bases() -> Path:
    """Return the folder in which boot servers of all labs share what mmdebstrap made."""
    return _folder("bases")
