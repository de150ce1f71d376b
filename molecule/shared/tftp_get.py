# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fetch one file by TFTP (RFC 1350) and print its size and SHA-256: tftp_get.py SERVER PATH."""

import hashlib
import socket
import struct
import sys

DATA, ACK, ERROR = 3, 4, 5
BLOCK = 512
TRIES, SECONDS = 5, 3


def get(server: str, path: str) -> bytes:
    """Return the file's content; the program ends with the server's words if it refuses."""
    content = b""
    said, peer = b"\0\1" + path.encode() + b"\0octet\0", (server, 69)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(SECONDS)
        for block in range(1, 65536):
            packet, peer = ask(sock, said, peer)
            kind, number = struct.unpack("!HH", packet[:4])
            if kind == ERROR:
                sys.exit(f"TFTP error {number}: {packet[4:-1].decode()}")
            if (kind, number) != (DATA, block):
                sys.exit(f"block {block} expected, got packet {kind} with number {number}")
            content += packet[4:]
            said = struct.pack("!HH", ACK, block)
            if len(packet) < BLOCK + 4:
                sock.sendto(said, peer)
                return content
    sys.exit("too large for blocks of 512 bytes")


def ask(sock: socket.socket, said: bytes, peer: tuple[str, int]) -> tuple[bytes, tuple[str, int]]:
    """Say something, again where it got lost, and return the answer and who gave it."""
    for _attempt in range(TRIES):
        sock.sendto(said, peer)
        try:
            return sock.recvfrom(BLOCK + 4)
        except TimeoutError:
            continue
    sys.exit(f"no answer from {peer}")


fetched = get(*sys.argv[1:3])
print(len(fetched), hashlib.sha256(fetched).hexdigest())
