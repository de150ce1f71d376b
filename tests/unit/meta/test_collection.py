# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the collection says of itself to Ansible's tools."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

PROJECT = Path(__file__).resolve().parents[3]


def read(path: str) -> Any:
    return yaml.safe_load((PROJECT / path).read_text())


def test_module_defaults_of_the_group_reach_every_module() -> None:
    modules = sorted(path.stem for path in (PROJECT / "plugins/modules").glob("[a-z]*.py"))
    assert read("meta/runtime.yml")["action_groups"]["netboot"] == modules


def test_an_execution_environment_gets_what_the_controller_needs() -> None:
    """ansible-builder reads the files that this one names."""
    dependencies = read("meta/execution-environment.yml")["dependencies"]
    lines = [
        line
        for path in (dependencies["python"], "requirements.txt")
        for line in (PROJECT / path).read_text().splitlines()
        if not line.startswith("#")
    ]
    assert lines == ["netaddr>=0.8.0"] * 2
    assert "openssh-client [platform:dpkg]" in (PROJECT / dependencies["system"]).read_text()
