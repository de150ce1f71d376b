# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the NFS server gives to whom, and which roots it must hold."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Sequence
from typing import Any

from ansible_collections.diskless.netboot.plugins.module_utils import store as paths
from ansible_collections.diskless.netboot.plugins.module_utils import values
from ansible_collections.diskless.netboot.plugins.module_utils.client import ROOT_RW, Client
from ansible_collections.diskless.netboot.plugins.module_utils.faults import Fault, InventoryError

DEFAULT_OPTIONS = ("rw", "no_root_squash", "no_subtree_check", "sync", "sec=sys")
"""exports(5). A root needs root's own reads and writes; ``sync``, since an acknowledged write must
outlive the server's crash."""

# Names and values of exports(5): no white space, comma or parenthesis, which end an option there.
_OPTION = re.compile(r"[a-z][a-z0-9_]*(?:=[A-Za-z0-9_.:/@+-]+)?", re.ASCII)


def plan_exports(
    clients: Iterable[Client],
    *,
    store: str = paths.DEFAULT_STORE,
    options: Sequence[str] = DEFAULT_OPTIONS,
) -> list[dict[str, Any]]:
    """Return the exports that the clients need and no more, sorted by path.

    A client's own root goes to its address alone, an image's shared root to the addresses of the
    clients that run it.

    Returns:
        Mappings with ``path`` and ``clients``, a list of mappings with ``address`` and ``options``.

    Raises:
        InventoryError: the store or an option cannot be written into exports(5).
    """
    _check(store, options)
    users: dict[str, list[str]] = {}
    for client in clients:
        own = client.root == ROOT_RW
        path = (
            paths.client_root(store, client.name) if own else paths.image_root(store, client.image)
        )
        users.setdefault(path, []).append(values.ipv4(client.address))
    return [
        {
            "path": path,
            "clients": [
                {"address": address, "options": list(options)}
                for address in sorted(users[path], key=ipaddress.IPv4Address)
            ],
        }
        for path in sorted(users)
    ]


def plan_client_roots(
    clients: Iterable[Client], *, store: str = paths.DEFAULT_STORE
) -> list[dict[str, Any]]:
    """Return, for each image, the clients' own roots to be copied from it; sorted by image.

    Returns:
        Mappings with ``image``, ``src`` (the image's root) and ``dests``, a list of mappings with
        ``client`` (inventory name) and ``path``.

    Raises:
        InventoryError: *store* is no usable path.
    """
    _check(store, ())
    dests: dict[str, list[dict[str, str]]] = {}
    for client in clients:
        if client.root == ROOT_RW:
            path = paths.client_root(store, client.name)
            dests.setdefault(client.image, []).append({"client": client.name, "path": path})
    return [
        {"image": image, "src": paths.image_root(store, image), "dests": dests[image]}
        for image in sorted(dests)
    ]


def _check(store: str, options: Sequence[str]) -> None:
    faults = []
    try:
        paths.store_root(store)
    except ValueError as error:
        faults.append(Fault("", "store", store, str(error)))
    if isinstance(options, str):
        faults.append(Fault("", "options", options, "must be a list of export options"))
        options = ()
    for option in options:
        if not isinstance(option, str) or not _OPTION.fullmatch(option):
            faults.append(Fault("", "options", option, "must be one option of exports(5)"))
    if faults:
        raise InventoryError(faults)
