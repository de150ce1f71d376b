# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the kernel's exports are, as exportfs notes them. Reloads are in the boot tests."""

from __future__ import annotations

from ansible_collections.diskless.netboot.plugins.module_utils.nfs_exports import reload


def test_the_table_names_each_client_of_a_path() -> None:
    table = (
        b"/srv/netboot/images/lib\\040rary\t192.0.2.21(ro,sync,sec=sys)\n"
        b"/srv/netboot/images/lib\\040rary\t192.0.2.0/25(ro,sync,sec=sys)\n"
        b"/srv/b\\303\\274cher\t192.0.2.22(rw,no_root_squash)\n"
    )
    assert reload.etab(table) == {
        "/srv/netboot/images/lib rary": {"192.0.2.21", "192.0.2.0/25"},
        "/srv/bücher": {"192.0.2.22"},
    }


def test_nothing_is_exported_by_an_empty_table() -> None:
    assert reload.etab(b"") == {}
