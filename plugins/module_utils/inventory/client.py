# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The model of a client, with all data about a PC that roles and modules use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from ansible_collections.diskless.netboot.plugins.module_utils.inventory.static_address import (
    StaticAddress,
)

ROOT_OVERLAY = "overlay"
ROOT_RW = "rw"
ROOT_SHARED_RW = "shared-rw"
ROOT_SQUASHFS = "squashfs"
ROOT_KINDS = (ROOT_OVERLAY, ROOT_SQUASHFS, ROOT_RW, ROOT_SHARED_RW)
"""The kinds of root.

``overlay``: all clients read the same tree, and the changes of each client are in its RAM.
``squashfs``: the same, but the tree is one file that a client fetches into its RAM.
``rw``: the client has a root of its own.
``shared-rw``: all clients of the image with this kind write to one root.
"""

DEFAULT_OVERLAY_SIZE = "50%"

FIRMWARE_KINDS = ("bios", "uefi")


@dataclass(frozen=True)
class Client:
    """One PC that boots over the network.

    Attributes:
        name: inventory name, which is one path segment.
        hostname: host name, as in RFC 1123.
        macs: MAC addresses of the NICs that it can boot from, lower case with colons.
        addresses: the reserved IPv4 address of each of these NICs, in the same order.
        subnet: the network of the first address, in CIDR form.
        ntp_servers: addresses of the time servers of that network.
        image: name of the image that it runs.
        release: name of the image's release, or None for the current one.
        root: one of ROOT_KINDS.
        overlay_size: how much RAM the changes on an overlay or squashfs root can take, such as
            ``50%``, ``512M`` or ``2G``.
        firmware: one of FIRMWARE_KINDS. It is only a note.
        kernel_args: additional kernel arguments.
        static: the fields of ``ip=``, or None if the initrd uses DHCP.
        nic: name of the interface that it boots from, or None.
        state: whether it has a folder of its own on the boot server, with its identity and what it
            keeps.
        persist: absolute paths that are kept for this client.
        files: texts by absolute path. They are written to its root at every boot.
    """

    name: str
    hostname: str
    macs: tuple[str, ...]
    addresses: tuple[str, ...]
    subnet: str
    image: str
    ntp_servers: tuple[str, ...] = ()
    release: str | None = None
    root: str = ROOT_OVERLAY
    overlay_size: str = DEFAULT_OVERLAY_SIZE
    firmware: str = FIRMWARE_KINDS[0]
    kernel_args: tuple[str, ...] = ()
    static: StaticAddress | None = None
    nic: str | None = None
    state: bool = True
    persist: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data (str, bool, list, dict, None), for JSON, YAML and Jinja."""
        data = {key: getattr(self, key) for key in _FIELDS}
        data.update({key: list(data[key]) for key in _TUPLES})
        data["files"] = dict(self.files)
        data["static"] = None if self.static is None else self.static._asdict()
        return data

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Client:
        """Return the client for *data*, which is a result of `to_dict`.

        Raises:
            ValueError: a key is missing or unknown.
        """
        if not isinstance(data, Mapping) or set(data) != _FIELD_SET:
            raise ValueError(f"a client is a mapping with exactly the keys {', '.join(_FIELDS)}")
        plain = dict(data)
        plain.update({key: tuple(plain[key]) for key in _TUPLES})
        if plain["static"] is not None:
            plain["static"] = StaticAddress(**plain["static"])
        return cls(**plain)


_FIELDS = tuple(item.name for item in fields(Client))
_FIELD_SET = frozenset(_FIELDS)
_TUPLES = ("macs", "addresses", "ntp_servers", "kernel_args", "persist")
