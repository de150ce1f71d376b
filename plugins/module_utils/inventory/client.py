# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The client model: what is known of every PC, as data that roles and modules hand on."""

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
"""``overlay``: a tree that all clients read, each client's changes in its RAM. ``squashfs``: the
same tree as one file that is fetched into RAM. ``rw``: a root of the client's own. ``shared-rw``:
a root that all clients of an image write to."""

DEFAULT_OVERLAY_SIZE = "50%"

FIRMWARE_KINDS = ("bios", "uefi")


@dataclass(frozen=True)
class Client:
    """One PC that boots over the network.

    Attributes:
        name: inventory name; one path segment.
        hostname: host name by RFC 1123.
        macs: MAC addresses of the cards that it may boot from, lower case with colons.
        address: the IPv4 address reserved for it.
        subnet: the network that the address lies in, CIDR.
        ntp_servers: addresses of that network's time servers.
        image: name of the image that it runs.
        release: name of the image's release; None for the current one.
        root: one of ROOT_KINDS.
        overlay_size: how much RAM the changes on an overlay or squashfs root may take: ``50%``,
            ``512M``, ``2G``.
        firmware: one of FIRMWARE_KINDS; a hint.
        kernel_args: further kernel arguments.
        static: the fields of ``ip=``, or None when the initrd asks DHCP.
        nic: name of the interface that it boots from, when it must be named.
        state: whether it has a folder of its own on the boot server, with its identity and what it
            keeps.
        persist: absolute paths that are kept per client.
        files: texts by absolute path, put into its root at every boot.
    """

    name: str
    hostname: str
    macs: tuple[str, ...]
    address: str
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
        """Return plain data (str, list, dict, None) that JSON, YAML and Jinja carry unchanged."""
        data = {key: getattr(self, key) for key in _FIELDS}
        data.update({key: list(data[key]) for key in _TUPLES})
        data["files"] = dict(self.files)
        data["static"] = None if self.static is None else self.static._asdict()
        return data

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Client:
        """Return the client that `to_dict` made *data* of.

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
_TUPLES = ("macs", "ntp_servers", "kernel_args", "persist")
