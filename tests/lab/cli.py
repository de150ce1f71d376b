# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's command: a boot server and PXE clients in a network of their own."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
from pathlib import Path

from ansible_collections.diskless.netboot.plugins.module_utils.pc.firmware import FIRMWARES
from ansible_collections.diskless.netboot.plugins.module_utils.pc.trace import LOGIN_PROMPT, Trace
from ansible_collections.diskless.netboot.tests.lab import (
    client,
    demo,
    desktop,
    images,
    podman,
    server,
)
from ansible_collections.diskless.netboot.tests.lab.places import PROJECT, RUN, Lab
from ansible_collections.diskless.netboot.tests.lab.shell import LabError


def main(arguments: list[str] | None = None) -> int:
    """Run one command of the lab and return its exit status."""
    options = _parser().parse_args(arguments)
    if os.geteuid() != 0:
        print("lab: network namespaces and containers need root", file=sys.stderr)
        return 1
    try:
        return int(options.call(options))
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="lab", description=__doc__)
    parser.add_argument("--name", default="demo", help="which lab (default: demo)")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    up = commands.add_parser("up", help="start the network and the boot server")
    up.add_argument("--server", choices=("container", "vm"), default="container")
    up.add_argument("--release", choices=images.SUITES, default="bookworm")
    up.add_argument("--store", type=Path, help="what a VM has under /srv from the beginning")
    up.add_argument("--inventory", type=Path, help="write how Ansible reaches it to this file")
    up.add_argument("--host", default="boot1", help="its name in that file (default: boot1)")
    up.set_defaults(call=_up)

    boot = commands.add_parser("client", help="boot one PXE client; print its stages as JSON")
    boot.add_argument("--firmware", choices=FIRMWARES, default="bios")
    boot.add_argument("--mac", required=True)
    boot.add_argument("--nic", default="virtio-net-pci", help="QEMU's name of the NIC")
    boot.add_argument("--memory", type=int, default=1024, help="MiB")
    boot.add_argument("--cpus", type=int, default=1)
    boot.add_argument("--timeout", type=float, default=client.BOOT_SECONDS, help="seconds")
    boot.add_argument("--screenshot", type=Path, help="write the screen to this PNG at the end")
    boot.add_argument(
        "--logs",
        type=Path,
        default=PROJECT / "tests" / "output",
        help="where the console and the server's log go if it never is ready",
    )
    boot.add_argument("--json", type=Path, help="write the stages to this file too")
    boot.add_argument("--until", default=LOGIN_PROMPT, help="console text when ready (regex)")
    boot.add_argument("--exec", dest="command", help="when ready, run this inside, over ssh")
    boot.add_argument("--shell", action="store_true", help="when ready, log in to it")
    boot.set_defaults(call=_client)

    down = commands.add_parser("down", help="end it; remove all but what is cached")
    down.add_argument("--all", action="store_true", help="every lab of this checkout")
    down.set_defaults(call=_down)

    inside = commands.add_parser("run", help="run a command on the boot server")
    inside.add_argument("command", nargs=argparse.REMAINDER)
    inside.set_defaults(call=_run)

    shown = commands.add_parser("demo", help="the whole chain, stage by stage")
    shown.set_defaults(call=lambda options: demo.demo(Lab(options.name)))

    drawn = commands.add_parser("desktop", help="the library's desktop, up to its picture")
    drawn.add_argument("picture", type=Path, help="write the screen to this PNG")
    drawn.set_defaults(call=lambda options: desktop.desktop(Lab(options.name), options.picture))

    commands.add_parser("status", help="which labs run").set_defaults(call=_status)
    return parser


def _up(options: argparse.Namespace) -> int:
    lab = Lab(options.name)
    server.up(lab, options.server, options.release, options.store)
    if options.inventory:
        staged = options.inventory.with_name(f".{options.inventory.name}.{os.getpid()}")
        staged.write_text(server.inventory(lab, options.host))
        staged.replace(options.inventory)
    return 0


def _client(options: argparse.Namespace) -> int:
    lab = Lab(options.name)
    server.check_up(lab)
    with client.power_on(
        lab,
        options.mac,
        firmware=options.firmware,
        nic=options.nic,
        memory=options.memory,
        cpus=options.cpus,
        trace=Trace(ready=options.until),
    ) as guest:
        ready = guest.wait_ready(options.timeout)
        trace = guest.trace
        report = {
            "mac": options.mac,
            "ready": ready,
            "stages": {step.stage: step.seconds for step in trace.passed},
            "details": {step.stage: step.detail for step in trace.passed},
            "wire_bytes": guest.wire_bytes,
            "sentence": trace.sentence(),
        }
        if options.screenshot:
            guest.screenshot(options.screenshot)
        text = json.dumps(report, indent=2)
        print(text)
        if options.json:
            options.json.write_text(text + "\n")
        if not ready:
            client.keep_logs(lab, guest, options.logs)
            print(f"lab: its console and the server's log are in {options.logs}", file=sys.stderr)
            return 1
        address = trace.detail("dhcp")
        if options.command:
            print(client.inside(lab, address, options.command), end="")
        if options.shell:
            client.log_in(lab, address)
    return 0


def _down(options: argparse.Namespace) -> int:
    names = _own_labs() if options.all else [options.name]
    for name in names:
        server.down(Lab(name))
    if options.all and not _labs():
        podman.let_go()
        with contextlib.suppress(FileNotFoundError):
            RUN.rmdir()
    return 0


def _run(options: argparse.Namespace) -> int:
    if not options.command:
        raise LabError("say which command, such as 'tests/lab/lab run journalctl'")
    print(server.execute(Lab(options.name), *options.command), end="")
    return 0


def _status(options: argparse.Namespace) -> int:
    names = _labs()
    for name in names:
        print(f"{name}: {'up' if server.is_up(Lab(name)) else 'down'}")
    if not names:
        print("no lab is running; 'tests/lab/lab up' starts one")
    return 0


def _own_labs() -> list[str]:
    """Return the labs of this checkout, and those of which nobody knows whose they are."""
    owners = {name: Lab(name).owner for name in _labs()}
    own = str(PROJECT)
    return [name for name, file in owners.items() if not file.exists() or file.read_text() == own]


def _labs() -> list[str]:
    if not RUN.is_dir():
        return []
    return sorted(path.name for path in RUN.iterdir() if path.name != "podman")
