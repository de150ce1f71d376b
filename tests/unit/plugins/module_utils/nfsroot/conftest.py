# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One source and one destination for each test."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot.job import Job

from .everything import build


@pytest.fixture(autouse=True)
def flushed(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Folders that were flushed. To do it for each test would write out whatever else this
    machine has to write; one test does."""
    folders: list[Path] = []
    monkeypatch.setattr(Job, "_flush", lambda _job, folder: folders.append(folder))
    monkeypatch.setattr(os, "fsync", lambda _file: None)
    return folders


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return build(tmp_path / "source")


@pytest.fixture
def dest(tmp_path: Path) -> Path:
    return tmp_path / "clients/pc01/root"
