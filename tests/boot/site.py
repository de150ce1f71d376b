# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A site as its administrator sees it: an inventory, playbooks, a boot server and PCs."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.diskless.netboot.plugins.module_utils.pc.qemu import Guest
from ansible_collections.diskless.netboot.tests.boot.room import PC
from ansible_collections.diskless.netboot.tests.lab import client, console, server
from ansible_collections.diskless.netboot.tests.lab.places import PROJECT, Lab
from ansible_collections.diskless.netboot.tests.lab.shell import LabError
from ansible_collections.diskless.netboot.tests.lab.turn import turn

OUTPUT = Path(__file__).resolve().parents[1] / "output"
"""Where a boot that failed leaves what it printed."""

Inventory = dict[str, Any]

_RECAP = re.compile(r"^(\S+)\s+: ok=\d+\s+changed=(\d+)\s+unreachable=(\d+)\s+failed=(\d+)", re.M)


@dataclass(frozen=True)
class Run:
    """What a run of ansible-playbook came to."""

    status: int
    output: str

    @property
    def changed(self) -> int:
        return sum(int(host[1]) for host in _RECAP.findall(self.output))


@dataclass
class Site:
    """A lab with a copy of the demo's inventory that a test may edit."""

    lab: Lab
    inventory: Path
    first_run: Run | None = None
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        demo = PROJECT / "inventories" / "demo"
        shutil.copytree(
            demo, self.inventory, dirs_exist_ok=True, ignore=shutil.ignore_patterns("lab.yml")
        )
        (self.inventory / "lab.yml").write_text(server.inventory(self.lab))

    @contextmanager
    def edited(self) -> Iterator[Inventory]:
        """Let the caller change the inventory's hosts; they are written at the end."""
        path = self.inventory / "hosts.yml"
        hosts = yaml.safe_load(path.read_text())
        yield hosts
        path.write_text(yaml.safe_dump(hosts))

    def variable(self, group: str, name: str) -> Any:
        """Return a variable of a group."""
        return self._variables(group)[name]

    def edit(self, group: str, **variables: object) -> None:
        """Set variables of a group."""
        changed = {**self._variables(group), **variables}
        self._group_file(group).write_text(yaml.safe_dump(changed))

    def _variables(self, group: str) -> dict[str, Any]:
        found: dict[str, Any] = yaml.safe_load(self._group_file(group).read_text())
        return found

    def _group_file(self, group: str) -> Path:
        return self.inventory / "group_vars" / f"{group}.yml"

    def add(self, *pcs: PC, **variables: object) -> None:
        """Add PCs to the inventory, or let it say something else of them."""
        with self.edited() as hosts:
            for pc in pcs:
                hosts["netboot_clients"]["hosts"][pc.name] = {**pc.host, **variables}

    def command(self, playbook: str, *arguments: str) -> list[str]:
        """Return the command line that runs ``playbook``, of ours or of a collection."""
        path = PROJECT / "playbooks" / playbook
        name = str(path) if path.exists() else playbook
        return ["ansible-playbook", "-i", str(self.inventory), name, *arguments]

    def variables(self) -> dict[str, str]:
        """Return the environment in which Ansible runs."""
        collections = {"ANSIBLE_COLLECTIONS_PATH": str(PROJECT / ".build" / "collections")}
        return {**os.environ, **collections, "ANSIBLE_NOCOLOR": "1", **self.environment}

    def _run(self, command: list[str]) -> Run:
        ended = subprocess.run(
            command,
            env=self.variables(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return Run(ended.returncode, ended.stdout)

    def playbook(self, playbook: str, *arguments: str, fails: bool = False) -> Run:
        """Run a playbook to its end, and fail the test unless it ends as expected."""
        run = self._run(self.command(playbook, *arguments))
        assert (run.status != 0) == fails, run.output[-8000:]
        return run

    def ad_hoc(self, host: str, module: str, *options: str, **arguments: object) -> str:
        """Run one module on a host of the inventory, as a person does from a shell."""
        run = self.try_ad_hoc(host, module, *options, **arguments)
        assert run.status == 0, run.output[-8000:]
        return run.output

    def try_ad_hoc(self, host: str, module: str, *options: str, **arguments: object) -> Run:
        """Run one module so, and return what came of it."""
        command = ["ansible", host, "-i", str(self.inventory), "-m", module, *options]
        return self._run([*command, "-a", json.dumps(arguments)])

    def killed(self, playbook: str, task: int, delay: float) -> bool:
        """Run a playbook and kill it, ``delay`` seconds after the start of its task ``task``.

        Returns whether there was such a task.
        """
        with subprocess.Popen(
            self.command(playbook),
            env=self.variables(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        ) as process:
            seen = 0
            for line in process.stdout or ():
                seen += line.startswith(("TASK [", "RUNNING HANDLER ["))
                if seen == task:
                    time.sleep(delay)
                    os.killpg(process.pid, signal.SIGKILL)
                    return True
        return False

    def on_server(self, script: str) -> str:
        """Run a shell script on the boot server and return what it printed."""
        return server.execute(self.lab, "sh", "-euc", script)

    def files(self) -> dict[str, str]:
        """Return path and checksum of all that our playbooks could have written."""
        listing = self.on_server(
            "find /etc /srv/tftp /srv/netboot/images /srv/netboot/clients -xdev"
            " -path '*/root/*' -prune -o -type f ! -name 'ld.so.cache' ! -path '/etc/ssh/*'"
            " -exec sha256sum {} + 2>/dev/null || true"
        )
        return {
            path: digest for digest, path in (line.split("  ", 1) for line in listing.splitlines())
        }

    @contextmanager
    def power_on(
        self,
        mac: str,
        *,
        cable: Lab | None = None,
        **hardware: Any,
    ) -> Iterator[Guest]:
        """Power a PC on, on the boot server's network or that of ``cable``."""
        with turn(1), client.power_on(cable or self.lab, mac, **hardware) as guest:
            yield guest

    @contextmanager
    def boots(self, pc: PC, logs: Path, **hardware: Any) -> Iterator[Running]:
        """Power a PC on and wait until it is ready; its logs are kept if it never is."""
        trace = None if pc.whole else console.trace()
        with self.power_on(pc.mac, trace=trace, **hardware) as guest:
            if not guest.wait_ready(client.BOOT_SECONDS):
                client.keep_logs(self.lab, guest, logs / pc.name)
                raise AssertionError(f"{pc.name}: {guest.trace.sentence()} See {logs / pc.name}.")
            yield Running(self.lab, pc, guest)


@dataclass(frozen=True)
class Running:
    """A PC that is on."""

    lab: Lab
    pc: PC
    guest: Guest

    def run(self, script: str) -> str:
        """Run a shell script in it and return what it printed."""
        if self.pc.whole:
            return client.inside(self.lab, self.pc.address, script, guest=self.guest).strip()
        return console.run(self.guest, script).strip()

    def end(self, script: str) -> None:
        """Run what ends its session: ssh may hear nothing more of it, which is its status 255."""
        try:
            self.run(script)
        except LabError as error:
            if not str(error).startswith("exit 255 "):
                raise

    def switch_off(self, seconds: float = 60) -> None:
        """Let Debian switch it off, and fail unless that happens in time."""
        self.end("systemctl poweroff")
        assert self.guest.wait_end(seconds), f"it did not switch itself off within {seconds:.0f} s"


@contextmanager
def bare_site(lab_name: str, inventory: Path, suite: str = "bookworm") -> Iterator[Site]:
    """Start a boot server that no playbook has seen, with the demo's inventory; end it after."""
    lab = Lab(lab_name)
    server.down(lab)
    server.up(lab, "container", suite)
    try:
        yield Site(lab, inventory)
    finally:
        server.down(lab)


def at_once(calls: list[Any]) -> list[Any]:
    """Call all of ``calls``, which have a PC on each, at the same time; return what they do."""
    with turn(len(calls)), ThreadPoolExecutor(len(calls)) as pool:
        return [future.result() for future in [pool.submit(call) for call in calls]]
