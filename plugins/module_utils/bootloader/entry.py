# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the boot loader tells a client's kernel: the same for every loader."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.diskless.netboot.plugins.module_utils import store as paths
from ansible_collections.diskless.netboot.plugins.module_utils import values
from ansible_collections.diskless.netboot.plugins.module_utils.client import (
    ROOT_RW,
    Client,
)
from ansible_collections.diskless.netboot.plugins.module_utils.faults import (
    Fault,
    InventoryError,
    nearest,
)

COMMAND_LINE_MAX = 2047
"""Longest kernel command line in bytes on x86 (syslinux core/config.inc max_cmd_len; the kernel's
COMMAND_LINE_SIZE is one more, for the closing NUL). What is longer is cut off without a word."""

SYSAPPEND_BOOTIF = 2
"""pxelinux's SYSAPPEND bit that adds ``BOOTIF=01-<MAC>`` (syslinux doc/syslinux.txt)."""

DEFAULT_PANIC_SECONDS = 30
"""A client whose root does not mount starts over after this time instead of waiting for a person:
the kernel and initramfs-tools' panic() both obey ``panic=``."""

# klibc usr/kinit/nfsmount/main.c, int_opts and bool_opts. nfsmount ends with an error at any other
# option, and initramfs-tools' scripts/nfs tries again for ever.
_NUMBER_OPTIONS = (
    "port",
    "rsize",
    "wsize",
    "timeo",
    "retrans",
    "acregmin",
    "acregmax",
    "acdirmin",
    "acdirmax",
)
_VERSION_OPTIONS = ("nfsvers", "vers")
_FLAG_OPTIONS = (
    *("soft", "hard", "intr", "nointr", "posix", "noposix", "cto", "nocto", "ac", "noac"),
    *("lock", "nolock", "acl", "noacl", "v2", "v3", "udp", "tcp", "broken_suid", "ro", "rw"),
)
_OPTIONS = (*_NUMBER_OPTIONS, *_VERSION_OPTIONS, *_FLAG_OPTIONS)


def kernel_arguments(
    client: Client,
    *,
    nfs_server: str,
    store: str = paths.DEFAULT_STORE,
    nfs_options: Sequence[str] = (),
    panic_seconds: int = DEFAULT_PANIC_SECONDS,
) -> list[str]:
    """Return the kernel arguments that make initramfs-tools give *client* its root over NFS.

    The loader adds ``initrd=`` and ``BOOTIF=``. Sources: initramfs-tools(7), its scripts/nfs and
    scripts/functions; the kernel's Documentation/admin-guide/nfs/nfsroot.rst; systemd(1) for
    ``systemd.hostname=``. ``netboot.root=`` is read by this collection's own initrd scripts.

    Args:
        client: whose arguments.
        nfs_server: IPv4 address of the NFS server; klibc's nfsmount resolves no names.
        store: root of the store on that server.
        nfs_options: mount options, each one that klibc's nfsmount accepts.
        panic_seconds: seconds from a panic to a restart, unless the client says ``panic=`` itself.

    Raises:
        InventoryError: server, store or an option cannot be written so that the client boots.
    """
    options = _options(nfs_options)
    _check_nfs(nfs_server, store, options)
    return _arguments(client, nfs_server, store, options, panic_seconds)


def _arguments(
    client: Client, nfs_server: str, store: str, options: tuple[str, ...], panic_seconds: int
) -> list[str]:
    if client.root == ROOT_RW:
        root = paths.client_root(store, client.name)
    else:
        root = paths.image_root(store, client.image)
    arguments = [
        "root=/dev/nfs",
        # A comma, whatever initramfs-tools(7) says: scripts/nfs splits there.
        "nfsroot=" + ",".join([f"{nfs_server}:{root}", *options]),
        _ip(client, nfs_server),
        "rw",
        f"netboot.root={client.root}",
        f"systemd.hostname={client.hostname}",
    ]
    if not any(argument.partition("=")[0] == "panic" for argument in client.kernel_args):
        arguments.append(f"panic={panic_seconds}")
    arguments = list(dict.fromkeys([*arguments, *client.kernel_args]))
    wrong = [_unwritable(client, argument) for argument in arguments]
    if any(wrong):
        raise InventoryError(fault for fault in wrong if fault)
    return arguments


def plan_entries(
    clients: Iterable[Client],
    *,
    nfs_server: str,
    store: str = paths.DEFAULT_STORE,
    nfs_options: Sequence[str] = (),
    image_builds: Mapping[str, str],
    client_builds: Mapping[str, str],
    panic_seconds: int = DEFAULT_PANIC_SECONDS,
) -> list[dict[str, Any]]:
    """Return one boot entry for every MAC of every client, as module pxelinux_entry takes them.

    A client with a root of its own boots the build which that root was copied from: its modules
    are that kernel's. The others boot their image's build.

    Args:
        clients: the clients.
        nfs_server, store, nfs_options, panic_seconds: as for kernel_arguments.
        image_builds: each image's build (see store.py) by the image's name.
        client_builds: each ``rw`` client's build by its inventory name.

    Raises:
        InventoryError: names every client without a build, or whose command line is too long.
    """
    options = _options(nfs_options)
    _check_nfs(nfs_server, store, options)
    faults: list[Fault] = []
    entries: list[dict[str, Any]] = []
    for client in clients:
        try:
            folder = _boot_folder(client, image_builds, client_builds)
            arguments = _arguments(client, nfs_server, store, options, panic_seconds)
            label = {
                "name": client.image,
                "kernel": f"{folder}/{paths.KERNEL}",
                "initrd": [f"{folder}/{paths.INITRD}"],
                "append": arguments,
            }
            _check_length(client, label)
        except InventoryError as error:
            faults.extend(error.faults)
            continue
        entries.extend(
            {
                "client": mac,
                "labels": [label],
                "default": client.image,
                "sysappend": SYSAPPEND_BOOTIF,
                "comment": client.name,
            }
            for mac in client.macs
        )
    if faults:
        raise InventoryError(faults)
    return entries


def _ip(client: Client, nfs_server: str) -> str:
    if client.static is None:
        return "ip=dhcp"
    static = client.static
    return "ip=" + ":".join(static._replace(server=static.server or nfs_server))


def _boot_folder(
    client: Client, image_builds: Mapping[str, str], client_builds: Mapping[str, str]
) -> str:
    if client.root == ROOT_RW:
        variable, build = "client_builds", client_builds.get(client.name)
        expected = f"must hold the build that the root of {client.name} was copied from"
    else:
        variable, build = "image_builds", image_builds.get(client.image)
        expected = f"must hold a build for image {client.image}"
    if build is None:
        raise InventoryError([Fault(client.name, variable, None, expected)])
    try:
        return paths.tftp_boot(client.image, build)
    except ValueError as error:
        raise InventoryError([Fault(client.name, variable, build, str(error))]) from None


def _check_length(client: Client, label: Mapping[str, Any]) -> None:
    """The line as pxelinux hands it over; GRUB's is shorter by the initrd."""
    line = (
        f"BOOT_IMAGE={label['kernel']} {' '.join(label['append'])} "
        f"initrd={','.join(label['initrd'])} BOOTIF=01-{client.macs[0]}"
    )
    if len(line) > COMMAND_LINE_MAX:
        expected = (
            f"must be shorter: the kernel command line has {len(line)} bytes "
            f"with what the plan adds, {COMMAND_LINE_MAX} are possible"
        )
        raise InventoryError([Fault(client.name, "netboot_kernel_args", None, expected)])


def _unwritable(client: Client, argument: str) -> Fault | None:
    try:
        values.kernel_argument(argument)
    except ValueError as error:
        return Fault(client.name, "kernel command line", argument, str(error))
    return None


def _options(given: Sequence[str]) -> tuple[str, ...]:
    return tuple(given.split(",") if isinstance(given, str) else values.listed(given))


def _check_nfs(nfs_server: Any, store: Any, options: Sequence[Any]) -> None:
    checks = [("nfs_server", nfs_server, values.ipv4), ("store", store, paths.store_root)]
    faults = []
    for variable, value, check in [*checks, *(("nfs_options", item, _option) for item in options)]:
        try:
            check(value)
        except ValueError as error:
            faults.append(Fault("", variable, value, str(error)))
    if faults:
        raise InventoryError(faults)


def _option(value: Any) -> str:
    """Return a mount option that klibc's nfsmount accepts, else raise ValueError."""
    option = values.text(value)
    name, equals, setting = option.partition("=")
    number = setting.isdecimal() and setting.isascii()
    if name in _FLAG_OPTIONS and not equals:
        return option
    if name in _NUMBER_OPTIONS and number:
        return option
    if name in _VERSION_OPTIONS and setting in ("2", "3"):
        return option
    if name in _NUMBER_OPTIONS:
        expected = f"must be {name}=<number>"
    elif name in _VERSION_OPTIONS:
        expected = f"must be {name}=3 (or 2): the initrd's nfsmount knows no NFSv4"
    elif name in _FLAG_OPTIONS:
        expected = f"must be {name} without a value"
    else:
        near = nearest(name, _OPTIONS)
        hint = f"did you mean {near}?" if near else f"must be one of {', '.join(_OPTIONS)}"
        expected = f"is no option of klibc's nfsmount, which would fail for ever; {hint}"
    raise ValueError(expected)
