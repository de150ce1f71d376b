# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Docker and Flatpak on a PC without a disk; podman has its place in the tests of the tuning."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.diskless.netboot.tests.boot.room import pc
from ansible_collections.diskless.netboot.tests.boot.site import Running, Site

pytestmark = pytest.mark.matrix

PC = pc(171, whole=True)
# A system of one program, as a folder.
BOX = (
    "install -D /bin/busybox box/bin/busybox; ln -s busybox box/bin/sh;"
    " for file in $(ldd /bin/busybox | grep -o '/[^ ]*'); do"
    " mkdir -p box${file%/*}; cp $file box$file; done"
)
# The same as a runtime for Flatpak, and a program that needs it, flatpak-metadata(5).
NEEDS = "runtime=org.example.Box/x86_64/1\nsdk=org.example.Box/x86_64/1\n"
RUNTIME = f"[Runtime]\nname=org.example.Box\n{NEEDS}"
PROGRAM = f"[Application]\nname=org.example.Hello\n{NEEDS}command=hello\n"
FLATPAK = f"""
mkdir -p runtime/usr runtime/files program/files/bin program/export
cp -a box/bin box/lib* runtime/usr
cp -a box/bin box/lib* runtime/files
printf %s {shlex.quote(RUNTIME)} > runtime/metadata
printf %s {shlex.quote(PROGRAM)} > program/metadata
printf '#!/bin/sh\\necho ran\\n' > program/files/bin/hello
chmod 755 program/files/bin/hello
flatpak build-export --runtime shop runtime 1
flatpak build-export shop program 1
flatpak --user remote-add --no-gpg-verify shop shop
flatpak --user install --noninteractive shop org.example.Hello//1
"""


@pytest.fixture(scope="module")
def running(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A PC whose image has both."""
    packages = [*site.variable("netboot_images", "nfsroot_image_packages"), "docker.io", "flatpak"]
    site.edit("netboot_images", nfsroot_image_packages=packages)
    site.add(PC)
    site.playbook("site.yml")
    logs: Path = tmp_path_factory.mktemp("logs")
    with site.boots(PC, logs, memory=2048) as made:
        made.run(f"useradd -m -d /var/eve eve; usermod -aG docker eve; cd /var/eve; {BOX}")
        yield made


@pytest.mark.parametrize("who", ["root", "eve"])
def test_docker_runs_a_container_whose_changes_lie_in_an_overlay(
    running: Running, who: str
) -> None:
    script = (
        "tar -C /var/eve/box -c . | docker import - box >/dev/null &&"
        " docker run --rm --network none box sh -c"
        " 'busybox rm /bin/sh; echo ran > /new; read said < /new; echo $said' &&"
        " docker info --format '{{.Driver}}'"
    )
    assert running.run(f"su {who} -c {shlex.quote(script)}").split() == ["ran", "overlay2"]


def test_flatpak_installs_and_runs_a_program(running: Running) -> None:
    running.run("chown -R eve: /var/eve")
    script = f"cd; set -e; {FLATPAK} flatpak run org.example.Hello"
    said = running.run(
        f"su - eve -c {shlex.quote(f'dbus-run-session sh -c {shlex.quote(script)}')}"
    )
    assert said.splitlines()[-1] == "ran"


def test_no_unit_has_failed(running: Running) -> None:
    assert running.run("systemctl --failed --no-legend") == ""
