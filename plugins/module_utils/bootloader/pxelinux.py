# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Boot entries in the language of pxelinux.

Sources: syslinux 6.04 doc/pxelinux.txt (file names), doc/syslinux.cfg.txt (directives),
doc/menu.txt, and com32/elflink/ldlinux/readconfig.c (what the parser really does).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from ansible_collections.diskless.netboot.plugins.module_utils.bootloader.loader import (
    Loader,
    heading,
)
from ansible_collections.diskless.netboot.plugins.module_utils.bootloader.model import (
    IPV4,
    MAC,
    Entry,
    Label,
    Target,
    bootif,
)


def file_name(target: Target) -> str:
    """Return the name of the file that pxelinux reads for *target*."""
    if target.kind == MAC:
        return bootif(target.name)
    if target.kind == IPV4:
        return f"{int(ipaddress.IPv4Address(target.name)):08X}"
    return target.name


def render(entry: Entry) -> str:
    """Return the text of the config file of *entry*."""
    lines = heading(entry.comment)
    if entry.serial:
        # The documentation requires that this is the first directive. The port is decimal, since
        # 6.04 reads it with atoi(3).
        lines.append(f"SERIAL {entry.serial.port} {entry.serial.baud}")
    if entry.ui:
        lines.append(f"UI {entry.ui}")
    lines += [f"DEFAULT {entry.default}", f"PROMPT {int(entry.prompt)}"]
    if entry.timeout is not None:
        lines.append(f"TIMEOUT {entry.timeout}")
    if entry.ontimeout:
        lines.append(f"ONTIMEOUT {entry.ontimeout}")
    if entry.menu_title:
        lines.append(f"MENU TITLE {entry.menu_title}")
    if entry.menu_hidden:
        lines.append("MENU HIDDEN")
    if entry.menu_password.pxelinux:
        lines.append(f"MENU MASTER PASSWD {entry.menu_password.pxelinux}")
    if entry.sysappend is not None:
        # This must be before the labels, since a label gets the value that is set where it begins.
        lines.append(f"SYSAPPEND {entry.sysappend}")
    lines += [f"INCLUDE {path}" for path in entry.include]
    if entry.raw.pxelinux:
        lines += entry.raw.pxelinux.split("\n")
    for label in entry.labels:
        lines += ["", *_label(label, marked=bool(entry.ui) and label.name == entry.default)]
    return "\n".join(lines) + "\n"


def _label(label: Label, *, marked: bool) -> Iterator[str]:
    yield f"LABEL {label.name}"
    if label.menu_label:
        yield f"  MENU LABEL {label.menu_label}"
    if marked:
        # An included file can set another default, which would replace DEFAULT.
        yield "  MENU DEFAULT"
    if label.menu_password.pxelinux:
        yield f"  MENU PASSWD {label.menu_password.pxelinux}"
    if label.kernel:
        # Not KERNEL: it chooses the type by the suffix, and with vmlinuz-6.0 it would start a
        # network boot program.
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
    if label.raw.pxelinux:
        yield from label.raw.pxelinux.split("\n")
    if label.menu_separator:
        # This is a separate line in the menu, after the line of this label.
        yield "  MENU SEPARATOR"


def _faults(entry: Entry) -> Iterator[tuple[str, object, str]]:
    for where, hashes in entry.passwords():
        if hashes.grub and not hashes.pxelinux:
            yield f"{where}.pxelinux", None, "must be given too, or PXELINUX asks for no password"


def _fetches(entry: Entry) -> Iterator[tuple[str, str]]:
    yield "ui", entry.ui
    for place, path in enumerate(entry.include):
        yield f"include[{place}]", path
    for number, label in enumerate(entry.labels):
        yield f"labels[{number}].kernel", label.kernel
        yield f"labels[{number}].com32", label.com32
        for place, path in enumerate(label.initrd):
            yield f"labels[{number}].initrd[{place}]", path


PXELINUX = Loader(
    name="PXELINUX",
    folder="pxelinux.cfg",
    file_name=file_name,
    render=render,
    faults=_faults,
    left_out=lambda _entry: (),
    fetches=_fetches,
)
