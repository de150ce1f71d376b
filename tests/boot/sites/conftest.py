# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A boot server for each file: what it makes of its site is in no other's way."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from ansible_collections.diskless.netboot.tests.boot.room import IMAGE
from ansible_collections.diskless.netboot.tests.boot.site import Site, bare_site


@pytest.fixture(scope="module")
def bare(
    request: pytest.FixtureRequest, lab_name: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """A boot server that no playbook has seen, with the demo's inventory.

    It runs Debian 12 unless the file of tests says otherwise, as ``SUITE``.
    """
    suite = getattr(request.module, "SUITE", "bookworm")
    with bare_site(f"{lab_name}-site", tmp_path_factory.mktemp("inventory"), suite) as made:
        made.edit("netboot_images", **IMAGE)
        yield made


@pytest.fixture(scope="module")
def site(bare: Site) -> Site:
    """The boot server after the first run of site.yml."""
    bare.first_run = bare.playbook("site.yml")
    return bare
