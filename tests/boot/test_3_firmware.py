# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""PCs with UEFI, Secure Boot off and on, from the run that serves those with a BIOS."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.diskless.netboot.plugins.module_utils.pc.qemu import Guest
from ansible_collections.diskless.netboot.tests.boot.room import FIRST, PC, SECOND
from ansible_collections.diskless.netboot.tests.boot.site import Site, at_once
from ansible_collections.diskless.netboot.tests.lab import client

# The last byte of the UEFI variable (UEFI Specification, "Globally Defined Variables").
VARIABLES = "/sys/firmware/efi/efivars"
SECURE_BOOT = f"mount -t efivarfs efivarfs {VARIABLES}; od -An -t u1 -j 4 {VARIABLES}/SecureBoot-*"


def _boot(site: Site, pc: PC, firmware: str, logs: Path) -> tuple[str, str, str]:
    """Return the client's Secure Boot state, its command line, and the loader that came first."""
    with site.boots(pc, logs / firmware, firmware=firmware) as running:
        state, command_line = running.run(f"{SECURE_BOOT}; cat /proc/cmdline").splitlines()
        return state.strip(), command_line, running.guest.trace.detail("loader")


def test_uefi_and_secure_boot_pcs_boot_from_the_same_inventory(site: Site, logs: Path) -> None:
    plain, secure = at_once(
        [
            lambda: _boot(site, FIRST, "uefi", logs),
            lambda: _boot(site, SECOND, "secureboot", logs),
        ]
    )

    assert (plain[0], secure[0]) == ("0", "1")
    for pc, (_state, command_line, loader) in ((FIRST, plain), (SECOND, secure)):
        assert loader == "shimx64.efi"
        assert f"systemd.hostname={pc.name}" in command_line.split()
        assert f"BOOTIF=01-{pc.mac.replace(':', '-')}" in command_line.split()


def test_secure_boot_refuses_a_loader_that_was_tampered_with(site: Site, logs: Path) -> None:
    served = "/srv/tftp/grubx64.efi"
    site.on_server(
        f"cp --archive {served} /root/; printf X | dd of={served} bs=1 seek=5000 conv=notrunc"
    )
    try:
        with site.power_on(SECOND.mac, firmware="secureboot") as guest:
            refused = _shows(guest, "Security Violation")
            if not refused:
                client.keep_logs(site.lab, guest, logs)
            assert refused, guest.console[-2000:]
    finally:
        site.on_server(f"mv /root/grubx64.efi {served}")


def _shows(guest: Guest, words: str) -> bool:
    return guest.watch(lambda: words in guest.console, 120)
