# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Language, keyboard, who is logged in, and what browsers may keep."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from pathlib import Path

import pytest
from ansible_collections.diskless.netboot.plugins.module_utils.tuning import ensure
from ansible_collections.diskless.netboot.plugins.module_utils.tuning.options import Tuning

READER = Tuning(autologin_user="reader")
GDM = "[daemon]\n#WaylandEnable=false\nAutomaticLogin=somebody\n\n[security]\n"


def has(root: Path, path: str, text: str = "") -> Path:
    """Give an image a file."""
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text)
    return root / path


def tune(root: Path, tuning: Tuning) -> None:
    (root / "etc").mkdir(exist_ok=True)
    ensure.plan(str(root), tuning, {}).apply()
    assert not ensure.plan(str(root), tuning, {}).changed


def test_a_pc_does_not_suspend_unless_it_may(tmp_path: Path) -> None:
    sleep = tmp_path / "etc/systemd/sleep.conf.d/netboot.conf"
    login = tmp_path / "etc/systemd/logind.conf.d/netboot.conf"
    tune(tmp_path, Tuning())
    assert "AllowSuspend=no" in sleep.read_text().splitlines()
    assert "HandlePowerKey=poweroff" in login.read_text().splitlines()
    tune(tmp_path, Tuning(suspend=True))
    assert not sleep.exists() and not login.exists()


def test_a_locale_that_is_not_generated_is_refused() -> None:
    given = {field.name: getattr(Tuning(), field.name) for field in fields(Tuning)}
    assert Tuning.from_options({**given, "locale": "pt_PT.UTF-8"}).locale == "pt_PT.UTF-8"
    with pytest.raises(ValueError, match=r"locale: 'pt_PT' .* as in pt_PT\.UTF-8"):
        Tuning.from_options({**given, "locale": "pt_PT"})


def test_lightdm_logs_a_user_in(tmp_path: Path) -> None:
    has(tmp_path, "usr/sbin/lightdm")
    conf = tmp_path / "etc/lightdm/lightdm.conf.d/netboot.conf"
    tune(tmp_path, replace(READER, autologin_session="xfce"))
    lines = conf.read_text().splitlines()
    assert lines[1:] == ["[Seat:*]", "autologin-user=reader", "autologin-session=xfce"]
    tune(tmp_path, Tuning())
    assert not conf.exists()


def test_sddm_is_told_a_session_that_the_image_has(tmp_path: Path) -> None:
    has(tmp_path, "usr/bin/sddm")
    has(tmp_path, "usr/share/xsessions/plasma.desktop")
    tune(tmp_path, READER)
    lines = (tmp_path / "etc/sddm.conf.d/netboot.conf").read_text().splitlines()
    assert lines[1:] == ["[Autologin]", "User=reader", "Session=plasma"]


def test_gdm_logs_a_user_in_and_gets_its_file_back_but_for_a_login_of_before(
    tmp_path: Path,
) -> None:
    conf = has(tmp_path, "etc/gdm3/daemon.conf", GDM)
    tune(tmp_path, READER)
    assert conf.read_text() == (
        "[daemon]\n# By diskless.netboot.client_tuning:\nAutomaticLoginEnable=true\n"
        "AutomaticLogin=reader\n#WaylandEnable=false\n\n[security]\n"
    )
    tune(tmp_path, replace(READER, autologin_user="guest"))
    assert conf.read_text().count("AutomaticLogin=") == 1
    tune(tmp_path, Tuning())
    assert conf.read_text() == "[daemon]\n#WaylandEnable=false\n\n[security]\n"


def test_gdm_s_own_login_stays_where_nobody_is_named(tmp_path: Path) -> None:
    conf = has(tmp_path, "etc/gdm3/daemon.conf", GDM)
    tune(tmp_path, Tuning())
    assert conf.read_text() == GDM


def test_a_file_of_gdm_without_a_section_gets_one(tmp_path: Path) -> None:
    conf = has(tmp_path, "etc/gdm3/daemon.conf", "")
    tune(tmp_path, READER)
    assert conf.read_text().startswith("[daemon]\n")


def test_language_keyboard_and_time_zone_are_what_the_site_chose(tmp_path: Path) -> None:
    has(tmp_path, "etc/default/locale", "LANG=C\n")
    tune(tmp_path, Tuning(locale="pt_PT.UTF-8", keyboard="pt", timezone="Europe/Lisbon"))
    assert "LANG=pt_PT.UTF-8" in (tmp_path / "etc/default/locale").read_text().splitlines()
    assert 'XKBLAYOUT="pt"' in (tmp_path / "etc/default/keyboard").read_text().splitlines()
    assert (tmp_path / "etc/localtime").readlink() == Path("/usr/share/zoneinfo/Europe/Lisbon")


def test_an_image_s_own_language_stays_and_none_becomes_c(tmp_path: Path) -> None:
    tune(tmp_path, Tuning())
    assert (tmp_path / "etc/default/locale").read_text() == "LANG=C.UTF-8\n"
    has(tmp_path, "etc/default/locale", "LANG=pt_PT.UTF-8\n")
    tune(tmp_path, Tuning())
    assert (tmp_path / "etc/default/locale").read_text() == "LANG=pt_PT.UTF-8\n"


def test_systemd_s_locale_is_the_one_of_sshd_s_sessions(tmp_path: Path) -> None:
    has(tmp_path, "etc/locale.conf", "LANG=C.UTF-8\n")
    tune(tmp_path, Tuning())
    assert (tmp_path / "etc/default/locale").readlink() == Path("../locale.conf")


def test_a_language_that_is_no_longer_chosen_becomes_c(tmp_path: Path) -> None:
    tune(tmp_path, Tuning(locale="pt_PT.UTF-8"))
    tune(tmp_path, Tuning())
    assert (tmp_path / "etc/default/locale").read_text() == "LANG=C.UTF-8\n"


def test_what_the_site_names_starts_with_each_session(tmp_path: Path) -> None:
    tune(tmp_path, Tuning(autostart=("firefox-esr --kiosk example.org", "orca")))
    folder = tmp_path / "etc/xdg/autostart"
    lines = (folder / "netboot-1.desktop").read_text().splitlines()
    assert lines[1:3] == ["[Desktop Entry]", "Type=Application"]
    assert "Exec=firefox-esr --kiosk example.org" in lines
    tune(tmp_path, Tuning(autostart=("", "orca")))
    assert [path.name for path in folder.iterdir()] == ["netboot-1.desktop"]


@pytest.mark.parametrize(
    ("program", "policy", "key"),
    [
        ("usr/bin/firefox-esr", "etc/firefox/policies/policies.json", "policies"),
        ("usr/bin/chromium", "etc/chromium/policies/recommended/netboot.json", "DiskCacheSize"),
    ],
)
def test_a_browser_s_cache_is_limited_unless_somebody_set_it(
    tmp_path: Path, program: str, policy: str, key: str
) -> None:
    tune(tmp_path, Tuning())
    assert not (tmp_path / policy).exists()
    has(tmp_path, program)
    tune(tmp_path, Tuning())
    assert key in json.loads((tmp_path / policy).read_text())
    (tmp_path / program).unlink()
    tune(tmp_path, Tuning())
    assert not (tmp_path / policy).exists()
    has(tmp_path, program)
    has(tmp_path, policy, "theirs\n")
    tune(tmp_path, Tuning())
    assert (tmp_path / policy).read_text() == "theirs\n"
