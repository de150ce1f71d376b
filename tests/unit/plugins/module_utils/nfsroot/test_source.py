# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Of a system that runs, here or over ssh, identity, logs and leases stay where they are."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot import source


@pytest.mark.parametrize(
    "text",
    ["/", "//", "pc07:/", "root@192.0.2.50:/", "root@[2001:db8::7]:/", "pc07:/.", "pc07:/.//./"],
)
def test_a_running_system_is_told_by_its_root(text: str) -> None:
    assert source.parse(text).is_host


@pytest.mark.skipif(os.geteuid() != 0, reason="mount(8) takes root")
def test_the_servers_own_system_is_told_wherever_it_is_bound_to(tmp_path: Path) -> None:
    subprocess.run(["mount", "--bind", "/", str(tmp_path)], check=True)
    try:
        assert source.parse(str(tmp_path)).is_host
    finally:
        subprocess.run(["umount", "--lazy", str(tmp_path)], check=True)


@pytest.mark.parametrize("text", ["/srv/root", "pc07:/srv/root", "/root.tar"])
def test_a_folder_or_an_archive_is_copied_whole(text: str) -> None:
    assert not source.parse(text).is_host


def test_the_boot_servers_swap_files_are_not_looked_for_on_another_host(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("pathlib.Path.read_text", lambda *_args, **_how: "\n/here file 1 0 -2\n")

    assert "/here" in source.host_excludes(source.parse("/"))
    assert "/here" not in source.host_excludes(source.parse("pc07:/"))
    assert "/etc/machine-id" in source.host_excludes(source.parse("pc07:/"))
