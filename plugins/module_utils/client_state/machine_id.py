# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine-id for each client, which is the same at every boot and cannot be guessed.

machine-id(5) says that it is confidential. The name and the MAC address of a client are not, so the
machine-id is derived from the name with a key that only the boot server has.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path

from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot.marker import fsync_folder

KEY_BYTES = 32


def derive(key: bytes, client: str) -> str:
    """Return the machine-id of *client*: 32 hexadecimal digits that are a UUID of version 4.

    Sources: machine-id(5); id128_make_v4_uuid in systemd's id128-util.c, for version and variant.
    """
    digest = bytearray(hmac.new(key, f"machine-id {client}".encode(), hashlib.sha256).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x40
    digest[8] = digest[8] & 0x3F | 0x80
    return digest.hex()


def read_key(path: Path) -> bytes | None:
    """Return the key of the store, or None if there is none yet.

    Raises:
        ValueError: the file contains something else. It is not replaced, since a new key would
            change the identity of all clients.
    """
    try:
        key = path.read_bytes()
    except FileNotFoundError:
        return None
    if len(key) != KEY_BYTES:
        raise ValueError(
            f"{path} does not hold a key of {KEY_BYTES} bytes: restore it from a backup, or remove"
            " it, and every client gets another machine-id"
        )
    return key


def make_key(path: Path) -> bytes:
    """Make the key of the store and return it. Only root can read it. The store must be locked."""
    key = secrets.token_bytes(KEY_BYTES)
    staged = path.with_name(f".{path.name}.new")
    descriptor = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, 0o600)
        file.write(key)
        file.flush()
        os.fsync(descriptor)
    staged.replace(path)
    fsync_folder(path.parent)
    return key
