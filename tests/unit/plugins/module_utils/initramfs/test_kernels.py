# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The newest kernel is what dpkg would call so, and only one that can boot counts."""

from __future__ import annotations

import subprocess
from itertools import product
from pathlib import Path

import pytest
from ansible_collections.diskless.netboot.plugins.module_utils.initramfs import kernels
from ansible_collections.diskless.netboot.plugins.module_utils.initramfs.error import InitramfsError

VERSIONS = ["6.1.0-9-amd64", "6.1.0-35-amd64", "6.12~rc1-amd64", "6.12.117+deb13-amd64", "6.12"]


@pytest.mark.parametrize(("left", "right"), [*product(VERSIONS, VERSIONS)])
def test_versions_are_ordered_as_dpkg_orders_them(left: str, right: str) -> None:
    order = kernels.compare(left, right)
    said = [
        subprocess.call(["dpkg", "--compare-versions", left, op, right]) == 0
        for op in ("lt", "eq", "gt")
    ]
    assert said == [order < 0, order == 0, order > 0]


def install(root: Path, version: str, vmlinuz: bool = True) -> None:
    (root / "lib/modules" / version).mkdir(parents=True)
    (root / "boot").mkdir(exist_ok=True)
    if vmlinuz:
        (root / "boot" / f"vmlinuz-{version}").write_bytes(b"MZ")


def test_the_newest_kernel_with_a_vmlinuz_is_chosen(tmp_path: Path) -> None:
    install(tmp_path, "6.1.0-9-amd64")
    install(tmp_path, "6.1.0-35-amd64")
    install(tmp_path, "6.1.0-50-amd64", vmlinuz=False)
    assert kernels.choose(tmp_path, "newest") == "6.1.0-35-amd64"
    assert kernels.choose(tmp_path, "6.1.0-9-amd64") == "6.1.0-9-amd64"


def test_a_kernel_that_is_not_there_is_refused_with_those_that_are(tmp_path: Path) -> None:
    install(tmp_path, "6.1.0-9-amd64")
    with pytest.raises(InitramfsError, match=r"no kernel 5\.10; it has 6\.1\.0-9-amd64"):
        kernels.choose(tmp_path, "5.10")


def test_an_image_without_a_kernel_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InitramfsError, match="has no kernel"):
        kernels.choose(tmp_path, "newest")
