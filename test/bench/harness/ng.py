# SPDX-License-Identifier: Apache-2.0
"""What rtpengine costs per call: offer, answer and delete in its control protocol (bencode over UDP), at a fixed rate."""
import selectors
import socket
import time

from .bed import PORT
from .peers import RTPENGINE_PORT

RING_S, HOLD_S, AFTER_S = 0.02, 0.05, 0.3


def cpu_ns(pids):
    """CPU time of every thread of these processes, by the kernel's account."""
    from pathlib import Path
    total = 0
    for pid in pids:
        for thread in Path(f"/proc/{pid}/task").iterdir():
            try:
                total += int((thread / "schedstat").read_text().split()[0])
            except (OSError, IndexError):
                pass
    return total


def _bencode(value):
    if isinstance(value, dict):
        return b"d" + b"".join(_bencode(k) + _bencode(v) for k, v in sorted(value.items())) + b"e"
    if isinstance(value, list):
        return b"l" + b"".join(map(_bencode, value)) + b"e"
    if isinstance(value, int):
        return b"i%de" % value
    data = value.encode()
    return b"%d:%s" % (len(data), data)


def _sdp(ip, port):
    return (f"v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\nm=audio {port} RTP/AVP 8 0 101\r\n"
            "a=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\na=sendrecv\r\n")


def _command(bed, name, call):
    m = {"command": name, "call-id": f"bench-{call}", "from-tag": f"a{call}"}
    if name == "answer":
        m["to-tag"] = f"b{call}"
    if name == "delete":
        m["delete-delay"] = 0
    else:
        ip = bed.caller if name == "offer" else bed.called
        m |= {"sdp": _sdp(ip, 20000 + 2 * (call % 10000)), "ICE": "remove", "replace": ["origin"],
              "flags": ["trust-address"]}
    return b"%s%d %s" % (name[:1].encode(), call, _bencode(m))


def calls(peer, rate, count):
    """Open loop, as the SIP generator does it: answer after the ring, delete after the hold. CPU per call [us]."""
    b = peer.bed
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind((b.caller, PORT))
    s.connect((b.control, RTPENGINE_PORT))
    s.setblocking(False)
    ready = selectors.DefaultSelector()
    ready.register(s, selectors.EVENT_READ)
    begin, good, first = time.monotonic(), 0, cpu_ns(peer.pids())
    due = sorted((when, name, i) for i in range(count) for when, name in
                 ((i / rate, "offer"), (i / rate + RING_S, "answer"), (i / rate + RING_S + HOLD_S, "delete")))
    at = 0
    while at < len(due) or time.monotonic() - begin < due[-1][0] + AFTER_S:
        now = time.monotonic() - begin
        while at < len(due) and due[at][0] <= now:
            s.send(_command(b, due[at][1], due[at][2]))
            at += 1
        wait = due[at][0] - now if at < len(due) else due[-1][0] + AFTER_S - now
        while wait > 0 and ready.select(wait):
            good += b"6:result2:ok" in s.recv(65536)
            wait = (due[at][0] if at < len(due) else due[-1][0] + AFTER_S) - (time.monotonic() - begin)
    s.close()
    spent = cpu_ns(peer.pids()) - first
    return {"cpu_us_per_call": spent / 1000 / count, "failed": count - good // 3}


def warm(peer):
    calls(peer, 200, 100)
