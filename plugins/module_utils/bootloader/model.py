# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The model of a boot entry, which says what a loader shows and boots for one client."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from ansible_collections.diskless.netboot.plugins.module_utils.inventory import values
from ansible_collections.diskless.netboot.plugins.module_utils.inventory.faults import (
    InventoryError,
)

MAC, IPV4, UUID, DEFAULT = "mac", "ipv4", "uuid", "default"

SYSAPPEND_BOOTIF = 2
"""The bit of SYSAPPEND that adds ``BOOTIF=01-<MAC>`` (syslinux doc/syslinux.cfg.txt)."""

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)


class Target(NamedTuple):
    """The client that an entry is for.

    *kind* is MAC, IPV4, UUID or DEFAULT. *name* is the address or UUID in its normal form.
    """

    kind: str
    name: str


class Own(NamedTuple):
    """Texts in the languages of the loaders. A text is empty if the loader gets none."""

    pxelinux: str = ""
    grub: str = ""


NOTHING = Own()


@dataclass(frozen=True)
class Serial:
    """A serial console.

    *port* is the number of the port in the BIOS, 0 to 3, or an I/O address. *baud* is in bit/s.
    """

    port: int
    baud: int


@dataclass(frozen=True)
class Label:
    """One thing that a client can boot. It has exactly one of *kernel*, *com32* and *localboot*.

    Files are given as URLs, or as paths relative to the TFTP root, with or without a leading slash.
    """

    name: str
    kernel: str = ""
    com32: str = ""
    localboot: int | None = None
    initrd: tuple[str, ...] = ()
    append: tuple[str, ...] = ()
    menu_label: str = ""
    menu_password: Own = NOTHING
    menu_separator: bool = False
    help: str = ""
    raw: Own = NOTHING


@dataclass(frozen=True)
class Entry:
    """The content of one config file. *timeout* is in tenths of a second."""

    target: Target
    labels: tuple[Label, ...]
    default: str
    ontimeout: str = ""
    timeout: int | None = None
    prompt: bool = False
    ui: str = ""
    menu_title: str = ""
    menu_hidden: bool = False
    menu_password: Own = NOTHING
    sysappend: int | None = None
    serial: Serial | None = None
    include: tuple[str, ...] = ()
    comment: str = ""
    raw: Own = NOTHING

    @property
    def client(self) -> str:
        """The client in its normal form."""
        return self.target.name

    def passwords(self) -> Iterator[tuple[str, Own]]:
        """Yield the name of the option and the hashes of each password."""
        yield "menu_password", self.menu_password
        for place, label in enumerate(self.labels):
            yield f"labels[{place}].menu_password", label.menu_password


class EntryError(InventoryError):
    """The entries have faults; the text lists all of them."""

    def __str__(self) -> str:
        return super().__str__().replace(" in the inventory:", " in the boot entries:", 1)


def target(client: Any) -> Target:
    """Return the client that *client* stands for.

    Args:
        client: MAC address, IPv4 address, UUID (SMBIOS) or ``default``.

    Raises:
        ValueError: it is none of these. A number is an error too, since YAML reads some unquoted
            MAC addresses as numbers.
    """
    if isinstance(client, str):
        if client == DEFAULT:
            return Target(DEFAULT, client)
        if _UUID.fullmatch(client):
            return Target(UUID, client.lower())
        try:
            return Target(IPV4, str(ipaddress.IPv4Address(client)))
        except ipaddress.AddressValueError:
            pass
    try:
        return Target(MAC, values.mac(client))
    except ValueError as error:
        if isinstance(client, str):
            raise ValueError(f"{error}, or an IPv4 address, a UUID or 'default'") from None
        raise


def bootif(mac: str) -> str:
    """Return a MAC address as loaders write it in ``BOOTIF=``. 01 means Ethernet (RFC 1700)."""
    return "01-" + mac.replace(":", "-")
