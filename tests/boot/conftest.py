# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One boot server for all boot tests of this folder, and the run of site.yml that they build on."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.diskless.netboot.tests.boot.room import IMAGE, PCS
from ansible_collections.diskless.netboot.tests.boot.site import OUTPUT, Site, bare_site
from ansible_collections.diskless.netboot.tests.lab import others

FAR_SUBNET = {
    "network": others.FAR_NETWORK,
    "routers": [others.FAR_ROUTER],
    "dns_servers": ["198.18.5.53"],
    "domain": "far.example",
}


@pytest.fixture(scope="session")
def lab_name() -> str:
    """The lab's name; whoever develops beside a run of the tests has one of another name."""
    return os.environ.get("NETBOOT_LAB", "boot")


@pytest.fixture(scope="session")
def bare(lab_name: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A boot server that no playbook has seen, and an inventory with all PCs of the room."""
    with bare_site(lab_name, tmp_path_factory.mktemp("inventory")) as made:
        made.add(*PCS)
        made.edit("all", netboot_subnets=[*made.variable("all", "netboot_subnets"), FAR_SUBNET])
        made.edit("netboot_images", **IMAGE)
        yield made


@pytest.fixture(scope="session")
def site(bare: Site) -> Site:
    """The boot server after the first run of site.yml."""
    bare.first_run = bare.playbook("site.yml")
    return bare


@pytest.fixture
def logs(request: pytest.FixtureRequest) -> Path:
    """The folder in which a failing boot leaves what it printed."""
    name = re.sub(r"\W+", "-", request.node.name)
    return OUTPUT / name
