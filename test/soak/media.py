# SPDX-License-Identifier: Apache-2.0
"""SRTP relay: plain RTP on one side, SRTP on the other, both ways, with losses, across the roll-over of the sequence number.

A sender numbers each packet and leaves some out, alone and in bursts; whatever was sent must arrive, decrypted to its own
content by libsrtp2 at the far side and in clear at the near side."""
import base64
import os
import random
import select
import socket
import struct
import threading
import time

from plant import CALLED, CALLER, CORE, Plant
from srtp import SUITES, Srtp, library, offered
from lab.configuration import waivers
from lab.phone import Call, Phone, media_target

STREAMS, GAP_S = 16, 0.02
LOSS, BURST, BURST_MAX = 0.05, 0.005, 40
BEFORE_WRAP = 300    # packets: each stream rolls over soon after its round began
ROUND_S, SETTLE_S = 120, 1.0
CRYPTO_SDP = ("v=0\r\no=p 1 1 IN IP4 {a}\r\ns=-\r\nc=IN IP4 {a}\r\nt=0 0\r\nm=audio {p} RTP/SAVP 8\r\na=rtpmap:8 PCMA/8000\r\n"
              "a=crypto:{tag} {suite} inline:{key}\r\n")


class End:
    """One direction's sender and the other's receiver: a socket, what it protects and unprotects with."""

    def __init__(self, address, port, pick):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((address, port))
        self.socket.setblocking(False)
        self.out = self.into = None  # Srtp
        self.target, self.ssrc = None, pick.getrandbits(32)
        self.first = self.index = 65536 - pick.randrange(20, BEFORE_WRAP)
        self.sent, self.got, self.bad, self.burst = {}, {}, 0, 0

    def tick(self, pick):
        self.index += 1
        if self.burst > 0 or pick.random() < LOSS:
            self.burst = max(0, self.burst - 1)
            return
        if pick.random() < BURST:
            self.burst = pick.randrange(2, BURST_MAX)
        payload = struct.pack(">II", self.ssrc, self.index) * 20
        packet = struct.pack(">BBHII", 0x80, 8, self.index & 0xffff, self.index * 160 & 0xffffffff, self.ssrc) + payload
        packet = self.out.protect(packet) if self.out else packet
        self.socket.sendto(packet, self.target)
        self.sent[self.index] = True

    def receive(self):
        while True:
            try:
                packet = self.socket.recv(2048)
            except BlockingIOError:
                return
            if packet[1] & 0x7f in range(64, 96):  # RTCP
                continue
            packet = self.into.unprotect(packet) if self.into else packet
            if packet is None or len(packet) < 20 or packet[12:20] * 20 != packet[12:]:
                self.bad += 1
                continue
            index = struct.unpack(">I", packet[16:20])[0]
            self.got[index] = self.got.get(index, 0) + 1


def connect(lib, phones, port, suite, pick):
    """One call whose far side answers with its own key; ((near call, near end), (far call, far end))."""
    near, far = End(CALLER, port, pick), End(CALLED, port, pick)
    call, taken = Call(phones[0], f"+4989{port}", (CORE, 5060), media=port), []

    def take():
        invite = phones[1].request("INVITE")
        tag, theirs = offered(invite.body)[suite]
        key = os.urandom(SUITES[suite][0])
        leg = Call.taken(phones[1], invite, port, status=0)
        far.into, far.out = Srtp(lib, suite, theirs, False), Srtp(lib, suite, key, True)
        far.target = media_target(invite)
        sdp = CRYPTO_SDP.format(a=CALLED, p=port, tag=tag, suite=suite, key=base64.b64encode(key).decode())
        phones[1].answer(invite, 200, "OK", sdp, leg.tag)
        taken.append(leg)
    thread = threading.Thread(target=take)
    thread.start()
    answer = call.dial()
    thread.join()
    if answer is None or answer.status != 200 or not taken or phones[1].request("ACK") is None:
        raise RuntimeError(f"no call with {suite}: {answer.start if answer else 'no answer'}")
    near.target = call.far_media
    return call, near, far


def _relay(pairs, pick, seconds):
    ends = [e for _, near, far in pairs for e in (near, far)]
    sockets = {e.socket: e for e in ends}
    begin = time.monotonic()
    due = [begin + GAP_S * i / len(ends) for i in range(len(ends))]
    while (now := time.monotonic()) < begin + seconds + SETTLE_S:
        for i, e in enumerate(ends):
            if now >= due[i] and now < begin + seconds:
                e.tick(pick)
                due[i] = max(due[i] + GAP_S, now - GAP_S)  # a stall of the machine is not made up for in one burst
        for s in select.select(list(sockets), [], [], 0.002)[0]:
            sockets[s].receive()


def _count(pairs):
    seen = {"packets": 0, "lost": 0, "doubled": 0, "bad": 0, "roll_overs": 0}
    for _, near, far in pairs:
        for sender, receiver in ((near, far), (far, near)):
            seen["packets"] += len(sender.sent)
            seen["lost"] += sum(1 for i in sender.sent if i not in receiver.got)
            seen["doubled"] += sum(n - 1 for n in receiver.got.values())
            seen["bad"] += receiver.bad
            seen["roll_overs"] += (sender.index >> 16) - (sender.first >> 16)
    return seen


def _round(lib, p, c, pick, seconds):
    phones, pairs = (Phone(CALLER).start(), Phone(CALLED).start()), []
    try:
        for i in range(STREAMS):
            pairs.append(connect(lib, phones, 6000 + 2 * i, list(SUITES)[i % len(SUITES)], pick))
        _relay(pairs, pick, seconds)
        seen = _count(pairs)
        for call, _, _ in pairs:
            call.phone.send(call.text("BYE"), call.target)
            bye = phones[1].request("BYE")
            if bye:
                phones[1].answer(bye, 200, "OK")
        until = time.monotonic() + 5
        while p.calls_up() and time.monotonic() < until:
            time.sleep(0.1)
        seen["calls_that_stay"] = p.calls_up()
        return seen
    finally:
        for _, near, far in pairs:
            for e in (near, far):
                e.socket.close()
            far.into.close()
            far.out.close()
        for phone in phones:
            phone.stop()


def media(c):
    """A unit is one second of STREAMS streams, both ways."""
    lib, pick = library(), random.Random(c.seed + c.count)
    called = {"media": {"srtp": "required", "addresses": [f"{CALLED}/32"]},
              "waivers": waivers("identity", "transport-identity", "clear-sdes")}
    caller = {"media": {"srtp": "off", "keying": "per-leg", "addresses": [f"{CALLER}/32"]}}
    with Plant(c.build, called=called, caller=caller) as p:
        while c.todo() > 0 and c.left() > 12:
            seconds = int(min(ROUND_S, c.todo(), c.left() - 6))
            seen = _round(lib, p, c, pick, seconds)
            failures = seen["lost"] + seen["doubled"] + seen["bad"] + seen["calls_that_stay"] + (seen["packets"] == 0)
            p.keep |= failures > 0
            yield seconds, failures, seen
