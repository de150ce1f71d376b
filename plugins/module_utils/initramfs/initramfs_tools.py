# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The backend for images with initramfs-tools (Debian, Ubuntu up to 25.04).

Sources: mkinitramfs(8), initramfs.conf(5), initramfs-tools(7).
"""

from __future__ import annotations

from collections.abc import Sequence

from ansible_collections.diskless.netboot.plugins.module_utils.initramfs import scripts
from ansible_collections.diskless.netboot.plugins.module_utils.initramfs.rootfs import resolve
from ansible_collections.diskless.netboot.plugins.module_utils.initramfs.spec import Spec

# RESUME: a hook would look for the boot server's swap. ROOT stays unset: it is a kernel argument.
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

# Modules that stand in CONFDIR/modules are loaded by every client; these are only there, for udev
# and mount to load where they fit.
_HOOK = """#!/bin/sh
[ "$1" = prereqs ] && exit 0
. /usr/share/initramfs-tools/hook-functions
manual_add_modules {modules}
"""

_RD = {
    "gzip": "GZIP",
    "bzip2": "BZIP2",
    "lzma": "LZMA",
    "xz": "XZ",
    "lz4": "LZ4",
    "zstd": "ZSTD",
}
_PROGRAM_PACKAGE = {"xz": "xz-utils", "lzma": "xz-utils"}


class InitramfsTools:
    """See :class:`Backend`."""

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
        "zstd",
        "xz-utils",
        "lz4",
        "gzip",
        "bzip2",
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

    def faults(self, spec: Spec, version: str) -> list[str]:
        # mkinitramfs falls back to gzip, with a warning only.
        found = []
        if not any(
            resolve(spec.root, f"{top}/{spec.compression}").is_file() for top in ("usr/bin", "bin")
        ):
            package = _PROGRAM_PACKAGE.get(spec.compression, spec.compression)
            found.append(
                f"compression: the image has no {spec.compression}; install {package} in it"
            )
        config = resolve(spec.root, f"boot/config-{version}")
        symbol = f"CONFIG_RD_{_RD[spec.compression]}=y"
        if not config.is_file():
            found.append(f"kernel: {config} is missing, which mkinitramfs reads")
        elif symbol not in config.read_text("utf-8").splitlines():
            found.append(f"compression: kernel {version} cannot unpack {spec.compression}")
        return found

    def files(self, spec: Spec, modules: Sequence[str]) -> dict[str, tuple[str, int]]:
        level = f"COMPRESSLEVEL={spec.compression_level}\n" if spec.compression_level else ""
        conf = _CONF.format(
            modules=spec.modules, boot=spec.boot, compression=spec.compression, level=level
        )
        return {
            "conf/initramfs.conf": (conf, 0o644),
            "conf/modules": ("", 0o644),
            "conf/hooks/netboot-modules": (_HOOK.format(modules=" ".join(modules)), 0o755),
            "conf/scripts/init-bottom/netboot-root": (scripts.netboot_root(), 0o755),
        }

    def command(self, spec: Spec, version: str, work: str) -> list[str]:
        return ["mkinitramfs", "-d", f"{work}/conf", "-o", f"{work}/initrd", version]

    def client_files(self) -> dict[str, tuple[str, ...]]:
        top = ("bin/", "sbin/", "usr/bin/", "usr/sbin/")
        return {
            "nfsmount": tuple(f"{t}nfsmount" for t in top),
            # Ubuntu 24.04 asks DHCP by dhcpcd instead.
            "a DHCP client (ipconfig or dhcpcd)": tuple(
                f"{t}{name}" for name in ("ipconfig", "dhcpcd") for t in top
            ),
            "scripts/nfs": ("scripts/nfs",),
            "scripts/init-bottom/netboot-root": ("scripts/init-bottom/netboot-root",),
        }
