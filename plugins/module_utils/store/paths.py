# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where things lie on a boot server. No other file builds these paths.

Every function takes the store's root (`DEFAULT_STORE` unless the site says otherwise), returns a
POSIX path as a string, and raises ValueError for a name that is not one path segment.
A *release* is an immutable, published state of an image: root, kernel, initrd and manifest.
"""

from __future__ import annotations

import re

from ansible_collections.diskless.netboot.plugins.module_utils.inventory import values

DEFAULT_STORE = "/srv/netboot"
KERNEL = "vmlinuz"
INITRD = "initrd.img"
SQUASHFS = "root.squashfs"
EXPORTS = "exports.json"
"""In a store: what is exported to whom, as data."""
STATE = "state"
"""Folder of what a client keeps or is given, exported to its address only."""
BOOTED = "booted"
"""In a client's state: the root that it mounted at its last boot."""

# nfsroot= ends its path at a comma, exports(5) at white space: neither can be escaped everywhere.
_STORE = re.compile(r"(?:/[A-Za-z0-9_][A-Za-z0-9._+-]*)+", re.ASCII)


def store_root(store: str) -> str:
    """Return *store* if it can be the root of a store, else raise ValueError."""
    if not _STORE.fullmatch(values.text(store)):
        raise ValueError(
            "must be an absolute path of letters, digits and ._+- such as /srv/netboot"
        )
    return store


def image(store: str, name: str) -> str:
    """Return the folder of the image *name*: its root, and its releases."""
    return f"{store_root(store)}/images/{values.segment(name)}"


def image_root(store: str, image_name: str) -> str:
    """Return the root tree of *image_name* that is being edited."""
    return f"{image(store, image_name)}/root"


def releases(store: str, image_name: str) -> str:
    """Return the folder of all releases of *image_name*, which its clients may read."""
    return f"{image(store, image_name)}/releases"


def release_root(store: str, image_name: str, release: str) -> str:
    """Return the root tree of one *release* of *image_name*."""
    return f"{releases(store, image_name)}/{values.segment(release)}/root"


def release_boot(store: str, image_name: str, release: str) -> str:
    """Return the folder of the kernel and the initrd of one *release* of *image_name*."""
    return f"{releases(store, image_name)}/{values.segment(release)}/boot"


def is_release_root(root: str) -> bool:
    """Tell whether the path *root* is one of `release_root`, whose tree never changes."""
    images, _image, releases_, release, last = ["", "", "", "", *root.split("/")][-5:]
    known = (images, releases_, last) == ("images", "releases", "root")
    return known and not release.startswith(".")


def shared_root(store: str, image_name: str) -> str:
    """Return the one tree that all clients of *image_name* write to which share theirs."""
    return f"{image(store, image_name)}/shared/root"


def _client(store: str, name: str) -> str:
    return f"{store_root(store)}/clients/{values.segment(name, values.LONGEST_CLIENT_NAME)}"


def client_root(store: str, client: str) -> str:
    """Return the root tree that belongs to *client* (its inventory name) alone."""
    return f"{_client(store, client)}/root"


def client_state(store: str, client: str) -> str:
    """Return the folder of what *client* keeps, or is given, whatever its root is."""
    return (
        f"{store_root(store)}/clients/{values.segment(client, values.LONGEST_CLIENT_NAME)}/{STATE}"
    )


def http_squashfs(image_name: str, release: str) -> str:
    """Return a *release*'s root as one file, by its path on the HTTP server."""
    return f"{tftp_boot(image_name, release)}/{SQUASHFS}"


def tftp_boot(image_name: str, release: str) -> str:
    """Return the folder of a *release*'s kernel and initrd, relative to the TFTP root."""
    return f"images/{values.segment(image_name)}/{values.segment(release)}"
