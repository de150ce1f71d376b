# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A boot server's network as the inventory says, and as it is."""

from __future__ import annotations

import subprocess

from ansible_collections.diskless.netboot.plugins.module_utils.inventory import server

NICS = {"eth0": ["203.0.113.7"], "lan0": ["192.0.2.1", "198.51.100.1"], "lan1": []}


def test_ip_s_own_output_is_read() -> None:
    ended = subprocess.run(["ip", "-json", "address"], stdout=subprocess.PIPE, check=True)
    listed = subprocess.run(["ip", "-o", "link"], stdout=subprocess.PIPE, check=True, text=True)
    names = {line.split(": ")[1].partition("@")[0] for line in listed.stdout.splitlines()}
    assert set(server.read_nics(ended.stdout.decode())) == names - {"lo"}


def test_a_server_that_is_as_the_inventory_says_has_no_faults() -> None:
    assert server.network_faults("198.51.100.1", ["lan0", "lan1"], NICS) == []


def test_each_fault_says_what_the_server_has() -> None:
    assert server.network_faults("192.0.2.9", ["lan0", "lan9"], NICS) == [
        "netboot_address: 192.0.2.9 is no address of this server. It has 203.0.113.7 on eth0,"
        " 192.0.2.1 on lan0, 198.51.100.1 on lan0",
        "dhcp_server_interfaces: this server has no NIC lan9. It has eth0, lan0, lan1",
    ]


def test_a_server_without_an_address_has_none() -> None:
    (fault,) = server.network_faults("192.0.2.9", [], {"lan1": []})
    assert fault.endswith("It has none")
