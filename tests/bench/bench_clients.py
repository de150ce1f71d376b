# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The client model: what it costs to read and check thousands of clients."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import init_plugin_loader
from ansible.vars.hostvars import HostVars
from ansible.vars.manager import VariableManager
from ansible_collections.diskless.netboot.plugins.filter.clients import clients
from ansible_collections.diskless.netboot.plugins.module_utils.inventory.parser import parse_clients
from ansible_collections.diskless.netboot.tests.bench import rooms
from ansible_collections.diskless.netboot.tests.bench.harness import Bench, Bound, Call

FEW, MANY = 5_000, 50_000


def benches() -> Iterator[Bench]:
    """Yield them."""
    init_plugin_loader()
    few, many = (
        {name: {**rooms.SHARED, **own} for name, own in rooms.clients(count).items()}
        for count in (FEW, MANY)
    )
    yield Bench(
        what=f"parse_clients, {FEW} clients",
        ours=Call(lambda: parse_clients(few, rooms.SUBNETS)),
        bound=Bound(seconds=1.5),
    )
    yield Bench(
        what=f"parse_clients, {MANY} clients, for each client against {FEW}",
        ours=Call(lambda: parse_clients(many, rooms.SUBNETS), MANY),
        theirs=Call(lambda: parse_clients(few, rooms.SUBNETS), FEW),
        bound=Bound(ratio=1.3),
        runs=3,
    )
    with tempfile.TemporaryDirectory() as folder:
        few_vars, many_vars = (filtered(Path(folder, str(count)), count) for count in (FEW, MANY))
        yield Bench(
            what=f"filter clients, {FEW} clients of Ansible's hostvars",
            ours=few_vars,
            bound=Bound(seconds=1.5),
            runs=3,
        )
        yield Bench(
            what=f"filter clients, {MANY} clients, for each client against {FEW}",
            ours=many_vars,
            theirs=few_vars,
            bound=Bound(ratio=1.3),
            runs=3,
        )


def filtered(folder: Path, count: int) -> Call:
    """Return a call of the filter with hostvars that Ansible makes of an inventory on disk."""
    loader = DataLoader()
    inventory = InventoryManager(
        loader=loader, sources=[str(rooms.write_inventory(folder, count, {}))]
    )
    hostvars = HostVars(inventory, VariableManager(loader=loader, inventory=inventory), loader)
    names = [host.name for host in inventory.groups["netboot_clients"].get_hosts()]
    return Call(lambda: clients(names, hostvars, rooms.SUBNETS), count)
