# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where things lie on the boot server."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from ansible_collections.diskless.netboot.plugins.module_utils.store import paths

RELEASE = "2026-11-24.1"


def test_the_store_s_layout_is_what_the_documents_say() -> None:
    root = paths.DEFAULT_STORE
    assert paths.image_root(root, "library") == "/srv/netboot/images/library/root"
    assert paths.releases(root, "library") == "/srv/netboot/images/library/releases"
    assert (
        paths.release_root(root, "library", RELEASE)
        == f"/srv/netboot/images/library/releases/{RELEASE}/root"
    )
    assert paths.client_state(root, "pc01.a") == "/srv/netboot/clients/pc01.a/state"
    assert paths.client_root(root, "pc01.a") == "/srv/netboot/clients/pc01.a/root"
    assert paths.tftp_boot("library", RELEASE) == f"images/library/{RELEASE}"


def test_a_release_s_root_is_known_by_its_path() -> None:
    root = paths.release_root("/srv", "library", RELEASE)
    assert paths.is_release_root(root)
    for other in (
        paths.image_root("/srv", "library"),
        paths.shared_root("/srv", "library"),
        root.replace(RELEASE, f".{RELEASE}.partial"),
        f"{root}/etc",
        "/data/releases/1/root",
        "root",
    ):
        assert not paths.is_release_root(other), other


@pytest.mark.parametrize("name", ["..", ".", "", "a/b", "a b", "-a", "a\n"])
def test_a_name_that_is_no_path_segment_makes_no_path(name: str) -> None:
    makers: list[Callable[[], str]] = [
        lambda: paths.image_root("/srv", name),
        lambda: paths.releases("/srv", name),
        lambda: paths.release_root("/srv", name, "b"),
        lambda: paths.release_root("/srv", "a", name),
        lambda: paths.client_state("/srv", name),
        lambda: paths.client_root("/srv", name),
        lambda: paths.tftp_boot(name, "b"),
        lambda: paths.tftp_boot("a", name),
    ]
    for make in makers:
        with pytest.raises(ValueError, match="one path segment"):
            make()


def test_the_longest_names_stay_inside_pxelinux_s_127_bytes() -> None:
    release = "2026-11-24.100000-before-the-holidays"
    assert len(f"{paths.tftp_boot('i' * 64, release)}/{paths.INITRD}") <= 127
