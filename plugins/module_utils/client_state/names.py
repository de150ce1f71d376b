# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The names in the state of a client, which is a folder that only this client can mount.

    machine-id                  its machine-id
    ssh_host_ed25519_key        its private ssh host key; the public key is beside it
    kept                        one line for each path that is kept: the folder for it, and the path
    keep-NAME/                  the content of a kept folder
    files                       one line for each file of its own: its name here, and its path
    file-NAME                   the content of such a file; removed when it is no longer in the list
    aside-XXXXXXXX-NAME/        a folder that the client made in the place of one of these files
    booted                      the root that it mounted at its last boot; the client writes it

The initrd reads these files and uses them before any program of the image runs.

The client has the rights of root in this folder, so it could make links anywhere below it. For this
reason, everything that the boot server writes is directly in this folder. It is put there by a
rename, which does not follow links.
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

    The paths of clients have no commas (values.absolute_path), so each has a folder of its own.
    """
    return "keep-" + path.strip("/").replace("/", ",")


def kept_text(paths: Iterable[str]) -> str:
    """Return the text of the file ``kept``, outer folders first, since they are mounted first."""
    return "".join(f"{folder_for(path)} {path}\n" for path in sorted(paths))


def file_for(path: str) -> str:
    """Return the name of the file for an absolute *path*: ``file-etc,motd`` for ``/etc/motd``."""
    return "file-" + path.strip("/").replace("/", ",")


def is_file(name: str) -> bool:
    """Return whether *name* is a name that `file_for` returns for some path."""
    path = "/" + name[len("file-") :].replace(",", "/")
    try:
        return file_for(values.absolute_path(path)) == name
    except ValueError:
        return False


def files_text(paths: Iterable[str]) -> str:
    """Return the text of the file ``files``."""
    return "".join(f"{file_for(path)} {path}\n" for path in sorted(paths))
