# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a client has its root from, and whether it may write there."""

from __future__ import annotations

from ansible_collections.diskless.netboot.plugins.module_utils.inventory.client import (
    ROOT_OVERLAY,
    ROOT_RW,
    ROOT_SQUASHFS,
    Client,
)
from ansible_collections.diskless.netboot.plugins.module_utils.store import paths


def writable(client: Client) -> bool:
    """Tell whether *client* writes to a root on the server. The others keep changes in RAM."""
    return client.root not in (ROOT_OVERLAY, ROOT_SQUASHFS)


def mounts(client: Client) -> bool:
    """Tell whether *client* mounts its root over NFS. The others fetch it over HTTP."""
    return client.root != ROOT_SQUASHFS


def copied(client: Client, store: str) -> str:
    """Return the path of the tree that a *client* which writes has: a copy of a release.

    Raises:
        ValueError: *store* or a name is no usable path.
    """
    if client.root == ROOT_RW:
        return paths.client_root(store, client.name)
    return paths.shared_root(store, client.image)


def mounted(client: Client, store: str, release: str) -> str:
    """Return the path on the NFS server that a *client* which mounts has when it boots *release*.

    Raises:
        ValueError: *store* or a name is no usable path.
    """
    if writable(client):
        return copied(client, store)
    return paths.release_root(store, client.image, release)


def exported(client: Client, store: str) -> str:
    """Return the path that must be exported for that.

    With an overlay root it holds all releases of the image, so that neither publishing nor going
    back takes from a running client what it has mounted.

    Raises:
        ValueError: *store* or a name is no usable path.
    """
    return copied(client, store) if writable(client) else paths.releases(store, client.image)
