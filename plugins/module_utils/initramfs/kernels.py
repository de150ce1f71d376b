# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernels in an image root, and which of them is the newest."""

from __future__ import annotations

import functools
import re
from itertools import zip_longest
from pathlib import Path

from ansible_collections.diskless.netboot.plugins.module_utils.image.rootfs import resolve
from ansible_collections.diskless.netboot.plugins.module_utils.initramfs.error import InitramfsError


def _weight(char: str) -> int:
    if char == "~":
        return -1
    return ord(char) if char.isalpha() else ord(char) + 256


def compare(left: str, right: str) -> int:
    """Compare two versions by Debian's rules, deb-version(7).

    :returns: a negative number, 0 or a positive number, as the left version is lower, equal or
        higher.
    """
    pattern = re.compile(r"([^0-9]*)([0-9]*)")
    for (a_text, a_number), (b_text, b_number) in zip_longest(
        pattern.findall(left), pattern.findall(right), fillvalue=("", "")
    ):
        for a, b in zip_longest(a_text, b_text):
            order = (_weight(a) if a else 0) - (_weight(b) if b else 0)
            if order:
                return order
        numbers = int(a_number or 0) - int(b_number or 0)
        if numbers:
            return numbers
    return 0


def installed(root: Path) -> list[str]:
    """Return the versions that have modules and a /boot/vmlinuz-VERSION, oldest first."""
    modules = resolve(root, "lib/modules")
    names = [path.name for path in modules.iterdir()] if modules.is_dir() else []
    found = [name for name in names if vmlinuz(root, name).is_file()]
    return sorted(found, key=functools.cmp_to_key(compare))


def vmlinuz(root: Path, version: str) -> Path:
    """Return the path of the kernel of this version on the boot server."""
    return resolve(root, f"boot/vmlinuz-{version}")


def choose(root: Path, wanted: str) -> str:
    """Return the version to build for: `wanted`, or the newest version for ``newest``.

    :raises InitramfsError: the image has no such kernel. The text lists those that it has.
    """
    found = installed(root)
    if not found:
        raise InitramfsError(
            f"{root} has no kernel: no /boot/vmlinuz-VERSION with /lib/modules/VERSION beside it"
        )
    if wanted == "newest":
        return found[-1]
    if wanted not in found:
        raise InitramfsError(f"{root} has no kernel {wanted}; it has {', '.join(found)}")
    return wanted
