# SPDX-License-Identifier: Apache-2.0
"""Keys of users' media (SDES): while a call is up they stand where they are needed, when it has ended nowhere: not in the
memory of the media process, not in media plans of the signaller, not in the memfds that outlive them (MF-C4). As test_process
does for the TLS key."""
import base64
import os
import random
import re
import subprocess
import threading
import time
from pathlib import Path

import pytest

from lab.configuration import peer, system, waivers
from lab.phone import Phone, connect

CORE, BORDER, A, B = "127.60.21.1", "127.60.21.2", "127.60.21.10", "127.60.21.20"
TARGET = (CORE, 5060)
SUITE, KEY_LEN = "AES_CM_128_HMAC_SHA1_80", 16
MESSAGES = {("signaller", "text")}  # octets of messages, as they came and went: its buffers are overwritten by the next ones

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


class KeyedPhone(Phone):
    def __init__(self, address):
        super().__init__(address)
        self.master = random.randbytes(30)

    @property
    def text(self):
        return base64.b64encode(self.master)

    def sdp(self, port):
        return (f"v=0\r\no=p 1 1 IN IP4 {self.address}\r\ns=-\r\nc=IN IP4 {self.address}\r\nt=0 0\r\nm=audio {port} RTP/SAVP 8\r\n"
                f"a=rtpmap:8 PCMA/8000\r\na=crypto:1 {SUITE} inline:{self.text.decode()}|1:4\r\n")

    def derived(self, label):
        """A session key of RFC3711#4.3.1: the cipher of the master key over a counter that the salt and LABEL make."""
        counter = bytearray(self.master[KEY_LEN:] + b"\0\0")
        counter[7] ^= label
        return subprocess.run(["openssl", "enc", "-aes-128-ctr", "-K", self.master[:KEY_LEN].hex(), "-iv", counter.hex()],
                              input=bytes(KEY_LEN), capture_output=True, check=True).stdout

    def secrets(self):
        """What must be wiped: master key with its salt, keys of SRTP and SRTCP, and the key as SDP writes it."""
        return {"master": self.master, "srtp": self.derived(0), "srtcp": self.derived(3), "text": self.text}


def of_process(pid):
    """Every readable piece of a process's memory."""
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as mem:
        for line in maps:
            bounds, rights = line.split()[:2]
            first, last = (int(x, 16) for x in bounds.split("-"))
            if "r" not in rights or last - first > 256 << 20 or "[v" in line:
                continue
            try:
                mem.seek(first)
                yield mem.read(last - first)
            except (OSError, ValueError):
                continue


def memfds(pid):
    """Name -> content of the memfds that the monitor keeps."""
    found = {}
    for fd in Path(f"/proc/{pid}/fd").iterdir():
        name = re.match(r"/memfd:sallyport-([\w-]+)", os.readlink(fd))
        if name and name.group(1) != "snapshot":
            found[name.group(1)] = fd.read_bytes()
    return found


def where(sallyport, phones):
    """{(place, secret)} that hold something of either phone's keys."""
    children, held = sallyport.children(), set()
    pieces = [(role, piece) for role in ("media", "signaller", "admin") for piece in of_process(children[role])]
    pieces += list(memfds(sallyport.process.pid).items())
    for phone in phones:
        for name, secret in phone.secrets().items():
            held |= {(place, name) for place, piece in pieces if secret in piece}
    return held


@pytest.fixture(scope="module")
def sallyport(provider, folder):
    media = {"srtp": "off", "keying": "end-to-end"}
    peers = [peer("a", "core", A, ["+49301"], [f"udp:{A}:5060"], media={**media, "addresses": [f"{A}/32"]}, waivers=waivers("clear-sdes")),
             peer("b", "peering", B, ["+49891"], [f"udp:{B}:5060"], media={**media, "addresses": [f"{B}/32"]},
                  waivers=waivers("identity", "srtp", "transport-identity", "clear-sdes"))]
    return provider("s", system(folder / "s", CORE, BORDER, peers), user="daemon")


def test_wiped_when_the_call_has_ended(sallyport, started):
    phones = started(KeyedPhone(A)), started(KeyedPhone(B))
    assert set(memfds(sallyport.process.pid)) == {"calls", "calls-medium", "calls-large", "ended", "sessions"}
    assert where(sallyport, phones) == set()
    near, _ = connect(*phones, "+4989111", TARGET)
    time.sleep(1)
    up = where(sallyport, phones)
    # The search finds what is there: else an empty result at the end would prove nothing.
    assert {("media", "master"), ("media", "srtp"), ("sessions", "master")} <= up, up
    assert any(place.startswith("calls") and secret == "master" for place, secret in up), up
    assert near.bye() == 200
    until = time.monotonic() + 5
    while (left := where(sallyport, phones) - MESSAGES) and time.monotonic() < until:
        time.sleep(0.2)
    assert not left


def test_wiped_when_the_key_changes(sallyport, started):
    """A re-offer with another key: the old one is gone while the call goes on."""
    phones = started(KeyedPhone(A)), started(KeyedPhone(B))
    near, far = connect(*phones, "+4989111", TARGET)
    old = KeyedPhone.__new__(KeyedPhone)
    old.master, phones[0].master = phones[0].master, random.randbytes(30)

    def take():
        m = phones[1].request("INVITE")
        phones[1].answer(m, 200, "OK", phones[1].sdp(6000), far.tag)
    taker = threading.Thread(target=take)
    taker.start()
    m = near.transact("INVITE", phones[0].sdp(6000))
    taker.join()
    assert m is not None and m.status == 200
    phones[0].send(near.text("ACK", cseq=m.cseq), TARGET)
    assert phones[1].request("ACK") is not None
    until = time.monotonic() + 5
    while (left := where(sallyport, [old]) - MESSAGES) and time.monotonic() < until:
        time.sleep(0.2)
    assert not left
    assert ("media", "master") in where(sallyport, phones[:1])
    assert near.bye() == 200
