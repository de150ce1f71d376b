# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an NFS server says that it exports: read, and compared with what it should.

Real servers are asked in the boot tests. Here are the answers that these never give.
"""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable

import pytest
from ansible_collections.diskless.netboot.plugins.module_utils.nfs_exports import served

STORE = "/srv/netboot"
STATE, IMAGE = f"{STORE}/clients/pc01/state", f"{STORE}/images/library/releases"


def export(path: str, *addresses: str) -> dict[str, object]:
    return {"path": path, "clients": [{"address": one, "options": ["ro"]} for one in addresses]}


def text(value: str) -> bytes:
    raw = value.encode()
    return struct.pack(">I", len(raw)) + raw + bytes(-len(raw) % 4)


def exported(*exports: tuple[str, list[str]]) -> bytes:
    """Return a list of exports, as RFC 1813 encodes it."""
    more, end = struct.pack(">I", 1), struct.pack(">I", 0)
    return (
        b"".join(
            more + text(path) + b"".join(more + text(one) for one in addresses) + end
            for path, addresses in exports
        )
        + end
    )


def asked(answer: Callable[[bytes], bytes]) -> served.Served:
    """Ask a server that answers so, given the number of the call."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            connection, _peer = listening.accept()
            with connection:
                call = connection.recv(4096)
                connection.sendall(answer(call[4:8]))

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            return served.ask("127.0.0.1", listening.getsockname()[1])
        finally:
            thread.join()


def reply(number: bytes, body: bytes, *, status: int = 0, accepted: int = 0) -> bytes:
    return number + struct.pack(">5I", 1, accepted, 0, 0, status) + body


def framed(*fragments: bytes) -> bytes:
    last = len(fragments) - 1
    return b"".join(
        struct.pack(">I", len(one) | (0x80000000 if index == last else 0)) + one
        for index, one in enumerate(fragments)
    )


def test_exports_and_their_clients_are_read_from_all_fragments() -> None:
    body = exported((STATE, ["192.0.2.21"]), (IMAGE, ["192.0.2.0/255.255.255.128", "@desks"]))
    found = asked(lambda number: framed(reply(number, body[:7]), body[7:]))
    assert found == {STATE: {"192.0.2.21/32"}, IMAGE: {"192.0.2.0/25", "@desks"}}


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (lambda number: framed(reply(number, exported((STATE, []))[:-4])), "ends in its middle"),
        (lambda number: framed(reply(number, b""))[:-2], "ends in its middle"),
        (lambda number: framed(reply(b"none", exported())), "to another call"),
        (lambda number: framed(reply(number, b"", accepted=1)), "refuses it"),
        (lambda number: framed(reply(number, b"", status=1)), "does not know the MOUNT protocol"),
        (lambda number: struct.pack(">I", 0xFFFFFFFF), "longer than"),
    ],
)
def test_what_is_no_answer_is_an_error(answer: Callable[[bytes], bytes], expected: str) -> None:
    with pytest.raises(served.AskError, match=expected):
        asked(answer)


def test_each_difference_is_told() -> None:
    expected = served.wanted(
        [export(STATE, "192.0.2.21"), export(IMAGE, "192.0.2.21", "192.0.2.22")]
    )
    assert str(served.compare(expected, expected, STORE)) == ""
    old = f"{STORE}/clients/pc09/state"
    found = {IMAGE: {"192.0.2.21/32"}, old: {"192.0.2.29/32"}, "/srv/homes": {"192.0.2.0/24"}}
    difference = served.compare(found, expected, STORE)
    assert difference.count == 3
    assert str(difference) == (
        f"does not export {STATE}; still exports {old}; exports to other PCs than it should {IMAGE}"
    )


def test_of_many_paths_some_are_named() -> None:
    many = served.wanted([export(f"{STORE}/clients/pc{n}/state", "192.0.2.1") for n in range(9)])
    assert "pc4/state and 4 more" in str(served.compare({}, many, STORE))
