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
from pathlib import Path

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

_MODULES = ("dash", "base", "udev-rules")
# What our hooks call, and its package. dracut leaves out what it does not find.
_PROGRAMS = {
    "mount.nfs": "nfs-common",
    "ipconfig": "klibc-utils",
    # dracut 112 only warns that it has none, and makes an initrd that cannot go on.
    "switch_root": "util-linux-extra",
}
_IPCONFIG, _KLIBC = "usr/lib/klibc/bin/ipconfig", "usr/lib/klibc-*.so"
_COMMANDS = ("cat", "mkdir", "ln", "mount", "mount.nfs", "modprobe", "mv", "sleep", "udevadm")
_NETCONFIG = "etc/netconfig"  # the list of transports, which libtirpc reads for mount.nfs
_HOOKS = "lib/dracut/hooks"
_INSTALL = "usr/lib/dracut/dracut-install"

# For all network cards, and for USB keyboards. initramfs-tools includes the same drivers.
_WITH_NETBOOT = (
    *(f"=drivers/net/{name}" for name in ("ethernet", "mdio", "pcs", "phy", "usb")),
    *("virtio_net", "vmxnet3", "hv_netvsc", "xen_netfront"),
    *("=drivers/usb/host", "usbhid", "hid_generic"),
)


class Dracut:
    """See :class:`Backend`."""

    name = "dracut"
    packages = (
        "dracut*",
        "nfs-common",
        "klibc-utils",
        "libklibc*",
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
        lost = {name: package for name, package in _PROGRAMS.items() if not _has(spec.root, name)}
        if lost:
            found.append(
                f"the image has no {', '.join(lost)}, without which dracut's initrd mounts no root;"
                f" install {', '.join(sorted(set(lost.values())))} in it"
            )
        if spec.squashfs and not find_program(spec.root, "busybox"):
            found.append(NO_BUSYBOX)
        return found

    def files(self, spec: Spec, modules: Sequence[str]) -> dict[str, tuple[str, int]]:
        hooks = mount_scripts.dracut_hooks()
        # With rd.shell=0, a boot that fails ends in a kernel panic, and panic= (which is in each
        # boot entry) starts the PC again. Otherwise dracut's shell would wait for a user. rd.shell
        # on the kernel command line comes later, so it enables the shell again.
        return {
            "conf/dracut.conf": ("# Written by diskless.netboot\n", 0o644),
            "files/usr/sbin/netboot-root": (
                root_scripts.netboot_root_for_dracut(spec.nfs_version),
                0o755,
            ),
            "files/usr/sbin/netboot-mount": (mount_scripts.netboot_mount(spec.nfs_version), 0o755),
            "files/etc/protocols": (mount_scripts.PROTOCOLS, 0o644),
            "files/etc/cmdline.d/50-netboot.conf": ("rd.shell=0\n", 0o644),
            **{f"files/usr/{_HOOKS}/{name}": (text, 0o755) for name, text in hooks.items()},
        }

    def commands(
        self, spec: Spec, version: str, modules: Sequence[str], work: str
    ) -> list[list[str]]:
        more = ["kernel-modules"] if spec.modules == "most" else []
        # dracut asks ldd(1) for the libraries of a program, which knows nothing of klibc.
        found = [*_COMMANDS, *(f"/{name}" for name in (_IPCONFIG, *_klibc(spec.root), _NETCONFIG))]
        if spec.squashfs:
            found.append("busybox")
        # fmt: off
        dracut = [
            "dracut", "--force", "--quiet", "--reproducible", "--no-hostonly",
            "--no-hostonly-cmdline", "--no-early-microcode", "--nostrip", "--nohardlink",
            "--conf", f"{work}/conf/dracut.conf", "--confdir", f"{work}/conf/conf.d",
            "--tmpdir", f"{work}/tmp", "--kver", version,
            "--compress", compressors.command(spec),
            "--modules", " ".join([*_MODULES, *more]),
            "--install", " ".join(found),
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

        return {
            **{name: program(name) for name in ("mount.nfs", "switch_root")},
            "ipconfig": (_IPCONFIG,),
            "netconfig": (_NETCONFIG,),
            "klibc": tuple(name for path in _klibc(spec.root) for name in (path, path[4:])),
            **{name: program(name) for name in ("netboot-mount", "netboot-root")},
            **{
                name: (f"usr/{_HOOKS}/{name}", f"var/{_HOOKS}/{name}")
                for name in mount_scripts.dracut_hooks()
            },
            **({"busybox": program("busybox")} if spec.squashfs else {}),
        }


def _klibc(root: Path) -> list[str]:
    """Return klibc's library, by its path below the root."""
    return [str(path.relative_to(root)) for path in sorted(root.glob(_KLIBC))]


def _has(root: Path, name: str) -> bool:
    if name == "ipconfig":
        return resolve(root, _IPCONFIG).exists()
    return bool(find_program(root, name))
