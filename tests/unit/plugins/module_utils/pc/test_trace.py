# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person is told of a booting PC, from what its cable and its console showed."""

from __future__ import annotations

import pytest
from ansible_collections.diskless.netboot.plugins.module_utils.pc.trace import STAGES, Trace
from ansible_collections.diskless.netboot.plugins.module_utils.pc.wire import (
    FileRefused,
    FileServed,
    Leased,
)

ENTRY = "pxelinux.cfg/01-52-54-00-00-00-01"
WIRE = (
    Leased("52:54:00:00:00:01", "192.0.2.21"),
    FileServed("pxelinux.0"),
    FileServed(ENTRY),
)
CONSOLE = (
    "[    0.000000] Linux version 6.1.0-56-amd64 (debian-kernel@lists.debian.org)\n",
    "[    3.100000] Run /init as init process\n",
    "[   12.000000] systemd[1]: systemd 252.39-1~deb12u1 running in system mode (+PAM)\n",
    "\nDebian GNU/Linux 12 pc01 ttyS0\n\npc01 login: ",
)


def after(steps: int) -> Trace:
    """The trace of a PC that passed so many stages, each at second 1.5, 3, 4.5 ..."""
    trace = Trace()
    for number, event in enumerate(WIRE[:steps], 1):
        trace.on_wire(event, number * 1.5)
    for number, text in enumerate(CONSOLE[: max(0, steps - len(WIRE))], len(WIRE) + 1):
        trace.on_console(text, number * 1.5)
    return trace


def test_a_pc_that_boots_passes_every_stage_in_order_with_its_time_and_its_evidence() -> None:
    trace = after(7)
    assert tuple(step.stage for step in trace.passed) == STAGES
    assert [step.seconds for step in trace.passed] == [1.5, 3, 4.5, 6, 7.5, 9, 10.5]
    assert [trace.detail(stage) for stage in STAGES] == [
        "192.0.2.21",
        "pxelinux.0",
        ENTRY,
        "Linux version 6.1.0-56-amd64",
        "Run /init as init process",
        "systemd[1]: systemd 252.39-1~deb12u1 running",
        "pc01 login:",
    ]
    assert trace.sentence() == "Ready 10.5 s after power-on."


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        (0, ("got no address", "cable", "DHCP server know its MAC")),
        (1, ("after 'dhcp' (192.0.2.21, 1.5 s)", "TFTP server", "boot file's name")),
        (2, ("after 'loader' (pxelinux.0, 3.0 s)", "found no entry", "pxelinux.cfg/")),
        (3, (f"after 'entry' ({ENTRY}, 4.5 s)", "kernel never spoke", "console=")),
        (4, ("after 'kernel'", "initrd did not start", "enough memory")),
        (5, ("after 'initrd'", "root was not mounted", "nfsroot=")),
        (6, ("after 'root'", "did not reach its login prompt")),
    ],
)
def test_where_it_stops_one_sentence_says_what_to_look_at(
    steps: int, words: tuple[str, ...]
) -> None:
    said = after(steps).sentence()
    assert [word for word in words if word not in said] == []


def test_grubs_own_file_for_the_client_is_an_entry_and_the_one_for_all_is_not() -> None:
    trace = after(1)
    for path in ("shimx64.efi", "/grub/grub.cfg", "/grub/clients/01-52-54-00-00-00-01.cfg"):
        trace.on_wire(FileServed(path), 3.2)
    assert trace.detail("loader") == "shimx64.efi"
    assert trace.detail("entry") == "/grub/clients/01-52-54-00-00-00-01.cfg"


def test_the_file_that_was_missing_last_is_named() -> None:
    trace = after(2)
    for path in ("pxelinux.cfg/default", "ldlinux.c32"):
        trace.on_wire(FileRefused(path, "File not found"), 3.2)
    assert trace.refused == ["pxelinux.cfg/default", "ldlinux.c32"]
    assert trace.sentence().endswith("The TFTP server did not have ldlinux.c32.")


def test_a_stage_is_noted_when_it_is_first_seen() -> None:
    trace = after(2)
    trace.on_wire(FileServed("ldlinux.c32"), 9)
    trace.on_wire(WIRE[0], 10)
    assert [(step.stage, step.seconds) for step in trace.passed] == [("dhcp", 1.5), ("loader", 3)]


def test_a_console_that_comes_in_single_characters_with_colours_is_read_all_the_same() -> None:
    trace = Trace()
    text = "".join(CONSOLE).replace("Linux version", "\x1b[1;32mLinux\x1b[0m version")
    for piece in text.replace("\n", "\r\n"):
        trace.on_console(piece, 1)
    assert [step.stage for step in trace.passed] == ["kernel", "initrd", "root", "ready"]


def test_what_looks_like_a_login_prompt_counts_only_once_the_root_runs() -> None:
    trace = Trace()
    trace.on_console("\nserial login: ", 1)
    assert not trace.passed
    trace.on_console("\nWelcome to Debian GNU/Linux 12 (bookworm)!\nserial login: ", 2)
    assert trace.reached("ready")


def test_ready_can_be_other_words() -> None:
    trace = Trace(ready=r"Started \S+ desktop")
    trace.on_console("Welcome to Debian!\nStarted the desktop\n", 1)
    assert trace.detail("ready") == "Started the desktop"
