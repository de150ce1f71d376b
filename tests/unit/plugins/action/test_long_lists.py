# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the controller's part of a module with a long list sends to the target."""

from __future__ import annotations

from typing import Any

from ansible_collections.diskless.netboot.plugins.action import dhcp_leases, pxelinux_entry

CLIENT = {"name": "pc01", "macs": ["52:54:00:00:00:01"], "addresses": ["192.0.2.1"]}


def sent(module: Any, item: Any) -> Any:
    return object.__new__(module.ActionModule)._of(item)


def test_a_dhcp_server_hears_no_secret_of_a_client() -> None:
    client = {**CLIENT, "files": {"/etc/token": "a secret"}}
    assert sent(dhcp_leases, client) == {name: CLIENT[name] for name in ("macs", "addresses")}
    assert sent(dhcp_leases, "pc01") == "pc01"
    assert pxelinux_entry.ActionModule.fields == ()
