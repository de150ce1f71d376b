# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A client as data: out of Python and back."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.diskless.netboot.plugins.module_utils.inventory.client import (
    Client,
)

from .parsing import one


def test_a_client_survives_the_trip_through_jinja() -> None:
    client = one(
        static=True, kernel_args="a b", persist="/home", nic="eth0", files={"/etc/motd": "x"}
    )
    data = client.to_dict()
    assert data["static"]["gw"] == "192.0.2.254"
    assert isinstance(data["macs"], list)
    assert Client.from_dict(data) == client
    assert Client.from_dict(one().to_dict()) == one()


@pytest.mark.parametrize("data", [{}, {"name": "x"}, [], {**one().to_dict(), "more": 1}])
def test_something_else_than_a_client_is_refused(data: Any) -> None:
    with pytest.raises(ValueError, match="exactly the keys"):
        Client.from_dict(data)
