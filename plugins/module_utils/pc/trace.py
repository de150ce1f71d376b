# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what was seen of a client to the stages that it passed.

The network tells of dhcp, loader and entry; the console of kernel, initrd, root and ready.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from ansible_collections.diskless.netboot.plugins.module_utils.pc.wire import (
    FileRefused,
    FileServed,
    Leased,
)

STAGES = ("dhcp", "loader", "entry", "kernel", "initrd", "root", "ready")

_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[@-Z\\-_])|[\x00\r]")
_CONSOLE = (
    ("kernel", re.compile(r"\bLinux version \S+")),
    ("initrd", re.compile(r"Run /init as init process|Loading, please wait")),
)
_SYSTEMD = r"\bsystemd\[1\]: systemd \S+ running|Welcome to (?!GRUB!).+!"
_ENTRY = re.compile(r"(?:^|/)(?:pxelinux\.cfg|grub/clients)/")
LOGIN_PROMPT = r"(?m)^(\S+) login: ?$"


@dataclass(frozen=True)
class Passed:
    """A stage that the client reached.

    Attributes:
        stage: one of STAGES.
        seconds: since power-on.
        detail: what showed it: an address, a path, a line of the console.
    """

    stage: str
    seconds: float
    detail: str


@dataclass
class Trace:
    """The stages of one client, in the order in which they were seen.

    Attributes:
        ready: what the console says when the client is ready, a regular expression.
        root: what it says when a program of the root has taken over from the initrd.
        passed: what was reached so far.
        refused: paths that the TFTP server did not have, in order.
    """

    ready: str = LOGIN_PROMPT
    root: str = _SYSTEMD
    passed: list[Passed] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    _tail: str = ""

    def reached(self, stage: str) -> bool:
        """Tell whether the client passed ``stage``."""
        return any(step.stage == stage for step in self.passed)

    def detail(self, stage: str) -> str:
        """Return what showed ``stage``; empty where it was not reached."""
        return next((step.detail for step in self.passed if step.stage == stage), "")

    def on_wire(self, event: Leased | FileServed | FileRefused, seconds: float) -> None:
        """Take note of what the network showed ``seconds`` after power-on."""
        if isinstance(event, Leased):
            self._note("dhcp", seconds, event.address)
        elif isinstance(event, FileRefused):
            self.refused.append(event.path)
        elif _ENTRY.search(event.path):
            self._note("entry", seconds, event.path)
        else:
            self._note("loader", seconds, event.path)

    def on_console(self, text: str, seconds: float) -> None:
        """Take note of what the console printed ``seconds`` after power-on."""
        said = self._tail + text  # a line, or an escape sequence, may come in pieces
        window = _ESCAPES.sub("", said)
        for stage, pattern in (*_CONSOLE, ("root", self.root)):
            if not self.reached(stage) and (seen := re.search(pattern, window)):
                self._note(stage, seconds, seen.group(0).strip())
        if self.reached("root") and (seen := re.search(self.ready, window)):
            self._note("ready", seconds, seen.group(0).strip())
        self._tail = said[-400:]

    def _note(self, stage: str, seconds: float, detail: str) -> None:
        if not self.reached(stage):
            self.passed.append(Passed(stage, round(seconds, 2), detail))

    def sentence(self) -> str:
        """Say in one sentence how far the client came, and what to look at."""
        if not self.passed:
            return (
                "The PC got no address: is its cable in, is LAN boot on in its firmware, "
                "and does the DHCP server know its MAC?"
            )
        last = self.passed[-1]
        if last.stage == "ready":
            return f"Ready {last.seconds:.1f} s after power-on."
        missing = f" The TFTP server did not have {self.refused[-1]}." if self.refused else ""
        return (
            f"It stopped after '{last.stage}' ({last.detail}, {last.seconds:.1f} s)."
            f" {_NEXT[last.stage]}{missing}"
        )


# What stands between a stage and the next, in the words of the person who has to look.
_NEXT = {
    "dhcp": "The boot loader never came: look at the TFTP server and at the boot file's name.",
    "loader": "The loader found no entry: look at pxelinux.cfg/ or grub/ on the TFTP server.",
    "entry": "The kernel never spoke: look at the entry's kernel and initrd, and its console=.",
    "kernel": "The initrd did not start: is it whole, and does the PC have enough memory?",
    "initrd": "The root was not mounted: look at the NIC's driver, the export and nfsroot=.",
    "root": "The system did not reach its login prompt: look at the console's last lines.",
}
