# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The names of the variables of a client, and the kernel arguments that a client cannot set."""

from __future__ import annotations

from typing import Any

from ansible_collections.diskless.netboot.plugins.module_utils.inventory import values
from ansible_collections.diskless.netboot.plugins.module_utils.inventory.faults import nearest

PREFIX = "netboot_"

CLIENT_VARIABLES = (
    "netboot_files",
    "netboot_firmware",
    "netboot_hostname",
    "netboot_image",
    "netboot_ip",
    "netboot_kernel_args",
    "netboot_mac",
    "netboot_nic",
    "netboot_overlay_size",
    "netboot_persist",
    "netboot_release",
    "netboot_root",
    "netboot_state",
    "netboot_static",
)

SITE_VARIABLES = frozenset(
    {
        "netboot_address",
        "netboot_allow_removal",
        "netboot_clients",
        "netboot_http_port",
        "netboot_image_server",
        "netboot_images",
        "netboot_nfs_options",
        "netboot_nfs_server",
        "netboot_plan",
        "netboot_rollback_image",
        "netboot_store",
        "netboot_subnets",
        "netboot_tftp_root",
    }
)
"""Variables of a whole site. They are similar to those of a client, but they are not misspelt."""

# Other words that users write for variables of a client, without the prefix.
_OTHER_WORDS = {"address": "ip", "ip_address": "ip", "mac_address": "mac", "interface": "nic"}
_WORDS = (*(name[len(PREFIX) :] for name in CLIENT_VARIABLES), *_OTHER_WORDS)

# Kernel arguments that the plan sets, and what a user sets instead.
_PLANNED_ARGUMENTS = {
    "bootif": "netboot_mac",
    "boot": "netboot_root",
    "initrd": "netboot_image",
    "ip": "netboot_static",
    "netboot.ntp": "ntp_servers of netboot_subnets",
    "netboot.overlay": "netboot_overlay_size",
    "netboot.root": "netboot_root",
    "netboot.squashfs": "netboot_root",
    "netboot.state": "netboot_state",
    "nfsroot": "netboot_image and netboot_root",
    "ro": "netboot_root",
    "root": "netboot_root",
    "rw": "netboot_root",
    "systemd.hostname": "netboot_hostname",
}


def misspelt(variable: str) -> str | None:
    """Return the variable of a client for which *variable* is a misspelling, or None."""
    known = variable in CLIENT_VARIABLES or variable in SITE_VARIABLES
    if known or not variable.startswith(PREFIX):
        return None
    near = nearest(variable[len(PREFIX) :], _WORDS)
    return None if near is None else PREFIX + _OTHER_WORDS.get(near, near)


def split_arguments(value: Any) -> Any:
    """Return the kernel arguments in a string as a list, and any other value as it is.

    Raises:
        ValueError: the string has control characters, which would be lost when it is split.
    """
    if not isinstance(value, str):
        return value
    if not value.isprintable():
        raise ValueError("must be one line without control characters")
    return value.split()


def kernel_argument(value: Any) -> str:
    """Return one kernel argument that a client can set, or raise ValueError."""
    argument = values.kernel_argument(value)
    name = argument.partition("=")[0]
    instead = _PLANNED_ARGUMENTS.get(name.lower())
    if instead:
        raise ValueError(f"must leave out {name}, which the plan sets: use {instead}")
    return argument
