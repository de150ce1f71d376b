# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What lies in a client's state, the one folder that only it may mount.

    machine-id                  who it is to systemd
    ssh_host_ed25519_key        its ssh host key, and beside it the public one
    kept                        one line for each path that is kept: the folder for it, and the path
    keep-NAME/                  what is kept
    files                       one line for each file of its own: its name here, and its path
    file-NAME                   what is in it; removed when the list no longer names it
    aside-XXXXXXXX-NAME/        a folder that the client made where one of these files belongs
    booted                      the root that it mounted at its last boot; the client writes it

The initrd reads them and acts on them before anything of the image runs.

The client is root in there, so it could put a link anywhere below. What the boot server writes
therefore lies in this folder itself and comes into it by a rename, which follows no link.
"""

from __future__ import annotations

from collections.abc import Iterable

from ansible_collections.diskless.netboot.plugins.module_utils.inventory import values

MACHINE_ID = "machine-id"
SSH_KEY = "ssh_host_ed25519_key"
KEPT = "kept"
FILES = "files"


def folder_for(path: str) -> str:
    """Return the folder for an absolute *path*: ``keep-var,log`` for ``/var/log``.

    No path of a client has a comma (values.absolute_path), so no two share a folder.
    """
    return "keep-" + path.strip("/").replace("/", ",")


def kept_text(paths: Iterable[str]) -> str:
    """Return the text of the file ``kept``, outer folders first, as they have to be mounted."""
    return "".join(f"{folder_for(path)} {path}\n" for path in sorted(paths))


def file_for(path: str) -> str:
    """Return the name of the file for an absolute *path*, made as `folder_for` does."""
    return "file-" + path.strip("/").replace("/", ",")


def is_file(name: str) -> bool:
    """Return whether `file_for` could have given *name*, for a path that a client may name."""
    path = "/" + name[len("file-") :].replace(",", "/")
    try:
        return file_for(values.absolute_path(path)) == name
    except ValueError:
        return False


def files_text(paths: Iterable[str]) -> str:
    """Return the text of the file ``files``."""
    return "".join(f"{file_for(path)} {path}\n" for path in sorted(paths))
