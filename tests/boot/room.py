# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The room: the boot server's PCs, which the first run of site.yml serves all together."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ansible_collections.diskless.netboot.tests.lab import console

CONSOLE = ["console=tty0", "console=ttyS0,115200", "no_timer_check"]

# All tests' images of a release are made of the same packages, so the system is fetched once.
IMAGE: dict[str, object] = {"nfsroot_image_squashfs": "lz4", "nfsroot_image_packages": ["rsync"]}


@dataclass(frozen=True)
class PC:
    """A PC of the inventory.

    Attributes:
        number: which one; its name, MAC and address follow.
        whole: whether it starts all of Debian, which a test of DHCP, loader, initrd or root does
            not need: a shell on its console is there in a third of the time.
        subnet: the first three octets of its address.
        variables: what the inventory says of it.
    """

    number: int
    whole: bool = False
    subnet: str = "198.51.100"
    variables: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"pc{self.number:02}"

    @property
    def mac(self) -> str:
        return f"52:54:00:00:{self.number // 100:02}:{self.number % 100:02}"

    @property
    def address(self) -> str:
        # Those of the demo's inventory begin at 11.
        return f"{self.subnet}.{self.number if self.number > 10 else self.number + 10}"

    @property
    def host(self) -> dict[str, Any]:
        """Its variables in the inventory."""
        arguments = CONSOLE if self.whole else [*CONSOLE, console.INIT]
        own = {"netboot_mac": self.mac, "netboot_ip": self.address}
        return {**own, "netboot_kernel_args": arguments, **self.variables}


def pc(number: int, *, whole: bool = False, subnet: str = "198.51.100", **variables: Any) -> PC:
    """Return a PC; *variables* are without their prefix ``netboot_``."""
    return PC(number, whole, subnet, {f"netboot_{key}": value for key, value in variables.items()})


CARD = 'Section "Device"\n  Identifier "card"\n  Driver "modesetting"\nEndSection\n'
FAR = "198.18.5"
"""Behind a router that relays DHCP."""

FIRST, SECOND = pc(1, root="rw"), pc(2, root="rw")
OVERLAYS = pc(41, overlay_size="200M"), pc(42, overlay_size="200M")
RUNNING, RESTARTED = pc(61), pc(62)
KEEPER = pc(
    71,
    whole=True,
    overlay_size="200M",
    persist=["/var/log", "/home/kiosk"],
    files={"/etc/X11/xorg.conf.d/90-card.conf": CARD},
)
OTHER = pc(72)
"""It is never switched on."""
NEAR, NEAR_STATIC = pc(73), pc(74, static=True)
RELAYED, RELAYED_STATIC = pc(75, subnet=FAR), pc(76, subnet=FAR, static=True)
TWO_NICS = pc(
    77, mac=["52:54:00:00:00:77", "52:54:00:00:00:78"], ip=["198.51.100.77", "198.51.100.78"]
)
ITS_SECOND_NIC, ITS_NEW_NIC, ANOTHER_NIC = pc(78), pc(79), pc(80)
"""These are in the inventory as NICs of another PC alone."""
TUNED = pc(81, whole=True, persist=["/var/swap"])

PCS = (
    *(FIRST, SECOND, *OVERLAYS, RUNNING, RESTARTED, KEEPER, OTHER),
    *(NEAR, NEAR_STATIC, RELAYED, RELAYED_STATIC, TWO_NICS, TUNED),
)

# Later runs add these.
THIRD, SHARED, KILLED = pc(3, root="rw"), pc(4, root="shared-rw"), pc(5, root="rw")
FETCHING = pc(91, whole=True, root="squashfs")
CAPTURED = pc(63, whole=True, image="captured")
