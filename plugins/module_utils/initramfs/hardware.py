# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds the kernel modules for the network cards that a PC lists.

Sources of the formats: modules.alias and modules.builtin.modinfo, as depmod(8) and the kernel's
build write them (Documentation/kbuild/kbuild.rst); the patterns in scripts/mod/file2alias.c of
Linux; lspci(8) with -n, -nn and -k; lsmod(8); the files ``modalias`` in sysfs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from ansible_collections.diskless.netboot.plugins.module_utils.image.rootfs import resolve
from ansible_collections.diskless.netboot.plugins.module_utils.initramfs.drivers import (
    KernelModules,
    normalise,
)

PCI_ID = re.compile(r"([0-9A-Fa-f]{4}):([0-9A-Fa-f]{4})", re.ASCII)
MODALIAS = re.compile(r"(pci|usb|virtio|vmbus|xen|of|acpi|platform|sdio):[!-~]+", re.ASCII)

# A line of lspci -n or -nn, with the slot, the class and the id of a device.
_LSPCI = re.compile(
    r"(?:[0-9a-f]{4,8}:)?[0-9a-f]{2}:[0-9a-f]{2}\.[0-7] "
    r"(?:.*\[)?(?P<group>[0-9a-f]{4})\]?: (?:.*\[)?(?P<id>[0-9a-f]{4}:[0-9a-f]{4})\b",
    re.ASCII,
)
_LSMOD = re.compile(r"([a-z0-9_]+) +[0-9]+ +[0-9]+\b", re.ASCII)
_PCI_PATTERN = re.compile(r"pci:v([0-9A-F]{8})d([0-9A-F]{8})sv")
_PCI_CLASS = re.compile(r"^pci:.*bc([0-9A-F]{2})sc([0-9A-F]{2})i")
# PCI class 02 is for network controllers. 0280 is for those without a cable, such as WLAN cards
# (PCI Code and ID Assignment).
_NETWORK, _OTHER_NETWORK = "02", "0280"

# For these PCI ids, the kernel's patterns give virtio_pci, which is the driver of the bus. Only
# this bus reports the card itself (Virtual I/O Device specification, "PCI Device Discovery").
_VIRTIO_CARDS = {"1af4:1000": "virtio_net", "1af4:1041": "virtio_net"}

_ASK = (
    "paste what 'lspci -nn', 'lsmod' or 'cat /sys/bus/*/devices/*/modalias' prints on that machine"
)


@dataclass(frozen=True)
class Hardware:
    """The patterns of a kernel for devices, each with the module for the devices that match."""

    modules: KernelModules
    aliases: Sequence[tuple[str, str]]

    @classmethod
    def read(cls, root: Path, modules: KernelModules) -> Hardware:
        """Read modules.alias, and modules.builtin.modinfo for built-in modules."""
        top = resolve(root, f"lib/modules/{modules.version}")
        found = []
        loadable, builtin = top / "modules.alias", top / "modules.builtin.modinfo"
        if loadable.is_file():
            for line in loadable.read_text("utf-8").splitlines():
                words = line.split()
                if words[:1] == ["alias"] and len(words) == 3:
                    found.append((words[1], normalise(words[2])))
        if builtin.is_file():
            for item in builtin.read_text("utf-8", "replace").split("\0"):
                name, _equals, pattern = item.partition(".alias=")
                if pattern:
                    found.append((pattern, normalise(name)))
        return cls(modules, found)

    def by_pci(self, identity: str) -> tuple[str, ...]:
        """Return the modules for a PCI id such as ``10ec:8168``."""
        if identity.lower() in _VIRTIO_CARDS:
            return (_VIRTIO_CARDS[identity.lower()],)
        wanted = tuple(f"{part.upper():0>8}" for part in identity.split(":"))
        names = [
            name
            for pattern, name in self.aliases
            if (match := _PCI_PATTERN.match(pattern)) and match.groups() == wanted
        ]
        return tuple(dict.fromkeys(names))

    def by_modalias(self, modalias: str) -> tuple[str, ...]:
        """Return the modules for the content of a device's file ``modalias``."""
        bus = modalias.partition(":")[0] + ":"
        names = [
            name
            for pattern, name in self.aliases
            if pattern.startswith(bus) and fnmatchcase(modalias, pattern)
        ]
        return tuple(dict.fromkeys(names))

    def named(self, drivers: Iterable[str]) -> tuple[list[str], list[str]]:
        """Return the names of the modules for these drivers, and a fault for each unknown driver.

        :param drivers: module names, PCI ids and modaliases.
        """
        found: list[str] = []
        faults: list[str] = []
        for driver in drivers:
            if PCI_ID.fullmatch(driver) or MODALIAS.fullmatch(driver):
                names = self.by_pci(driver) if PCI_ID.fullmatch(driver) else []
                names = names or self.by_modalias(driver)
                found += names
                if not names:
                    faults.append(f"drivers: kernel {self.modules.version} has none for {driver!r}")
            else:
                found.append(normalise(driver))
        faults += self.modules.unknown(found)
        return list(dict.fromkeys(name for name in found if name in self.modules)), faults

    def of_machine(self, text: str) -> tuple[list[str], list[str]]:
        """Return the drivers of a PC's wired network cards, and a fault for each without a driver.

        :param text: output of lspci -n, -nn or -nnk, of lsmod, or modaliases. They can be mixed.
            Lines about other devices are ignored.
        """
        found: list[str] = []
        faults: list[str] = []
        for line in map(str.strip, text.splitlines()):
            group, device, names = self._device(line)
            if group == "":
                found += filter(self._is_wired, names)
            elif group.startswith(_NETWORK) and group != _OTHER_NETWORK:
                found += names
                if not names:
                    version = self.modules.version
                    faults.append(f"machine: kernel {version} has no driver for the card {device}")
        if not found and not faults:
            faults.append(f"machine: there is no wired network card in it; {_ASK}")
        return list(dict.fromkeys(found)), faults

    def _device(self, line: str) -> tuple[str, str, Sequence[str]]:
        """Return the PCI class in hex ("" if there is none), the device and the modules of a line.

        Of an lsmod line, the device is the module itself.
        """
        if match := _LSPCI.match(line):
            return match["group"], match["id"], self.by_pci(match["id"])
        if MODALIAS.fullmatch(line):
            known = _PCI_CLASS.search(line)
            group = "".join(known.groups()).lower() if known else ""
            return group, line, self.by_modalias(line)
        if match := _LSMOD.match(line):
            return "", match[1], (match[1],)
        return "", line, ()

    def _is_wired(self, name: str) -> bool:
        """Return whether a module is the driver of a wired network card.

        Modules without an alias for a device are libraries or tunnels.
        """
        path = self.modules.paths.get(name, "")
        return (
            "/drivers/net/" in path
            and "/drivers/net/wireless/" not in path
            and any(name == owner and MODALIAS.match(alias) for alias, owner in self.aliases)
        )
