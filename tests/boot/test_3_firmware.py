# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""PCs with UEFI, Secure Boot off and on, from the run that serves those with a BIOS."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.diskless.netboot.plugins.module_utils.pc.qemu import Guest
from ansible_collections.diskless.netboot.tests.boot.site import Site, at_once
from ansible_collections.diskless.netboot.tests.lab import client

PC01, PC02 = "52:54:00:00:00:01", "52:54:00:00:00:02"

# The last byte of the UEFI variable (UEFI Specification, "Globally Defined Variables").
SECURE_BOOT = "od -An -t u1 -j 4 /sys/firmware/efi/efivars/SecureBoot-*"


def _boot(site: Site, mac: str, address: str, firmware: str, logs: Path) -> tuple[str, str, str]:
    """Return the client's Secure Boot state, its command line, and the loader that came first."""
    with site.boots(mac, logs / firmware, firmware=firmware) as guest:
        state, command_line = site.inside(address, f"{SECURE_BOOT}; cat /proc/cmdline").splitlines()
        return state.strip(), command_line, guest.trace.detail("loader")


def test_uefi_and_secure_boot_pcs_boot_from_the_same_inventory(site: Site, logs: Path) -> None:
    plain, secure = at_once(
        [
            lambda: _boot(site, PC01, "198.51.100.11", "uefi", logs),
            lambda: _boot(site, PC02, "198.51.100.12", "secureboot", logs),
        ]
    )

    assert (plain[0], secure[0]) == ("0", "1")
    for name, mac, (_state, command_line, loader) in (
        ("pc01", PC01, plain),
        ("pc02", PC02, secure),
    ):
        assert loader == "shimx64.efi"
        assert f"systemd.hostname={name}" in command_line.split()
        assert f"BOOTIF=01-{mac.replace(':', '-')}" in command_line.split()


def test_secure_boot_refuses_a_loader_that_was_tampered_with(site: Site, logs: Path) -> None:
    served = "/srv/tftp/grubx64.efi"
    site.on_server(f"cp {served} /root/; printf X | dd of={served} bs=1 seek=5000 conv=notrunc")
    try:
        with site.power_on(PC02, firmware="secureboot") as guest:
            refused = _shows(guest, "Security Violation")
            if not refused:
                client.keep_logs(site.lab, guest, logs)
            assert refused, guest.console[-2000:]
    finally:
        site.on_server(f"mv /root/grubx64.efi {served}")
    assert site.playbook("clients.yml").changed == 0


def _shows(guest: Guest, words: str) -> bool:
    return guest.watch(lambda: words in guest.console, 120)
