# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A PC that starts a shell on its serial console in place of Debian's init.

The kernel argument `INIT` does it, in any image. What DHCP, loader, initrd and root do is done by
then, in a third of the time that an emulated PC needs for a login prompt.
"""

from __future__ import annotations

import base64
import re
import secrets
import shlex

from ansible_collections.diskless.netboot.plugins.module_utils.pc.qemu import Guest
from ansible_collections.diskless.netboot.plugins.module_utils.pc.trace import Trace
from ansible_collections.diskless.netboot.tests.lab.shell import LabError

INIT = "init=/bin/sh"
# What dash(1) says first on a console that controls no terminal.
_TOOK_OVER = r"can't access tty; job control turned off"
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def trace() -> Trace:
    """Return what takes note of such a PC's stages; it is ready when the shell is there."""
    return Trace(ready=_TOOK_OVER, root=_TOOK_OVER)


def run(guest: Guest, script: str, *, timeout: float = 240) -> str:
    """Run the sh(1) *script* at the prompt of a PC that is ready, and return what it printed.

    Raises:
        LabError: it failed, or took longer than *timeout* seconds.
    """
    begin, end = secrets.token_hex(8), secrets.token_hex(8)
    encoded = base64.b64encode(script.encode()).decode()
    # The halves of a mark are apart where the terminal shows what is typed. What the kernel says
    # meanwhile stays off the console.
    typed = (
        f"dmesg -n 1; export PATH={_PATH}; echo {_halved(begin)};"
        f' sh -c "$(echo {encoded} | base64 -d)" </dev/null 2>&1; echo {_halved(end)}=$?\n'
    )
    start = len(guest.console)
    guest.type(typed)
    answer = re.compile(rf"{begin}\r?\n(.*?){end}=(\d+)", re.DOTALL)
    if not guest.watch(lambda: answer.search(guest.console, start) is not None, timeout):
        raise LabError(f"no answer to {script!r} within {timeout:.0f} s: {guest.console[start:]!r}")
    found = answer.search(guest.console, start)
    assert found is not None
    output = found.group(1).replace("\r", "")
    if found.group(2) != "0":
        raise LabError(f"exit {found.group(2)} from: {script}\n{output}")
    return output


def _halved(mark: str) -> str:
    return shlex.quote(mark[:8]) + '""' + mark[8:]
