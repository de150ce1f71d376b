# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads DHCP and TFTP from a live capture of the network cable of a PC that boots.

Formats: libpcap's classic file (draft-ietf-opsawg-pcap), Ethernet II, IPv4 (RFC 791),
UDP (RFC 768), DHCP (RFC 2131, options in RFC 2132), TFTP (RFC 1350, options in RFC 2347).
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass

_FILE_HEADER = 24
_RECORD_HEADER = 16
_DHCP_COOKIE = b"\x63\x82\x53\x63"
_DHCP_ACK = 5
_TFTP_RRQ, _TFTP_DATA, _TFTP_ERROR, _TFTP_OACK = 1, 3, 5, 6


@dataclass(frozen=True)
class Frame:
    """One captured frame: its first bytes, and its true length in bytes."""

    data: bytes
    length: int


@dataclass(frozen=True)
class Leased:
    """A DHCPACK gave ``mac`` the ``address``."""

    mac: str
    address: str


@dataclass(frozen=True)
class FileServed:
    """The TFTP server began to send ``path``."""

    path: str


@dataclass(frozen=True)
class FileRefused:
    """The TFTP server answered the request for ``path`` with an error."""

    path: str
    reason: str


class CaptureReader:
    """Splits a growing capture into frames. Its bytes can be passed in pieces of any length."""

    def __init__(self) -> None:
        self._buffer = b""
        self._order = ""

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Yield each frame that ``data`` completes.

        Raises:
            ValueError: the stream does not begin like a capture.
        """
        self._buffer += data
        if not self._order:
            if len(self._buffer) < _FILE_HEADER:
                return
            magic = self._buffer[:4]
            if magic not in (b"\xd4\xc3\xb2\xa1", b"\xa1\xb2\xc3\xd4"):
                raise ValueError(f"not a capture: begins with {magic!r}")
            self._order = "<" if magic[0] == 0xD4 else ">"
            self._buffer = self._buffer[_FILE_HEADER:]
        start = 0
        while len(self._buffer) - start >= _RECORD_HEADER:
            kept, length = struct.unpack_from(self._order + "II", self._buffer, start + 8)
            end = start + _RECORD_HEADER + kept
            if len(self._buffer) < end:
                break
            yield Frame(self._buffer[start + _RECORD_HEADER : end], length)
            start = end
        self._buffer = self._buffer[start:]


class WireReader:
    """Reads the frames of one client, and returns what happened in them."""

    def __init__(self) -> None:
        self.bytes = 0
        self._asked: dict[int, str] = {}

    def feed(self, frame: Frame) -> Leased | FileServed | FileRefused | None:
        """Return the event in this frame, or None if it does not belong to the boot."""
        self.bytes += frame.length
        data = frame.data
        if len(data) < 42 or data[12:14] != b"\x08\x00" or data[23] != socket.IPPROTO_UDP:
            return None
        start = 14 + (data[14] & 0x0F) * 4
        source, target = struct.unpack_from("!HH", data, start)
        payload = data[start + 8 :]
        if source == 67:
            return _leased(payload)
        if len(payload) < 4:
            return None
        (code,) = struct.unpack_from("!H", payload)
        if target == 69:
            if code == _TFTP_RRQ:
                self._asked[source] = payload[2:].split(b"\0", 1)[0].decode("utf-8", "replace")
            return None
        path = self._asked.pop(target, None) if source != 69 else None
        if path is None:
            return None
        if code in (_TFTP_DATA, _TFTP_OACK):
            return FileServed(path)
        if code == _TFTP_ERROR:
            return FileRefused(path, payload[4:].split(b"\0", 1)[0].decode("utf-8", "replace"))
        return None


def _leased(payload: bytes) -> Leased | None:
    if len(payload) < 240 or payload[236:240] != _DHCP_COOKIE:
        return None
    if _message_type(payload) != _DHCP_ACK:
        return None
    return Leased(payload[28:34].hex(":"), socket.inet_ntoa(payload[16:20]))


def _message_type(payload: bytes) -> int | None:
    at = 240
    while at + 2 < len(payload) and payload[at] != 255:
        if payload[at] == 0:
            at += 1
        elif payload[at] == 53:
            return payload[at + 2]
        else:
            at += 2 + payload[at + 1]
    return None
