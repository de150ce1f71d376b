# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person can copy from a running PC names its network cards' drivers, and no others."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.diskless.netboot.plugins.module_utils.initramfs import drivers, hardware

MODULES = [
    "kernel/drivers/net/ethernet/realtek/r8169.ko.xz",
    "kernel/drivers/net/ethernet/intel/e1000e/e1000e.ko",
    "kernel/drivers/net/wireless/intel/iwlwifi/iwlwifi.ko",
    "kernel/drivers/net/usb/r8152.ko",
    "kernel/drivers/net/virtio_net.ko",
    "kernel/drivers/net/tun.ko",
    "kernel/drivers/virtio/virtio_pci.ko",
    "kernel/drivers/ata/ahci.ko",
]
ALIASES = """# Aliases extracted from modules themselves.
alias pci:v000010ECd00008168sv*sd*bc*sc*i* r8169
alias pci:v00008086d00001502sv*sd*bc*sc*i* e1000e
alias pci:v00008086d00000082sv*sd00001301bc*sc*i* iwlwifi
alias pci:v00001AF4d*sv*sd*bc*sc*i* virtio_pci
alias pci:v*d*sv*sd*bc01sc06i01* ahci
alias usb:v0BDAp8153d*dc*dsc*dp*icFFisc*ip*in* r8152
alias virtio:d00000001v* virtio-net
alias devname:net/tun tun
alias fs-nfs nfs
"""
BUILTIN = b"tg3.alias=pci:v000014E4d00001657sv*sd*bc*sc*i*\0tg3.license=GPL\0"


@pytest.fixture
def cards(tmp_path: Path) -> hardware.Hardware:
    top = tmp_path / "lib/modules/6.1"
    top.mkdir(parents=True)
    (top / "modules.dep").write_text("".join(f"{name}:\n" for name in MODULES))
    (top / "modules.alias").write_text(ALIASES)
    (top / "modules.builtin").write_text("kernel/drivers/net/ethernet/broadcom/tg3.ko\n")
    (top / "modules.builtin.modinfo").write_bytes(BUILTIN)
    return hardware.Hardware.read(tmp_path, drivers.KernelModules.read(tmp_path, "6.1"))


@pytest.mark.parametrize(
    ("given", "module"),
    [
        ("r8169", "r8169"),
        ("virtio-net", "virtio_net"),
        ("10ec:8168", "r8169"),
        ("10EC:8168", "r8169"),
        ("14e4:1657", "tg3"),  # built in
        ("1af4:1000", "virtio_net"),  # the card on the bus that this id is of
        ("pci:v00008086d00001502sv00001028sd00000493bc02sc00i00", "e1000e"),
        ("usb:v0BDAp8153d3000dc00dsc00dp00icFFiscFFip00in00", "r8152"),
        ("virtio:d00000001v00001AF4", "virtio_net"),
    ],
)
def test_a_driver_goes_by_its_name_or_by_what_it_drives(
    cards: hardware.Hardware, given: str, module: str
) -> None:
    assert cards.named([given]) == ([module], [])


def test_every_driver_that_the_kernel_lacks_is_named(cards: hardware.Hardware) -> None:
    found, faults = cards.named(["10ec:9999", "r8619", "e1000e", "usb:v0BDAp0000d3000"])
    assert found == ["e1000e"]
    assert faults == [
        "drivers: kernel 6.1 has none for '10ec:9999'",
        "drivers: kernel 6.1 has none for 'usb:v0BDAp0000d3000'",
        "drivers: kernel 6.1 has no module 'r8619'; did you mean r8169 or r8152?",
    ]


LSPCI_N = "00:19.0 0200: 8086:1502 (rev 04)\n00:1f.2 0106: 8086:1c02 (rev 04)\n"
LSPCI_NNK = """
00:19.0 Ethernet controller [0200]: Intel Corporation 82579LM [Lewisville] [8086:1502] (rev 04)
\tSubsystem: Dell Device [1028:0493]
\tKernel driver in use: e1000e
00:1f.2 SATA controller [0106]: Intel Corporation 6 Series [8086:1c02] (rev 04)
0000:03:00.0 Network controller [0280]: Intel Corporation Centrino [8086:0082] (rev 34)
"""
LSMOD = """Module                  Size  Used by
r8169                 110592  0
tun                    61440  2
iwlwifi               360448  1 iwldvm
ahci                   49152  1
e1000e_of_another      49152  1
"""
MODALIASES = """pci:v000010ECd00008168sv00001043sd000083A3bc02sc00i00
pci:v00008086d00001C02sv00001028sd00000493bc01sc06i01
usb:v0BDAp8153d3000dc00dsc00dp00icFFiscFFip00in00
usb:v046DpC077d7200dc00dsc00dp00ic03isc01ip02in00
acpi:PNP0C0A:
"""
CARD = "pci:v000010ECd00009999sv00001043sd000083A3bc02sc00i00"


@pytest.mark.parametrize(
    ("text", "modules"),
    [
        (LSPCI_N, ["e1000e"]),
        (LSPCI_NNK, ["e1000e"]),
        (LSMOD, ["r8169"]),
        (MODALIASES, ["r8169", "r8152"]),
        (LSMOD + LSPCI_N + LSPCI_NNK, ["r8169", "e1000e"]),
        ("  03:00.0 0200: 10ec:8168\r\n", ["r8169"]),
    ],
)
def test_a_machine_s_lists_name_the_drivers_of_its_wired_cards(
    cards: hardware.Hardware, text: str, modules: list[str]
) -> None:
    assert cards.of_machine(text) == (modules, [])


@pytest.mark.parametrize(
    ("line", "card"),
    [
        ("03:00.0 0200: 10ec:9999", "10ec:9999"),
        (CARD, CARD),
    ],
)
def test_a_machine_s_card_without_a_driver_is_named(
    cards: hardware.Hardware, line: str, card: str
) -> None:
    _found, faults = cards.of_machine(LSPCI_N + line)
    assert faults == [f"machine: kernel 6.1 has no driver for the card {card}"]


@pytest.mark.parametrize(
    "text", ["hello", "00:19.0 Ethernet controller: Intel Corporation 82579LM"]
)
def test_text_that_shows_no_card_says_what_to_paste(cards: hardware.Hardware, text: str) -> None:
    _found, (fault,) = cards.of_machine(text)
    assert "no wired network card" in fault and "lspci -nn" in fault
