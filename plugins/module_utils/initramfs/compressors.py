# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The programs that compress an initrd, with flags that the kernel supports.

Sources: the man page of each program; Documentation/admin-guide/initrd.rst and lib/decompress*.c of
Linux; mkinitramfs(8), from which the levels and flags are taken.
"""

from __future__ import annotations

from ansible_collections.diskless.netboot.plugins.module_utils.image.rootfs import (
    find_program,
    resolve,
)
from ansible_collections.diskless.netboot.plugins.module_utils.initramfs.spec import Spec

PACKAGES = ("zstd", "xz-utils", "lz4", "gzip", "bzip2")
_PROGRAM_PACKAGE = {"xz": "xz-utils", "lzma": "xz-utils"}

# Without these flags, the kernel could not read the result, or the same input could give different
# bytes.
_FLAGS = {
    "gzip": ("-n",),
    "xz": ("--check=crc32", "--threads=1"),
    "lz4": ("-l",),
    "zstd": ("-q", "-T1"),
}
_LEVELS = {"zstd": 9, "lz4": 9}


def faults(spec: Spec, version: str) -> list[str]:
    """Return why the image cannot compress such an initrd, or why its kernel cannot unpack it."""
    found = []
    name = spec.compression
    if not find_program(spec.root, name):
        package = _PROGRAM_PACKAGE.get(name, name)
        found.append(f"compression: the image has no {name}; install {package} in it")
    config = resolve(spec.root, f"boot/config-{version}")
    if not config.is_file():
        found.append(f"kernel: {config}, which lists what the kernel can unpack, is missing")
    elif f"CONFIG_RD_{name.upper()}=y" not in config.read_text("utf-8").splitlines():
        found.append(f"compression: kernel {version} cannot unpack {name}")
    return found


def command(spec: Spec) -> str:
    """Return the command that compresses its standard input as `spec` says."""
    level = spec.compression_level or _LEVELS.get(spec.compression)
    flags = _FLAGS.get(spec.compression, ())
    return " ".join([spec.compression, *flags, *([f"-{level}"] if level else [])])
