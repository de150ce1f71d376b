# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Boot entries in the language of GRUB's signed network image, for PCs with UEFI.

The image of Debian and Ubuntu reads only ``/grub/grub.cfg``. It does not look for files of the
client, since the script in its memdisk does not do so (debian/build-efi-images of grub2). So this
collection writes that file, and it loads the file of the client.

Sources: GNU GRUB manual 2.06 (commands, "Network"), grub-core/lib/cmdline.c (how arguments reach
the kernel), commands/test.c.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

from ansible_collections.diskless.netboot.plugins.module_utils.bootloader.checks import is_url
from ansible_collections.diskless.netboot.plugins.module_utils.bootloader.loader import (
    MARKER,
    Loader,
    heading,
)
from ansible_collections.diskless.netboot.plugins.module_utils.bootloader.model import (
    MAC,
    SYSAPPEND_BOOTIF,
    Entry,
    Label,
    Serial,
    Target,
    bootif,
)

FOLDER = "grub/clients"
USER = "admin"
"""The user name for the password of an entry. For the password of a label, it is the name of that
label."""

# Only -s of the file operators of "test" opens the file, so it works over TFTP. -e and -f read the
# folder, which TFTP cannot do.
DISPATCHER = f"""\
{MARKER}
# GRUB's network image reads this file, and goes on with the client's own.
if regexp --set 1:a --set 2:b --set 3:c --set 4:d --set 5:e --set 6:f \\
    '^(..):(..):(..):(..):(..):(..)$' "$net_default_mac"; then
  set bootif="01-$a-$b-$c-$d-$e-$f"
fi
smbios --type 1 --get-uuid 8 --set uuid
for name in "$uuid" "$bootif" "$net_default_ip" default; do
  if [ -z "$entry" ]; then
    if [ -s "$prefix/clients/$name.cfg" ]; then
      set entry="$prefix/clients/$name.cfg"
    fi
  fi
done
if [ -n "$entry" ]; then
  source "$entry"
else
  echo "No boot entry for this PC: MAC $net_default_mac, address $net_default_ip."
  echo "It goes on with the next boot device in 30 seconds, or at a key."
  sleep --interruptible 30
  exit
fi
"""

# Before 2.12, the name of a device in GRUB cannot contain the port of an HTTP server.
_URL = re.compile(r"(http|tftp)://([A-Za-z0-9.-]+)(/[^?]*)")


def file_name(target: Target) -> str:
    """Return the name of the file for which grub.cfg looks."""
    return (bootif(target.name) if target.kind == MAC else target.name) + ".cfg"


def render(entry: Entry) -> str:
    """Return the text of the file of *entry*, without what GRUB cannot do (see `_left_out`)."""
    lines = heading(entry.comment)
    if entry.serial:
        lines += _serial(entry.serial)
    if any(any(hashes) for _where, hashes in entry.passwords()):
        lines += _users(entry)
    menu = entry.prompt or bool(entry.ui)
    boots = entry.ontimeout if menu and entry.ontimeout else entry.default
    lines += [
        # By position, since GRUB reads a name that begins with a digit as a position, and ">" in a
        # name as a submenu.
        f"set default={[label.name for label in _bootable(entry)].index(boots)}",
        f"set timeout={_seconds(entry.timeout) if menu else 0}",
        f"set timeout_style={'hidden' if entry.menu_hidden else 'menu'}",
    ]
    for label in _bootable(entry):
        lines += ["", *_menuentry(label, entry)]
    # These lines are last. If there is a menuentry in them, it does not move the other entries.
    if entry.raw.grub:
        lines += ["", *entry.raw.grub.split("\n")]
    return "\n".join(lines) + "\n"


def _bootable(entry: Entry) -> list[Label]:
    return [label for label in entry.labels if not label.com32]


def _seconds(tenths: int | None) -> int:
    """Return the timeout in whole seconds, as GRUB needs it. -1 means to wait for ever."""
    return -(-tenths // 10) if tenths else -1


def _serial(serial: Serial) -> list[str]:
    port = f"--unit={serial.port}" if serial.port < 4 else f"--port={serial.port:#x}"
    return [
        f"serial {port} --speed={serial.baud}",
        "terminal_input --append serial",
        "terminal_output --append serial",
    ]


def _users(entry: Entry) -> Iterator[str]:
    # If superusers is set, only they can edit an entry and use GRUB's command line.
    yield f"set superusers={USER}"
    if entry.menu_password.grub:
        yield f"password_pbkdf2 {USER} {entry.menu_password.grub}"
    for label in _bootable(entry):
        if label.menu_password.grub:
            yield f"password_pbkdf2 {_word(label.name)} {label.menu_password.grub}"


def _menuentry(label: Label, entry: Entry) -> Iterator[str]:
    title = label.menu_label.replace("^", "", 1) or label.name
    who = f"--users {_word(label.name)}" if label.menu_password.grub else "--unrestricted"
    yield f"menuentry {_word(title)} --id {_word(label.name)} {who} {{"
    if label.localboot is not None:
        yield "  exit"
    else:
        command = ["linux", _file(label.kernel), *map(_argument, label.append)]
        if (entry.sysappend or 0) & SYSAPPEND_BOOTIF:
            command.append("BOOTIF=$bootif")
        yield f"  echo {_word(f'Loading {label.kernel} ...')}"
        yield "  " + " ".join(command)
        if label.initrd:
            yield "  echo 'Loading the initrd ...'"
            yield "  " + " ".join(["initrd", *map(_file, label.initrd)])
    if label.raw.grub:
        yield from label.raw.grub.split("\n")
    yield "}"


def _file(path: str) -> str:
    url = _URL.fullmatch(path)
    if url:
        return _word("({},{}){}".format(*url.groups()))
    return _word("/" + path.lstrip("/"))


def _argument(text: str) -> str:
    # GRUB itself puts an argument with a blank in double quotes, and the kernel removes them.
    return _word(text.replace('"', ""))


def _word(text: str) -> str:
    """Quote a word as for a shell. GRUB's quotes have the same meaning (manual, "Quoting")."""
    return shlex.quote(text)


def _faults(entry: Entry) -> Iterator[tuple[str, object, str]]:
    if (entry.sysappend or 0) & ~SYSAPPEND_BOOTIF:
        yield "sysappend", entry.sysappend, "must be 0 or 2 (BOOTIF=): GRUB cannot add the others"
    for where, hashes in entry.passwords():
        if hashes.pxelinux and not hashes.grub:
            yield f"{where}.grub", None, "must be given too, or GRUB asks for no password"
    bootable = [label.name for label in _bootable(entry)]
    for where, name in (("default", entry.default), ("ontimeout", entry.ontimeout)):
        if name and name not in bootable:
            yield where, name, "must be a label with a kernel or localboot: GRUB runs no COM32"
    for number, label in enumerate(entry.labels):
        for place, argument in enumerate(label.append if label.kernel else ()):
            if set("'\\") & set(argument):
                expected = "must not contain ' or \\, since GRUB would put a \\ before it"
                yield f"labels[{number}].append[{place}]", argument, expected
    for where, path in _fetches(entry):
        if is_url(path) and not _URL.fullmatch(path):
            yield where, path, "must be a http or tftp URL without port and query for GRUB"


def _left_out(entry: Entry) -> Iterator[str]:
    for label in entry.labels:
        if label.com32:
            yield f"label {label.name}, since GRUB runs no COM32 module"
    for path in entry.include:
        yield f"include of {path}, since GRUB cannot read PXELINUX's files"


def _fetches(entry: Entry) -> Iterator[tuple[str, str]]:
    for number, label in enumerate(entry.labels):
        yield f"labels[{number}].kernel", label.kernel
        for place, path in enumerate(label.initrd):
            yield f"labels[{number}].initrd[{place}]", path


GRUB = Loader(
    name="GRUB",
    folder=FOLDER,
    file_name=file_name,
    render=render,
    faults=_faults,
    left_out=_left_out,
    fetches=_fetches,
    shared={"grub/grub.cfg": DISPATCHER},
)
