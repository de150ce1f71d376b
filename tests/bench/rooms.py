# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A site with as many clients as a bench wants."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

SERVER = "10.0.0.1"
SUBNETS = [
    {"network": "10.0.0.0/15", "routers": ["10.0.0.2"], "pools": ["10.1.255.1-10.1.255.200"]}
]
FIRST = 3  # after network, server and router


def clients(count: int) -> dict[str, dict[str, Any]]:
    """Return the variables that each of *count* clients has of its own, by name."""
    return {
        f"pc{number:05d}": {
            "netboot_mac": "52:54:00:{:02x}:{:02x}:{:02x}".format(*number.to_bytes(3, "big")),
            "netboot_ip": f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}",
        }
        for number in range(FIRST, FIRST + count)
    }


SHARED = {
    "netboot_image": "library",
    "netboot_root": "overlay",
    "netboot_kernel_args": ["quiet", "console=ttyS0"],
}
"""What all of them have by way of their group."""


def write_inventory(folder: Path, count: int, server: dict[str, Any]) -> Path:
    """Write an inventory with one boot server, whose further variables *server* are, as a folder.

    It has the layout of ``inventories/library``: what is common stands in ``group_vars``.
    """
    alone: dict[str, Any] = {"hosts": {"server": {}}}
    groups = {
        "boot_servers": {
            "hosts": {"server": {"netboot_address": SERVER, **server}},
            "children": {f"{kind}_servers": alone for kind in ("dhcp", "tftp", "nfs")},
        },
        "netboot_images": {"hosts": {"library": {"nfsroot_image_suite": "bookworm"}}},
        "netboot_clients": {"hosts": clients(count)},
    }
    variables = {"all": {"netboot_subnets": SUBNETS}, "netboot_clients": SHARED}
    (folder / "group_vars").mkdir(parents=True)
    for group, content in variables.items():
        (folder / "group_vars" / f"{group}.yml").write_text(json.dumps(content), "utf-8")
    (folder / "hosts.yml").write_text(json.dumps(groups), "utf-8")
    return folder
