# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The backend for images with dracut (an option of Debian, the default of Ubuntu from 25.10 on).

Sources: dracut(8), dracut.cmdline(7), dracut.modules(7), and dracut's own modules.d/*/module-setup.

The initrd uses dracut's shell init, without systemd. It has a third of the size, and its hooks run
in the order of their names. dracut can add drivers, but it cannot leave drivers out. So for
``modules=list``, dracut's own tool dracut-install copies the drivers, and dracut only adds this
folder.
"""

from __future__ import annotations

from collections.abc import Sequence

from ansible_collections.diskless.netboot.plugins.module_utils.image.rootfs import (
    find_program,
    resolve,
)
from ansible_collections.diskless.netboot.plugins.module_utils.initramfs import (
    compressors,
    mount_scripts,
    root_scripts,
)
from ansible_collections.diskless.netboot.plugins.module_utils.initramfs.spec import (
    NO_BUSYBOX,
    Spec,
)

_LEGACY = "network-legacy"
_MODULES = (
    "dash",
    "base",
    "udev-rules",
    "network",
    _LEGACY,
    "kernel-network-modules",
    "nfs",
)
# The programs that dracut's modules need, and their packages. If one is missing, dracut leaves the
# module out without a message.
_PROGRAMS = {
    "mount.nfs": "nfs-common",
    "rpc.statd": "nfs-common",
    "rpcbind": "rpcbind",
    "dhclient": "isc-dhcp-client",
    "arping": "iputils-arping",
    "ip": "iproute2",
    "cpio": "cpio",
}
_COMMANDS = ("cat", "mkdir", "ln", "mount", "modprobe", "mv", "ip", "sleep")
_HOOKS = "lib/dracut/hooks"
_INSTALL = "usr/lib/dracut/dracut-install"

# For USB network cards and USB keyboards. initramfs-tools includes the same drivers.
_WITH_NETBOOT = ("=drivers/usb/host", "usbhid", "hid_generic")


class Dracut:
    """See :class:`Backend`."""

    name = "dracut"
    packages = (
        "dracut*",
        "rpcbind",
        "nfs-common",
        "isc-dhcp-client",
        "iputils-arping",
        "iproute2",
        "dash",
        "kmod",
        "libkmod*",
        "libc6",
        "udev",
        "cpio",
        *compressors.PACKAGES,
        "firmware-*",
        "linux-firmware*",
    )
    sources = (
        "usr/lib/dracut",
        "etc/modprobe.d",
        "usr/lib/modprobe.d",
        "etc/ld.so.conf",
        "etc/ld.so.conf.d",
        "etc/udev",
    )

    def mounter(self, _spec: Spec) -> str:
        return "mount.nfs"

    def faults(self, spec: Spec, version: str) -> list[str]:
        found = compressors.faults(spec, version)
        folder = resolve(spec.root, "usr/lib/dracut/modules.d")
        there = {path.name.lstrip("0123456789") for path in folder.glob("[0-9][0-9]*")}
        absent = [name for name in _MODULES if name not in there]
        if _LEGACY in absent and "network" in there:
            # dracut 112 of Debian 14: dropped upstream, with the DHCP clients that it called.
            absent.remove(_LEGACY)
            found.append(
                f"this dracut has no module {_LEGACY} any more, which a root over NFS needs here;"
                " set nfsroot_image_initramfs to initramfs-tools for this image"
            )
        if absent:
            found.append(
                f"dracut has no module {', '.join(absent)}; install dracut-network in the image"
            )
        lost = {
            name: package
            for name, package in _PROGRAMS.items()
            if not find_program(spec.root, name)
        }
        if lost:
            found.append(
                f"the image has no {', '.join(lost)}, without which dracut leaves NFS out; install"
                f" {', '.join(sorted(set(lost.values())))} in it"
            )
        if spec.squashfs and not find_program(spec.root, "busybox"):
            found.append(NO_BUSYBOX)
        return found

    def files(self, spec: Spec, modules: Sequence[str]) -> dict[str, tuple[str, int]]:
        hooks = mount_scripts.dracut_hooks(spec.nfs_version)
        # With rd.shell=0, a boot that fails ends in a kernel panic, and panic= (which is in each
        # boot entry) starts the PC again. Otherwise dracut's shell would wait for a user. rd.shell
        # on the kernel command line comes later, so it enables the shell again.
        return {
            "conf/dracut.conf": ("# Written by diskless.netboot\n", 0o644),
            "files/usr/sbin/netboot-root": (
                root_scripts.netboot_root_for_dracut(spec.nfs_version),
                0o755,
            ),
            "files/etc/protocols": (mount_scripts.PROTOCOLS, 0o644),
            "files/etc/cmdline.d/50-netboot.conf": ("rd.shell=0\n", 0o644),
            **{f"files/usr/{_HOOKS}/{name}": (text, 0o755) for name, text in hooks.items()},
            **(
                {"files/usr/sbin/netbootroot": (mount_scripts.netbootroot_for_dracut(), 0o755)}
                if spec.squashfs
                else {}
            ),
        }

    def commands(
        self, spec: Spec, version: str, modules: Sequence[str], work: str
    ) -> list[list[str]]:
        more = ["kernel-modules"] if spec.modules == "most" else []
        # fmt: off
        dracut = [
            "dracut", "--force", "--quiet", "--reproducible", "--no-hostonly",
            "--no-hostonly-cmdline", "--no-early-microcode", "--nostrip", "--nohardlink",
            "--conf", f"{work}/conf/dracut.conf", "--confdir", f"{work}/conf/conf.d",
            "--tmpdir", f"{work}/tmp", "--kver", version,
            "--compress", compressors.command(spec),
            "--modules", " ".join([*_MODULES, *more]),
            "--install", " ".join([*_COMMANDS, *(["busybox"] if spec.squashfs else [])]),
            "--include", f"{work}/files/usr", "/usr",
            "--include", f"{work}/files/etc", "/etc",
        ]
        # fmt: on
        if spec.modules != "list":
            names = " ".join([*modules, *_WITH_NETBOOT])
            return [[*dracut, "--add-drivers", names, f"{work}/initrd"]]
        own, there = f"/lib/modules/{version}", f"{work}/files/usr/lib/modules/{version}"
        lists = [f"{own}/modules.{name}" for name in ("order", "builtin", "builtin.modinfo")]
        tops = [f"updates/{version}", "updates", version, ""]
        firmware = ":".join(f"/lib/firmware/{top}".rstrip("/") for top in tops)
        # fmt: off
        return [
            [
                f"/{_INSTALL}", "-D", f"{work}/files", "--kerneldir", own,
                "--firmwaredirs", firmware, "-m", *modules,
            ],
            ["cp", *lists, there],
            ["depmod", "-b", f"{work}/files", version],
            [*dracut, "--no-kernel", f"{work}/initrd"],
        ]
        # fmt: on

    def client_files(self, spec: Spec) -> dict[str, tuple[str, ...]]:
        def program(name: str) -> tuple[str, ...]:
            return tuple(f"{top}/{name}" for top in ("usr/sbin", "usr/bin", "sbin", "bin"))

        hooks = mount_scripts.dracut_hooks("")
        return {
            "mount.nfs": program("mount.nfs"),
            "dracut's nfsroot": program("nfsroot"),
            "a DHCP client (dhclient)": program("dhclient"),
            "netboot-root": program("netboot-root"),
            **{name: (f"usr/{_HOOKS}/{name}", f"var/{_HOOKS}/{name}") for name in hooks},
            **{name: program(name) for name in ("busybox", "netbootroot") if spec.squashfs},
        }
