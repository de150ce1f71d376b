# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One lab for all boot tests, and the run of site.yml that they build on."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.diskless.netboot.tests.boot.site import Site
from ansible_collections.diskless.netboot.tests.lab import server
from ansible_collections.diskless.netboot.tests.lab.places import Lab


@pytest.fixture(scope="session")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A boot server that no playbook has seen, with the demo's inventory."""
    # Whoever develops beside a run of the tests has a lab of another name.
    lab = Lab(os.environ.get("NETBOOT_LAB", "boot"))
    server.down(lab)
    server.up(lab, "container", "bookworm")
    try:
        site = Site(lab, tmp_path_factory.mktemp("inventory"))
        # Roots of their own: a test that wants another kind adds a PC with it.
        site.edit("netboot_clients", netboot_root="rw")
        yield site
    finally:
        server.down(lab)


@pytest.fixture(scope="session")
def site(bare: Site) -> Site:
    """The boot server after the first run of site.yml."""
    bare.first_run = bare.playbook("site.yml")
    return bare


@pytest.fixture
def logs(request: pytest.FixtureRequest) -> Path:
    """The folder in which a failing boot leaves what it printed."""
    name = re.sub(r"\W+", "-", request.node.name)
    return Path(__file__).resolve().parents[1] / "output" / name
