# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Boot entries as pxelinux reads them: from a person's data to a checked model to text.

Sources: syslinux 6.04 doc/pxelinux.txt (file names), doc/syslinux.cfg.txt (directives),
doc/menu.txt, and com32/elflink/ldlinux/readconfig.c for what the parser really does.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.diskless.netboot.plugins.module_utils import values
from ansible_collections.diskless.netboot.plugins.module_utils.faults import (
    Fault,
    InventoryError,
    nearest,
)

FOLDER = "pxelinux.cfg"
"""Where pxelinux looks for entries, beside itself."""

MARKER = "# Written by diskless.netboot: what you change here is lost."
"""First line of every entry of ours. A file without it is somebody else's."""

LOCALBOOT_TYPES = (-1, 0, 4, 5)
PATH_MAX = 127
"""Bytes of a file's path: many TFTP servers and PXE stacks hold no more (doc/pxelinux.txt)."""
LINE_MAX = 4094
"""Bytes of a config line: readconfig.c reads into 4096 with the newline and a closing NUL, and
takes what is beyond for a line of its own."""
COMMAND_LINE_MAX = 2047
"""Bytes of a kernel's command line on BIOS (core/config.inc, max_cmd_len)."""
TIMEOUT_MAX = 3599.6
"""Seconds; older releases document 35996 tenths as the longest TIMEOUT."""
SYSAPPEND_MAX = 0x7FFFF

# What SYSAPPEND adds at most, with its blank (doc/syslinux.cfg.txt). What DMI holds has no bound.
_SYSAPPEND_BYTES = {1: 4 + 4 * 15 + 3, 2: 8 + 20, 4: 9 + 36, 8: 5 + 1 + 6}
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)
_LABEL = re.compile(r"[A-Za-z0-9_][!-~]*", re.ASCII)
_PATH = re.compile(r"[A-Za-z0-9._+@%=~/-]+", re.ASCII)
_URL = re.compile(r"(?:http|ftp|tftp)://[A-Za-z0-9._+@%=~/:?&-]+", re.ASCII)


@dataclass(frozen=True)
class Serial:
    """A serial console: *port* 0 to 3 as the BIOS counts, or an I/O address; *baud* in bit/s."""

    port: int
    baud: int


@dataclass(frozen=True)
class Label:
    """One thing to boot: exactly one of *kernel*, *com32* and *localboot*.

    Paths are relative to the TFTP root (a leading slash means the same), or URLs for lpxelinux.0.
    """

    name: str
    kernel: str = ""
    com32: str = ""
    localboot: int | None = None
    initrd: tuple[str, ...] = ()
    append: tuple[str, ...] = ()
    menu_label: str = ""
    help: str = ""


@dataclass(frozen=True)
class Entry:
    """All that one config file says; *timeout* in tenths of a second."""

    client: str
    file_name: str
    labels: tuple[Label, ...]
    default: str
    timeout: int | None = None
    prompt: bool = False
    ui: str = ""
    menu_title: str = ""
    sysappend: int | None = None
    serial: Serial | None = None
    comment: str = ""

    def files(self) -> Iterator[tuple[str, str]]:
        """Yield each file that the loader would fetch over TFTP: where it is named, its path."""
        named = [("ui", self.ui)]
        for number, label in enumerate(self.labels):
            named.append((f"labels[{number}].kernel", label.kernel))
            named.append((f"labels[{number}].com32", label.com32))
            named.extend(
                (f"labels[{number}].initrd[{place}]", path)
                for place, path in enumerate(label.initrd)
            )
        return ((variable, path) for variable, path in named if path and not _URL.fullmatch(path))


class EntryError(InventoryError):
    """Every fault of a list of entries."""

    def __str__(self) -> str:
        return super().__str__().replace(" in the inventory:", " in the boot entries:", 1)


def target(client: Any) -> tuple[str, str]:
    """Return a client's normal form and the name of the file that pxelinux reads for it.

    Args:
        client: MAC address, IPv4 address, UUID (SMBIOS) or ``default``.

    Raises:
        ValueError: it is none of these; a number is refused, since YAML has read a MAC as one.
    """
    if isinstance(client, str):
        if client == "default":
            return client, client
        if _UUID.fullmatch(client):
            return client.lower(), client.lower()
        try:
            address = ipaddress.IPv4Address(client)
            return str(address), f"{int(address):08X}"
        except ipaddress.AddressValueError:
            pass
    try:
        mac = values.mac(client)
    except ValueError as error:
        if isinstance(client, str):
            raise ValueError(f"{error}, or an IPv4 address, a UUID or 'default'") from None
        raise
    return mac, "01-" + mac.replace(":", "-")


def parse(entries: Sequence[Mapping[str, Any]]) -> list[Entry]:
    """Return the entries that a person's list describes, checked as a whole.

    Args:
        entries: dictionaries as module pxelinux_entry documents them; a missing key and None mean
            the same.

    Raises:
        EntryError: with every fault of every entry.
    """
    faults: list[Fault] = []
    parsed = []
    for place, (client, file_name, entry) in _targets(entries, faults):
        check = _Checks(client or f"entries[{place}]", faults)
        found = _entry(client, file_name, entry, check)
        parsed.append(found)
    if faults:
        raise EntryError(faults)
    return parsed


def parse_targets(entries: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Return normal form and file name of every entry's client, all else left aside.

    Raises:
        EntryError: with every client that is none or stands there twice.
    """
    faults: list[Fault] = []
    targets = [(client, name) for _place, (client, name, _entry) in _targets(entries, faults)]
    if faults:
        raise EntryError(faults)
    return targets


def _targets(
    entries: Sequence[Mapping[str, Any]], faults: list[Fault]
) -> Iterator[tuple[int, tuple[str, str, Mapping[str, Any]]]]:
    seen: dict[str, int] = {}
    for place, entry in enumerate(entries):
        client = name = ""
        try:
            client, name = target(entry.get("client"))
        except ValueError as error:
            faults.append(Fault(f"entries[{place}]", "client", entry.get("client"), str(error)))
        if name in seen and name:
            expected = f"must be named once: entries[{seen[name]}] is for the same client"
            faults.append(Fault(f"entries[{place}]", "client", entry.get("client"), expected))
        seen.setdefault(name, place)
        yield place, (client, name, entry)


class _Checks:
    """Checks that note a fault and go on, so that one run finds them all."""

    def __init__(self, client: str, faults: list[Fault]) -> None:
        self._client = client
        self._faults = faults

    def fault(self, variable: str, value: Any, expected: str) -> None:
        self._faults.append(Fault(self._client, variable, value, expected))

    def line(self, variable: str, value: str | None, directive: str = "") -> str:
        """One line of text that the loader shows or skips."""
        text = value or ""
        if self._printable(variable, text) and value is not None and text != (text.strip() or None):
            self.fault(variable, value, "must be text without blanks at its ends")
        self.length(variable, f"{directive} {text}")
        return text

    def block(self, variable: str, value: str | None) -> str:
        """Several lines of text."""
        text = (value or "").rstrip("\n")
        for line in text.split("\n"):
            self._printable(variable, line)
            self.length(variable, f"# {line}")
        return text

    def _printable(self, variable: str, text: str) -> bool:
        # Also keeps out lone surrogates, which no encoding can write.
        if not text.isprintable():
            self.fault(variable, text, "must not hold control characters or line ends")
        return text.isprintable()

    def length(self, variable: str, line: str) -> None:
        size = len(line.encode("utf-8", "replace"))
        if size > LINE_MAX:
            self.fault(variable, None, f"makes a line of {size} bytes, {LINE_MAX} are possible")

    def path(self, variable: str, value: str | None) -> str:
        """A file that the loader fetches."""
        path = value or ""
        if value is None or _URL.fullmatch(path):
            pass
        elif not _PATH.fullmatch(path) or path.endswith("/"):
            self.fault(
                variable,
                value,
                "must be a path below the TFTP root of letters, digits and ._+@%=~/-, "
                "or a http, ftp or tftp URL",
            )
        elif ".." in path.split("/"):
            self.fault(variable, value, "must not hold the step '..'")
        if len(path) > PATH_MAX:
            self.fault(variable, value, f"has {len(path)} bytes, {PATH_MAX} are possible")
        return path

    def argument(self, variable: str, value: Any) -> str:
        """One kernel argument. The kernel knows double quotes alone, and no escape (parse_args)."""
        try:
            text = values.text(value)
        except ValueError as error:
            self.fault(variable, value, str(error))
            return ""
        if not self._printable(variable, text):
            return text
        if text.count('"') % 2:
            self.fault(variable, value, "must close its double quote")
        elif not text or " " in "".join(text.split('"')[::2]):
            self.fault(
                variable, value, "must be one argument: a blank may stand in double quotes only"
            )
        if text == "-":
            self.fault(variable, value, "must not be '-' alone, by which pxelinux drops them all")
        if text.lower().startswith("initrd="):
            self.fault(variable, value, "must be given as initrd, which overrides it")
        return text

    def number(self, variable: str, value: int | None, allowed: Iterable[int], words: str) -> None:
        if value is not None and value not in allowed:
            self.fault(variable, value, f"must be {words}")


def _entry(client: str, file_name: str, entry: Mapping[str, Any], check: _Checks) -> Entry:
    sysappend = entry.get("sysappend")
    check.number("sysappend", sysappend, range(SYSAPPEND_MAX + 1), f"0 to {SYSAPPEND_MAX}")
    labels = tuple(
        _label(f"labels[{place}]", label, sysappend or 0, check)
        for place, label in enumerate(entry.get("labels") or ())
    )
    names = [label.name for label in labels]
    if not labels:
        check.fault("labels", None, "must hold at least one label")
    for name in sorted({name for name in names if name and names.count(name) > 1}):
        check.fault("labels", name, "must be a name that no other label has")
    default = entry.get("default")
    if default is not None and default not in names:
        near = nearest(str(default), tuple(names))
        hint = f"; did you mean {near}?" if near else ""
        check.fault("default", default, "must be the name of a label: " + ", ".join(names) + hint)
    return Entry(
        client=client,
        file_name=file_name,
        labels=labels,
        # Without DEFAULT the loader waits at its prompt for ever.
        default=default or (names[0] if names else ""),
        timeout=_tenths(entry.get("timeout"), check),
        prompt=bool(entry.get("prompt")),
        ui=check.path("ui", entry.get("ui")),
        menu_title=check.line("menu_title", entry.get("menu_title"), "MENU TITLE"),
        sysappend=sysappend,
        serial=_serial(entry.get("serial"), check),
        comment=check.block("comment", entry.get("comment")),
    )


def _label(where: str, label: Mapping[str, Any], sysappend: int, check: _Checks) -> Label:
    name = label.get("name") or ""
    if not _LABEL.fullmatch(name):
        check.fault(
            f"{where}.name",
            label.get("name"),
            "must be printable ASCII without blanks that begins with a letter, digit or _",
        )
    check.length(f"{where}.name", f"DEFAULT {name}")
    localboot = label.get("localboot")
    check.number(f"{where}.localboot", localboot, LOCALBOOT_TYPES, "one of -1, 0, 4, 5")
    given = [key for key in ("kernel", "com32", "localboot") if label.get(key) is not None]
    if len(given) != 1:
        expected = "must have exactly one of kernel, com32 and localboot"
        check.fault(where, " and ".join(given) or None, expected)
    kernel = check.path(f"{where}.kernel", label.get("kernel"))
    initrd = tuple(
        check.path(f"{where}.initrd[{place}]", path)
        for place, path in enumerate(label.get("initrd") or ())
    )
    append = _arguments(f"{where}.append", label.get("append"), check)
    if initrd and not kernel:
        check.fault(f"{where}.initrd", None, "must go with a kernel")
    if append and localboot is not None:
        check.fault(f"{where}.append", None, "must not go with localboot, which takes none")
    # linux.c hands over "BOOT_IMAGE=kernel append", readconfig.c puts initrd= and SYSAPPEND behind.
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
        menu_label=check.line(f"{where}.menu_label", label.get("menu_label"), "MENU LABEL"),
        help=help_text,
    )


def _arguments(variable: str, value: Any, check: _Checks) -> tuple[str, ...]:
    # A string is refused: Ansible would split it at commas, which nfsroot= is full of.
    if value is not None and not isinstance(value, (list, tuple)):
        check.fault(variable, value, "must be a list, one kernel argument each")
        return ()
    return tuple(
        check.argument(f"{variable}[{place}]", item) for place, item in enumerate(value or ())
    )


def _tenths(seconds: float | None, check: _Checks) -> int | None:
    if seconds is None:
        return None
    if not 0 <= seconds <= TIMEOUT_MAX or abs(round(seconds * 10) - seconds * 10) > 1e-6:
        expected = f"must be 0 (wait for ever) to {TIMEOUT_MAX} seconds in steps of 0.1"
        check.fault("timeout", seconds, expected)
        return None
    return round(seconds * 10)


def _serial(serial: Mapping[str, Any] | None, check: _Checks) -> Serial | None:
    if serial is None:
        return None
    port, baud = serial.get("port") or 0, serial.get("baud") or 115200
    ports = (*range(4), *range(0x100, 0xFFF9))
    check.number("serial.port", port, ports, "0 to 3 or an I/O address from 256 (0x100)")
    if not 75 <= baud <= 115200 or 115200 % baud:
        check.fault("serial.baud", baud, "must divide 115200, and be 75 or more")
    return Serial(port, baud)


def render(entry: Entry) -> str:
    """Return the text of *entry*'s config file, in UTF-8 where it is not ASCII."""
    lines = [MARKER]
    lines += [f"# {line}".rstrip() for line in entry.comment.split("\n") if entry.comment]
    if entry.serial:
        # First, as the documentation wants, and decimal: 6.04 reads the port with atoi(3).
        lines.append(f"SERIAL {entry.serial.port} {entry.serial.baud}")
    if entry.ui:
        lines.append(f"UI {entry.ui}")
    lines += [f"DEFAULT {entry.default}", f"PROMPT {int(entry.prompt)}"]
    if entry.timeout is not None:
        lines.append(f"TIMEOUT {entry.timeout}")
    if entry.menu_title:
        lines.append(f"MENU TITLE {entry.menu_title}")
    if entry.sysappend is not None:
        # Before the labels: each takes the value over as it begins.
        lines.append(f"SYSAPPEND {entry.sysappend}")
    for label in entry.labels:
        lines += ["", *_render_label(label)]
    return "\n".join(lines) + "\n"


def _render_label(label: Label) -> Iterator[str]:
    yield f"LABEL {label.name}"
    if label.menu_label:
        yield f"  MENU LABEL {label.menu_label}"
    if label.kernel:
        # Not KERNEL, which looks at the suffix and takes vmlinuz-6.0 for a network boot program.
        yield f"  LINUX {label.kernel}"
    elif label.com32:
        yield f"  COM32 {label.com32}"
    else:
        yield f"  LOCALBOOT {label.localboot}"
    if label.initrd:
        yield f"  INITRD {','.join(label.initrd)}"
    if label.append:
        yield f"  APPEND {' '.join(label.append)}"
    if label.help:
        yield "  TEXT HELP"
        yield from label.help.split("\n")
        yield "  ENDTEXT"
