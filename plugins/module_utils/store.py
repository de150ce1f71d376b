# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where things lie on a boot server. No other file builds these paths.

Every function takes the store's root (`DEFAULT_STORE` unless the site says otherwise), returns a
POSIX path as a string, and raises ValueError for a name that is not one path segment.
A *build* is one kernel and initrd: ``<kernel version>-<12 hex digits of their content's hash>``.
"""

from __future__ import annotations

import re

from ansible_collections.diskless.netboot.plugins.module_utils import values

DEFAULT_STORE = "/srv/netboot"
KERNEL = "vmlinuz"
INITRD = "initrd.img"
LONGEST_CLIENT_NAME = 253

# nfsroot= ends its path at a comma, exports(5) at white space: neither can be escaped everywhere.
_STORE = re.compile(r"(?:/[A-Za-z0-9_][A-Za-z0-9._+-]*)+", re.ASCII)


def store_root(store: str) -> str:
    """Return *store* if it can be the root of a store, else raise ValueError."""
    if not _STORE.fullmatch(values.text(store)):
        raise ValueError(
            "must be an absolute path of letters, digits and ._+- such as /srv/netboot"
        )
    return store


def image_root(store: str, image: str) -> str:
    """Return the root tree of *image*."""
    return f"{store_root(store)}/images/{values.segment(image)}/root"


def image_boot(store: str, image: str, build: str) -> str:
    """Return the folder with kernel and initrd of one *build* of *image*."""
    return f"{store_root(store)}/images/{values.segment(image)}/boot/{values.segment(build)}"


def client_root(store: str, client: str) -> str:
    """Return the root tree that belongs to *client* (its inventory name) alone."""
    return f"{store_root(store)}/clients/{values.segment(client, LONGEST_CLIENT_NAME)}/root"


def tftp_boot(image: str, build: str) -> str:
    """Return the folder of a *build*'s kernel and initrd, relative to the TFTP root."""
    return f"images/{values.segment(image)}/{values.segment(build)}"
