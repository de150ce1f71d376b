# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans the states of the clients of an inventory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.diskless.netboot.plugins.module_utils.inventory.client import Client
from ansible_collections.diskless.netboot.plugins.module_utils.inventory.faults import (
    Fault,
    InventoryError,
)
from ansible_collections.diskless.netboot.plugins.module_utils.store import paths
from ansible_collections.diskless.netboot.plugins.module_utils.store.assigned import assigned


def plan_client_states(
    clients: Iterable[Client],
    *,
    store: str = paths.DEFAULT_STORE,
    image_releases: Mapping[str, Mapping[str, Any]],
) -> list[dict[str, Any]]:
    """Return the states of clients as mappings for the module client_state.

    Args:
        clients: the clients. Those with ``state`` false are left out.
        store: root of the store.
        image_releases: the releases of each image by the name of the image, as for
            store.assigned.assigned.

    Raises:
        InventoryError: clients have no release. The text names all of them.
        ValueError: *store* cannot be used in a path.
    """
    faults: list[Fault] = []
    found = []
    for client in clients:
        if not client.state:
            continue
        try:
            release = assigned(client, image_releases)
        except InventoryError as error:
            faults.extend(error.faults)
            continue
        source = paths.release_root(store, client.image, release)
        found.append(
            {
                "name": client.name,
                "persist": list(client.persist),
                "files": dict(client.files),
                "source": source,
            }
        )
    if faults:
        raise InventoryError(faults)
    return found
