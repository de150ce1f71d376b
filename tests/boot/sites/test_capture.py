# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A PC that was set up on its own disk becomes the image that others boot, and stays as it was."""

from __future__ import annotations

import base64
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from ansible_collections.diskless.netboot.plugins.module_utils.pc.qemu import (
    Guest,
    Hardware,
    nic_arguments,
)
from ansible_collections.diskless.netboot.plugins.module_utils.pc.trace import Trace
from ansible_collections.diskless.netboot.tests.boot.room import CAPTURED
from ansible_collections.diskless.netboot.tests.boot.site import Site
from ansible_collections.diskless.netboot.tests.lab import client, console, images, network, server
from ansible_collections.diskless.netboot.tests.lab.turn import turn

MAC, ADDRESS = "52:54:00:00:00:60", "198.51.100.60"
NETWORK = f"[Match]\nMACAddress={MAC}\n[Network]\nAddress={ADDRESS}/24\n"
FSTAB = "/dev/vda / ext4 defaults 0 1\n/dev/vdb none swap nofail,x-systemd.device-timeout=1 0 0\n"
KEY = "/root/.ssh/capture"
# What makes a PC boot from its disk and be itself.
IDENTITY = (
    "cd / && sha256sum etc/fstab etc/hostname etc/machine-id etc/resolv.conf etc/ssh/ssh_host_*"
    " boot/* etc/systemd/network/* && ls -1 etc/systemd/system etc/initramfs-tools usr/lib"
)


@pytest.fixture(scope="module")
def disk(site: Site) -> Iterator[images.Disk]:
    """A PC's disk: the image's own packages, set up by hand as a system of its own."""
    folder = site.lab.disk / "source"
    root = folder / "root"
    folder.mkdir()
    image = site.lab.disk / "srv/netboot/images/bookworm/root"
    subprocess.run(["cp", "--archive", str(image), str(root)], check=True)
    _make_small(root)
    shutil.rmtree(root / "usr/lib/netboot")
    (root / "etc/systemd/system/netboot-boot-nic.service").unlink()
    (root / "etc/resolv.conf").unlink()
    (root / "etc/resolv.conf").write_text("nameserver 198.51.100.9\n")
    (root / "etc/fstab").write_text(FSTAB)
    (root / "etc/hostname").write_text("by-hand\n")
    (root / "etc/systemd/network/lan.network").write_text(NETWORK)
    (root / "srv/catalogue").write_text("set up by hand\n")
    enable = ["systemctl", f"--root={root}", "enable", "systemd-networkd.service"]
    subprocess.run(enable, check=True)
    (kernel,) = (root / "boot").glob("vmlinuz-*")
    release = kernel.name.removeprefix("vmlinuz-")
    subprocess.run(["chroot", str(root), "update-initramfs", "-c", "-k", release], check=True)
    initrd = root / "boot" / f"initrd.img-{release}"
    for name, path in (("vmlinuz", kernel), ("initrd.img", initrd)):
        shutil.copy(path, folder / name)
    drive = folder / "disk.raw"
    subprocess.run(["truncate", "--size", "3G", str(drive)], check=True)
    subprocess.run(["mke2fs", "-q", "-t", "ext4", "-d", str(root), str(drive)], check=True)
    shutil.rmtree(root)
    yield images.Disk(drive, folder / "vmlinuz", folder / "initrd.img")
    shutil.rmtree(folder)


def _make_small(root: Path) -> None:
    """Remove what no start needs: an emulated PC encrypts all that is copied from it."""
    (modules,) = (root / "usr/lib/modules").iterdir()
    drivers = modules / "kernel/drivers"
    unused = [
        *(drivers / name for name in ("gpu", "hwmon", "iio", "infiniband", "md", "media", "scsi")),
        *(drivers / name for name in ("net/wireless", "platform", "staging", "usb")),
        # But for those of Intel, among them the only ones that QEMU plays.
        *(drivers / "net/ethernet").glob("[!i]*"),
        *(modules / "kernel" / name for name in ("fs/btrfs", "fs/ocfs2", "fs/xfs", "sound")),
        *(root / "usr/share" / name for name in ("doc", "locale", "man", "perl")),
        *(root / "var/lib/apt/lists").glob("*_*"),
    ]
    subprocess.run(["rm", "-rf", *map(str, unused)], check=True)
    subprocess.run(["chroot", str(root), "depmod", modules.name], check=True)


@contextmanager
def _runs(
    site: Site, disk: images.Disk, logs: Path, *arguments: str, trace: Trace | None = None
) -> Iterator[Guest]:
    """The PC, booted from its disk with these kernel arguments."""
    tap = network.open_tap(site.lab, "source")
    # fmt: off
    command = [
        *Hardware(accelerator=server.qemu_accelerator()).arguments(),
        "-kernel", str(disk.kernel), "-initrd", str(disk.initrd),
        "-append", " ".join(["root=/dev/vda rw console=ttyS0,115200", *arguments]),
        "-drive", f"file={disk.image},if=virtio,format=raw,cache=unsafe",
        *nic_arguments("lan", tap, MAC, "virtio-net-pci", boot=False),
    ]
    # fmt: on
    folder = site.lab.run / "clients/source"
    with turn(1), Guest(command, folder, taps=[tap], trace=trace) as guest:
        if not guest.wait_ready(client.BOOT_SECONDS):
            client.keep_logs(site.lab, guest, logs)
            raise AssertionError(f"the PC did not boot from its disk. See {logs}.")
        yield guest


@pytest.fixture
def image(site: Site) -> Iterator[None]:
    """An image that is a copy of the PC; later tests have no use for it."""
    key = base64.b64encode(images.ssh_key().read_bytes()).decode()
    site.on_server(f"umask 077; echo {key} | base64 --decode > {KEY}")
    with site.edited() as hosts:
        hosts["netboot_images"]["hosts"]["captured"] = {
            "nfsroot_image_source": "captured",
            "nfsroot_image_captured_from": f"root@{ADDRESS}:/",
            "nfsroot_image_rsh": f"ssh -i {KEY} -o BatchMode=yes -o StrictHostKeyChecking=no",
        }
    yield
    with site.edited() as hosts:
        del hosts["netboot_images"]["hosts"]["captured"]
        hosts["netboot_clients"]["hosts"].pop(CAPTURED.name, None)


def test_a_pc_is_captured_others_boot_it_and_it_still_boots_from_its_own_disk(
    site: Site, disk: images.Disk, image: None, logs: Path
) -> None:
    early = site.playbook("image.yml", "--limit", "captured", fails=True)
    assert "capture.yml" in early.output
    # No PC is set to it, so it is in nobody's way.
    assert site.playbook("clients.yml").changed == 0

    def inside(script: str) -> str:
        return client.inside(site.lab, ADDRESS, script).strip()

    with _runs(site, disk, logs / "source") as guest:
        before = inside(IDENTITY)
        captured = site.playbook("capture.yml", "--limit", "captured")
        assert "changed while it was copied" not in captured.output
        assert inside(IDENTITY) == before
        machine = inside("cat /etc/machine-id")
        inside("systemctl poweroff")
        assert guest.wait_end(120), "the PC did not switch itself off"

    site.add(CAPTURED)
    site.playbook("clients.yml")
    with site.boots(CAPTURED, logs) as running:
        look = "cat /srv/catalogue; hostname; findmnt -no FSTYPE /; cat /etc/machine-id /etc/fstab"
        catalogue, hostname, kind, machine_id, *fstab = running.run(look).splitlines()
    assert (catalogue, hostname, kind) == ("set up by hand", CAPTURED.name, "overlay")
    assert len(machine_id) == len(machine)
    assert machine_id != machine
    assert not [line for line in fstab if line.startswith("/dev/")]

    again = (console.INIT,)
    with _runs(site, disk, logs / "source-again", *again, trace=console.trace()) as guest:
        assert console.run(guest, IDENTITY).strip() == before
