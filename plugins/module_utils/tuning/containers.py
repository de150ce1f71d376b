# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Room for containers on a PC without a disk.

Container engines lay an overlay over their images. They refuse to do so on a root that is itself
an overlay, or on NFS. So their folders lie in RAM, each in a tmpfs of its own. podman keeps what
belongs to a user in the user's folder in /run/user, since homes may be on NFS too.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ansible_collections.diskless.netboot.plugins.module_utils.tuning.options import Tuning

PODMAN = "usr/bin/podman"
STORAGE_CONF = "etc/containers/storage.conf"

# containers-storage.conf(5). The file replaces podman's defaults as a whole.
STORAGE = (
    "[storage]",
    'driver = "overlay"',
    'runroot = "/run/containers/storage"',
    'graphroot = "/var/lib/containers/storage"',
    'rootless_storage_path = "/run/user/$UID/containers/storage"',
)

# The folders of each engine with their modes, by the engine's program. Debian and Docker's own
# packages put dockerd in different places.
_ENGINES = {
    PODMAN: {"/var/lib/containers": "0711"},
    "usr/bin/dockerd": {"/var/lib/docker": "0710"},
    "usr/sbin/dockerd": {"/var/lib/docker": "0710"},
    "usr/bin/containerd": {"/var/lib/containerd": "0711"},
}


def with_container_folders(root: Path, tuning: Tuning) -> Tuning:
    """Return *tuning* with a tmpfs for each folder of the engines that an image has.

    A folder that *tuning* already mounts stays as it is there.
    """
    named = {one["path"] for one in (*tuning.tmpfs, *tuning.mounts)}
    added = {
        path: mode
        for program, folders in _ENGINES.items()
        if tuning.containers_size and (root / program).is_file()
        for path, mode in folders.items()
        if path not in named
    }
    more = [
        {"path": path, "size": tuning.containers_size, "mode": mode, "options": ""}
        for path, mode in added.items()
    ]
    return replace(tuning, tmpfs=(*tuning.tmpfs, *more))


def for_users(root: Path, tuning: Tuning) -> bool:
    """Return whether users of an image run containers by podman."""
    return bool(tuning.containers_size) and (root / PODMAN).is_file()
