# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What may be on a site's network beside the boot server: a router with a relay, a DHCP server.

The second network's addresses are from the network for benchmarks (RFC 2544).
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from ansible_collections.diskless.netboot.tests.lab import network, server
from ansible_collections.diskless.netboot.tests.lab.places import Lab
from ansible_collections.diskless.netboot.tests.lab.shell import run

FAR_NETWORK = "198.18.5.0/24"
FAR_ROUTER = "198.18.5.1"
_ROUTER = "198.51.100.253"
_UPLINK = "uplink"


@contextmanager
def relayed(lab: Lab) -> Iterator[Lab]:
    """Make a second network behind a router that relays DHCP to the lab's boot server.

    Gives the place of that network, for client.power_on. The boot server and the lab's own
    namespace know the way there.
    """
    far = Lab(f"{lab.name}-far")
    network.remove(far)
    far.run.mkdir(parents=True, exist_ok=True)
    try:
        network.create(far, FAR_ROUTER)
        near = ["ip", "-n", lab.namespace]
        inside = ["ip", "-n", far.namespace]
        pair = ["router", "netns", lab.namespace, "type", "veth"]
        run(["ip", "link", "add", *pair, "peer", "name", _UPLINK, "netns", far.namespace])
        run([*near, "link", "set", "router", "master", network.BRIDGE, "up"])
        run([*inside, "address", "add", f"{_ROUTER}/{network.PREFIX}", "dev", _UPLINK])
        run([*inside, "link", "set", _UPLINK, "up"])
        forward = ["sysctl", "-qw", "net.ipv4.ip_forward=1"]
        run(["ip", "netns", "exec", far.namespace, *forward])
        route = ["route", "replace", FAR_NETWORK, "via", _ROUTER]
        run([*near, *route])
        server.execute(lab, "ip", *route)
        with dnsmasq(far, [f"dhcp-relay={FAR_ROUTER},{network.SERVER_ADDRESS}"]):
            yield far
    finally:
        # It may be the way to something else on the outside network.
        server.execute(lab, "ip", "route", "flush", FAR_NETWORK)
        network.remove(far)
        shutil.rmtree(far.run, ignore_errors=True)


@contextmanager
def dnsmasq(lab: Lab, lines: Sequence[str]) -> Iterator[None]:
    """Run a dnsmasq with these lines of configuration, and without DNS, on the lab's network."""
    folder = lab.run / "dnsmasq"
    folder.mkdir(parents=True, exist_ok=True)
    pidfile = folder / "pid"
    own = [
        "port=0",
        "bind-dynamic",
        "log-dhcp",
        f"log-facility={folder / 'log'}",
        f"dhcp-leasefile={folder / 'leases'}",
        f"pid-file={pidfile}",
    ]
    config = folder / "conf"
    config.write_text("\n".join([*own, *lines]) + "\n")
    # It comes back once its sockets are open.
    inside = ["ip", "netns", "exec", lab.namespace]
    run([*inside, "dnsmasq", f"--conf-file={config}", "--user=root"])
    try:
        yield
    finally:
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            os.kill(int(pidfile.read_text()), signal.SIGTERM)
