# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel modules of an image, the modules that they need, and the firmware that they name.

Sources of the formats: modules.dep(5); modules.builtin in Documentation/kbuild/kbuild.rst of Linux;
modules.softdep as depmod(8) writes it; modinfo(8).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from ansible_collections.diskless.netboot.plugins.module_utils.image.rootfs import resolve
from ansible_collections.diskless.netboot.plugins.module_utils.initramfs.error import InitramfsError

# The modules that an initrd needs to mount a root over NFS. af_packet is for its DHCP client, and
# overlay is for a root whose changes stay in RAM.
NFS_MODULES = ("nfs", "af_packet", "overlay")
SQUASHFS_MODULES = ("squashfs", "loop")
VERSION_MODULES = {"3": ("nfsv3",), "4.2": ("nfsv3", "nfsv4")}

# The bus drivers that a driver needs, although modules.dep does not say so.
_BUS_OF = {"virtio_net": ("virtio_pci",)}
_USB_HOSTS = ("xhci_pci", "ehci_pci", "ohci_pci", "uhci_hcd")

_SUFFIX = re.compile(r"\.ko(\.(gz|xz|zst))?$")


def normalise(name: str) -> str:
    """Return the kernel's own name of a module.

    For example, this is ``virtio_net`` for ``virtio-net`` and for
    ``kernel/drivers/net/virtio-net.ko.xz``.
    """
    return _SUFFIX.sub("", name.rpartition("/")[2]).replace("-", "_")


@dataclass(frozen=True)
class KernelModules:
    """The modules of one kernel version, by their normalised names."""

    version: str
    paths: Mapping[str, str]  # loadable modules, below /lib/modules/VERSION
    needs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    builtin: frozenset[str] = frozenset()

    @classmethod
    def read(cls, root: Path, version: str) -> KernelModules:
        """Read the indexes below ROOT/lib/modules/VERSION.

        :raises InitramfsError: modules.dep cannot be read.
        """
        top = resolve(root, f"lib/modules/{version}")
        paths: dict[str, str] = {}
        needs: dict[str, tuple[str, ...]] = {}
        try:
            dep = (top / "modules.dep").read_text("utf-8")
        except OSError as exc:
            raise InitramfsError(
                f"{top}/modules.dep cannot be read ({exc.strerror}):"
                f" run 'depmod {version}' in the image"
            ) from exc
        for line in dep.splitlines():
            path, _colon, others = line.partition(":")
            paths[normalise(path)] = path
            needs[normalise(path)] = tuple(normalise(other) for other in others.split())
        for line in _lines(top / "modules.softdep"):
            words = line.split()
            if words[:1] == ["softdep"] and "pre:" in words:
                name = normalise(words[1])
                pre = words[words.index("pre:") + 1 :]
                if "post:" in pre:
                    pre = pre[: pre.index("post:")]
                known = tuple(normalise(p) for p in pre if normalise(p) in paths)
                needs[name] = (*needs.get(name, ()), *known)
        builtin = frozenset(normalise(line) for line in _lines(top / "modules.builtin"))
        return cls(version, paths, needs, builtin)

    def __contains__(self, name: object) -> bool:
        return name in self.paths or name in self.builtin

    def closure(self, names: Iterable[str]) -> tuple[str, ...]:
        """Return the loadable modules among `names`, and all modules that they need, sorted."""
        todo = [name for name in names if name in self.paths]
        found: set[str] = set()
        while todo:
            name = todo.pop()
            if name not in found:
                found.add(name)
                todo.extend(need for need in self.needs.get(name, ()) if need in self.paths)
        return tuple(sorted(found))

    def companions(self, drivers: Iterable[str]) -> tuple[str, ...]:
        """Return the bus drivers without which these NIC drivers find no device."""
        found: list[str] = []
        for driver in drivers:
            found.extend(_BUS_OF.get(driver, ()))
            if "/drivers/net/usb/" in self.paths.get(driver, ""):
                found.extend(_USB_HOSTS)
        return tuple(name for name in dict.fromkeys(found) if name in self)

    def unknown(self, drivers: Iterable[str]) -> list[str]:
        """Return one fault for each module that this kernel lacks, with similar names."""
        faults = []
        known = [*self.paths, *self.builtin]
        for name in drivers:
            if name not in self:
                close = difflib.get_close_matches(name, known, n=3)
                hint = f"; did you mean {' or '.join(close)}?" if close else ""
                faults.append(f"drivers: kernel {self.version} has no module {name!r}{hint}")
        return faults


def _lines(path: Path) -> list[str]:
    return path.read_text("utf-8").splitlines() if path.is_file() else []


def parse_modinfo(text: str) -> dict[str, tuple[str, ...]]:
    """Return the firmware names of each module, from the output of modinfo for several modules."""
    found: dict[str, list[str]] = {}
    here = name = ""
    for line in text.splitlines():
        key, _colon, value = line.partition(":")
        value = value.strip()
        if key == "name":
            name = value
        elif key == "filename":
            here = normalise(name if value == "(builtin)" else value)
        elif key == "firmware":
            found.setdefault(here, []).append(value)
    return {module: tuple(sorted(set(names))) for module, names in found.items()}


@dataclass(frozen=True)
class Firmware:
    """A firmware file that a driver names. `where` is its path in the image, or None."""

    name: str
    driver: str
    where: Path | None


def find_firmware(root: Path, version: str, wanted: Mapping[str, Iterable[str]]) -> list[Firmware]:
    """Look for each firmware file in the folders in which the kernel looks.

    A name can contain wildcards, as for brcmfmac. Then all matches are returned, and one match is
    enough. Source: Documentation/driver-api/firmware/fw_search_path.rst of Linux.
    """
    folders = (f"updates/{version}", "updates", version, "")
    tops = [resolve(root, f"lib/firmware/{folder}") for folder in folders]
    found: list[Firmware] = []
    for driver, names in sorted(wanted.items()):
        for name in names:
            for top in tops:
                matches = _with_suffixes(root, top, name)
                if matches:
                    found.extend(Firmware(real, driver, path) for real, path in matches)
                    break
            else:
                found.append(Firmware(name, driver, None))
    return found


def _with_suffixes(root: Path, top: Path, name: str) -> list[tuple[str, Path]]:
    below = str(top.relative_to(root))
    if "*" in name:
        hits = sorted(top.glob(name)) if top.is_dir() else []
        return [(str(hit.relative_to(top)), hit) for hit in hits if hit.is_file()]
    for suffix in ("", ".xz", ".zst"):
        path = resolve(root, f"{below}/{name}{suffix}")
        if path.is_file():
            return [(name, path)]
    return []


# The packages that contain the firmware files of drivers for wired NICs. Source: the lists of files
# of these packages in Debian 12 (20230210) and Debian 13 (20250410).
_DEBIAN_PACKAGES = (
    ("rtl_nic/*", "firmware-realtek"),
    ("tigon/*", "firmware-misc-nonfree"),
    ("bnx2/*", "firmware-bnx2"),
    ("bnx2x/*", "firmware-bnx2x"),
    ("e100/*", "firmware-misc-nonfree, or firmware-intel-misc from Debian 13 on"),
    ("intel/ice/*", "firmware-misc-nonfree, or firmware-intel-misc from Debian 13 on"),
    ("3com/*", "firmware-misc-nonfree"),
    ("cxgb[34]/*", "firmware-misc-nonfree"),
    ("kaweth/*", "firmware-misc-nonfree"),
    ("tehuti/*", "firmware-misc-nonfree"),
    ("qed/*", "firmware-qlogic"),
    ("ct*fw-3.2.5.1.bin", "firmware-qlogic"),
    ("phanfw.bin", "firmware-netxen"),
    ("myri10ge_*", "firmware-myricom"),
    ("netronome/*", "firmware-netronome"),
    ("liquidio/*", "firmware-cavium"),
)


def firmware_package(name: str, distribution: str) -> str | None:
    """Return the package that contains a firmware file, or None if it is not known."""
    if distribution == "debian":
        for pattern, package in _DEBIAN_PACKAGES:
            if fnmatchcase(name, pattern):
                return package
    return None
