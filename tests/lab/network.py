# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's network: one bridge in a namespace of its own, which the host never sees.

The addresses are from TEST-NET-2 (RFC 5737); inventories/demo uses the same.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import ipaddress
import os
import signal
import struct
from pathlib import Path

from ansible_collections.diskless.netboot.tests.lab.places import Lab
from ansible_collections.diskless.netboot.tests.lab.shell import run, succeeds

SERVER_ADDRESS = "198.51.100.1"
OBSERVER_ADDRESS = "198.51.100.254"
PREFIX = 24
BRIDGE = "lan"
SERVER_NIC = "lan0"

_TUNSETIFF = 0x400454CA
_IFF_TAP, _IFF_NO_PI = 0x0002, 0x1000
_CLONE_NEWNET = 0x40000000


def create(lab: Lab, address: str = OBSERVER_ADDRESS) -> None:
    """Make the namespace and its bridge, with an address to look at clients from."""
    if lab.namespace in run(["ip", "netns", "list"]).split():
        return
    run(["ip", "netns", "add", lab.namespace])
    inside = ["ip", "-n", lab.namespace]
    run([*inside, "link", "set", "lo", "up"])
    run([*inside, "link", "add", BRIDGE, "type", "bridge", "forward_delay", "0"])
    run([*inside, "address", "add", f"{address}/{PREFIX}", "dev", BRIDGE])
    run([*inside, "link", "set", BRIDGE, "up"])
    _advertise(lab)


# A PC's firmware that looks for an IPv6 router waits 13 s for an answer; this one says
# that there is a router, and nothing to be had from it.
_RADVD = f"""\
interface {BRIDGE} {{
  AdvSendAdvert on;
  AdvDefaultLifetime 0;
  IgnoreIfMissing on;
}};
"""


def _advertise(lab: Lab) -> None:
    inside = ["ip", "netns", "exec", lab.namespace]
    run([*inside, "sysctl", "-qw", "net.ipv6.conf.all.forwarding=1"])
    config = lab.run / "radvd.conf"
    config.write_text(_RADVD)
    pidfile = lab.run / "radvd.pid"
    run([*inside, "radvd", "-C", str(config), "-p", str(pidfile), "-m", "stderr"])


def remove(lab: Lab) -> None:
    """Remove the namespace with all that is in it, if ``lab`` is the one that made it."""
    if lab.number != 1:
        return
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        os.kill(int((lab.run / "radvd.pid").read_text()), signal.SIGTERM)
    succeeds(["ip", "netns", "delete", lab.namespace])


def server_address(lab: Lab) -> str:
    """Return the boot server's address on the lab's network: .1, and .2, .3 for further ones."""
    return str(ipaddress.IPv4Address(SERVER_ADDRESS) + lab.number - 1)


def plug_container(lab: Lab, pid: int) -> None:
    """Give the container whose first process is ``pid`` a NIC on the bridge."""
    port = f"server{lab.number}"
    pair = [port, "netns", lab.namespace, "type", "veth"]
    run(["ip", "link", "add", *pair, "peer", "name", SERVER_NIC, "netns", str(pid)])
    run(["ip", "-n", lab.namespace, "link", "set", port, "master", BRIDGE, "up"])
    inside = ["nsenter", "--net", "--target", str(pid), "ip"]
    run([*inside, "address", "add", f"{server_address(lab)}/{PREFIX}", "dev", SERVER_NIC])
    run([*inside, "link", "set", SERVER_NIC, "up"])


def open_tap(lab: Lab, name: str) -> int:
    """Plug a new tap device into the bridge and return its open descriptor.

    The device lives as long as somebody holds the descriptor, so it goes with its QEMU.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    here = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    there = os.open(Path("/run/netns") / lab.namespace, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if libc.setns(there, _CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), f"cannot enter namespace {lab.namespace}")
        try:
            tap = os.open("/dev/net/tun", os.O_RDWR)
            # Without virtio's header, which QEMU 7.2 would leave in a capture.
            flags = _IFF_TAP | _IFF_NO_PI
            fcntl.ioctl(tap, _TUNSETIFF, struct.pack("16sH22x", name.encode(), flags))
        finally:
            libc.setns(here, _CLONE_NEWNET)
    finally:
        os.close(here)
        os.close(there)
    run(["ip", "-n", lab.namespace, "link", "set", name, "master", BRIDGE, "up"])
    return tap
