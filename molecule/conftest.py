# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the scenarios' tests reach boot servers, under Molecule and under pytest alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import testinfra
from ansible_collections.diskless.netboot.tests.lab.places import Lab
from testinfra.host import Host


@pytest.fixture(scope="module")
def scenario(request: pytest.FixtureRequest) -> Path:
    """The scenario's folder; its name is the scenario's."""
    return request.path.parents[1]


@pytest.fixture(scope="module")
def reach(scenario: Path) -> Callable[[str], Host]:
    """Return the boot server of that inventory name, by ssh."""

    def connect(name: str) -> Host:
        text = (scenario / "inventory" / f"lab-{name}.yml").read_text()
        ssh = json.loads(text)["all"]["hosts"][name]
        return testinfra.get_host(
            f"ssh://{ssh['ansible_user']}@{ssh['ansible_host']}:{ssh['ansible_port']}",
            ssh_extra_args=ssh["ansible_ssh_args"],
        )

    return connect


@pytest.fixture(scope="module")
def host(reach: Callable[[str], Host]) -> Host:
    """The boot server, where a scenario has only one."""
    return reach("boot1")


@pytest.fixture(scope="module")
def lab(scenario: Path) -> Lab:
    """The lab of the only boot server."""
    return Lab(f"mol-{scenario.name}-boot1")
