# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the NFS server gives to whom, and which roots it must hold."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.diskless.netboot.plugins.module_utils.inventory import values
from ansible_collections.diskless.netboot.plugins.module_utils.inventory.client import Client
from ansible_collections.diskless.netboot.plugins.module_utils.inventory.faults import (
    Fault,
    InventoryError,
)
from ansible_collections.diskless.netboot.plugins.module_utils.store import paths, roots
from ansible_collections.diskless.netboot.plugins.module_utils.store.assigned import assigned

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
    previous: Sequence[Mapping[str, Any]] = (),
    booted: Mapping[str, str] | None = None,
) -> list[dict[str, Any]]:
    """Return the exports that the clients need and no more, sorted by path.

    A client's own root and its state go to its address alone, what clients share to the addresses
    of those that do, read-only to those which only read it.

    A PC that is on while its image or kind of root is changed runs on from what it had, until it
    starts again. What it says of that counts only where it was given this before.

    Args:
        clients: the clients.
        store: the store's root.
        options: of exports(5), for what a client may write to.
        previous: what this returned last time.
        booted: by the clients' names, the place that each says it runs from.

    Returns:
        Mappings with ``path`` and ``clients``, a list of mappings with ``address`` and ``options``.

    Raises:
        InventoryError: the store or an option cannot be written into exports(5).
    """
    _check(store, options)
    read_only = ["ro" if option == "rw" else option for option in options]
    had = _by_address(previous)
    users: dict[str, dict[str, list[str]]] = {}
    for client in clients:
        allowed = list(options) if roots.writable(client) else read_only
        address = values.ipv4(client.address)
        if roots.mounts(client):
            users.setdefault(roots.exported(client, store), {})[address] = allowed
        if client.state:
            state = paths.client_state(store, client.name)
            users.setdefault(state, {})[address] = list(options)
        runs = (booted or {}).get(client.name, "")
        for path, granted in had.get(address, {}).items():
            if f"{runs}/".startswith(f"{path}/"):
                users.setdefault(path, {}).setdefault(address, granted)
    return [
        {
            "path": path,
            "clients": [
                {"address": address, "options": list(users[path][address])}
                for address in sorted(users[path], key=ipaddress.IPv4Address)
            ],
        }
        for path in sorted(users)
    ]


def _by_address(exports: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, list[str]]]:
    """Return the options with which each address has each path."""
    found: dict[str, dict[str, list[str]]] = {}
    for export in exports:
        for client in export["clients"]:
            found.setdefault(client["address"], {})[export["path"]] = client["options"]
    return found


def plan_client_roots(
    clients: Iterable[Client],
    *,
    store: str = paths.DEFAULT_STORE,
    image_releases: Mapping[str, Mapping[str, Any]],
) -> list[dict[str, Any]]:
    """Return, for each release, the roots for clients that write to be copied from it; sorted.

    Returns:
        Mappings with ``image``, ``release``, ``src`` (the release's root) and ``dests``, the
        paths of the copies.

    Raises:
        InventoryError: *store* is no usable path, or names every client without a release, and
            those which share a root and are set to different releases.
    """
    _check(store, ())
    sources: dict[str, tuple[str, str]] = {}
    faults: list[Fault] = []
    for client in clients:
        if not roots.writable(client):
            continue
        path = roots.copied(client, store)
        try:
            source = (client.image, assigned(client, image_releases))
        except InventoryError as error:
            faults.extend(error.faults)
            continue
        if sources.setdefault(path, source) != source:
            expected = f"must be as for the others that share their root ({sources[path][1]})"
            faults.append(Fault(client.name, "netboot_release", client.release, expected))
    if faults:
        raise InventoryError(faults)
    dests: dict[tuple[str, str], list[str]] = {}
    for path in sorted(sources):
        dests.setdefault(sources[path], []).append(path)
    return [
        {
            "image": image,
            "release": release,
            "src": paths.release_root(store, image, release),
            "dests": dests[image, release],
        }
        for image, release in sorted(dests)
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
