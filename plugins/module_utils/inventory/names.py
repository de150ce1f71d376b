# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The groups and variables of this collection. Similar names are reported as misspellings.

Otherwise, Ansible would ignore them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ansible_collections.diskless.netboot.plugins.module_utils.inventory.faults import (
    Fault,
    nearest,
)
from ansible_collections.diskless.netboot.plugins.module_utils.inventory.variables import (
    CLIENT_VARIABLES,
    PREFIX,
    SITE_VARIABLES,
)

BOOT_SERVERS, CLIENTS, IMAGES = "boot_servers", "netboot_clients", "netboot_images"
# The groups of servers, and what the servers do.
SERVERS = {
    "dhcp_servers": "gives addresses",
    "tftp_servers": "serves boot loaders and kernels",
    "nfs_servers": "keeps the images and serves roots",
    "log_servers": "keeps the PCs' logs",
}
NEEDED = ("nfs_servers", "tftp_servers")
GROUPS = (BOOT_SERVERS, *SERVERS, CLIENTS, IMAGES)
# Variables that the roles set, in addition to their options.
_FACTS = (
    "nfs_server_root_releases",
    "nfsroot_image_mounter",
    "nfsroot_image_releases",
    "nfsroot_image_there",
)
# How similar a group or variable must be to one of this collection to be reported. Others belong to
# somebody else.
_ALIKE = 0.9


def group_faults(groups: Mapping[str, Sequence[str]]) -> list[Fault]:
    """Return what is wrong with the groups of an inventory.

    Args:
        groups: the hosts of each group, by its name.
    """
    faults = []
    for group in sorted(set(groups).difference(GROUPS)):
        near = nearest(group, GROUPS, _ALIKE)
        # A name that begins with a known name is probably a part of that group, such as
        # netboot_clients_upstairs.
        if near and not group.startswith(near):
            faults.append(Fault("", f"group {group}", None, f"did you mean {near}?"))
    if faults:
        return faults
    if not groups.get(BOOT_SERVERS):
        expected = "must have the hosts that serve the PCs; there is no such group, or it is empty"
        return [Fault("", f"group {BOOT_SERVERS}", None, expected)]
    for group in NEEDED:
        if not groups.get(group):
            expected = f"must have the host that {SERVERS[group]}; it is empty or not there"
            faults.append(Fault("", f"group {group}", None, expected))
    for group in SERVERS:
        for host in groups.get(group, ()):
            if host not in groups[BOOT_SERVERS]:
                expected = f"must be in {BOOT_SERVERS} too: make {group} one of its children"
                faults.append(Fault(host, f"group {group}", None, expected))
    return faults


def variable_faults(host: str, variables: Iterable[str], options: Iterable[str]) -> list[Fault]:
    """Return a fault for each variable of a boot server or image that is probably misspelt.

    Args:
        host: its inventory name.
        variables: the names of its variables.
        options: the names of all role options.
    """
    known = tuple(sorted({*options, *_FACTS, *CLIENT_VARIABLES, *SITE_VARIABLES}))
    prefixes = tuple(sorted({PREFIX, *("_".join(name.split("_")[:2]) + "_" for name in options)}))
    faults = []
    for name in variables:
        if name.startswith(prefixes) and name not in known:
            near = nearest(name, known, _ALIKE)
            if near:
                faults.append(Fault(host, name, None, f"is no variable; did you mean {near}?"))
    return faults
