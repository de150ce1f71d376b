# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What clients noted that they run from, each of them root in the folder where it notes it."""

from __future__ import annotations

import os
from pathlib import Path

from ansible_collections.diskless.netboot.plugins.module_utils.client_state import booted


def test_a_tree_that_is_there_counts_and_no_other_kind_of_note(tmp_path: Path) -> None:
    tree = tmp_path / "images/library/releases/1/root"
    tree.mkdir(parents=True)
    states = {name: tmp_path / "clients" / name / "state" for name in "abcdefg"}
    for state in states.values():
        state.mkdir(parents=True)
    (states["a"] / "booted").write_text(f"{tree}\nmore\n")
    (states["b"] / "booted").write_text(f"{tree}x\n")
    (states["c"] / "booted").write_text(f"/{'long' * 200}\n")
    (states["d"] / "booted").write_bytes(b"/\0\xff")
    os.mkfifo(states["e"] / "booted")
    (states["f"] / "booted").symlink_to(states["a"] / "booted")
    (states["g"] / "booted").mkdir()
    assert booted.trees(str(tmp_path), [*states, "unknown"]) == {"a": str(tree)}
