# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An image's paths never lead out of the image, and its package list is read rightly."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.diskless.netboot.plugins.module_utils.image import rootfs


@pytest.mark.parametrize(
    ("target", "real"),
    [
        ("/usr/lib", "usr/lib"),
        ("usr/lib", "usr/lib"),
        ("../../../../etc", "etc"),
        ("/../..", ""),
    ],
)
def test_links_are_followed_inside_the_root_only(tmp_path: Path, target: str, real: str) -> None:
    (tmp_path / "lib").symlink_to(target)
    assert rootfs.resolve(tmp_path, "lib/x") == tmp_path / real / "x"


def test_a_loop_of_links_is_an_error_and_no_hang(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("/a")
    with pytest.raises(OSError, match="Too many levels of symbolic links"):
        rootfs.resolve(tmp_path, "a")


def test_dots_do_not_climb_out(tmp_path: Path) -> None:
    assert rootfs.resolve(tmp_path, "../../etc/../etc/passwd") == tmp_path / "etc/passwd"


def test_only_installed_packages_count(tmp_path: Path) -> None:
    status = tmp_path / "var/lib/dpkg/status"
    status.parent.mkdir(parents=True)
    status.write_text(
        "Package: kmod\nStatus: install ok installed\nVersion: 30+20221128-1\n\n"
        "Package: gone\nStatus: deinstall ok config-files\nVersion: 1\nDescription: x\n y\n\n"
        "Package: last\nStatus: install ok installed\nVersion: 2"
    )
    assert rootfs.packages(tmp_path) == {"kmod": "30+20221128-1", "last": "2"}
    assert rootfs.packages(tmp_path / "none") == {}


def test_a_trees_digest_sees_names_modes_links_and_bytes(tmp_path: Path) -> None:
    top = tmp_path / "top"
    top.mkdir()
    (top / "a").write_text("1")
    seen = {rootfs.tree_digest(top)}
    for change in (
        lambda: (top / "a").write_text("2"),
        lambda: (top / "a").chmod(0o755),
        lambda: (top / "b").symlink_to("a"),
        lambda: (top / "b").rename(top / "c"),
        (top / "d").mkdir,
    ):
        change()
        digest = rootfs.tree_digest(top)
        assert digest not in seen
        seen.add(digest)
    assert rootfs.tree_digest(top) == digest
    assert rootfs.tree_digest(tmp_path / "none") == "absent"
