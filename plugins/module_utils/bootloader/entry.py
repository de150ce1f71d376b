# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans the boot entries and kernel arguments of clients. They are the same for all loaders."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ansible_collections.diskless.netboot.plugins.module_utils.bootloader.checks import (
    COMMAND_LINE_MAX,
)
from ansible_collections.diskless.netboot.plugins.module_utils.bootloader.model import (
    SYSAPPEND_BOOTIF,
    bootif,
)
from ansible_collections.diskless.netboot.plugins.module_utils.bootloader.nfs_options import (
    MOUNT_NFS,
    MOUNTERS,
    NEVER_CHANGES,
    NFSMOUNT,
    WRITTEN,
)
from ansible_collections.diskless.netboot.plugins.module_utils.inventory import values
from ansible_collections.diskless.netboot.plugins.module_utils.inventory.client import Client
from ansible_collections.diskless.netboot.plugins.module_utils.inventory.faults import (
    Fault,
    InventoryError,
)
from ansible_collections.diskless.netboot.plugins.module_utils.store import paths, roots
from ansible_collections.diskless.netboot.plugins.module_utils.store.assigned import (
    assigned,
    check_fetched,
)

DEFAULT_PANIC_SECONDS = 30
"""If a client cannot mount its root, it starts again after this time, and does not wait for a user.

The kernel and the function panic() of initramfs-tools both use ``panic=``.
"""
DEFAULT_HTTP_PORT = 80
_NFS = "netboot.nfs"


def kernel_arguments(
    client: Client,
    *,
    release: str,
    nfs_server: str,
    store: str = paths.DEFAULT_STORE,
    nfs_options: Sequence[str] = (),
    mounter: str = NFSMOUNT,
    http_port: int = DEFAULT_HTTP_PORT,
    panic_seconds: int = DEFAULT_PANIC_SECONDS,
) -> list[str]:
    """Return the kernel arguments with which the initrd mounts the root of *client*.

    The loader adds ``initrd=`` and ``BOOTIF=``. The scripts that this collection puts into the
    initrd read the arguments ``netboot.*``.

    Sources: initramfs-tools(7) with its scripts/nfs and scripts/functions; dracut.cmdline(7);
    Documentation/admin-guide/nfs/nfsroot.rst of Linux; systemd(1) for ``systemd.hostname=``.

    Args:
        client: the client.
        release: the release of its image that it boots.
        nfs_server: IPv4 address of the NFS server. klibc's nfsmount does not resolve names.
        store: root of the store on that server.
        nfs_options: mount options that the mounter accepts.
        mounter: the program in the client's initrd that mounts its root, a key of MOUNTERS.
        http_port: the port on which the host of the NFS server serves squashfs files.
        panic_seconds: seconds from a panic to a restart, unless the client itself has ``panic=``.

    Raises:
        InventoryError: a client could not boot with this server, store or option.
    """
    site = _Site(nfs_server, store, _options(nfs_options), http_port, panic_seconds)
    site.check([mounter])
    return site.arguments(client, release, mounter)


@dataclass(frozen=True)
class _Site:
    """The values that are the same for all clients of one server."""

    nfs_server: str
    store: str
    options: tuple[str, ...]
    http_port: int
    panic_seconds: int

    def check(self, mounters: Iterable[str]) -> None:
        """Check these values for initrds with these mounters.

        Raises:
            InventoryError: some values are wrong; the text lists all faults.
        """
        checks: list[tuple[str, Any, Callable[[Any], Any]]] = [
            ("nfs_server", self.nfs_server, values.ipv4),
            ("store", self.store, paths.store_root),
            ("http_port", self.http_port, values.port),
        ]
        faults = []
        for mounter in sorted(set(mounters)):
            if mounter in MOUNTERS:
                known = MOUNTERS[mounter]
                checks += [("nfs_options", option, known.check) for option in self.options]
            else:
                expected = f"must be one of {', '.join(MOUNTERS)}"
                faults.append(Fault("", "image_mounters", mounter, expected))
        for variable, value, check in checks:
            try:
                check(value)
            except ValueError as error:
                faults.append(Fault("", variable, value, str(error)))
        if faults:
            raise InventoryError(faults)

    def arguments(self, client: Client, release: str, mounter: str) -> list[str]:
        # A client may boot an older release, from a time when its image had no mount.nfs. nfsmount
        # in that initrd would reject these options again and again. So they are in an argument that
        # it does not read.
        own = mounter == MOUNT_NFS
        options = () if own else self.options
        its_options, its_arguments = _own_options(client, mounter)
        if roots.mounts(client):
            tree = roots.mounted(client, self.store, release)
            caching = WRITTEN if roots.writable(client) else NEVER_CHANGES
            mounted = self._from_nfs(tree, (*caching, *options))
            source = ["root=/dev/nfs", f"nfsroot={mounted}"]
        else:
            fetched = self._url(paths.http_squashfs(client.image, release))
            source = ["root=netboot", f"netboot.squashfs={fetched}"]
        arguments = [
            *source,
            _ip(client, self.nfs_server),
            "rw" if roots.writable(client) else "ro",
            f"netboot.root={client.root}",
            f"systemd.hostname={client.hostname}",
        ]
        if own and (self.options or its_options):
            arguments.append(f"{_NFS}={','.join([*self.options, *its_options])}")
        if not roots.writable(client):
            arguments.append(f"netboot.overlay={client.overlay_size}")
        if client.ntp_servers:
            # The DHCP clients in the initrds do not ask for time servers (option 42).
            arguments.append(f"netboot.ntp={','.join(client.ntp_servers)}")
        if client.state:
            kept = paths.client_state(self.store, client.name)
            arguments.append(f"netboot.state={self._from_nfs(kept, options)}")
        if not any(argument.partition("=")[0] == "panic" for argument in client.kernel_args):
            arguments.append(f"panic={self.panic_seconds}")
        arguments = list(dict.fromkeys([*arguments, *its_arguments]))
        wrong = [_unwritable(client, argument) for argument in arguments]
        if any(wrong):
            raise InventoryError(fault for fault in wrong if fault)
        return arguments

    def _from_nfs(self, path: str, options: Sequence[str]) -> str:
        # A comma separates the options, since scripts/nfs splits there. initramfs-tools(7) says
        # something else.
        return ",".join([f"{self.nfs_server}:{path}", *options])

    def _url(self, path: str) -> str:
        port = "" if self.http_port == DEFAULT_HTTP_PORT else f":{self.http_port}"
        return f"http://{self.nfs_server}{port}/{path}"


def plan_entries(
    clients: Iterable[Client],
    *,
    nfs_server: str,
    store: str = paths.DEFAULT_STORE,
    nfs_options: Sequence[str] = (),
    image_releases: Mapping[str, Mapping[str, Any]] | None = None,
    root_releases: Mapping[str, str] | None = None,
    image_mounters: Mapping[str, str] | None = None,
    http_port: int = DEFAULT_HTTP_PORT,
    panic_seconds: int = DEFAULT_PANIC_SECONDS,
) -> list[dict[str, Any]]:
    """Return one boot entry for each MAC address of each client, as for module pxelinux_entry.

    A client that writes to its root boots the release from which this root was copied, since the
    root contains the modules of that kernel. Other clients boot the release that they are set to.

    Args:
        clients: the clients.
        nfs_server, store, nfs_options, http_port, panic_seconds: as for kernel_arguments.
        image_releases: the releases of each image by the name of the image, as for
            store.assigned.assigned.
        root_releases: ``IMAGE/RELEASE`` from which each root was copied, by the path of the root.
        image_mounters: the program in the initrd of each image that mounts a root, a key of
            MOUNTERS, by the name of the image. Images that are not named have klibc's nfsmount.

    Raises:
        InventoryError: clients have no release, or their command lines are too long. The text names
            all of them.
    """
    site = _Site(nfs_server, store, _options(nfs_options), http_port, panic_seconds)
    clients = list(clients)
    mounters = {
        client.image: (image_mounters or {}).get(client.image, NFSMOUNT) for client in clients
    }
    site.check(mounters.values())
    faults: list[Fault] = []
    entries: list[dict[str, Any]] = []
    for client in clients:
        try:
            release = _release(client, store, image_releases or {}, root_releases or {})
            folder = paths.tftp_boot(client.image, release)
            for mac, seen in _nics(client):
                label = {
                    "name": client.image,
                    "kernel": f"{folder}/{paths.KERNEL}",
                    "initrd": [f"{folder}/{paths.INITRD}"],
                    "append": site.arguments(seen, release, mounters[client.image]),
                }
                _check_length(client, label)
                entries.append(
                    {
                        "client": mac,
                        "labels": [label],
                        "default": client.image,
                        "sysappend": SYSAPPEND_BOOTIF,
                        "comment": client.name,
                    }
                )
        except InventoryError as error:
            faults.extend(error.faults)
    if faults:
        raise InventoryError(faults)
    return entries


def _nics(client: Client) -> Iterator[tuple[str, Client]]:
    """Return the MAC address of each NIC of a client, and the client as it is on that NIC."""
    for mac, address in zip(client.macs, client.addresses):
        static = client.static
        if static is None or static.client == address:
            yield mac, client
        else:
            yield mac, replace(client, static=static._replace(client=address))


def _own_options(client: Client, mounter: str) -> tuple[list[str], list[str]]:
    """Return the mount options in the kernel arguments of *client*, and its other arguments."""
    words = [word for word in client.kernel_args if word.partition("=")[0] == _NFS]
    options = [option for word in words for option in word.partition("=")[2].split(",")]
    faults = []
    if words and mounter != MOUNT_NFS:
        expected = f"is read by initrds with {MOUNT_NFS} alone; see nfsroot_image_nfs_version"
        faults.append(Fault(client.name, "netboot_kernel_args", words[0], expected))
    else:
        for option in options:
            try:
                MOUNTERS[mounter].check(option)
            except ValueError as error:
                expected = f"{option!r} {error}"
                faults.append(Fault(client.name, "netboot_kernel_args", words[0], expected))
    if faults:
        raise InventoryError(faults)
    return options, [word for word in client.kernel_args if word not in words]


def _ip(client: Client, nfs_server: str) -> str:
    if client.static is None:
        return "ip=dhcp"
    static = client.static
    return static._replace(server=static.server or nfs_server).argument()


def _release(
    client: Client,
    store: str,
    image_releases: Mapping[str, Mapping[str, Any]],
    root_releases: Mapping[str, str],
) -> str:
    if not roots.writable(client):
        release = assigned(client, image_releases)
        check_fetched(client, release, image_releases)
        return release
    path = roots.copied(client, store)
    copied = root_releases.get(path)
    image, slash, release = str(copied or "").rpartition("/")
    try:
        values.segment(release)
        # Older copies have a note with only the release, without the image.
        image = values.segment(image) if slash else client.image
    except ValueError:
        expected = f"must be IMAGE/RELEASE, which names the release that {path} is a copy of"
        raise InventoryError([Fault(client.name, "root_releases", copied, expected)]) from None
    if image != client.image:
        expected = (
            f"cannot be, since it has a root of its own, {path}, which was copied from {image}:"
            f" remove that folder on the boot server, or leave netboot_image as it was"
        )
        raise InventoryError([Fault(client.name, "netboot_image", client.image, expected)])
    return release


def _check_length(client: Client, label: Mapping[str, Any]) -> None:
    """Check the length of the command line in pxelinux. GRUB's is shorter: it has no initrd=."""
    line = (
        f"BOOT_IMAGE={label['kernel']} {' '.join(label['append'])} "
        f"initrd={','.join(label['initrd'])} BOOTIF={bootif(client.macs[0])}"
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
