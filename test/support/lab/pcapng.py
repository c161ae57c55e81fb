# SPDX-License-Identifier: Apache-2.0
"""Reads the pcapng files that `trace` writes, checking what the format asks for: block lengths, IP and UDP lengths, checksums."""
import socket
import struct

SECTION, INTERFACE, PACKET = 0x0A0D0D0A, 1, 6
LINK_RAW = 101
COMMENT, FLAGS = 1, 2


class Packet:
    """SOURCE, TARGET: (address, port). OUTGOING: sent by the Sallyport. OVER: the transport that it really used."""

    def __init__(self, octets, options, time_us):
        assert octets[0] == 0x45, "IPv4 without options"
        total = struct.unpack(">H", octets[2:4])[0]
        assert total == len(octets) and octets[9] == 17 and _sum(octets[:20]) == 0xffff
        ports = struct.unpack(">HHHH", octets[20:28])
        assert ports[2] == total - 20
        assert _sum(octets[12:20] + struct.pack(">HH", 17, ports[2]) + octets[20:]) == 0xffff
        self.source = socket.inet_ntoa(octets[12:16]), ports[0]
        self.target = socket.inet_ntoa(octets[16:20]), ports[1]
        self.text, self.time_us = octets[28:], time_us
        self.over = options[COMMENT].decode().removeprefix("over ")
        self.outgoing = struct.unpack("<I", options[FLAGS])[0] & 3 == 2

    def __repr__(self):
        return f"{self.over} {self.source}->{self.target} {self.text[:60]!r}"


def _sum(octets):
    n = sum(struct.unpack(f">{(len(octets) + 1) // 2}H", octets + b"\0" * (len(octets) % 2)))
    while n > 0xffff:
        n = (n & 0xffff) + (n >> 16)
    return n


def _options(octets):
    found, at = {}, 0
    while at < len(octets):
        code, n = struct.unpack_from("<HH", octets, at)
        if code == 0:
            break
        found[code] = octets[at + 4:at + 4 + n]
        at += 4 + (n + 3) // 4 * 4
    return found


def read(octets, cut=False):
    """Packets of a whole file, in order. CUT: its last block may be cut, as by a full disk."""
    packets, at, kinds = [], 0, []
    while at < len(octets):
        kind, length = struct.unpack_from("<II", octets, at)
        if cut and at + length > len(octets):
            break
        assert length % 4 == 0 and length >= 12 and at + length <= len(octets), "a block is cut"
        assert struct.unpack_from("<I", octets, at + length - 4)[0] == length
        body = octets[at + 8:at + length - 4]
        kinds.append(kind)
        if kind == SECTION:
            assert struct.unpack_from("<IHH", body) == (0x1A2B3C4D, 1, 0)
        elif kind == INTERFACE:
            assert struct.unpack_from("<H", body)[0] == LINK_RAW
        elif kind == PACKET:
            _, high, low, captured, original = struct.unpack_from("<IIIII", body)
            assert captured == original
            packets.append(Packet(body[20:20 + captured], _options(body[20 + (captured + 3) // 4 * 4:]), high << 32 | low))
        at += length
    assert kinds[:2] == [SECTION, INTERFACE] and set(kinds[2:]) <= {PACKET}
    return packets
