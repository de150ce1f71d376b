# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options for all PCs of an image."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

_LOCALE = re.compile(r"\w+\.UTF-8")


@dataclass(frozen=True)
class Tuning:
    """The options of the role ``client_tuning``. Its argument specification describes them.

    Attributes:
        boot_nics: names of NICs.
        tmpfs: mappings with ``path`` and ``size``. ``mode`` and ``options`` are optional.
        containers_size: maximum size of each folder in RAM for containers, or empty for none.
        mounts: mappings with ``src`` and ``path``. ``fstype`` and ``options`` are optional.
        autofs: mappings with ``path`` and ``entries``. ``timeout`` in seconds is optional.
        swap: ``zram``, ``file`` or ``none``.
        zram_size: a formula of zram-generator.conf(5), in MiB.
        swap_file: absolute path.
        swap_megabytes: MiB.
        log_server: address, or empty if logs are not sent.
        log_port: TCP port.
        spread_timers: names of timer units.
        spread_minutes: minutes.
        autologin_user: name of the user whose session starts by itself, or empty for none.
        autologin_session: name of that session, or empty for the display manager's choice.
        autostart: commands that start with each user's session.
        locale: name of a locale such as ``pt_PT.UTF-8``, or empty for the image's own.
        keyboard: keyboard layouts such as ``pt`` or ``us,ru``, or empty.
        timezone: name of a time zone such as ``Europe/Lisbon``, or empty.
        suspend: whether a PC may suspend or hibernate.
        keep_xorg_conf: whether ``/etc/X11/xorg.conf`` stays.
        journal_megabytes: MiB.
        stop_seconds: seconds.
        masked_units: names of units.
    """

    boot_nics: tuple[str, ...] = ()
    tmpfs: tuple[Mapping[str, Any], ...] = ()
    containers_size: str = "50%"
    mounts: tuple[Mapping[str, Any], ...] = ()
    autofs: tuple[Mapping[str, Any], ...] = ()
    swap: str = "none"
    zram_size: str = "min(ram / 2, 4096)"
    swap_file: str = "/var/swap/netboot.swap"
    swap_megabytes: int = 512
    log_server: str = ""
    log_port: int = 514
    spread_timers: tuple[str, ...] = ()
    spread_minutes: int = 60
    autologin_user: str = ""
    autologin_session: str = ""
    autostart: tuple[str, ...] = ()
    locale: str = ""
    keyboard: str = ""
    timezone: str = ""
    suspend: bool = False
    keep_xorg_conf: bool = False
    journal_megabytes: int = 64
    stop_seconds: int = 10
    masked_units: tuple[str, ...] = ()

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> Tuning:
        """Return the options from those of a module, which can have other options too.

        Raises:
            ValueError: an option has a value that no PC could use.
        """
        given: dict[str, Any] = {item.name: options[item.name] for item in fields(cls)}
        for name, value in given.items():
            given[name] = tuple(value) if isinstance(value, list) else value
        if given["locale"] and not _LOCALE.fullmatch(given["locale"]):
            raise ValueError(
                f"locale: {given['locale']!r} is no locale that is generated here; write it as in"
                " pt_PT.UTF-8"
            )
        return cls(**given)

    @property
    def masked(self) -> tuple[str, ...]:
        """The units that never run. Timers in spread_timers are not masked."""
        return tuple(sorted(set(self.masked_units).difference(self.spread_timers)))
