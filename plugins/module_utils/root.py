# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which tree a client has for its root, and whether it may write there."""

from __future__ import annotations

from ansible_collections.diskless.netboot.plugins.module_utils import store as paths
from ansible_collections.diskless.netboot.plugins.module_utils.client import (
    ROOT_OVERLAY,
    ROOT_RW,
    Client,
)


def writable(client: Client) -> bool:
    """Tell whether *client* writes to its root on the server. An overlay root only reads it."""
    return client.root != ROOT_OVERLAY


def copied(client: Client, store: str) -> str:
    """Return the path of the tree that a *client* which writes has: a copy of a release.

    Raises:
        ValueError: *store* or a name is no usable path.
    """
    if client.root == ROOT_RW:
        return paths.client_root(store, client.name)
    return paths.shared_root(store, client.image)


def mounted(client: Client, store: str, release: str) -> str:
    """Return the path on the NFS server that *client* mounts when it boots *release*.

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
