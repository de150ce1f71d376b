# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Ansible's diff mode shows of a plan."""

from __future__ import annotations

import re
from pathlib import Path

from ansible_collections.diskless.netboot.plugins.module_utils.files.tree import FileSpec
from ansible_collections.diskless.netboot.tests.unit.plugins.module_utils.files.test_tree import (
    ours,
    planned,
)


def test_many_files_are_one_diff(tmp_path: Path) -> None:
    planned(tmp_path, {"cfg/gone": ours("gone"), "cfg/new": ours("old")}).apply()
    desired = {"cfg/new": ours("new"), "cfg/made": FileSpec(b"no newline")}
    diff = planned(tmp_path, desired, purge=True).diff()
    assert list(diff) == ["prepared"]
    assert diff["prepared"] == (
        f"--- {tmp_path}/cfg/gone\n+++ {tmp_path}/cfg/gone (absent)\n"
        "@@ -1,2 +0,0 @@\n-# ours\n-gone\n"
        f"--- {tmp_path}/cfg/made (absent)\n+++ {tmp_path}/cfg/made\n"
        "@@ -0,0 +1 @@\n+no newline\n"
        f"--- {tmp_path}/cfg/new\n+++ {tmp_path}/cfg/new\n@@ -1,2 +1,2 @@\n # ours\n-old\n+new\n"
    )


def test_a_change_that_many_files_share_is_shown_once(tmp_path: Path) -> None:
    pcs = [f"pc{number}" for number in range(10, 15)]
    names = {f"cfg/{pc}": pc for pc in pcs}

    def entries(kernel: str) -> dict[str, FileSpec]:
        # pc12 has a change that is its own, and pc13 one in which the name of pc10 is another word.
        kernels = dict.fromkeys(pcs, kernel) | {"pc12": f"{kernel}-test", "pc13": f"{kernel} pc10"}
        return {f"cfg/{pc}": ours(f"# {pc}\nhost={pc}\nboot {kernels[pc]}\n") for pc in pcs}

    planned(tmp_path, entries("6.1")).apply()
    shown = planned(tmp_path, entries("6.12")).diff(names)["prepared"]
    assert re.findall("--- (.*)", shown) == [f"{tmp_path}/cfg/pc{n}" for n in (10, 12, 13)]
    assert re.findall("(?m)^[+]boot.*", shown) == [
        "+boot 6.12",
        "+boot 6.12-test",
        "+boot 6.12 pc10",
    ]
    assert "+boot 6.12\nThe same for 2 more: pc11, pc14\n---" in shown


def test_a_change_that_thousands_of_files_share_names_the_first_of_them(tmp_path: Path) -> None:
    names = {f"cfg/{number:04}": f"pc{number:04}" for number in range(2000)}
    shown = planned(tmp_path, {path: ours(name) for path, name in names.items()}).diff(names)
    lines = shown["prepared"].splitlines()
    assert len(lines) < 20
    assert lines[5].startswith("The same for 1999 more: pc0001, pc0002, ")
    assert lines[-1].endswith("pc0100 and 1899 more")


def test_files_with_one_name_are_listed_by_their_paths(tmp_path: Path) -> None:
    names = {"cfg/first": "pc-with-two", "cfg/second": "pc-with-two", "cfg/third": "pc-with-two"}
    desired = {path: ours(f"{name}\n") for path, name in names.items()}
    shown = planned(tmp_path, desired).diff(names)["prepared"]
    assert shown.endswith("The same for 2 more: cfg/second, cfg/third\n")


def test_one_file_is_a_plain_diff(tmp_path: Path) -> None:
    diff = planned(tmp_path, {"cfg/a": ours("a\n")}).diff()
    assert diff["before_header"] == f"{tmp_path}/cfg/a (absent)"
    assert (diff["before"], diff["after"]) == ("", "# ours\na\n")
