# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Of a system that runs, here or over ssh, identity, logs and leases stay where they are."""

from __future__ import annotations

import pytest
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot import source


@pytest.mark.parametrize("text", ["/", "//", "pc07:/", "root@192.0.2.50:/", "root@[2001:db8::7]:/"])
def test_a_running_system_is_told_by_its_root(text: str) -> None:
    assert source.parse(text).is_host


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
