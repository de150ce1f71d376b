# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An address that the initrd sets itself, without DHCP."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from ansible_collections.diskless.netboot.plugins.module_utils.inventory import values
from ansible_collections.diskless.netboot.plugins.module_utils.inventory.faults import nearest

AUTOCONF = ("none", "off", "on", "any", "dhcp", "bootp", "rarp", "both")


class StaticAddress(NamedTuple):
    """The fields of ``ip=client:server:gw:mask:host:dev:autoconf:dns0:dns1``, in that order.

    Documentation/admin-guide/nfs/nfsroot.rst of Linux explains them. For an empty field, ipconfig
    in the initrd decides.
    """

    client: str = ""
    server: str = ""
    gw: str = ""
    mask: str = ""
    host: str = ""
    dev: str = ""
    autoconf: str = "none"
    dns0: str = ""
    dns1: str = ""

    def argument(self) -> str:
        """Return the kernel argument ``ip=``; ``autoconf`` is its last field if no DNS is given."""
        last = len(self) if self.dns1 else len(self) - 1 if self.dns0 else len(self) - 2
        return "ip=" + ":".join(self[:last])


def parse_static(
    value: Any, derived: StaticAddress
) -> tuple[StaticAddress | None, list[tuple[str, Any, str]]]:
    """Return the static address for the value of ``netboot_static``, and its faults.

    Args:
        value: true for *derived*, false for none, or a mapping that replaces some of its fields.
        derived: the static address that results from the client's address and subnet.

    Returns:
        The address (None if there is none or if it is wrong), and the faults. Each fault is the
        field (``""`` for the whole value), its value, and what would be right.
    """
    if not isinstance(value, Mapping):
        try:
            return (derived if values.boolean(value) else None), []
        except ValueError:
            return None, [("", value, "must be true, false or a mapping of the fields of ip=")]
    faults: list[tuple[str, Any, str]] = []
    chosen = {}
    for key, item in value.items():
        if key not in _PARSERS:
            near = nearest(str(key), tuple(_PARSERS))
            hint = f"did you mean {near}?" if near else f"must be one of {', '.join(_PARSERS)}"
            faults.append((str(key), item, f"is no field of ip=; {hint}"))
        elif item is not None and item != "":
            try:
                chosen[key] = _PARSERS[key](item)
            except ValueError as error:
                faults.append((key, item, str(error)))
    static = derived._replace(**chosen)
    if not faults:
        faults = _contradictions(static, derived)
    return (None if faults else static), faults


def _contradictions(static: StaticAddress, derived: StaticAddress) -> list[tuple[str, Any, str]]:
    faults: list[tuple[str, Any, str]] = []
    if static.client != derived.client:
        expected = f"must be the client's netboot_ip, {derived.client}"
        faults.append(("client", static.client, expected))
    network = ipaddress.IPv4Network((static.client, static.mask), strict=False)
    if static.gw and ipaddress.IPv4Address(static.gw) not in network:
        faults.append(("gw", static.gw, f"must lie in the client's network {network}"))
    return faults


def _mask(value: Any) -> str:
    mask = values.ipv4(value)
    host_bits = int(ipaddress.IPv4Address(mask)) ^ (2**32 - 1)
    if host_bits & (host_bits + 1) or not 0 < host_bits < 2**32 - 1:
        raise ValueError("must be a netmask such as 255.255.255.0")
    return mask


def _autoconf(value: Any) -> str:
    if isinstance(value, str) and value in AUTOCONF:
        return value
    raise ValueError(f"must be one of {', '.join(AUTOCONF)}")


_PARSERS: dict[str, Callable[[Any], str]] = {
    "client": values.ipv4,
    "server": values.ipv4,
    "gw": values.ipv4,
    "mask": _mask,
    "host": values.hostname,
    "dev": values.nic,
    "autoconf": _autoconf,
    "dns0": values.ipv4,
    "dns1": values.ipv4,
}
