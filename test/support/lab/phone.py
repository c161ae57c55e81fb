# SPDX-License-Identifier: Apache-2.0
"""A user agent in a few lines, for tests that need a hand on every message and every packet. UDP only."""
import queue
import random
import socket
import threading
import time

from . import attack

REPEAT_S = 0.5  # as RFC3261#17.1.2 begins
CODEC = "m=audio {port} RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n"


class Message:
    def __init__(self, octets, source):
        head, _, self.body = octets.decode("utf-8", "replace").partition("\r\n\r\n")
        self.start, *lines = head.split("\r\n")
        self.headers = [tuple(p.strip() for p in line.split(":", 1)) for line in lines if ":" in line]
        self.source = source
        first, second = (self.start.split(" ", 2) + ["", ""])[:2]
        self.status = int(second) if first == "SIP/2.0" and second.isdigit() else 0
        self.method = self["CSeq"].split(" ")[-1] if self.status else first
        self.cseq = int(self["CSeq"].split(" ")[0] or 0)

    def __getitem__(self, name):
        return next((v for k, v in self.headers if k.lower() == name.lower()), "")

    def all(self, name):
        return [v for k, v in self.headers if k.lower() == name.lower()]

    def tag(self, name):
        return self[name].partition(";tag=")[2].split(";")[0]


class Phone:
    def __init__(self, address, port=5060):
        self.address, self.port = address, port
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((address, port))
        self.inbox, self.waiting, self.seen = queue.Queue(), [], set()
        self.open = True

    def start(self):
        self.thread = threading.Thread(target=self._listen, daemon=True)
        self.thread.start()
        return self

    def stop(self):
        self.open = False
        self.thread.join()
        self.socket.close()

    def _listen(self):
        self.socket.settimeout(0.2)
        while self.open:
            try:
                octets, source = self.socket.recvfrom(65536)
            except (TimeoutError, socket.timeout):
                continue
            except OSError:
                return
            m = Message(octets, source)
            key = (m.start, m["CSeq"], m["Via"], m["Call-ID"], m["To"])
            if key not in self.seen:  # a repetition of UDP tells nothing new
                self.seen.add(key)
                self.inbox.put(m)

    def send(self, text, target):
        self.socket.sendto(text.encode(), target)

    def expect(self, wanted, timeout=5):
        """The next message for which WANTED(message) holds; others wait. None after TIMEOUT seconds."""
        until = time.monotonic() + timeout
        for i, m in enumerate(self.waiting):
            if wanted(m):
                return self.waiting.pop(i)
        while (left := until - time.monotonic()) > 0:
            try:
                m = self.inbox.get(timeout=left)
            except queue.Empty:
                return None
            if wanted(m):
                return m
            self.waiting.append(m)
        return None

    def request(self, method, timeout=5):
        return self.expect(lambda m: m.status == 0 and m.method == method, timeout)

    def answer(self, m, status, reason, body="", tag="callee", extra=""):
        to = m["To"] if ";tag=" in m["To"] else f"{m['To']};tag={tag}"
        vias = "".join(f"Via: {v}\r\n" for v in m.all("Via"))
        self.send(f"SIP/2.0 {status} {reason}\r\n{vias}From: {m['From']}\r\nTo: {to}\r\nCall-ID: {m['Call-ID']}\r\n"
                  f"CSeq: {m['CSeq']}\r\nContact: <sip:phone@{self.address}:{self.port}>\r\n{extra}" + _body(body), m.source)

    def sdp(self, port):
        return (f"v=0\r\no=p 1 1 IN IP4 {self.address}\r\ns=-\r\nc=IN IP4 {self.address}\r\nt=0 0\r\n"
                + CODEC.format(port=port))


def _body(body):
    kind = "Content-Type: application/sdp\r\n" if body else ""
    return f"{kind}Content-Length: {len(body)}\r\n\r\n{body}"


def media_target(m):
    """(address, port) of the first stream of a description."""
    lines = m.body.replace("\r", "").split("\n")
    host = next(line.split()[-1] for line in lines if line.startswith("c="))
    return host, int(next(line.split()[1] for line in lines if line.startswith("m=")))


class Call:
    """One leg at one phone: `Call(phone, number, target)` to dial, `Call.taken(phone, invite)` at the other side."""

    def __init__(self, phone, number, target, caller="+4930111", media=6000):
        self.phone, self.target, self.media = phone, target, media
        self.id, self.tag = f"{random.getrandbits(64):x}@{phone.address}", f"{random.getrandbits(32):x}"
        self.uri = f"sip:{number}@{target[0]}:{target[1]}"
        self.near = f"<sip:{caller}@{phone.address}>;tag={self.tag}"
        self.far, self.cseq, self.invite = f"<{self.uri}>", 0, None

    @classmethod
    def taken(cls, phone, invite, media=6000, status=200):
        c = cls(phone, "x", invite.source, media=media)
        c.id, c.tag, c.invite = invite["Call-ID"], f"{random.getrandbits(32):x}", invite
        c.uri = invite["Contact"].strip("<>").split(">")[0]
        c.near, c.far = f"{invite['To']};tag={c.tag}", invite["From"]
        c.far_media = media_target(invite) if invite.body else None
        if status:
            phone.answer(invite, status, "OK", phone.sdp(media), c.tag)
        return c

    def text(self, method, body="", cseq=None, branch=None, extra=""):
        if cseq is None:
            self.cseq += 1
            cseq = self.cseq
        branch = branch or f"z9hG4bK{random.getrandbits(64):x}"
        return (f"{method} {self.uri} SIP/2.0\r\nVia: SIP/2.0/UDP {self.phone.address}:{self.phone.port};branch={branch}\r\n"
                f"Max-Forwards: 70\r\nFrom: {self.near}\r\nTo: {self.far}\r\nCall-ID: {self.id}\r\nCSeq: {cseq} {method}\r\n"
                f"Contact: <sip:phone@{self.phone.address}:{self.phone.port}>\r\n{extra}{_body(body)}")

    def transact(self, method, body="", timeout=10, extra=""):
        """Send, repeat as UDP asks for, return the final answer or None."""
        text, until = self.text(method, body, extra=extra), time.monotonic() + timeout
        cseq = self.cseq
        while time.monotonic() < until:
            self.phone.send(text, self.target)
            m = self.phone.expect(lambda m: m.status >= 200 and m["Call-ID"] == self.id and m.cseq == cseq, REPEAT_S)
            if m:
                return m
        return None

    def dial(self, timeout=10):
        """INVITE and, for 200, ACK; returns the final answer."""
        m = self.transact("INVITE", self.phone.sdp(self.media), timeout)
        if m is None:
            return None
        self.far = m["To"]
        if m.status < 300:
            self.uri = m["Contact"].strip("<>").split(">")[0]
            self.far_media = media_target(m)
        self.phone.send(self.text("ACK", cseq=m.cseq), self.target)
        return m

    def bye(self, timeout=10):
        m = self.transact("BYE", timeout=timeout)
        return m.status if m else None


def connect(caller, callee, number, target, media=6000, origin="+4930111"):
    """A call from phone CALLER to phone CALLEE through the Sallyport at TARGET; returns both legs."""
    near, answered = Call(caller, number, target, origin, media), []

    def take():
        invite = callee.request("INVITE")
        if invite:
            answered.append(Call.taken(callee, invite, media))
    thread = threading.Thread(target=take)
    thread.start()
    m = near.dial()
    thread.join()
    if m is None or m.status != 200 or not answered:
        raise AssertionError(f"no call: {m.start if m else 'no answer'}")
    if callee.request("ACK") is None:
        raise AssertionError("no ACK at the called side")
    return near, answered[0]


class Rtp:
    """One RTP port: sends packets in order, counts what arrives and from where."""

    def __init__(self, address, port=6000, ssrc=0x1234):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((address, port))
        self.socket.settimeout(0.01)
        self.sequence, self.ssrc = 0, ssrc

    def send(self, target, count=1, gap=0.0):
        for _ in range(count):
            self.sequence += 1
            self.socket.sendto(attack.rtp(sequence=self.sequence, timestamp=self.sequence * 160, ssrc=self.ssrc), target)
            time.sleep(gap)

    def received(self, wait=0.3):
        """[(source, packet)] that arrive until it is quiet for WAIT seconds."""
        got, until = [], time.monotonic() + wait
        while time.monotonic() < until:
            try:
                packet, source = self.socket.recvfrom(2048)
                got.append((source, packet))
                until = time.monotonic() + wait
            except (TimeoutError, socket.timeout):
                pass
        return got

    def close(self):
        self.socket.close()
