# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an image has beside what somebody asks for."""

from __future__ import annotations

import pytest
from ansible_collections.diskless.netboot.plugins.module_utils.bootstrap.packages import (
    image_packages,
    with_clock,
)


def packages(*asked: str, **options: str | bool) -> list[str]:
    told: dict[str, str | bool] = {
        "distribution": "debian",
        "initramfs": "initramfs-tools",
        "squashfs": False,
        "fresh": True,
        **options,
    }
    return image_packages(asked, **told)  # type: ignore[arg-type]


def test_a_fresh_image_has_a_kernel_and_what_makes_its_initrd() -> None:
    assert {"linux-image-amd64", "initramfs-tools", "nfs-common"} <= set(packages())
    assert {"dracut", "klibc-utils"} <= set(packages(initramfs="dracut"))
    assert "initramfs-tools" not in packages(initramfs="dracut")
    assert "linux-image-generic" in packages(distribution="ubuntu")


def test_a_copied_system_brings_its_own_kernel() -> None:
    assert not [name for name in packages(fresh=False) if name.startswith("linux-image")]


def test_what_was_systemd_s_own_is_a_package_from_debian_13_on() -> None:
    for suite, wanted in (("bookworm", False), ("trixie", True), ("forky", True), ("", False)):
        assert ("linux-sysctl-defaults" in packages(suite=suite)) == wanted, suite
    assert "linux-sysctl-defaults" not in packages(suite="noble", distribution="ubuntu")
    assert "linux-sysctl-defaults" not in packages(suite="trixie", fresh=False)


def test_what_ends_the_initrd_is_there_where_it_is_a_package_of_its_own() -> None:
    for suite, wanted in (("bookworm", False), ("forky", True)):
        found = packages(suite=suite, initramfs="dracut")
        assert ("util-linux-extra" in found) == wanted, suite
    assert "util-linux-extra" not in packages(suite="forky")


def test_who_fetches_an_image_as_one_file_does_so_by_busybox() -> None:
    assert "busybox" in packages(squashfs=True)
    assert "busybox" not in packages()


def test_what_is_asked_for_twice_is_there_once_and_in_order() -> None:
    found = packages("zstd", "gimp", "gimp")

    assert found == sorted(set(found))
    assert "gimp" in found


@pytest.mark.parametrize("clock", ["chrony", "ntpsec", "openntpd"])
def test_a_fresh_system_has_one_clock(clock: str) -> None:
    assert "systemd-timesyncd" in with_clock(["gimp"])
    assert "systemd-timesyncd" not in with_clock(["gimp", clock])


def test_an_unknown_distribution_is_refused() -> None:
    with pytest.raises(ValueError, match="plan9"):
        packages(distribution="plan9")
