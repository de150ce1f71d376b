# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fresh system: made once, named after what it is made of, and refused in apt's own words."""

from __future__ import annotations

import hashlib
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from ansible_collections.diskless.netboot.plugins.module_utils.bootstrap import base, complaints
from ansible_collections.diskless.netboot.plugins.module_utils.bootstrap.base import Base, BaseError
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot.command import Ended

SYSTEM = Base("old", ["gimp"], ["deb http://mirror.example old main"])
RELEASE = """\
Suite: old
Codename: old
Date: Mon, 01 Jan 2024 00:00:00 UTC
Valid-Until: Mon, 08 Jan 2024 00:00:00 UTC
Architectures: amd64
Components: main
SHA256:
 {digest} 0 main/binary-amd64/Packages
"""


def test_another_list_of_packages_or_another_key_is_another_archive(tmp_path: Path) -> None:
    key = tmp_path / "own.gpg"
    key.write_text("first")
    signed = replace(SYSTEM, keyrings=[str(key)])
    names = [SYSTEM.archive("/bases"), signed.archive("/bases")]
    key.write_text("second")
    names += [signed.archive("/bases"), replace(SYSTEM, packages=["vlc"]).archive("/bases")]

    assert len(set(names)) == len(names)
    assert {name.name[:4] for name in names} == {"old-"}
    assert SYSTEM.archive("/bases") == names[0]


def test_a_keyring_that_is_not_there_is_named() -> None:
    with pytest.raises(BaseError, match=r"nfsroot_image_keyrings: '/no/such\.gpg'"):
        replace(SYSTEM, keyrings=["/no/such.gpg"]).archive("/bases")


def test_it_is_made_once_and_has_its_name_only_when_it_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[list[str]] = []

    def run(command: list[str], **_options: object) -> Ended:
        ran.append(command)
        assert [path.name for path in tmp_path.glob("*.tar")] == [], "it is not whole yet"
        Path(command[-2]).write_text("a system")
        return Ended(len(ran) == 1, "E: Broken")

    monkeypatch.setattr(base, "run", run)
    archive = SYSTEM.archive(str(tmp_path))
    with pytest.raises(BaseError, match="E: Broken"):
        SYSTEM.make(archive)
    assert [path.name for path in tmp_path.glob("*.tar")] == []

    assert SYSTEM.make(archive)
    assert archive.read_text() == "a system"
    assert not SYSTEM.make(archive)
    assert len(ran) == 2
    assert ran[0][-1] == "deb http://mirror.example old main"


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    """A mirror without a package, whose list of packages is out of date."""
    folder = tmp_path / "mirror/dists/old/main/binary-amd64"
    folder.mkdir(parents=True)
    (folder / "Packages").write_text("")
    digest = hashlib.sha256(b"").hexdigest()
    (tmp_path / "mirror/dists/old/Release").write_text(RELEASE.format(digest=digest))
    return tmp_path / "mirror"


@pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("mmdebstrap"), reason="mmdebstrap makes systems as root"
)
@pytest.mark.parametrize(
    ("option", "said", "advice"),
    [
        ("trusted=yes", "E: Release file for copy:", "[check-valid-until=no] after 'deb'"),
        ("check-valid-until=no", "is not signed", "nfsroot_image_keyrings"),
    ],
)
def test_what_apt_says_is_shown_with_what_to_do(
    tmp_path: Path, mirror: Path, option: str, said: str, advice: str
) -> None:
    system = replace(SYSTEM, sources=[f"deb [{option}] copy://{mirror} old main"])

    with pytest.raises(BaseError) as caught:
        system.make(tmp_path / "bases/old.tar")

    first, *lines = str(caught.value).splitlines()
    assert first == "mmdebstrap made no system of old:"
    assert said in lines[0]
    assert advice in lines[-1]
    assert len(lines) == 2, "apt's word and the advice, each once"


# What mmdebstrap 1.3.5 and apt 2.6.1 print.
UNKNOWN = """\
I: installing remaining packages inside the chroot...
Reading package lists...
E: Unable to locate package gmip
E: setup failed: E: apt-get -o Dir::Bin::dpkg=env --yes install gmip failed
I: main() received signal PIPE: waiting for setup...
E: mmdebstrap failed to run
"""
NO_NETWORK = """\
Err:1 http://mirror.example/d b InRelease
  Could not resolve 'mirror.example'
E: Failed to fetch http://mirror.example/d/dists/b/InRelease  Could not resolve 'mirror.example'
E: Some index files failed to download. They have been ignored, or old ones used instead.
E: apt-get update --error-on=any failed
E: mmdebstrap failed to run
"""


@pytest.mark.parametrize(
    ("stderr", "said", "advice"),
    [
        (UNKNOWN, ["  E: Unable to locate package gmip"], "nfsroot_image_packages"),
        (
            NO_NETWORK,
            [
                "  E: Failed to fetch http://mirror.example/d/dists/b/InRelease"
                "  Could not resolve 'mirror.example'"
            ],
            "cannot reach the mirror",
        ),
    ],
)
def test_only_what_tells_why_is_shown(stderr: str, said: list[str], advice: str) -> None:
    *lines, last = complaints.explain(stderr).splitlines()

    assert lines == said
    assert advice in last


def test_words_that_nobody_knows_are_shown_as_they_are() -> None:
    assert complaints.explain("tar: broken pipe\n") == "  tar: broken pipe"
