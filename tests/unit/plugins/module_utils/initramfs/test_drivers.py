# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Drivers bring what they need; what a kernel lacks is named; firmware is found as Linux does."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.diskless.netboot.plugins.module_utils.initramfs import drivers
from ansible_collections.diskless.netboot.plugins.module_utils.initramfs.error import InitramfsError

DEP = """kernel/drivers/net/ethernet/realtek/r8169.ko.xz: kernel/drivers/net/phy/libphy.ko.xz
kernel/drivers/net/phy/libphy.ko.xz:
kernel/drivers/net/phy/realtek.ko.xz: kernel/drivers/net/phy/libphy.ko.xz
kernel/drivers/net/virtio_net.ko: kernel/net/core/failover.ko
kernel/net/core/failover.ko:
kernel/drivers/virtio/virtio_pci.ko:
kernel/drivers/net/usb/r8152.ko:
kernel/drivers/usb/host/xhci-pci.ko:
kernel/fs/nfs/nfs.ko.zst:
"""
SOFTDEP = "# Soft dependencies\nsoftdep r8169 pre: realtek gone post: nfs\nsoftdep cifs gcm\n"


@pytest.fixture
def index(tmp_path: Path) -> drivers.KernelModules:
    top = tmp_path / "lib/modules/6.1"
    top.mkdir(parents=True)
    (top / "modules.dep").write_text(DEP)
    (top / "modules.softdep").write_text(SOFTDEP)
    (top / "modules.builtin").write_text("kernel/drivers/net/ethernet/intel/e1000.ko\n")
    return drivers.KernelModules.read(tmp_path, "6.1")


def test_a_driver_brings_its_dependencies_hard_and_soft(index: drivers.KernelModules) -> None:
    assert index.closure(["r8169"]) == ("libphy", "r8169", "realtek")


def test_a_builtin_driver_is_known_and_needs_no_file(index: drivers.KernelModules) -> None:
    assert "e1000" in index
    assert index.closure(["e1000"]) == ()
    assert index.unknown(["e1000"]) == []


def test_virtual_and_usb_cards_bring_the_bus_that_they_sit_on(index: drivers.KernelModules) -> None:
    assert index.companions(["virtio_net"]) == ("virtio_pci",)
    assert index.companions(["r8152"]) == ("xhci_pci",)  # the others are not in this kernel
    assert index.companions(["r8169"]) == ()


def test_unknown_drivers_are_all_named_with_those_that_look_alike(
    index: drivers.KernelModules,
) -> None:
    first, second = index.unknown(["r8619", "r8169", "zzz"])
    assert "'r8619'; did you mean r8169" in first
    assert second == "drivers: kernel 6.1 has no module 'zzz'"


def test_a_kernel_without_an_index_says_how_to_make_it(tmp_path: Path) -> None:
    with pytest.raises(InitramfsError, match=r"modules\.dep.*run 'depmod 6\.1' in the image"):
        drivers.KernelModules.read(tmp_path, "6.1")


@pytest.mark.parametrize(
    "name", ["xhci-pci", "xhci_pci", "kernel/usb/xhci-pci.ko", "xhci-pci.ko.zst"]
)
def test_all_spellings_of_a_module_are_one(name: str) -> None:
    assert drivers.normalise(name) == "xhci_pci"


def test_firmware_is_told_apart_by_module_in_modinfos_text() -> None:
    text = """filename:       /lib/modules/6.1/kernel/drivers/net/ethernet/broadcom/tg3.ko
firmware:       tigon/tg3_tso.bin
firmware:       tigon/tg3.bin
firmware:       tigon/tg3.bin
description:    a: driver
name:           tg3
name:           e100
filename:       (builtin)
firmware:       e100/d101m_ucode.bin
filename:       /lib/modules/6.1/kernel/none.ko
name:           none
"""
    assert drivers.parse_modinfo(text) == {
        "tg3": ("tigon/tg3.bin", "tigon/tg3_tso.bin"),
        "e100": ("e100/d101m_ucode.bin",),
    }


def test_firmware_is_looked_for_where_the_kernel_does(tmp_path: Path) -> None:
    for name in ("a.bin", "b.bin.xz", "updates/c.bin", "6.1/d.bin.zst", "brcm/x-1.bin"):
        path = tmp_path / "usr/lib/firmware" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"fw")
    (tmp_path / "lib").symlink_to("/usr/lib")  # absolute: the image's, not this machine's
    wanted = {"nic": ["a.bin", "b.bin", "c.bin", "d.bin", "e.bin", "brcm/x*.bin", "no*"]}
    found = drivers.find_firmware(tmp_path, "6.1", wanted)
    assert [item.name for item in found if item.where] == [
        *("a.bin", "b.bin", "c.bin", "d.bin", "brcm/x-1.bin")
    ]
    assert [item.name for item in found if not item.where] == ["e.bin", "no*"]


def test_the_package_is_named_only_where_it_was_seen() -> None:
    assert drivers.firmware_package("rtl_nic/rtl8168h-2.fw", "debian") == "firmware-realtek"
    assert drivers.firmware_package("bnx2x/bnx2x-e2-7.13.21.0.fw", "debian") == "firmware-bnx2x"
    assert drivers.firmware_package("sun/cassini.bin", "debian") is None
    assert drivers.firmware_package("rtl_nic/rtl8168h-2.fw", "fedora") is None
