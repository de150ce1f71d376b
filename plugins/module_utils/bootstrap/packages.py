# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The packages of an image, in addition to those that a user requests."""

from __future__ import annotations

from collections.abc import Iterable

DISTRIBUTIONS = ("debian", "ubuntu")
_KERNELS = {"debian": "linux-image-amd64", "ubuntu": "linux-image-generic"}
_INITRAMFS = {"initramfs-tools": ("initramfs-tools",), "dracut": ("dracut", "klibc-utils")}
# fmt: off
_NEEDED = (
    "dbus", "iproute2", "iputils-ping", "kmod", "libcap2-bin", "libnss-myhostname",
    "libpam-systemd", "mount", "netbase", "nfs-common", "openssh-server", "python3", "python3-apt",
    "systemd", "systemd-sysv", "udev", "zstd",
)
# fmt: on
# From Debian 13 on, this package has the settings that were systemd's. Debian 14's ping has no
# capability any more, and relies on one of them (net.ipv4.ping_group_range).
_SPLIT_OFF = ("linux-sysctl-defaults",)
_UNSPLIT = ("", "bullseye", "bookworm")
_CLOCK = "systemd-timesyncd"
_OTHER_CLOCKS = ("chrony", "ntpsec", "openntpd")


def image_packages(
    asked: Iterable[str],
    *,
    distribution: str,
    initramfs: str,
    squashfs: bool,
    fresh: bool,
    suite: str = "",
) -> list[str]:
    """Return the packages of an image, sorted.

    Args:
        asked: the requested packages.
        distribution: one of `DISTRIBUTIONS`.
        initramfs: ``initramfs-tools`` or ``dracut``.
        squashfs: whether PCs can fetch the image as one file. Their initrd needs busybox for this.
        fresh: whether the image is made from packages. A copied system has its own kernel.
        suite: code name of the release that a fresh image is made of.

    Raises:
        ValueError: an unknown distribution or tool.
    """
    if distribution not in _KERNELS or initramfs not in _INITRAMFS:
        raise ValueError(f"no image of {distribution} with {initramfs} is known")
    kernel = [_KERNELS[distribution]] if fresh else []
    busybox = ["busybox"] if squashfs else []
    split = _SPLIT_OFF if distribution == "debian" and fresh and suite not in _UNSPLIT else ()
    tools = _INITRAMFS[initramfs]
    # Ends the initrd, with switch_root; Debian 14 took it out of util-linux.
    extra = ["util-linux-extra"] if split and initramfs == "dracut" else []
    return sorted({*_NEEDED, *tools, *kernel, *busybox, *split, *extra, *asked})


def with_clock(packages: Iterable[str]) -> list[str]:
    """Return *packages* with a package that sets the clock, unless they contain one already.

    Only one such package can be installed. This is only for a new system, since an administrator
    may have installed another one in an existing system.
    """
    wanted = list(packages)
    return wanted if set(wanted).intersection(_OTHER_CLOCKS) else [*wanted, _CLOCK]
