# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a capture of a booting PC's cable is read as: frames put together here by hand."""

from __future__ import annotations

import socket
import struct

import pytest
from ansible_collections.diskless.netboot.plugins.module_utils.pc.wire import (
    CaptureReader,
    FileRefused,
    FileServed,
    Frame,
    Leased,
    WireReader,
)

SERVER, CLIENT = "192.0.2.1", "192.0.2.21"
MAC = "52:54:00:00:00:01"


def udp(source: int, target: int, payload: bytes, *, options: bytes = b"") -> Frame:
    """An Ethernet frame with an IPv4 header of 20 bytes and its options, and a UDP datagram."""
    words = 5 + len(options) // 4
    length = words * 4 + 8 + len(payload)
    addresses = socket.inet_aton(SERVER) + socket.inet_aton(CLIENT)
    ip = struct.pack("!BBHHHBBH", 0x40 | words, 0, length, 0, 0, 64, socket.IPPROTO_UDP, 0)
    datagram = struct.pack("!HHHH", source, target, 8 + len(payload), 0) + payload
    data = bytes(12) + b"\x08\x00" + ip + addresses + options + datagram
    return Frame(data, len(data))


def dhcp(kind: int, *, before: bytes = b"") -> Frame:
    """A DHCP message to MAC for CLIENT with other options ``before`` the message's type."""
    fixed = struct.pack("!BBBBIHH", 2, 1, 6, 0, 0x1234, 0, 0)
    addresses = bytes(4) + socket.inet_aton(CLIENT) + bytes(8)
    hardware = bytes.fromhex(MAC.replace(":", "")).ljust(16, b"\0")
    head = fixed + addresses + hardware + bytes(192) + b"\x63\x82\x53\x63"
    return udp(67, 68, head + before + bytes((53, 1, kind, 255)))


def tftp(code: int, rest: bytes, *, source: int = 4000, target: int = 2070) -> Frame:
    return udp(source, target, struct.pack("!H", code) + rest)


def request(path: str, port: int = 2070) -> Frame:
    return tftp(1, path.encode() + b"\0octet\0blksize\x001408\0", source=port, target=69)


def capture(*frames: Frame, order: str = "<") -> bytes:
    head = struct.pack(f"{order}IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 512, 1)
    records = [
        struct.pack(f"{order}IIII", 1, 2, len(frame.data), frame.length) + frame.data
        for frame in frames
    ]
    return head + b"".join(records)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("piece", [1, 7, 10_000])
def test_a_capture_is_the_same_frames_however_it_arrives(order: str, piece: int) -> None:
    frames = [Frame(b"whole", 5), Frame(b"", 0), Frame(b"cut off", 1500)]
    data = capture(*frames, order=order)
    reader = CaptureReader()
    seen = [
        frame for at in range(0, len(data), piece) for frame in reader.feed(data[at : at + piece])
    ]
    assert seen == frames


def test_what_is_no_capture_is_refused() -> None:
    with pytest.raises(ValueError, match="not a capture: begins with b'\\\\n\\\\r"):
        list(CaptureReader().feed(b"\n\r\r\n" + bytes(40)))  # pcapng


def test_an_acknowledged_lease_tells_mac_and_address() -> None:
    assert WireReader().feed(dhcp(5)) == Leased(MAC, CLIENT)


def test_the_message_type_is_found_behind_padding_and_other_options() -> None:
    assert WireReader().feed(dhcp(5, before=b"\0\x0c\x04pc\x35\x01")) == Leased(MAC, CLIENT)


@pytest.mark.parametrize("kind", [2, 6])
def test_an_offer_or_a_refusal_is_no_lease(kind: int) -> None:
    assert WireReader().feed(dhcp(kind)) is None


@pytest.mark.parametrize("length", [42, 280, 281, 283])
def test_a_dhcp_message_that_is_cut_off_is_no_lease(length: int) -> None:
    assert WireReader().feed(Frame(dhcp(5, before=b"\x0c\x01p").data[:length], 400)) is None


@pytest.mark.parametrize("code", [3, 6])
def test_a_file_is_served_once_its_first_answer_comes(code: int) -> None:
    reader = WireReader()
    assert reader.feed(request("pxelinux.0")) is None
    assert reader.feed(tftp(code, b"\0\x01data")) == FileServed("pxelinux.0")
    assert reader.feed(tftp(3, b"\0\x02data")) is None


def test_a_refused_file_is_named_with_the_server_s_reason() -> None:
    reader = WireReader()
    reader.feed(request("ldlinux.c32"))
    refused = reader.feed(tftp(5, b"\0\x01File not found\0"))
    assert refused == FileRefused("ldlinux.c32", "File not found")


def test_files_asked_for_at_once_are_told_apart_by_their_ports() -> None:
    reader = WireReader()
    for port, path in ((2070, "vmlinuz"), (2071, "initrd.img")):
        reader.feed(request(path, port))
    assert reader.feed(tftp(3, b"\0\x01", target=2071)) == FileServed("initrd.img")
    assert reader.feed(tftp(3, b"\0\x01", target=2070)) == FileServed("vmlinuz")


def test_an_ip_header_with_options_is_read_too() -> None:
    reader = WireReader()
    asked = request("a").data[42:]
    reader.feed(udp(2070, 69, asked, options=b"\x94\x04\0\0"))
    assert reader.feed(tftp(3, b"\0\x01")) == FileServed("a")


def test_other_traffic_means_nothing_and_every_byte_is_counted() -> None:
    reader = WireReader()
    arp = Frame(bytes(12) + b"\x08\x06" + bytes(46), 60)
    nfs = Frame(udp(2049, 900, b"\0\x03" + bytes(100)).data, 1400)
    assert [reader.feed(frame) for frame in (arp, nfs, Frame(b"", 0))] == [None] * 3
    assert reader.bytes == 1460
