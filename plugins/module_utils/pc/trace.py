# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds the stages of a client's boot from what its network and its console show.

The network shows dhcp, loader and entry. The console shows kernel, initrd, root and ready.
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
        seconds: seconds since power-on.
        detail: what showed it, which is an address, a path, or a line of the console.
    """

    stage: str
    seconds: float
    detail: str


@dataclass
class Trace:
    """The stages of one client, in the order in which they were reached.

    Attributes:
        ready: regular expression for what the console prints when the client is ready.
        root: regular expression for what it prints when a program in the root has been started.
        passed: the stages so far.
        refused: paths that the TFTP server did not have, in order.
    """

    ready: str = LOGIN_PROMPT
    root: str = _SYSTEMD
    passed: list[Passed] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    _tail: str = ""

    def reached(self, stage: str) -> bool:
        """Return whether the client reached ``stage``."""
        return any(step.stage == stage for step in self.passed)

    def detail(self, stage: str) -> str:
        """Return what showed ``stage``, or "" if it was not reached."""
        return next((step.detail for step in self.passed if step.stage == stage), "")

    def on_wire(self, event: Leased | FileServed | FileRefused, seconds: float) -> None:
        """Note what the network showed ``seconds`` after power-on."""
        if isinstance(event, Leased):
            self._note("dhcp", seconds, event.address)
        elif isinstance(event, FileRefused):
            self.refused.append(event.path)
        elif _ENTRY.search(event.path):
            self._note("entry", seconds, event.path)
        else:
            self._note("loader", seconds, event.path)

    def on_console(self, text: str, seconds: float) -> None:
        """Note what the console printed ``seconds`` after power-on."""
        said = self._tail + text  # a line or an escape sequence can arrive in several pieces
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
        """Return one sentence about the last stage of the client, and what to check."""
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


# What to check if the client does not reach the stage after this one.
_NEXT = {
    "dhcp": "The boot loader never came: look at the TFTP server and at the boot file's name.",
    "loader": "The loader found no entry: look at pxelinux.cfg/ or grub/ on the TFTP server.",
    "entry": "The kernel never spoke: look at the entry's kernel and initrd, and its console=.",
    "kernel": "The initrd did not start: is it whole, and does the PC have enough memory?",
    "initrd": "The root was not mounted: look at the NIC's driver, the export and nfsroot=.",
    "root": "The system did not reach its login prompt: look at the console's last lines.",
}
