# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where things lie on the boot server."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from ansible_collections.diskless.netboot.plugins.module_utils import store

BUILD = "6.1.0-25-amd64-0123456789ab"


def test_the_store_s_layout_is_what_the_documents_say() -> None:
    root = store.DEFAULT_STORE
    assert store.image_root(root, "library") == "/srv/netboot/images/library/root"
    assert store.image_boot(root, "library", BUILD) == f"/srv/netboot/images/library/boot/{BUILD}"
    assert store.client_root(root, "pc01.a") == "/srv/netboot/clients/pc01.a/root"
    assert store.tftp_boot("library", BUILD) == f"images/library/{BUILD}"


@pytest.mark.parametrize("name", ["..", ".", "", "a/b", "a b", "-a", "a\n"])
def test_a_name_that_is_no_path_segment_makes_no_path(name: str) -> None:
    makers: list[Callable[[], str]] = [
        lambda: store.image_root("/srv", name),
        lambda: store.image_boot("/srv", name, "b"),
        lambda: store.image_boot("/srv", "a", name),
        lambda: store.client_root("/srv", name),
        lambda: store.tftp_boot(name, "b"),
        lambda: store.tftp_boot("a", name),
    ]
    for make in makers:
        with pytest.raises(ValueError, match="one path segment"):
            make()


def test_the_longest_names_stay_inside_pxelinux_s_127_bytes() -> None:
    build = "6.12.48+deb13-cloud-amd64-0123456789ab"
    assert len(f"{store.tftp_boot('i' * 64, build)}/{store.INITRD}") <= 127
