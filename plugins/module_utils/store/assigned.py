# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The release that a client is set to: its own one, or the current one of its image."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.diskless.netboot.plugins.module_utils.inventory.client import Client
from ansible_collections.diskless.netboot.plugins.module_utils.inventory.faults import (
    Fault,
    InventoryError,
    nearest,
)
from ansible_collections.diskless.netboot.plugins.module_utils.store import roots


def assigned(client: Client, images: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the name of the release that *client* is set to.

    Args:
        client: the client.
        images: a mapping for each image by its name. In it, ``current`` is the current release, and
            ``names`` is a list of all releases.

    Raises:
        InventoryError: its image has no release, or not the one in ``netboot_release``.
    """
    known = images.get(client.image)
    if not known or not known.get("current"):
        expected = f"must be an image with a release, and {client.image} has none: run image.yml"
        raise InventoryError([Fault(client.name, "netboot_image", client.image, expected)])
    if client.release is None:
        return str(known["current"])
    names = tuple(known["names"])
    if client.release not in names:
        near = nearest(client.release, names)
        hint = f"; did you mean {near}?" if near else ""
        expected = f"must be a release of {client.image} ({', '.join(names)}){hint}"
        raise InventoryError([Fault(client.name, "netboot_release", client.release, expected)])
    return client.release


def check_fetched(client: Client, release: str, images: Mapping[str, Mapping[str, Any]]) -> None:
    """Check that *release* has a squashfs file, if *client* fetches its root as one file.

    Args:
        client: the client.
        release: the release that it is set to.
        images: as for `assigned`. In it, ``squashfs`` is a list of the releases with such a file.

    Raises:
        InventoryError: the release has no such file.
    """
    if roots.mounts(client) or release in images[client.image].get("squashfs", ()):
        return
    expected = (
        f"cannot be, since the release {release} of {client.image} has no squashfs:"
        " set nfsroot_image_squashfs for the image, and run site.yml"
    )
    raise InventoryError([Fault(client.name, "netboot_root", client.root, expected)])
