# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The running boot server as a source."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot.source import Source

from .copies import copy


def test_what_must_not_travel_stays_on_the_boot_server(
    source: Path, dest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = [
        "etc/ssh/ssh_host_ed25519_key",
        "etc/machine-id",
        "var/lib/kea/kea-leases4.csv",
        "var/lib/dhcp/dhclient.leases",
        "var/log/nginx/access.log",
        "var/log/syslog.1",
        "swapfile",
        "srv/netboot/images/x",
        "run/lock",
        "tmp/x",
    ]
    for name in [*secrets, "etc/ssh/sshd_config", "var/log/nginx/kept"]:
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text("secret")
    monkeypatch.setattr(Source, "is_host", True)

    copy(source, dest)

    assert [name for name in secrets if (dest / name).exists()] == ["etc/machine-id"]
    assert (dest / "etc/machine-id").read_bytes() == b""
    assert (dest / "etc/ssh/sshd_config").exists()
    assert (dest / "var/log/nginx").is_dir() and (dest / "run").is_dir()
    assert not copy(source, dest).changed
    (dest / "etc/ssh/ssh_host_rsa_key").write_text("of this PC")
    copy(source, dest)
    assert (dest / "etc/ssh/ssh_host_rsa_key").read_text() == "of this PC"
