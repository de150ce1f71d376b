# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where things lie on the boot server."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from ansible_collections.diskless.netboot.plugins.module_utils import store

RELEASE = "2026-11-24.1"


def test_the_store_s_layout_is_what_the_documents_say() -> None:
    root = store.DEFAULT_STORE
    assert store.image_root(root, "library") == "/srv/netboot/images/library/root"
    assert store.releases(root, "library") == "/srv/netboot/images/library/releases"
    assert (
        store.release_root(root, "library", RELEASE)
        == f"/srv/netboot/images/library/releases/{RELEASE}/root"
    )
    assert store.client_state(root, "pc01.a") == "/srv/netboot/clients/pc01.a/state"
    assert store.client_root(root, "pc01.a") == "/srv/netboot/clients/pc01.a/root"
    assert store.tftp_boot("library", RELEASE) == f"images/library/{RELEASE}"


def test_a_release_s_root_is_known_by_its_path() -> None:
    root = store.release_root("/srv", "library", RELEASE)
    assert store.is_release_root(root)
    for other in (
        store.image_root("/srv", "library"),
        store.shared_root("/srv", "library"),
        root.replace(RELEASE, f".{RELEASE}.partial"),
        f"{root}/etc",
        "/data/releases/1/root",
        "root",
    ):
        assert not store.is_release_root(other), other


@pytest.mark.parametrize("name", ["..", ".", "", "a/b", "a b", "-a", "a\n"])
def test_a_name_that_is_no_path_segment_makes_no_path(name: str) -> None:
    makers: list[Callable[[], str]] = [
        lambda: store.image_root("/srv", name),
        lambda: store.releases("/srv", name),
        lambda: store.release_root("/srv", name, "b"),
        lambda: store.release_root("/srv", "a", name),
        lambda: store.client_state("/srv", name),
        lambda: store.client_root("/srv", name),
        lambda: store.tftp_boot(name, "b"),
        lambda: store.tftp_boot("a", name),
    ]
    for make in makers:
        with pytest.raises(ValueError, match="one path segment"):
            make()


def test_the_longest_names_stay_inside_pxelinux_s_127_bytes() -> None:
    release = "2026-11-24.100000-before-the-holidays"
    assert len(f"{store.tftp_boot('i' * 64, release)}/{store.INITRD}") <= 127
