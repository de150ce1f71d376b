# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The paths on a boot server. Only this file makes these paths.

Most functions take the root of the store, which is `DEFAULT_STORE` by default. They return a POSIX
path as a string, and raise ValueError for a name that is not one path segment.

A *release* is a published copy of an image that never changes. It consists of a root, a kernel, an
initrd and a manifest.
"""

from __future__ import annotations

import re

from ansible_collections.diskless.netboot.plugins.module_utils.inventory import values

DEFAULT_STORE = "/srv/netboot"
KERNEL = "vmlinuz"
INITRD = "initrd.img"
SQUASHFS = "root.squashfs"
EXPORTS = "exports.json"
"""The file in a store with the exports as data."""
STATE = "state"
"""The folder with a client's identity and what it keeps. It is exported only to its address."""
BOOTED = "booted"
"""The file in a client's state with the root that it mounted at its last boot."""

# A path ends at a comma in nfsroot=, and at white space in exports(5). Not all programs that read
# such a path know an escape.
_STORE = re.compile(r"(?:/[A-Za-z0-9_][A-Za-z0-9._+-]*)+", re.ASCII)


def store_root(store: str) -> str:
    """Return *store* if it is a valid root of a store, or raise ValueError."""
    if not _STORE.fullmatch(values.text(store)):
        raise ValueError(
            "must be an absolute path of letters, digits and ._+- such as /srv/netboot"
        )
    return store


def image(store: str, name: str) -> str:
    """Return the folder of the image *name*, with its root and its releases."""
    return f"{store_root(store)}/images/{values.segment(name)}"


def image_root(store: str, image_name: str) -> str:
    """Return the root of *image_name* in which administrators work."""
    return f"{image(store, image_name)}/root"


def releases(store: str, image_name: str) -> str:
    """Return the folder of all releases of *image_name*. Its clients can read it."""
    return f"{image(store, image_name)}/releases"


def release_root(store: str, image_name: str, release: str) -> str:
    """Return the root of one *release* of *image_name*."""
    return f"{releases(store, image_name)}/{values.segment(release)}/root"


def release_boot(store: str, image_name: str, release: str) -> str:
    """Return the folder of the kernel and the initrd of one *release* of *image_name*."""
    return f"{releases(store, image_name)}/{values.segment(release)}/boot"


def is_release_root(root: str) -> bool:
    """Return whether the path *root* is that of a release's root, which never changes."""
    images, _image, releases_, release, last = ["", "", "", "", *root.split("/")][-5:]
    known = (images, releases_, last) == ("images", "releases", "root")
    return known and not release.startswith(".")


def shared_root(store: str, image_name: str) -> str:
    """Return the root that all clients of *image_name* with a shared root write to."""
    return f"{image(store, image_name)}/shared/root"


def _client(store: str, name: str) -> str:
    return f"{store_root(store)}/clients/{values.segment(name, values.LONGEST_CLIENT_NAME)}"


def client_root(store: str, client: str) -> str:
    """Return the root that belongs only to *client* (its inventory name)."""
    return f"{_client(store, client)}/root"


def client_state(store: str, client: str) -> str:
    """Return the folder of the state of *client*. It does not depend on the kind of its root."""
    return (
        f"{store_root(store)}/clients/{values.segment(client, values.LONGEST_CLIENT_NAME)}/{STATE}"
    )


def http_squashfs(image_name: str, release: str) -> str:
    """Return the path on the HTTP server of a *release*'s root as one file."""
    return f"{tftp_boot(image_name, release)}/{SQUASHFS}"


def tftp_boot(image_name: str, release: str) -> str:
    """Return the folder of a *release*'s kernel and initrd, relative to the TFTP root."""
    return f"images/{values.segment(image_name)}/{values.segment(release)}"
