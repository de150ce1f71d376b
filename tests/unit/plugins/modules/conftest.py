# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules run in this process here, but answer as on a target."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def on_a_target(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let warnings go into the answer: on the controller ansible-core displays them at once."""
    monkeypatch.setattr("ansible.module_utils._internal.is_controller", False)
