# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One list of entries with a menu, as PXELINUX with its menu module and GRUB really read it."""

from __future__ import annotations

import base64
import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.diskless.netboot.plugins.module_utils.pc.qemu import Guest
from ansible_collections.diskless.netboot.tests.boot.site import Site, at_once
from ansible_collections.diskless.netboot.tests.lab import client
from ansible_collections.diskless.netboot.tests.unit.plugins.module_utils.initramfs.newc import (
    archive,
)

# In no inventory: the DHCP server gives it any free address, and the loader.
MACS = {"bios": "52:54:00:00:05:01", "uefi": "52:54:00:00:05:02"}
PROMPTED = "52:54:00:00:05:03"
INCLUDED = "loan.cfg"
MODULE = "meminfo.c32"
PASSWORD = "opensesame"
HASHES = {
    "pxelinux": "$6$reading$04uQLY.xYgwDrLcG72lMjhdql31qy15kabnNYhRiux6EQw0WfZ7VP9o9jfMNAJpGpUkU8"
    "ov0/kh1q1L4nlNpF1",
    "grub": "grub.pbkdf2.sha512.1000.8470B8397DA1D7B2.C2BD36EDADBA7D66A8E2AA1877A7B57D",
}
# Of the whole menu: whoever knows it may change what is booted.
MASTER = "letmein"
MASTER_HASHES = {
    "pxelinux": "$6$masterkey$C0tLyfn0cHSM2m/JH5R5/GM6flRELQktRNK0M5GN.6PLVv3Fhv3I0zUc2aJpKST5xcA"
    "4NEzmn7whTb6XU75pT/",
    "grub": HASHES["grub"],
}
ESCAPES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]|[\x00\x0e\x0f]")
ESCAPE = "\x1b"
FIRST = "\x01"  # Ctrl-A in GRUB's menu
# Keys of PXELINUX's menu: Ctrl-U where it asks for a password, Ctrl-N, Ctrl-P, Tab and Ctrl-C.
ALL_OUT, DOWN, UP, EDIT, CANCEL = "\x15", "\x0e", "\x10", "\t", "\x03"
EXTRA = "extra.cpio"
SAYS = "this is the second initrd"
INIT = f"#!/bin/sh\necho '{SAYS}' > /dev/console\n".encode()


def entry(mac: str, folder: str, serial: bool) -> dict[str, Any]:
    """Return what a librarian would want who lets few boot from disk, and all at night."""
    return {
        "client": mac,
        "comment": "the reading room's menu",
        # UEFI's own console is on the port already, and would take GRUB every other key.
        "serial": {"port": 0, "baud": 115200} if serial else None,
        "ui": "menu.c32",
        "menu_title": "Reading room",
        "menu_hidden": True,
        "menu_password": MASTER_HASHES,
        "timeout": 5,
        "default": "disk",
        "ontimeout": "night",
        "sysappend": 2,
        "labels": [
            {
                "name": "disk",
                "menu_label": "Boot from ^disk",
                "menu_password": HASHES,
                "menu_separator": True,
                "help": "For the librarian's nephew.\nAsk him for the word.",
                "localboot": 0,
            },
            {
                "name": "night",
                "menu_label": "^Night watch",
                "kernel": f"{folder}/vmlinuz",
                "initrd": [f"{folder}/initrd.img", EXTRA],
                "append": ["console=ttyS0,115200", 'watch="all night"'],
            },
        ],
    }


PROMPT: dict[str, Any] = {
    # For whoever has no entry of its own: meanwhile no other such PC is on.
    "client": "default",
    "serial": {"port": 0, "baud": 115200},
    "prompt": True,
    "include": [INCLUDED],
    "labels": [{"name": "memory", "com32": MODULE}],
    "raw": {"pxelinux": "LABEL written\nLOCALBOOT 0"},
}


@pytest.fixture(scope="module")
def room(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The site, with that entry for a PC with a BIOS and for one with UEFI."""
    folder = site.on_server("cd /srv/tftp && ls -d images/*/*").split()[0]
    cpio = base64.b64encode(archive([("init", 0o100755, INIT)])).decode()
    site.on_server(f"cd /srv/tftp && echo {cpio} | base64 -d > {EXTRA} && chmod 644 {EXTRA}")
    entries = [entry(mac, folder, firmware == "bios") for firmware, mac in MACS.items()]
    modules = {"pxelinux_entry": [*entries, PROMPT], "grub_entry": entries}
    site.on_server(
        f"cd /srv/tftp && printf 'LABEL loan\\nCOM32 {MODULE}\\n' > {INCLUDED}"
        f" && cp /usr/lib/syslinux/modules/bios/{MODULE} . && chmod 644 {INCLUDED} {MODULE}"
    )
    written = tmp_path_factory.mktemp("menus")
    for state in ("present", "absent"):
        tasks = [
            {f"diskless.netboot.{name}": {"root": "/srv/tftp", "entries": told, "state": state}}
            for name, told in modules.items()
        ]
        play = [{"hosts": "tftp_servers", "gather_facts": False, "tasks": tasks}]
        (written / f"{state}.yml").write_text(json.dumps(play))
    site.playbook(str(written / "present.yml"))
    yield site
    site.playbook(str(written / "absent.yml"))
    site.on_server(f"cd /srv/tftp && rm {EXTRA} {INCLUDED} {MODULE}")


class Keyboard:
    """A person before the PC, who reads and types on its serial console."""

    def __init__(self, site: Site, guest: Guest, logs: Path) -> None:
        self._site, self._guest, self._logs = site, guest, logs
        self._read = 0

    def _unread(self) -> str:
        # Menus colour single letters and put words in their places.
        return ESCAPES.sub("", self._guest.console)[self._read :]

    def reads(self, words: str, timeout: float = 180) -> str:
        """Wait for *words* behind all that was read before, and return what stood before them."""
        if not self._guest.watch(lambda: words in self._unread(), timeout):
            client.keep_logs(self._site.lab, self._guest, self._logs)
            raise AssertionError(f"no {words!r} in {self._unread()!r}. See {self._logs}.")
        before, found, _behind = self._unread().partition(words)
        self._read += len(before + found)
        return before

    def types(self, text: str) -> None:
        self._guest.type(text)

    def taps(self, key: str, words: str) -> None:
        """Press a key twice a second until *words* are there, as people do."""
        for _time in range(40):
            self.types(key)
            if self._guest.watch(lambda: words in self._unread(), 0.5):
                break
        self.reads(words, 0)


def test_an_untouched_pc_shows_no_menu_and_boots_what_ontimeout_names(
    room: Site, logs: Path
) -> None:
    def boot(firmware: str) -> tuple[str, str]:
        with room.power_on(MACS[firmware], firmware=firmware) as guest:
            person = Keyboard(room, guest, logs / firmware)
            before = person.reads("Kernel command line: ")
            line = person.reads("\n")
            person.reads(SAYS)
            return before, line

    for mac, (before, line) in zip(
        MACS.values(), at_once([lambda firmware=firmware: boot(firmware) for firmware in MACS])
    ):
        assert "Reading room" not in before and "Boot from disk" not in before
        # GRUB puts the quotes around the whole argument, which means the same.
        arguments = shlex.split(line)
        assert "watch=all night" in arguments
        assert f"BOOTIF=01-{mac.replace(':', '-')}" in arguments


def test_a_person_gets_the_menu_by_a_key_and_past_passwords_by_knowing_them(
    room: Site, logs: Path
) -> None:
    def answer(person: Keyboard, word: str) -> None:
        person.reads("Password required")
        # The menu throws away what was typed before it had asked.
        person.taps("x", "*")
        person.types(f"{ALL_OUT}{word}\r")

    def bios() -> None:
        with room.power_on(MACS["bios"]) as guest:
            person = Keyboard(room, guest, logs / "bios")
            person.reads("Automatic boot in")
            person.types(" ")
            for words in ("Reading room", "Boot from disk", "Night watch"):
                person.reads(words)
            person.types(DOWN)
            for word, shown in (("wrong", "Night watch"), (MASTER, "vmlinuz")):
                person.types(EDIT)
                answer(person, word)
                person.reads(shown)
            person.types(CANCEL)
            person.reads("Night watch")
            person.types(UP)
            for word in ("wrong", PASSWORD):
                person.reads("Ask him for the word.")
                person.types("\r")
                answer(person, word)
            person.reads("Booting from local disk")

    def uefi() -> None:
        with room.power_on(MACS["uefi"], firmware="uefi") as guest:
            person = Keyboard(room, guest, logs / "uefi")
            guest.watch(lambda: guest.trace.reached("entry"), 120)
            person.taps(ESCAPE, "Boot from disk")
            for word in ("wrong", PASSWORD):
                person.reads("Night watch")
                person.types(FIRST)
                person.reads("*Boot from disk")
                person.types("\r")
                person.reads("Enter username:")
                person.types("disk\r")
                person.reads("Enter password:")
                person.types(f"{word}\r")
            person.reads("BdsDxe")

    at_once([bios, uefi])


def test_a_person_types_what_to_boot_at_a_prompt(room: Site, logs: Path) -> None:
    with room.power_on(PROMPTED) as guest:
        person = Keyboard(room, guest, logs)
        for label in ("memory", "loan"):
            person.reads("boot:")
            person.types(f"{label}\r")
            person.reads("DOS RAM: ")
        person.reads("boot:")
        person.types("written\r")
        person.reads("Booting from local disk")
