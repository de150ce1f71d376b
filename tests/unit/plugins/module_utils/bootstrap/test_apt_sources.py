# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where an image's packages come from, and whose signature counts."""

from __future__ import annotations

import pytest
from ansible_collections.diskless.netboot.plugins.module_utils.bootstrap import apt_sources

KEYS = ["/usr/share/keyrings/debian-archive-keyring.gpg", "/etc/apt/keyrings/own.asc"]


def test_the_host_s_own_mirrors_serve_another_release_too() -> None:
    said = {
        "Label: Debian": "http://mirror.example/debian/\nhttp://second.example/debian/\n",
        "Label: Debian-Security": "mirror+file:/etc/apt/mirrors.list\nhttp://mirror.example/security/\n",
    }

    def run(command: list[str]) -> str:
        return said[command[-1]]

    assert apt_sources.own("debian", "trixie", run) == [
        "deb http://mirror.example/debian/ trixie main",
        "deb http://mirror.example/debian/ trixie-updates main",
        "deb http://mirror.example/security/ trixie-security main",
    ]


def test_a_mirror_that_is_no_server_s_url_is_of_no_use_in_an_image() -> None:
    assert apt_sources.own("debian", "trixie", lambda _command: "cdrom:[Debian]/\n") == []


@pytest.mark.parametrize(
    ("line", "signed"),
    [
        ("deb http://m.example b main", "deb [signed-by=K] http://m.example b main"),
        (
            "deb  [arch=amd64]  http://m.example b",
            "deb [arch=amd64 signed-by=K] http://m.example b",
        ),
        ("deb-src http://m.example b main", "deb-src [signed-by=K] http://m.example b main"),
        ("deb [Signed-By=/k.gpg] http://m.example b", "deb [Signed-By=/k.gpg] http://m.example b"),
    ],
)
def test_each_line_says_which_keys_may_sign_it(line: str, signed: str) -> None:
    assert apt_sources.signed([line], KEYS) == [signed.replace("=K]", f"={','.join(KEYS)}]")]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("deb [trusted=yes] http://m.example b main", "turns the check of signatures off"),
        ("deb [arch=amd64 Allow-Insecure = yes] http://m.example b", "turns the check"),
        ("/etc/apt/sources.list", "must be a line that begins with 'deb'"),
        ("deb http://m.example b\ndeb [trusted=yes] http://m.example b", "begins with 'deb'"),
    ],
)
def test_a_mirror_whose_signature_would_not_be_checked_is_refused(line: str, words: str) -> None:
    (fault,) = apt_sources.faults([line], [])

    assert words in fault


@pytest.mark.parametrize("path", ["keys.gpg", "/etc/my keys.gpg", "/a,/b", "/a]"])
def test_a_keyring_that_apt_could_not_be_told_of_is_refused(path: str) -> None:
    assert len(apt_sources.faults([], [*KEYS, path])) == 1


def test_all_faults_are_named_at_once() -> None:
    assert len(apt_sources.faults(["x", "deb [trusted=yes] y z"], ["k"])) == 3
