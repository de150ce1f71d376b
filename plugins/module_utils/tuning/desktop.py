# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person finds on a PC: language, keyboard, a session that starts by itself, no suspend.

Display managers: lightdm reads ``lightdm.conf.d``, sddm reads ``sddm.conf.d`` (sddm.conf(5)), and
gdm3 has one file alone, which its package owns. Browsers: policies of Firefox and Chromium, which
an administrator's own file replaces.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from ansible_collections.diskless.netboot.plugins.module_utils.tuning.options import Tuning

GDM = "etc/gdm3/daemon.conf"

_LIGHTDM, _SDDM = "usr/sbin/lightdm", "usr/bin/sddm"
_FIREFOX, _CHROMIUM = "usr/bin/firefox-esr", "usr/bin/chromium"
_DAEMON = re.compile(r"^\[daemon\][ \t]*\n", re.MULTILINE)
_AUTOMATIC = re.compile(r"^[ \t]*AutomaticLogin(?:Enable)?[ \t]*=.*\n", re.MULTILINE)
_MARK = "# By diskless.netboot.client_tuning:\n"
_OURS = re.compile(rf"^{_MARK}AutomaticLoginEnable=true\nAutomaticLogin=.*\n", re.MULTILINE)
_CACHE_BYTES = 50 << 20


def files(root: Path, tuning: Tuning) -> dict[str, list[str]]:
    """Return the lines of the files that follow from the options, by their path below ``/``."""
    found: dict[str, list[str]] = {}
    if not tuning.suspend:
        # sleep.conf.d(5). Without its network, a PC that wakes up cannot read its root.
        kinds = ("Suspend", "Hibernation", "SuspendThenHibernate", "HybridSleep")
        found["etc/systemd/sleep.conf.d/netboot.conf"] = [
            "[Sleep]",
            *(f"Allow{kind}=no" for kind in kinds),
        ]
        # logind.conf(5). Some desktops take the power button for themselves, and suspend.
        found["etc/systemd/logind.conf.d/netboot.conf"] = [
            "[Login]",
            "HandlePowerKey=poweroff",
            "PowerKeyIgnoreInhibited=yes",
        ]
    for number, command in enumerate(filter(str.strip, tuning.autostart), 1):
        # Desktop Application Autostart Specification, freedesktop.org
        found[f"etc/xdg/autostart/netboot-{number}.desktop"] = [
            "[Desktop Entry]",
            "Type=Application",
            f"Name={command.split()[0]}",
            f"Exec={command}",
        ]
    if tuning.locale:
        found["etc/default/locale"] = [f"LANG={tuning.locale}"]
    if tuning.keyboard:
        # keyboard(5)
        found["etc/default/keyboard"] = [
            'XKBMODEL="pc105"',
            f'XKBLAYOUT="{tuning.keyboard}"',
            'XKBVARIANT=""',
            'XKBOPTIONS=""',
            'BACKSPACE="guess"',
        ]
    user, session = tuning.autologin_user, tuning.autologin_session
    if user and (root / _LIGHTDM).exists():
        found["etc/lightdm/lightdm.conf.d/netboot.conf"] = [
            "[Seat:*]",
            f"autologin-user={user}",
            *([f"autologin-session={session}"] if session else []),
        ]
    if user and (root / _SDDM).exists():
        found["etc/sddm.conf.d/netboot.conf"] = [
            "[Autologin]",
            f"User={user}",
            f"Session={session or _first_session(root)}",
        ]
    return found


def policies(root: Path) -> dict[str, str]:
    """Return the texts of the browsers' policies, by their path below ``/``.

    What a browser caches is in RAM already, so a cache on its disk would be there twice.
    """
    found: dict[str, Any] = {}
    if (root / _FIREFOX).exists():
        off = {"browser.cache.disk.enable": {"Value": False, "Status": "default"}}
        found["etc/firefox/policies/policies.json"] = {"policies": {"Preferences": off}}
    if (root / _CHROMIUM).exists():
        limit = {"DiskCacheSize": _CACHE_BYTES, "MediaCacheSize": _CACHE_BYTES}
        found["etc/chromium/policies/recommended/netboot.json"] = limit
    return {path: f"{json.dumps(policy, indent=2)}\n" for path, policy in found.items()}


def gdm(old: str, user: str) -> str:
    """Return gdm3's ``daemon.conf`` so that *user* is logged in, or as its owner had it."""
    theirs = _OURS.sub("", old)
    if not user:
        return theirs
    kept = _AUTOMATIC.sub("", theirs)
    ours = f"{_MARK}AutomaticLoginEnable=true\nAutomaticLogin={user}\n"
    head = "[daemon]\n"
    changed, found = _DAEMON.subn(head + ours, kept, count=1)
    return changed if found else f"{kept}{head}{ours}"


def _first_session(root: Path) -> str:
    """Return the name of an X11 session of the image, which sddm must be told."""
    return min((path.stem for path in root.glob("usr/share/xsessions/*.desktop")), default="")
