# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Secure Boot refuses; ``test_2_site`` shows what it lets pass."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.diskless.netboot.plugins.module_utils.pc.qemu import Guest
from ansible_collections.diskless.netboot.tests.boot.room import SECOND
from ansible_collections.diskless.netboot.tests.boot.site import Site
from ansible_collections.diskless.netboot.tests.lab import client


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
