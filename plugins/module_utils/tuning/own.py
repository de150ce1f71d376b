# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files and links that this collection makes in an image."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible_collections.diskless.netboot.plugins.module_utils.files.tree import FileSpec, LinkSpec
from ansible_collections.diskless.netboot.plugins.module_utils.tuning import containers, desktop
from ansible_collections.diskless.netboot.plugins.module_utils.tuning.options import Tuning

MARKER = "# Written by diskless.netboot.client_tuning."
PROGRAMS = "usr/lib/netboot"
CAPABLE = f"{PROGRAMS}/capable"
"""The programs with capabilities, see capabilities.py."""

UNITS = "etc/systemd/system"
MASK = "/dev/null"
"""The target of the link that masks a unit, systemctl(1)."""

_USER_UNITS = "etc/systemd/user"
_WANTED_BY = re.compile(r"^WantedBy=(\S+)$", re.MULTILINE)


def own_files(tuning: Tuning, shipped: Mapping[str, str]) -> dict[str, FileSpec]:
    """Return the files by their path below ``/``.

    Args:
        tuning: the options.
        shipped: texts of the role's programs and units, by name.
    """
    texts = {
        **_network(tuning),
        **_services(tuning),
        **_swap(tuning),
        **_autofs(tuning),
        **{f"{UNITS}/{timer}.d/netboot.conf": _spread(tuning) for timer in tuning.spread_timers},
    }
    if tuning.log_server:
        texts["etc/rsyslog.conf"] = _forwarded_log(tuning)
    files = {path: FileSpec(text.encode()) for path, text in texts.items()}
    for name, text in shipped.items():
        mode = 0o644 if _is_unit(name) else 0o755
        files[f"{_folder(name)}/{name}"] = FileSpec(text.encode(), mode)
    return files


def container_files(tuning: Tuning) -> dict[str, FileSpec]:
    """Return the files with which users run containers, by their path below ``/``."""
    # logind allows a tenth of the RAM, which is too little for an image.
    logind = ("[Login]", f"RuntimeDirectorySize={tuning.containers_size}")
    texts = {
        containers.STORAGE_CONF: _text(*containers.STORAGE),
        "etc/systemd/logind.conf.d/netboot-containers.conf": _text(*logind),
    }
    return {path: FileSpec(text.encode()) for path, text in texts.items()}


def desktop_files(root: Path, tuning: Tuning) -> dict[str, FileSpec]:
    """Return the files for the desktop that an image has, by their path below ``/``."""
    texts = {path: _text(*lines) for path, lines in desktop.files(root, tuning).items()}
    texts.update(desktop.policies(root))
    return {path: FileSpec(text.encode()) for path, text in texts.items()}


def own_links(shipped: Mapping[str, str]) -> dict[str, LinkSpec]:
    """Return the links that enable the role's units, and the link for the name servers."""
    links = {"etc/resolv.conf": LinkSpec("../run/netboot/resolv.conf")}
    for name in filter(_is_unit, shipped):
        for target in _WANTED_BY.findall(shipped[name]):
            links[f"{_folder(name)}/{target}.wants/{name}"] = LinkSpec(f"../{name}")
    return links


def masks(tuning: Tuning) -> dict[str, LinkSpec]:
    """Return the links that keep units from running."""
    return {f"{UNITS}/{unit}": LinkSpec(MASK) for unit in tuning.masked}


def _is_unit(name: str) -> bool:
    return name.endswith(".service")


def _folder(name: str) -> str:
    if not _is_unit(name):
        return PROGRAMS
    return _USER_UNITS if name.endswith("-user.service") else UNITS


def _text(*lines: str) -> str:
    return "".join(f"{line}\n" for line in (MARKER, *lines))


def _network(tuning: Tuning) -> dict[str, str]:
    nics = [
        line
        for nic in tuning.boot_nics
        for line in ("", f"iface {nic} inet manual", f"no-auto-down {nic}")
    ]
    return {
        "etc/network/interfaces": _text(
            "# A NIC that is not named here is not touched; the one with the root must not be.",
            "auto lo",
            "iface lo inet loopback",
            *nics,
        ),
        # From the PC's state, or a link to what netboot-ssh-keys.service makes.
        "etc/ssh/sshd_config.d/netboot.conf": _text(
            "HostKey /run/netboot/ssh/ssh_host_ed25519_key"
        ),
    }


def _services(tuning: Tuning) -> dict[str, str]:
    return {
        "etc/systemd/journald.conf.d/netboot.conf": _text(
            "[Journal]", "Storage=volatile", f"RuntimeMaxUse={tuning.journal_megabytes}M"
        ),
        "etc/systemd/system.conf.d/netboot.conf": _text(
            "[Manager]", f"DefaultTimeoutStopSec={tuning.stop_seconds}s"
        ),
        # dpkg(1): hooks. It cannot replace a program that something is mounted on.
        "etc/dpkg/dpkg.cfg.d/netboot": _text(
            *(
                f"{hook}=[ ! -e /{CAPABLE} ] || /{PROGRAMS}/capabilities {action}"
                for hook, action in (("pre-invoke", "stop"), ("post-invoke", "start"))
            )
        ),
    }


def _swap(tuning: Tuning) -> dict[str, str]:
    zram = ("[zram0]", f"zram-size = {tuning.zram_size}", "compression-algorithm = zstd")
    return {
        "etc/systemd/zram-generator.conf": _text(*(zram if tuning.swap == "zram" else ())),
        # Without this, tmp.mount and all units after the local file systems wait until udev has
        # made the device. The other dependencies are the usual ones of a swap unit,
        # systemd.swap(5).
        f"{UNITS}/dev-zram0.swap.d/netboot.conf": _text(
            "[Unit]", "DefaultDependencies=no", "Conflicts=umount.target", "Before=umount.target"
        ),
        "etc/default/netboot-swap": _text(
            f"SWAP_FILE={tuning.swap_file if tuning.swap == 'file' else ''}",
            f"SWAP_MEGABYTES={tuning.swap_megabytes}",
        ),
    }


def _autofs(tuning: Tuning) -> dict[str, str]:
    """Return the maps of the automounter, auto.master(5) and autofs(5)."""
    if not tuning.autofs:
        return {}
    maps, folders = {}, []
    for folder in tuning.autofs:
        name = f"etc/auto.netboot{folder['path'].replace('/', '.')}"
        maps[name] = _text(*map(_mounted_on_demand, folder["entries"]))
        timeout = folder.get("timeout") or 300
        folders.append(f"{folder['path']} /{name} --timeout={timeout}")
    return {**maps, "etc/auto.master.d/netboot.autofs": _text(*folders)}


def _mounted_on_demand(entry: Mapping[str, Any]) -> str:
    options = [f"-{entry['options']}"] if entry.get("options") else []
    return " ".join([entry["key"], *options, entry["location"]])


def _forwarded_log(tuning: Tuning) -> str:
    # Messages are in RAM until they are sent. Nothing is written to a disk, and few messages are
    # lost if the server cannot be reached for a while.
    return _text(
        'module(load="imuxsock")',
        'module(load="imklog")',
        'global(workDirectory="/run")',
        f'*.* action(type="omfwd" target="{tuning.log_server}" port="{tuning.log_port}"',
        '           protocol="tcp" action.resumeRetryCount="-1" queue.type="LinkedList"'
        ' queue.size="10000")',
    )


def _spread(tuning: Tuning) -> str:
    # The time depends on the machine-id. It is different on each PC, and the same every day.
    return _text(
        "[Timer]", f"RandomizedDelaySec={tuning.spread_minutes}min", "FixedRandomDelay=yes"
    )
