# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks a whole inventory before anything is changed, and returns its clients."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleConnectionFailure
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.diskless.netboot.plugins.module_utils.inventory import names
from ansible_collections.diskless.netboot.plugins.module_utils.inventory.addresses import (
    LibraryMissingError,
)
from ansible_collections.diskless.netboot.plugins.module_utils.inventory.client import Client
from ansible_collections.diskless.netboot.plugins.module_utils.inventory.faults import (
    Fault,
    InventoryError,
)
from ansible_collections.diskless.netboot.plugins.module_utils.inventory.parser import parse_clients
from ansible_collections.diskless.netboot.plugins.module_utils.inventory.reader import Unreadable
from ansible_collections.diskless.netboot.plugins.module_utils.inventory.removal import removal
from ansible_collections.diskless.netboot.plugins.module_utils.store import paths
from ansible_collections.diskless.netboot.plugins.plugin_utils import reach
from ansible_collections.diskless.netboot.plugins.plugin_utils.data import as_text, plain
from ansible_collections.diskless.netboot.plugins.plugin_utils.site import (
    client_variables,
    read,
    role_options,
)

display = Display()


class ActionModule(ActionBase):
    """Checks the inventory. It changes nothing."""

    _supports_check_mode = True

    def run(
        self, tmp: str | None = None, task_vars: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Check the inventory and return its clients."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        variables = task_vars or {}
        try:
            clients = _clients(variables)
        except InventoryError as error:
            # Ansible would show the text of a result on one line, and twice.
            display.display(str(error), color="red")
            return _failed(result, "The inventory has faults, which are listed above.")
        except LibraryMissingError as error:
            return _failed(result, str(error))
        left_out = _left_out(variables)
        if left_out:
            return _failed(
                result,
                f"Run this playbook without --limit: it would leave out {', '.join(left_out)}, and"
                " releases, exports, entries and addresses belong together.",
            )
        if not boolean(variables.get("netboot_allow_removal", False), strict=False):
            try:
                exports = self._exports(variables)
            except AnsibleConnectionFailure as error:
                return _failed(result, reach.sentence(variables["groups"]["nfs_servers"][0], error))
            if isinstance(exports, str):
                return _failed(
                    result,
                    "It cannot be checked whether this run would remove PCs, since the exports of"
                    f" the last run cannot be read. {exports}.",
                )
            gone = removal(
                exports,
                [client.name for client in clients],
                [address for client in clients for address in client.addresses],
            )
            if gone.suspicious:
                return _failed(
                    result,
                    f"This run would remove {gone} from the boot servers. If that is what you want,"
                    " run it again with -e netboot_allow_removal=true.",
                )
        return {**result, "changed": False, "clients": as_text([one.to_dict() for one in clients])}

    def _exports(self, variables: dict[str, Any]) -> list[dict[str, Any]] | str:
        """Return the exports of the last run, [] if there was none, or why they cannot be read."""
        server = variables["hostvars"][variables["groups"]["nfs_servers"][0]]
        store = read(server, "nfs_server_store") if "nfs_server_store" in server else None
        store = store or (read(server, "netboot_store") if "netboot_store" in server else None)
        path = f"{store or paths.DEFAULT_STORE}/{paths.EXPORTS}"
        read_back = self._execute_module(
            module_name="ansible.legacy.slurp", module_args={"src": path}, task_vars=variables
        )
        if read_back.get("failed"):
            why = str(read_back.get("msg", "")).rstrip(".")
            return [] if "not found" in why.lower() else why
        try:
            found: list[dict[str, Any]] = json.loads(base64.b64decode(read_back["content"]))
        except ValueError as error:
            return f"{path}: {error}"
        return found


def _failed(result: dict[str, Any], why: str) -> dict[str, Any]:
    return {**result, "failed": True, "msg": f"{why} Nothing was changed."}


def _clients(variables: Mapping[str, Any]) -> list[Client]:
    """Return the inventory's clients.

    Raises:
        InventoryError: groups, servers, images or clients have faults; the text lists all of them.
    """
    groups, hostvars = variables["groups"], variables["hostvars"]
    faults = names.group_faults(groups)
    if faults:
        raise InventoryError(faults)
    reserved: dict[str, str] = {}
    options = role_options()
    for host in groups[names.BOOT_SERVERS]:
        server = hostvars[host]
        faults += names.variable_faults(host, map(str, server), options)
        address = read(server, "netboot_address") if "netboot_address" in server else None
        if isinstance(address, Unreadable):
            faults.append(Fault(host, "netboot_address", None, address.reason))
        elif address is None:
            expected = "must be given: the boot server's address on the PCs' network"
            faults.append(Fault(host, "netboot_address", None, expected))
        else:
            reserved[address] = host
    images = list(groups.get(names.IMAGES, ()))
    for host in images:
        faults += names.variable_faults(host, map(str, hostvars[host]), options)
    first = hostvars[groups[names.BOOT_SERVERS][0]]
    subnets = read(first, "netboot_subnets") if "netboot_subnets" in first else None
    if subnets is None or isinstance(subnets, Unreadable):
        reason = subnets.reason if subnets else "must be given: the networks that DHCP serves"
        raise InventoryError([*faults, Fault("", "netboot_subnets", None, reason)])
    try:
        raw = client_variables(groups.get(names.CLIENTS, ()), hostvars)
        clients = parse_clients(raw, subnets, reserved, plain(images))
    except InventoryError as error:
        raise InventoryError([*faults, *error.faults]) from error
    if faults:
        raise InventoryError(faults)
    return clients


def _left_out(variables: Mapping[str, Any]) -> list[str]:
    """Return the boot servers and images that this run does not reach."""
    groups = variables["groups"]
    wanted = [*groups[names.BOOT_SERVERS], *groups.get(names.IMAGES, ())]
    reached = set(variables.get("ansible_play_hosts_all", wanted))
    return [host for host in wanted if host not in reached]
