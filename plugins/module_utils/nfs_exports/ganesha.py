# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Configuration of NFS-Ganesha 4.3 (Debian 12) to 9.14 (Debian 14), FSAL VFS.

Sources: ganesha-config(8), ganesha-core-config(8), ganesha-export-config(8).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from ansible_collections.diskless.netboot.plugins.module_utils.inventory import values
from ansible_collections.diskless.netboot.plugins.module_utils.inventory.faults import (
    Fault,
    InventoryError,
)
from ansible_collections.diskless.netboot.plugins.module_utils.inventory.reader import Reader
from ansible_collections.diskless.netboot.plugins.module_utils.nfs_exports.model import (
    MARKER,
    Access,
    Export,
    export_path,
    parse_exports,
)

DEFAULT_MOUNTD_PORT = 20048
DEFAULT_GRACE_SECONDS = 90
DEFAULT_LEASE_SECONDS = 60
EXPORT_IDS = 65535  # 16 bits, and 0 is the root of the pseudo file system

_PSEUDO_ROOT = 0

# Ganesha has no counterpart for these options, and they change what a client can see or do. Other
# options without a counterpart (sync, wdelay, fsid, ...) can be ignored, since Ganesha does what
# they say in any case.
_NO_COUNTERPART = frozenset(
    {
        *("crossmnt", "mountpoint", "mp", "nohide", "pnfs", "reexport", "refer", "replicas"),
        *("security_label", "subtree_check", "xprtsec"),
    }
)
_EXPORTS = re.compile(
    r'^EXPORT \{\n  Export_Id = ([0-9]{1,5});\n  Path = "([^"\n]*)";\n(?:  .*\n)*\}$', re.MULTILINE
)


class ExportText(NamedTuple):
    """An export as it stands in a text of `ganesha_conf`."""

    number: int
    path: str
    text: str


def ganesha_conf(
    exports: Any,
    *,
    protocols: Any = (3, 4),
    mountd_port: Any = DEFAULT_MOUNTD_PORT,
    grace_seconds: Any = DEFAULT_GRACE_SECONDS,
    lease_seconds: Any = DEFAULT_LEASE_SECONDS,
    io_flusher: Any = "optional",
    core: Any = True,
    include: Any = None,
    previous: str = "",
) -> str:
    """Return the text of ganesha.conf, or only of the exports, which a reload reads again.

    Args:
        exports: as for `parse_exports`. The list can be empty.
        protocols: NFS versions, 3 or 4 or both.
        mountd_port: port of the MOUNT protocol, which NFSv3 needs.
        grace_seconds: how long the server waits after its start for NFSv4 clients to reclaim their
            state, in seconds. It waits no longer if all of them have done so. Until then, no file
            can be newly opened over NFSv4.
        lease_seconds: how long the server keeps the state of a silent NFSv4 client, in seconds.
        io_flusher: With ``optional``, Ganesha 5 and newer start without CAP_SYS_RESOURCE, as in a
            container. ``default`` leaves this setting out. Ganesha 4.3 does not know it.
        core: whether to include the settings. If False, the text has only the exports.
        include: absolute path of another file to read, for example with the exports. The root of
            the pseudo file system is left to that file.
        previous: the current text. The exports in it keep their ids.

    Raises:
        InventoryError: the input has faults; the text lists all of them.
    """
    faults: list[Fault] = []
    versions = _protocols(protocols, faults)
    given = {
        "mountd_port": mountd_port,
        "grace_seconds": grace_seconds,
        "lease_seconds": lease_seconds,
        "core": core,
        "include": include,
    }
    reader = Reader("", given, faults)
    # The ranges are from ganesha-core-config(8).
    port = reader.one("mountd_port", _number(1, 65535), required=True)
    grace = reader.one("grace_seconds", _number(0, 180), required=True)
    lease = reader.one("lease_seconds", _number(1, 120), required=True)
    whole = reader.one("core", values.boolean, True)
    included = reader.one("include", _quotable)
    if io_flusher not in ("optional", "default"):
        faults.append(Fault("", "io_flusher", io_flusher, "must be optional or default"))
    found = []
    try:
        found = parse_exports(exports)
    except InventoryError as error:
        faults += error.faults
    faults += _unfit(found)
    if faults:
        raise InventoryError(faults)
    blocks = [MARKER]
    if whole:
        blocks += _core(versions, port, grace, lease, io_flusher == "optional")
    ids = export_ids([export.path for export in found], read_export_ids(previous))
    blocks += [_export(export, ids[export.path], versions) for export in found]
    if "4" in versions and included is None:
        blocks.append(_pseudo_root(found))
    if included is not None:
        blocks.append(f'%include "{included}"')
    return "\n".join(blocks) + "\n"


def export_ids(paths: Sequence[str], previous: Mapping[str, int] | None = None) -> dict[str, int]:
    """Return an id from 1 to 65535 for each path.

    A file handle contains the id. If the id changes, a client that has mounted the export loses it.
    So the id is a hash of the path. If two paths have the same hash, the second one gets the next
    free number. When one of these two is added or removed, the id of the other can change, unless
    *previous* has the current ids. With 300 exports, half of all sites have such a pair.

    A new export does not get the id of one that is removed: a reload adds exports before it removes
    others, and refuses an id that is still taken. Only if there are not enough ids, it gets one.

    Args:
        paths: paths of the exports, each once.
        previous: the current ids by path.

    Raises:
        InventoryError: there are more paths than ids.
    """
    if len(paths) > EXPORT_IDS:
        expected = f"must be at most {EXPORT_IDS}: NFS-Ganesha numbers exports in 16 bits"
        raise InventoryError([Fault("", "exports", len(paths), expected)])
    ids: dict[str, int] = {}
    taken: set[int] = set()
    removed = set(previous or {}).difference(paths)
    avoided = {(previous or {})[path] for path in removed}
    if len(paths) + len(avoided) > EXPORT_IDS:
        avoided = set()
    for path in sorted(paths):
        number = (previous or {}).get(path)
        if number is not None and 1 <= number <= EXPORT_IDS and number not in taken:
            ids[path] = number
            taken.add(number)
    for path in sorted(paths):
        if path in ids:
            continue
        digest = hashlib.sha256(path.encode("utf-8", "surrogateescape")).digest()
        number = int.from_bytes(digest[:8], "big") % EXPORT_IDS + 1
        while number in taken or number in avoided:
            number = number % EXPORT_IDS + 1
        ids[path] = number
        taken.add(number)
    return ids


def read_export_ids(text: str) -> dict[str, int]:
    """Return the ids by path in a text of `ganesha_conf`."""
    return {export.path: export.number for export in read_exports(text)}


def read_exports(text: str) -> list[ExportText]:
    """Return the exports in a text of `ganesha_conf`."""
    return [ExportText(int(found[1]), found[2], found[0]) for found in _EXPORTS.finditer(text)]


def _core(
    versions: Sequence[str], port: int, grace: int, lease: int, io_flusher_optional: bool
) -> list[str]:
    core = {
        "Protocols": ", ".join(versions),
        "MNT_Port": port,
        # With this, NFSv3 clients use the same paths as with the kernel's server.
        "mount_path_pseudo": "true",
        # Roots are mounted with nolock. NLM would need statd and a long grace period.
        "Enable_NLM": "false",
        "Enable_RQUOTA": "false",
    }
    if io_flusher_optional:
        core["Allow_Set_Io_Flusher_Fail"] = "true"
    state = {
        "Grace_Period": grace,
        "Lease_Lifetime": lease,
        # The users of an image are not those of the server, so names could mean other users.
        "Only_Numeric_Owners": "true",
    }
    return [_block("NFS_CORE_PARAM", core), _block("NFSv4", state)]


def _block(name: str, parameters: Mapping[str, Any]) -> str:
    lines = [f"  {key} = {value};" for key, value in parameters.items()]
    return "\n".join([f"{name} {{", *lines, "}"])


def _pseudo_root(exports: Sequence[Export]) -> str:
    """Return the export of the folders above all exports, which NFSv4 clients walk through.

    Without it, Ganesha shows the names of these folders to everybody who asks, and so which images
    and clients there are. It makes such an export itself then; this one has the same id of its file
    system, with which a running Ganesha takes it over.
    """
    networks = sorted({(client.number, client.prefix) for one in exports for client in one.clients})
    walkers = [Access(number, prefix, ()).address for number, prefix in networks]
    permissions = {
        "Access_Type": "MDONLY_RO",
        "Squash": "No_Root_Squash",
        "SecType": "sys, krb5, krb5i, krb5p",
        "PrivilegedPort": "false",
    }
    granted = [(walkers, permissions)] if walkers else []
    return _export_block(_PSEUDO_ROOT, "/", "4", "PSEUDO", granted, "152.152")


def _export(export: Export, number: int, versions: Sequence[str]) -> str:
    # Ganesha uses the first CLIENT block that matches, so smaller networks come first.
    groups: dict[tuple[int, tuple[str, ...]], list[str]] = {}
    for client in export.clients:
        groups.setdefault((-client.prefix, client.options), []).append(client.address)
    granted = [(groups[key], _permissions(key[1])) for key in sorted(groups)]
    return _export_block(number, export.path, ", ".join(versions), "VFS", granted)


def _export_block(
    number: int,
    path: str,
    versions: str,
    file_system: str,
    granted: Sequence[tuple[Sequence[str], Mapping[str, str]]],
    file_system_id: str = "",
) -> str:
    lines = [
        "EXPORT {",
        f"  Export_Id = {number};",
        f'  Path = "{path}";',
        f'  Pseudo = "{path}";',
        f"  Protocols = {versions};",
        *([f"  Filesystem_Id = {file_system_id};"] if file_system_id else []),
        # For all addresses that are in no CLIENT block.
        "  Access_Type = None;",
        "  FSAL {",
        f"    Name = {file_system};",
        "  }",
    ]
    for addresses, permissions in granted:
        separator = ",\n      "
        lines += ["  CLIENT {", f"    Clients = {separator.join(addresses)};"]
        lines += [f"    {name} = {value};" for name, value in permissions.items()]
        lines.append("  }")
    return "\n".join([*lines, "}"])


def _permissions(options: Sequence[str]) -> dict[str, str]:
    """Return Ganesha's permissions for options of exports(5), with the defaults of exports(5)."""
    given = {name: value for name, _equals, value in (item.partition("=") for item in options)}
    squash = "No_Root_Squash" if "no_root_squash" in given else "Root_Squash"
    permissions = {
        "Access_Type": "RW" if "rw" in given else "RO",
        "Squash": "All_Squash" if "all_squash" in given else squash,
        "SecType": given.get("sec", "sys").replace(":", ", "),
        # Without it, any user on a client could send NFS requests as root.
        "PrivilegedPort": "false" if "insecure" in given else "true",
    }
    for name, parameter in (("anonuid", "Anonymous_uid"), ("anongid", "Anonymous_gid")):
        if name in given:
            permissions[parameter] = given[name]
    return permissions


def _unfit(exports: Sequence[Export]) -> list[Fault]:
    """Return options that NFS-Ganesha does not support, each once, and paths it cannot quote."""
    faults = []
    told: set[str] = set()
    for export in exports:
        try:
            _quotable(export.path)
        except ValueError as error:
            faults.append(Fault("", "path", export.path, str(error)))
        for client in export.clients:
            for option in client.options:
                if option.partition("=")[0] in _NO_COUNTERPART and option not in told:
                    told.add(option)
                    expected = "must not be given: NFS-Ganesha does not support it"
                    faults.append(Fault("", "options", option, expected))
    return faults


def _quotable(value: Any) -> str:
    path = export_path(value)
    if '"' in path or "\\" in path:
        raise ValueError("must be a path without a double quote or backslash for NFS-Ganesha")
    return path


def _protocols(value: Any, faults: list[Fault]) -> list[str]:
    items = value if isinstance(value, (list, tuple)) else [value]
    versions = sorted({str(item) for item in items})
    if not versions or not set(versions) <= {"3", "4"}:
        faults.append(Fault("", "protocols", value, "must be a list of 3, 4 or both"))
    return versions


def _number(lowest: int, highest: int) -> Callable[[Any], int]:
    def parse(value: Any) -> int:
        number = int(value) if isinstance(value, str) and value.isdecimal() else value
        if isinstance(number, int) and not isinstance(number, bool) and lowest <= number <= highest:
            return number
        raise ValueError(f"must be a whole number from {lowest} to {highest}")

    return parse
