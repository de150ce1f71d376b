# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the pages say can be pasted, followed and found."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

PROJECT = Path(__file__).resolve().parents[3]
PAGES = [*sorted(PROJECT.glob("*.md")), *sorted(PROJECT.glob("docs/*.md"))]
# antsibull-changelog writes the other one, with anchors that are HTML.
OWN_PAGES = [page for page in PAGES if page.name != "CHANGELOG.md"]
# A block may be indented, as in a step of a list.
_BLOCK = re.compile(r"^( *)```(\w+)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)")
_TEST = re.compile(r"\btest_\w+")
ROOMS = PROJECT / "plugins/module_utils"


def blocks(page: Path, language: str) -> list[str]:
    """Return a page's blocks in one language."""
    return [text for _indent, kind, text in _BLOCK.findall(page.read_text()) if kind == language]


def anchors(page: Path) -> set[str]:
    """Return the names by which links reach the page's headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_yaml_on_a_page_can_be_read(page: Path) -> None:
    for text in blocks(page, "yaml"):
        assert isinstance(yaml.safe_load(text), dict), text


@pytest.mark.parametrize("page", OWN_PAGES, ids=lambda page: page.name)
def test_links_lead_to_something(page: Path) -> None:
    for path, anchor in _LINK.findall(page.read_text()):
        target = page.parent / path if path else page
        assert target.exists(), path
        if anchor:
            assert anchor in anchors(target), f"{path}#{anchor}"


def test_each_test_that_a_row_names_is_there() -> None:
    there = {
        path.stem for path in (*PROJECT.glob("tests/**/*.py"), *PROJECT.glob("molecule/**/*.py"))
    }
    page = (PROJECT / "docs/how-to-rows.md").read_text()
    named = set(_TEST.findall(page))
    assert len(named) > 10
    shorter = {name for name in named if any(one.startswith(f"{name}_") for one in there)}
    assert named <= there | shorter


def test_imports_between_the_rooms_are_those_of_the_page() -> None:
    page = (PROJECT / "docs/architecture.md").read_text()
    rows = re.findall(r"^\| `(\w+)/` \| .+ \| (.*)\|$", page, re.MULTILINE)
    drawn = {room: set(re.findall(r"`(\w+)`", imports)) for room, imports in rows}
    found = {}
    for room in (path for path in ROOMS.iterdir() if path.is_dir() and path.name != "__pycache__"):
        text = "".join(path.read_text() for path in room.glob("*.py"))
        found[room.name] = set(re.findall(r"plugins\.module_utils\.(\w+)", text)) - {room.name}
    assert drawn == found
    order = [room for room, _imports in rows]
    for room, imports in drawn.items():
        assert all(order.index(other) > order.index(room) for other in imports), room
    assert [path.name for path in ROOMS.glob("*.py")] in ([], ["__init__.py"])


def test_no_file_is_longer_than_a_reader_s_patience() -> None:
    folders = ("plugins", "tests", "molecule", "roles", "playbooks")
    files = [
        path
        for folder in folders
        for path in (PROJECT / folder).rglob("*")
        if path.suffix in (".py", ".yml", ".sh")
    ]
    assert len(files) > 200
    assert [path for path in files if path.read_text().count("\n") > 400] == []


def test_the_first_page_s_commands_install_the_collection_from_a_checkout(tmp_path: Path) -> None:
    """Step 1, as it stands, by somebody whose home is empty."""
    commands = next(
        text for text in blocks(PROJECT / "README.md", "console") if "collection build" in text
    )
    script = re.sub(r"^\$ ", "", commands, flags=re.MULTILINE).replace("/tmp", str(tmp_path))
    home = tmp_path / "home"
    home.mkdir()
    environment = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("ANSIBLE_", "PYTHON"))
    }
    listed = "ansible-doc -t module diskless.netboot.pxelinux_entry >/dev/null; ls inventory"
    done = subprocess.run(
        ["bash", "-euc", f"{script}\n{listed}"],
        cwd=PROJECT,
        env={**environment, "HOME": str(home)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    installed = home / ".ansible/collections/ansible_collections/diskless/netboot"
    assert (installed / "galaxy.yml").exists() or (installed / "MANIFEST.json").exists()
    assert (home / "room/inventory/hosts.yml").exists()
