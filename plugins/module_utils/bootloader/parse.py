# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks a list of boot entries and converts it to the model. One error lists all faults."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.diskless.netboot.plugins.module_utils.bootloader.checks import (
    COMMAND_LINE_MAX,
    Checks,
)
from ansible_collections.diskless.netboot.plugins.module_utils.bootloader.model import (
    Entry,
    EntryError,
    Label,
    Own,
    Serial,
    Target,
    target,
)
from ansible_collections.diskless.netboot.plugins.module_utils.inventory.faults import Fault

LOCALBOOT_TYPES = (-1, 0, 4, 5)
TIMEOUT_MAX = 3599.6
"""In seconds. Older releases of syslinux document 35996 tenths as the longest TIMEOUT."""
SYSAPPEND_MAX = 0x7FFFF

# The number of bytes that each bit of SYSAPPEND adds at most, with the blank before it
# (doc/syslinux.cfg.txt). There is no limit for DMI values.
_SYSAPPEND_BYTES = {1: 4 + 4 * 15 + 3, 2: 8 + 20, 4: 9 + 36, 8: 5 + 1 + 6}
_LABEL = re.compile(r"[A-Za-z0-9_][!-~]*", re.ASCII)
# doc/menu.txt, MENU MASTER PASSWD. $4$ is used only by syslinux. It is SHA-1 with a salt.
_CRYPT = re.compile(r"\$[1456]\$[A-Za-z0-9./$=+]+", re.ASCII)
# GRUB manual, password_pbkdf2: what grub-mkpasswd-pbkdf2 prints.
_PBKDF2 = re.compile(r"grub\.pbkdf2\.sha512\.[0-9]+\.[0-9A-Fa-f]+\.[0-9A-Fa-f]+", re.ASCII)


def parse(entries: Sequence[Mapping[str, Any]]) -> list[Entry]:
    """Return the entries that a list describes.

    Args:
        entries: dictionaries as the fragment ``boot_entries`` documents them. A missing key means
            the same as None.

    Raises:
        EntryError: some entries are wrong; the text lists all faults of all entries.
    """
    faults: list[Fault] = []
    parsed = []
    for place, (found, entry) in enumerate(_targets(entries, faults)):
        check = Checks(found.name if found else f"entries[{place}]", faults)
        parsed.append(_entry(found or Target("", ""), entry, check))
    if faults:
        raise EntryError(faults)
    return parsed


def parse_targets(entries: Sequence[Mapping[str, Any]]) -> list[Target]:
    """Return the client of each entry. Nothing else in the entries is read.

    Raises:
        EntryError: a client is invalid or is there twice; the text lists all of them.
    """
    faults: list[Fault] = []
    targets = [found for found, _entry in _targets(entries, faults) if found]
    if faults:
        raise EntryError(faults)
    return targets


def _targets(
    entries: Sequence[Mapping[str, Any]], faults: list[Fault]
) -> Iterator[tuple[Target | None, Mapping[str, Any]]]:
    seen: dict[Target, int] = {}
    for place, entry in enumerate(entries):
        client, found = entry.get("client"), None
        try:
            found = target(client)
        except ValueError as error:
            faults.append(Fault(f"entries[{place}]", "client", client, str(error)))
        if found and seen.setdefault(found, place) != place:
            expected = f"must be named once: entries[{seen[found]}] is for the same client"
            faults.append(Fault(f"entries[{place}]", "client", client, expected))
        yield found, entry


def _entry(found: Target, entry: Mapping[str, Any], check: Checks) -> Entry:
    sysappend = entry.get("sysappend")
    check.number("sysappend", sysappend, range(SYSAPPEND_MAX + 1), f"0 to {SYSAPPEND_MAX}")
    labels = tuple(
        _label(f"labels[{place}]", label, sysappend or 0, check)
        for place, label in enumerate(entry.get("labels") or ())
    )
    names = tuple(label.name for label in labels)
    if not labels:
        check.fault("labels", None, "must hold at least one label")
    for name in sorted({name for name in names if name and names.count(name) > 1}):
        check.fault("labels", name, "must be a name that no other label has")
    for option in ("default", "ontimeout"):
        check.one_of(option, entry.get(option), names, "the name of a label")
    return Entry(
        target=found,
        labels=labels,
        # Without DEFAULT, pxelinux waits at its prompt for ever.
        default=entry.get("default") or (names[0] if names else ""),
        ontimeout=entry.get("ontimeout") or "",
        timeout=_tenths(entry.get("timeout"), check),
        prompt=bool(entry.get("prompt")),
        ui=check.path("ui", entry.get("ui")),
        menu_title=check.line("menu_title", entry.get("menu_title"), "MENU TITLE"),
        menu_hidden=bool(entry.get("menu_hidden")),
        menu_password=_password(
            "menu_password", entry.get("menu_password"), "MENU MASTER PASSWD", check
        ),
        sysappend=sysappend,
        serial=_serial(entry.get("serial"), check),
        include=check.paths("include", entry.get("include")),
        comment=check.block("comment", entry.get("comment"), "# "),
        raw=_raw("raw", entry.get("raw"), check),
    )


def _label(where: str, label: Mapping[str, Any], sysappend: int, check: Checks) -> Label:
    name = label.get("name") or ""
    if not _LABEL.fullmatch(name):
        check.fault(
            f"{where}.name",
            label.get("name"),
            "must be printable ASCII without blanks that begins with a letter, digit or _",
        )
    check.length(f"{where}.name", f"ONTIMEOUT {name}")
    localboot = label.get("localboot")
    check.number(f"{where}.localboot", localboot, LOCALBOOT_TYPES, "one of -1, 0, 4, 5")
    given = [key for key in ("kernel", "com32", "localboot") if label.get(key) is not None]
    if len(given) != 1:
        expected = "must have exactly one of kernel, com32 and localboot"
        check.fault(where, " and ".join(given) or None, expected)
    kernel = check.path(f"{where}.kernel", label.get("kernel"))
    initrd = check.paths(f"{where}.initrd", label.get("initrd"))
    append = check.arguments(f"{where}.append", label.get("append"))
    if initrd and not kernel:
        check.fault(f"{where}.initrd", None, "must go with a kernel")
    if append and localboot is not None:
        check.fault(f"{where}.append", None, "must not go with localboot, which takes none")
    # linux.c passes "BOOT_IMAGE=kernel append", and readconfig.c adds initrd= and SYSAPPEND at the
    # end.
    line = " ".join([f"BOOT_IMAGE={kernel}", *append])
    line += f" initrd={','.join(initrd)}" if initrd else ""
    size = len(line.encode("utf-8", "replace"))
    size += sum(length for bit, length in _SYSAPPEND_BYTES.items() if sysappend & bit)
    if size > COMMAND_LINE_MAX:
        check.fault(
            f"{where}.append",
            None,
            f"makes a command line of {size} bytes with BOOT_IMAGE=, initrd= and what sysappend "
            f"adds, {COMMAND_LINE_MAX} are possible",
        )
    help_text = check.block(f"{where}.help", label.get("help"))
    if any(line.split()[:1] == ["ENDTEXT"] for line in help_text.upper().split("\n")):
        check.fault(f"{where}.help", None, "must not hold a line that begins with ENDTEXT")
    return Label(
        name=name,
        kernel=kernel,
        com32=check.path(f"{where}.com32", label.get("com32")),
        localboot=localboot,
        initrd=initrd,
        append=append,
        menu_label=check.line(f"{where}.menu_label", label.get("menu_label"), "  MENU LABEL"),
        menu_password=_password(
            f"{where}.menu_password", label.get("menu_password"), "  MENU PASSWD", check
        ),
        menu_separator=bool(label.get("menu_separator")),
        help=help_text,
        raw=_raw(f"{where}.raw", label.get("raw"), check),
    )


def _password(where: str, hashes: Mapping[str, Any] | None, directive: str, check: Checks) -> Own:
    given = hashes or {}
    check.length(f"{where}.pxelinux", f"{directive} {given.get('pxelinux') or ''}")
    return Own(
        check.matches(
            f"{where}.pxelinux",
            given.get("pxelinux"),
            _CRYPT,
            "a hash of mkpasswd or sha1pass that begins with $1$, $4$, $5$ or $6$",
        ),
        check.matches(
            f"{where}.grub", given.get("grub"), _PBKDF2, "a hash of grub-mkpasswd-pbkdf2"
        ),
    )


def _raw(where: str, lines: Mapping[str, Any] | None, check: Checks) -> Own:
    given = lines or {}
    return Own(*(check.block(f"{where}.{name}", given.get(name)) for name in Own._fields))


def _tenths(seconds: float | None, check: Checks) -> int | None:
    if seconds is None:
        return None
    if not 0 <= seconds <= TIMEOUT_MAX or abs(round(seconds * 10) - seconds * 10) > 1e-6:
        expected = f"must be 0 (wait for ever) to {TIMEOUT_MAX} seconds in steps of 0.1"
        check.fault("timeout", seconds, expected)
        return None
    return round(seconds * 10)


def _serial(serial: Mapping[str, Any] | None, check: Checks) -> Serial | None:
    if serial is None:
        return None
    port, baud = serial.get("port") or 0, serial.get("baud") or 115200
    ports = (*range(4), *range(0x100, 0xFFF9))
    check.number("serial.port", port, ports, "0 to 3 or an I/O address from 256 (0x100)")
    if not 75 <= baud <= 115200 or 115200 % baud:
        check.fault("serial.baud", baud, "must divide 115200, and be 75 or more")
    return Serial(port, baud)
