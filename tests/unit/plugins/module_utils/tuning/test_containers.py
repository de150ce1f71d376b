# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Folders in RAM for the container engines of an image."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ansible_collections.diskless.netboot.plugins.module_utils.tuning import ensure
from ansible_collections.diskless.netboot.plugins.module_utils.tuning.options import Tuning

STORAGE = "etc/containers/storage.conf"


def tuned(root: Path, *programs: str, tuning: Tuning | None = None) -> str:
    """Tune an image with these programs and return its fstab."""
    (root / "etc").mkdir(exist_ok=True)
    for program in programs:
        (root / program).parent.mkdir(parents=True, exist_ok=True)
        (root / program).touch()
    ensure.plan(str(root), tuning or Tuning(), {}).apply()
    return (root / "etc/fstab").read_text()


def test_an_image_without_an_engine_has_no_folder_for_containers(tmp_path: Path) -> None:
    assert "/var/lib" not in tuned(tmp_path)
    assert not (tmp_path / STORAGE).exists()


def test_each_engine_has_its_folders(tmp_path: Path) -> None:
    fstab = tuned(tmp_path, "usr/bin/podman", "usr/sbin/dockerd", "usr/bin/containerd").splitlines()
    for line in (
        "tmpfs /var/lib/containers tmpfs mode=0711,size=50%,x-netboot 0 0",
        "tmpfs /var/lib/docker tmpfs mode=0710,size=50%,x-netboot 0 0",
        "tmpfs /var/lib/containerd tmpfs mode=0711,size=50%,x-netboot 0 0",
    ):
        assert line in fstab


def test_a_folder_that_the_site_names_is_as_it_says(tmp_path: Path) -> None:
    own = {"path": "/var/lib/containers", "size": "1G", "mode": "0700", "options": "noatime"}
    fstab = tuned(tmp_path, "usr/bin/podman", tuning=Tuning(tmpfs=(own,)))
    assert "tmpfs /var/lib/containers tmpfs mode=0700,noatime,size=1G,x-netboot 0 0" in fstab
    assert fstab.count("/var/lib/containers") == 1


def test_users_of_podman_have_their_containers_in_run(tmp_path: Path) -> None:
    tuned(tmp_path, "usr/bin/podman")
    assert 'rootless_storage_path = "/run/user/$UID/' in (tmp_path / STORAGE).read_text()
    logind = tmp_path / "etc/systemd/logind.conf.d/netboot-containers.conf"
    assert "RuntimeDirectorySize=50%" in logind.read_text()
    (tmp_path / "usr/bin/podman").unlink()
    tuned(tmp_path)
    assert not (tmp_path / STORAGE).exists()
    assert not logind.exists()


def test_somebody_else_s_storage_conf_stays(tmp_path: Path) -> None:
    (tmp_path / "etc/containers").mkdir(parents=True)
    (tmp_path / STORAGE).write_text("theirs\n")
    tuned(tmp_path, "usr/bin/podman")
    assert (tmp_path / STORAGE).read_text() == "theirs\n"


def test_without_a_size_nothing_is_done(tmp_path: Path) -> None:
    tuning = replace(Tuning(), containers_size="")
    assert "containers" not in tuned(tmp_path, "usr/bin/podman", tuning=tuning)
    assert not (tmp_path / STORAGE).exists()
