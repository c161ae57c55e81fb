# SPDX-License-Identifier: Apache-2.0
"""A far host: a network namespace at the other end of a veth pair, and what arrives there, octet by octet. As root, and only
in a network namespace that belongs to the test."""
import ctypes
import os
import socket
import struct
import subprocess
import threading

CLONE_NEWNET = 0x40000000
HEAD = 14  # [octets] of Ethernet


def ip(*words):
    return subprocess.run(["ip", *words], check=True, capture_output=True, timeout=10).stdout


class Far:
    """NEAR: our device, THERE: the far one. `with far:` makes sockets that belong to the far host."""

    def __init__(self, near, there):
        self.near, self.there = near, there

    def start(self):
        self.holder = subprocess.Popen(["unshare", "--net", "sh", "-c", "echo up; exec sleep 600"], stdout=subprocess.PIPE)
        assert self.holder.stdout.readline() == b"up\n"
        self.name = f"/proc/{self.holder.pid}/ns/net"
        ip("link", "add", self.near, "type", "veth", "peer", "name", self.there, "netns", str(self.holder.pid))
        ip("link", "set", self.near, "up")
        self.ip("link", "set", "lo", "up")
        self.ip("link", "set", self.there, "up")
        return self

    def ip(self, *words):
        subprocess.run(["nsenter", f"--net={self.name}", "ip", *words], check=True, capture_output=True, timeout=10)

    def __enter__(self):
        self.home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        self._go(os.open(self.name, os.O_RDONLY))
        return self

    def __exit__(self, *_):
        self._go(self.home)

    @staticmethod
    def _go(fd):
        if ctypes.CDLL(None, use_errno=True).setns(fd, CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")
        os.close(fd)

    def stop(self):
        self.holder.kill()
        self.holder.wait()
        self.holder.stdout.close()


class Packet:
    """What the header of an IP packet says: `source`, `to`, `protocol`, `port` (its own), `mark` (6 bits of DSCP), `size` of the
    content."""

    def __init__(self, octets):
        self.protocol = 0
        if octets[0] >> 4 == 4:
            head = (octets[0] & 15) * 4
            self.mark, self.protocol = octets[1] >> 2, octets[9]
            addresses, family, end = octets[12:20], socket.AF_INET, struct.unpack(">H", octets[2:4])[0]
        else:
            head = 40
            self.mark, self.protocol = struct.unpack(">H", octets[:2])[0] >> 6 & 63, octets[6]
            addresses, family, end = octets[8:40], socket.AF_INET6, 40 + struct.unpack(">H", octets[4:6])[0]
        half = len(addresses) // 2
        self.source, self.to = (socket.inet_ntop(family, a) for a in (addresses[:half], addresses[half:]))
        content = octets[head:end]
        self.port = struct.unpack(">H", content[:2])[0] if self.protocol in (6, 17) else 0
        self.size = len(content) - (8 if self.protocol == 17 else (content[12] >> 4) * 4 if self.protocol == 6 else 0)


class Sniffer:
    """All packets that arrive at the far device."""

    def __init__(self, far):
        self.packets, self.open = [], True
        with far:
            self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
            self.socket.bind((far.there, 0))
        self.socket.settimeout(0.1)

    def start(self):
        self.thread = threading.Thread(target=self._listen, daemon=True)
        self.thread.start()
        return self

    def _listen(self):
        while self.open:
            try:
                octets, where = self.socket.recvfrom(65536)
            except (TimeoutError, socket.timeout):
                continue
            if where[2] != socket.PACKET_OUTGOING and octets[12:14] in (b"\x08\x00", b"\x86\xdd"):
                self.packets.append(Packet(octets[HEAD:]))

    def stop(self):
        self.open = False
        self.thread.join()
        self.socket.close()
