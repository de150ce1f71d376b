# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The reasons to keep a release: clients are set to it, booted it last, or have a copy of it.

The server cannot see whether a client still uses a release. NFS version 3 has no open files, and
the connection of an idle client ends after some minutes. So it is assumed that a client still runs
the release that it booted last.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ansible_collections.diskless.netboot.plugins.module_utils.client_state import booted
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot import marker
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot.destination import (
    Destination,
)
from ansible_collections.diskless.netboot.plugins.module_utils.store import paths


def reasons(
    store: str, image: str, current: str | None, set_to: Mapping[str, str]
) -> dict[str, list[str]]:
    """Return the reasons for each release of *image* that must be kept, one sentence for each.

    Args:
        store: root of the store.
        image: name of the image.
        current: its current release, or None.
        set_to: the releases that clients are set to, by the names of the clients.

    Raises:
        marker.MarkerUnreadableError: it is not known from what a client's root was copied.
        OSError: the store cannot be read.
    """
    found: dict[str, list[str]] = {}
    if current:
        found[current] = ["is the current one"]
    for client, release in sorted(set_to.items()):
        found.setdefault(release, []).append(f"{client} is set to it")
    clients = Path(paths.store_root(store), "clients")
    shared = Path(paths.shared_root(store, image))
    _note_copy(found, store, image, shared, "the root that clients share was copied from it")
    for folder in sorted(clients.glob("*")):
        why = f"the root of {folder.name} was copied from it"
        _note_copy(found, store, image, folder / "root", why)
        _note(
            found, store, image, booted.read(folder / paths.STATE), f"{folder.name} booted it last"
        )
    return found


def _note_copy(found: dict[str, list[str]], store: str, image: str, root: Path, why: str) -> None:
    known = marker.read(Destination(root).marker)
    if known is not None:
        _note(found, store, image, known.src, why)


def _note(found: dict[str, list[str]], store: str, image: str, place: str, why: str) -> None:
    release = _released(store, image, place)
    if release:
        found.setdefault(release, []).append(why)


def _released(store: str, image: str, place: str) -> str:
    """Return the release of *image* that a place belongs to, or "".

    The place is a folder in the store, or a URL that a client fetched.
    """
    server, _slash, rest = place.partition(f"/images/{image}/")
    if server.startswith("http://"):
        release, _slash, file = rest.partition("/")
        return release if file == paths.SQUASHFS else ""
    top, _slash, rest = place.partition(f"{paths.releases(store, image)}/")
    return "" if top else rest.partition("/")[0]
