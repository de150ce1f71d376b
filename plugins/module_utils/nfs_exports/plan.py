# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans the exports of the NFS server, and the roots that it must have."""

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
"""Options of exports(5).

A client must be able to read and write its root as root. With ``sync``, a write that the server has
confirmed is not lost if the server crashes.
"""

# Names and values of options in exports(5). White space, a comma or a parenthesis would end an
# option there.
_OPTION = re.compile(r"[a-z][a-z0-9_]*(?:=[A-Za-z0-9_.:/@+-]+)?", re.ASCII)


def plan_exports(
    clients: Iterable[Client],
    *,
    store: str = paths.DEFAULT_STORE,
    options: Sequence[str] = DEFAULT_OPTIONS,
    previous: Sequence[Mapping[str, Any]] = (),
    booted: Mapping[str, str] | None = None,
) -> list[dict[str, Any]]:
    """Return the exports that the clients need, sorted by path.

    A client's own root and its state are exported only to its addresses. What clients share is
    exported to the addresses of these clients. It is read-only for clients that only read it.

    If a client is running while its image or its kind of root changes, it needs its old root until
    it starts again. The client itself says which root this is, so that root stays exported only if
    it was exported to the client before.

    Args:
        clients: the clients.
        store: root of the store.
        options: options of exports(5) for what a client can write to.
        previous: what this function returned last time.
        booted: the place that each client runs from, as it says itself, by the client's name.

    Returns:
        Mappings with ``path`` and ``clients``. ``clients`` is a list of mappings with ``address``
        and ``options``.

    Raises:
        InventoryError: the store or an option is not valid in exports(5).
    """
    _check(store, options)
    read_only = ["ro" if option == "rw" else option for option in options]
    had = _by_address(previous)
    users: dict[str, dict[str, list[str]]] = {}
    for client in clients:
        allowed = list(options) if roots.writable(client) else read_only
        runs = (booted or {}).get(client.name, "")
        for address in map(values.ipv4, client.addresses):
            if roots.mounts(client):
                users.setdefault(roots.exported(client, store), {})[address] = allowed
            if client.state:
                state = paths.client_state(store, client.name)
                users.setdefault(state, {})[address] = list(options)
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
    """Return the options of each path for each address."""
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
    """Return the roots that must be copied from each release, sorted by image and release.

    Args:
        clients: the clients. Only those that write to their root have such a copy.
        store: root of the store.
        image_releases: the releases of each image by the name of the image, as for
            store.assigned.assigned.

    Returns:
        Mappings with ``image``, ``release``, ``src`` (the root of the release) and ``dests`` (the
        paths of the copies).

    Raises:
        InventoryError: *store* cannot be used in a path, a client has no release, or clients that
            share a root are set to different releases. The text names all of them.
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
            expected = f"must be as for the others that share its root ({sources[path][1]})"
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
