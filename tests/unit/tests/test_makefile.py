# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What make says to a person before it does anything."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

MAKEFILE = Path(__file__).resolve().parents[3] / "Makefile"


def test_a_checkout_whose_path_has_a_space_is_refused_with_the_reason(tmp_path: Path) -> None:
    folder = tmp_path / "my room"
    folder.mkdir()
    shutil.copy(MAKEFILE, folder)
    ended = subprocess.run(
        ["make", "--directory", str(folder), "setup"], capture_output=True, text=True, check=False
    )
    assert ended.returncode != 0
    assert "The path of this checkout has a space, which make cannot stand" in ended.stderr
    assert [path.name for path in folder.iterdir()] == ["Makefile"]
