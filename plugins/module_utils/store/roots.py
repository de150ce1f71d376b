# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The root of a client: its path, and whether the client can write to it."""

from __future__ import annotations

from ansible_collections.diskless.netboot.plugins.module_utils.inventory.client import (
    ROOT_OVERLAY,
    ROOT_RW,
    ROOT_SQUASHFS,
    Client,
)
from ansible_collections.diskless.netboot.plugins.module_utils.store import paths


def writable(client: Client) -> bool:
    """Return whether *client* writes to a root on the server. Others have changes in their RAM."""
    return client.root not in (ROOT_OVERLAY, ROOT_SQUASHFS)


def mounts(client: Client) -> bool:
    """Return whether *client* mounts its root over NFS. Others fetch it over HTTP."""
    return client.root != ROOT_SQUASHFS


def copied(client: Client, store: str) -> str:
    """Return the path of the root of a *client* that writes to it. It is a copy of a release.

    Raises:
        ValueError: *store* or a name cannot be used in a path.
    """
    if client.root == ROOT_RW:
        return paths.client_root(store, client.name)
    return paths.shared_root(store, client.image)


def mounted(client: Client, store: str, release: str) -> str:
    """Return the path on the NFS server that *client* mounts as its root when it boots *release*.

    Raises:
        ValueError: *store* or a name cannot be used in a path.
    """
    if writable(client):
        return copied(client, store)
    return paths.release_root(store, client.image, release)


def exported(client: Client, store: str) -> str:
    """Return the path that must be exported so that *client* can mount its root.

    For an overlay root, this is the folder of all releases of the image. So a running client keeps
    its root when another release becomes current.

    Raises:
        ValueError: *store* or a name cannot be used in a path.
    """
    return copied(client, store) if writable(client) else paths.releases(store, client.image)
