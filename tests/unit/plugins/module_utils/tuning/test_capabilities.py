# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which programs of an image are listed with their capabilities."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from ansible_collections.diskless.netboot.plugins.module_utils.tuning.capabilities import (
    capabilities,
)

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root sets capabilities")


def _program(root: Path, path: str, given: str = "cap_net_raw=ep") -> Path:
    program = root / path
    program.parent.mkdir(parents=True, exist_ok=True)
    program.write_bytes(b"program")
    program.chmod(0o755)
    subprocess.run(["setcap", given, str(program)], check=True)
    return program


def test_programs_are_listed_with_their_capabilities(tmp_path: Path) -> None:
    _program(tmp_path, "usr/bin/ping")
    _program(tmp_path, "usr/bin/a b", "cap_net_admin=p cap_net_raw+i")
    _program(tmp_path, "usr/bin/a", "cap_net_bind_service=ep")
    (tmp_path / "usr/bin/plain").write_bytes(b"")
    (tmp_path / "bin").symlink_to("usr/bin")
    lines = capabilities(str(tmp_path)).splitlines()
    assert [line.split("\t")[1] for line in lines] == [
        "/usr/bin/a",
        "/usr/bin/a b",
        "/usr/bin/ping",
    ]
    assert lines[2] == "cap_net_raw=ep\t/usr/bin/ping"
    # What was listed can be given again.
    for line in lines:
        given, _tab, path = line.partition("\t")
        program = f"{tmp_path}{path}"
        before = os.getxattr(program, "security.capability")
        subprocess.run(["setcap", "-r", program], check=True)
        subprocess.run(["setcap", given, program], check=True)
        assert os.getxattr(program, "security.capability") == before


def test_what_a_user_could_replace_is_not_listed(tmp_path: Path) -> None:
    home = _program(tmp_path, "home/kiosk/tool").parent
    os.chown(home, 1000, 1000)
    os.chown(_program(tmp_path, "usr/bin/theirs"), 1000, 1000)
    # After chown(2), which takes capabilities away.
    subprocess.run(["setcap", "cap_net_raw=ep", str(tmp_path / "usr/bin/theirs")], check=True)
    _program(tmp_path, "usr/local/bin/shared").parent.chmod(0o2775)
    _program(tmp_path, "usr/bin/writable").chmod(0o777)
    assert capabilities(str(tmp_path)) == ""


def test_no_list_without_capabilities(tmp_path: Path) -> None:
    assert capabilities(str(tmp_path)) == ""
