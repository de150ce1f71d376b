# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel's NFS server, which the role chose by itself."""

from __future__ import annotations

from testinfra.host import Host


def test_the_kernel_serves_nfs(host: Host) -> None:
    assert host.service("nfs-kernel-server").is_running
    assert host.service("nfs-kernel-server").is_enabled
    assert int(host.file("/proc/fs/nfsd/threads").content_string) == 16


def test_ganesha_is_not_installed(host: Host) -> None:
    assert not host.package("nfs-ganesha").is_installed


def test_releases_are_exported_to_the_clients_that_run_them_alone(host: Host) -> None:
    exports = host.check_output("showmount --no-headers --exports 127.0.0.1").splitlines()

    # Debian 14's mountd lists the clients of an export in another order.
    found = {path: set(clients.split(",")) for path, clients in map(str.split, exports)}
    assert found == {
        "/srv/netboot/clients/pc01/state": {"198.51.100.11"},
        "/srv/netboot/clients/pc02/state": {"198.51.100.12"},
        "/srv/netboot/images/bookworm/releases": {"198.51.100.11", "198.51.100.12"},
    }
