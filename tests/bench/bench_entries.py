# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Boot entries: what a module takes for thousands of them, and a loop of templates for a few.

Every run has one core to itself, as `taskset` gives it. A module is run as Ansible sends it to a
target: the file that a first run of Ansible left behind.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from ansible_collections.diskless.netboot.plugins.module_utils.bootloader.entry import plan_entries
from ansible_collections.diskless.netboot.plugins.module_utils.inventory.parser import parse_clients
from ansible_collections.diskless.netboot.tests.bench import rooms
from ansible_collections.diskless.netboot.tests.bench.harness import (
    Bench,
    BenchError,
    Bound,
    Process,
)
from ansible_collections.diskless.netboot.tests.lab.places import PROJECT

MANY, LOOPED = 5_000, 50
RELEASE = "2026-11-24.1"
ONE_CORE = ["taskset", "--cpu-list", "0"]
FOLDERS = {"pxelinux_entry": "pxelinux.cfg", "grub_entry": "grub"}

OPTIONS = {"root": "{{ root }}", "entries": "{{ boot_entries }}"}
# What each writer's task says beside the folder and the entries, which are variables.
TASKS: dict[str, dict[str, Any]] = {
    **{
        module: {
            f"diskless.netboot.{module}": {"root": "{{ root }}", "entries": "{{ boot_entries }}"}
        }
        for module in FOLDERS
    },
    "template": {
        "ansible.builtin.template": {
            "src": "entry.j2",
            "dest": "{{ root }}/pxelinux.cfg/01-{{ item.client | replace(':', '-') }}",
            "mode": "0644",
        },
        "loop": "{{ boot_entries }}",
        "loop_control": {"label": "{{ item.comment }}"},
    },
}

# The same text as the module's, so that both do the same work.
TEMPLATE = """\
# Written by diskless.netboot: what you change here is lost.
# {{ item.comment }}
DEFAULT {{ item.default }}
PROMPT 0
SYSAPPEND {{ item.sysappend }}

{% for label in item.labels %}
LABEL {{ label.name }}
  LINUX {{ label.kernel }}
  INITRD {{ label.initrd | join(',') }}
  APPEND {{ label.append | join(' ') }}
{% endfor %}
"""


def benches() -> Iterator[Bench]:
    """Yield them."""
    with tempfile.TemporaryDirectory() as folder:
        site = Site(Path(folder))
        for module, served in FOLDERS.items():
            run = site.module(module)
            yield Bench(
                what=f"{module}, {MANY} entries, first write",
                ours=Process(run, before=partial(site.put_aside, served)),
                bound=Bound(seconds=3, rss_mb=150),
            )
            yield Bench(
                what=f"{module}, {MANY} entries, nothing changed",
                ours=Process(run),
                bound=Bound(seconds=1.5, rss_mb=150),
            )
        for what, emptied in (("first write", True), ("nothing changed", False)):
            ours = site.playbook("pxelinux_entry", MANY, emptied=emptied)
            theirs = site.playbook("template", LOOPED, emptied=emptied)
            if not emptied:
                site.compare(ours, theirs)
            yield Bench(
                what=f"one entry of {MANY}, against one of {LOOPED} by a loop of template, {what}",
                note="ansible-playbook with its start",
                ours=ours,
                theirs=theirs,
                bound=Bound(ratio=1 / 150),
                runs=3,
            )


class Site:
    """A TFTP root, and the entries of a room for it."""

    def __init__(self, folder: Path) -> None:
        folder.chmod(0o755)
        self.folder = folder
        self.root = folder / "tftp"
        boot = self.root / f"images/library/{RELEASE}"
        boot.mkdir(parents=True)
        for name in ("vmlinuz", "initrd.img"):
            (boot / name).touch(0o644)
        raw = {name: {**rooms.SHARED, **own} for name, own in rooms.clients(MANY).items()}
        self.entries = plan_entries(
            parse_clients(raw, rooms.SUBNETS),
            nfs_server=rooms.SERVER,
            image_releases={"library": {"current": RELEASE, "names": [RELEASE]}},
            root_releases={},
        )
        (folder / "entry.j2").write_text(TEMPLATE, "utf-8")
        self.environment = {
            "ANSIBLE_COLLECTIONS_PATH": str(PROJECT / ".build/collections"),
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
        }

    def put_aside(self, name: str) -> None:
        """Let a folder be gone without removing files: ext4 spares the inodes of those for 5 s,
        and looks for others meanwhile, which no site's first run has to."""
        if (self.root / name).exists():
            (self.root / name).rename(Path(tempfile.mkdtemp(dir=self.folder), name))

    def module(self, name: str) -> list[str | Path]:
        """Return the command that runs a module with all entries, as on a target."""
        sent = self.folder / name
        kept = {"ANSIBLE_KEEP_REMOTE_FILES": "1", "ANSIBLE_REMOTE_TMP": str(sent)}
        self.playbook(name, MANY, env=kept).run()
        (file,) = sent.glob("ansible-tmp-*/AnsiballZ_*.py")
        return [*ONE_CORE, sys.executable, file]

    def playbook(
        self,
        writer: str,
        count: int,
        *,
        emptied: bool = False,
        env: Mapping[str, str] | None = None,
    ) -> Process:
        """Return a run of the playbook for *count* entries, into an empty folder if *emptied*."""
        variables = self.folder / f"{writer}.json"
        given = {"root": str(self.root), "boot_entries": self.entries[:count]}
        variables.write_text(json.dumps(given), "utf-8")
        play = {"hosts": "localhost", "gather_facts": False, "vars_files": str(variables)}
        playbook = self.folder / f"{writer}.yml"
        playbook.write_text(json.dumps([{**play, "tasks": [TASKS[writer]]}]), "utf-8")

        def empty() -> None:
            self.put_aside(FOLDERS["pxelinux_entry"])
            (self.root / FOLDERS["pxelinux_entry"]).mkdir()

        return Process(
            [*ONE_CORE, "ansible-playbook", playbook],
            items=count,
            before=empty if emptied else None,
            env=self.environment | dict(env or {}),
        )

    def compare(self, *runs: Process) -> None:
        """Make sure that what one of *runs* writes, the next one leaves as it is.

        Raises:
            BenchError: they do not write the same.
        """
        seen = set()
        for run in runs:
            run.run()
            files = sorted((self.root / FOLDERS["pxelinux_entry"]).iterdir())
            seen.add(tuple((file.name, file.read_text("utf-8")) for file in files))
        if len(seen) != 1:
            raise BenchError("the module and the template write different files")
