# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The backend for images with initramfs-tools (Debian, Ubuntu up to 25.04).

Sources: mkinitramfs(8), initramfs.conf(5), initramfs-tools(7).
"""

from __future__ import annotations

from collections.abc import Sequence

from ansible_collections.diskless.netboot.plugins.module_utils.image.rootfs import find_program
from ansible_collections.diskless.netboot.plugins.module_utils.initramfs import (
    compressors,
    mount_scripts,
    root_scripts,
)
from ansible_collections.diskless.netboot.plugins.module_utils.initramfs.spec import (
    NO_BUSYBOX,
    Spec,
)

# RESUME is set to none, since a hook would look for the boot server's swap otherwise. ROOT is not
# set here, since it is a kernel argument.
_CONF = """# Written by diskless.netboot
MODULES={modules}
BOOT={boot}
BUSYBOX=auto
KEYMAP=n
COMPRESS={compression}
{level}DEVICE=
NFSROOT=auto
RESUME=none
FSTYPE=
UMASK=0022
"""

# Each client would load the modules that are listed in CONFDIR/modules. The hook only adds them to
# the initrd, and udev and mount load those that a client needs.
_HOOK = """#!/bin/sh
[ "$1" = prereqs ] && exit 0
. /usr/share/initramfs-tools/hook-functions
manual_add_modules {modules}
"""

# libtirpc reads the list of transports in /etc/netconfig.
_MOUNT_NFS_HOOK = """copy_exec /sbin/mount.nfs
copy_file config /etc/netconfig
printf '%s' '{protocols}' > "$DESTDIR/etc/protocols"
"""

# The hook of busybox itself may have copied it already.
_SQUASHFS_HOOK = """[ -e "$DESTDIR/bin/busybox" ] || copy_exec /bin/busybox
"""


class InitramfsTools:
    """See :class:`Backend`."""

    name = "initramfs-tools"
    packages = (
        "initramfs-tools",
        "initramfs-tools-*",
        "dracut-install",
        "klibc-utils",
        "libklibc",
        "busybox*",
        "kmod",
        "libkmod*",
        "libc6",
        "udev",
        "cpio",
        "3cpio",
        *compressors.PACKAGES,
        "nfs-common",
        "firmware-*",
        "linux-firmware*",
        "*-microcode",
    )
    sources = (
        "usr/share/initramfs-tools",
        "etc/modprobe.d",
        "usr/lib/modprobe.d",
        "etc/ld.so.conf",
        "etc/ld.so.conf.d",
        "etc/udev",
    )

    def mounter(self, spec: Spec) -> str:
        return "nfsmount" if spec.nfs_version == "3" else "mount.nfs"

    def faults(self, spec: Spec, version: str) -> list[str]:
        # If the compressor is missing, mkinitramfs uses gzip and only prints a warning.
        found = compressors.faults(spec, version)
        if self.mounter(spec) == "mount.nfs" and not find_program(spec.root, "mount.nfs"):
            found.append("nfs_version: the image has no mount.nfs; install nfs-common in it")
        if spec.squashfs and not find_program(spec.root, "busybox"):
            found.append(NO_BUSYBOX)
        return found

    def files(self, spec: Spec, modules: Sequence[str]) -> dict[str, tuple[str, int]]:
        level = f"COMPRESSLEVEL={spec.compression_level}\n" if spec.compression_level else ""
        hook = _HOOK.format(modules=" ".join(modules))
        if self.mounter(spec) == "mount.nfs":
            hook += _MOUNT_NFS_HOOK.format(protocols=mount_scripts.PROTOCOLS)
        if spec.squashfs:
            hook += _SQUASHFS_HOOK
        own = mount_scripts.boot_script(spec.nfs_version, squashfs=spec.squashfs)
        conf = _CONF.format(
            modules=spec.modules,
            boot="netboot" if own else "nfs",
            compression=spec.compression,
            level=level,
        )
        return {
            "conf/initramfs.conf": (conf, 0o644),
            "conf/modules": ("", 0o644),
            "conf/hooks/netboot-modules": (hook, 0o755),
            "conf/scripts/nfs-premount/netboot-link": (mount_scripts.LINK, 0o755),
            "conf/scripts/init-bottom/netboot-root": (
                root_scripts.netboot_root(spec.nfs_version),
                0o755,
            ),
            **({"conf/scripts/netboot": (own, 0o644)} if own else {}),
        }

    def commands(
        self, spec: Spec, version: str, _modules: Sequence[str], work: str
    ) -> list[list[str]]:
        return [["mkinitramfs", "-d", f"{work}/conf", "-o", f"{work}/initrd", version]]

    def client_files(self, spec: Spec) -> dict[str, tuple[str, ...]]:
        top = ("bin/", "sbin/", "usr/bin/", "usr/sbin/")
        mounter = self.mounter(spec)
        own: dict[str, tuple[str, ...]] = {}
        if mount_scripts.boot_script(spec.nfs_version, squashfs=spec.squashfs):
            own["scripts/netboot"] = ("scripts/netboot",)
        if spec.squashfs:
            own["busybox"] = tuple(f"{t}busybox" for t in top)
        return {
            mounter: tuple(f"{t}{mounter}" for t in top),
            # Ubuntu 24.04 uses dhcpcd instead of ipconfig.
            "a DHCP client (ipconfig or dhcpcd)": tuple(
                f"{t}{name}" for name in ("ipconfig", "dhcpcd") for t in top
            ),
            "scripts/nfs": ("scripts/nfs",),
            "scripts/nfs-premount/netboot-link": ("scripts/nfs-premount/netboot-link",),
            "scripts/init-bottom/netboot-root": ("scripts/init-bottom/netboot-root",),
            **own,
        }
