#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A border element that withstands nothing, to show that the audit can fail: a proxy without memory of where it sent
requests, a media relay that learns from whoever sent last, and a TCP socket that takes everybody for ever. With LOOK-UP it looks up
numbers too, and has a portal (permissive_lookup.py).

Usage: permissive.py HOST CALLER CALLED FROM TO [LOOK-UP]   (port 5060 everywhere; LOOK-UP: JSON, "dns" with address and port, "trees",
"prefix" of numbers, "portal" port, "pair" of certificate and key). It ends by itself after ten minutes."""
import hashlib
import json
import re
import select
import socket
import sys
import time

import permissive_lookup

HOST, CALLER, CALLED, FROM, TO = sys.argv[1:6]
LOOK_UP = json.loads(sys.argv[6]) if len(sys.argv) > 6 else None
PORT = 5060
LIFE_S = 600
PAD = "X-Capabilities: " + ", ".join(f"capability-number-{i}" for i in range(60)) + "\r\n"  # amplifies


def udp(port):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind((HOST, port))
    return s


class Relay:
    """Two sockets of one call; the far end of each is whoever sent there last (RTP bleed)."""

    def __init__(self):
        self.side = [udp(0), udp(0)]
        self.far = [None, None]

    def packet(self, s):
        octets, source = s.recvfrom(65536)
        i = self.side.index(s)
        self.far[i] = source
        if self.far[1 - i]:
            self.side[1 - i].sendto(octets, self.far[1 - i])


class Permissive:
    def __init__(self):
        self.sip, self.tcp = udp(PORT), socket.create_server((HOST, PORT), backlog=1024)
        self.relays, self.connections, self.by_socket = {}, [], {}
        self.bound, self.looked = {}, None  # user -> where a REGISTER said
        if LOOK_UP:
            self.looked = permissive_lookup.Caller(HOST, tuple(LOOK_UP["dns"]), LOOK_UP["trees"])
            permissive_lookup.portal(HOST, LOOK_UP["portal"], LOOK_UP["pair"], {
                FROM: {"domain": "sbe.example", "hops": [f"udp:{CALLER}:{PORT}"], "core": HOST},
                TO: {"domain": "called.example", "hops": [f"udp:{CALLED}:{PORT}"]}})

    def sdp(self, head, body, call_id, to_called):
        """Anchor the media; remember what the offer and the answer said."""
        if b"m=audio" not in body:
            return head, body
        if call_id not in self.relays:
            self.relays[call_id] = Relay()
            self.by_socket.update({s: self.relays[call_id] for s in self.relays[call_id].side})
        relay = self.relays[call_id]
        host = re.search(rb"c=IN IP4 (\S+)", body)[1].decode()
        port = int(re.search(rb"m=audio (\d+)", body)[1])
        relay.far[0 if to_called else 1] = (host, port)
        mine = relay.side[1 if to_called else 0].getsockname()[1]
        body = re.sub(rb"c=IN IP4 \S+", b"c=IN IP4 " + HOST.encode(), body)
        body = re.sub(rb"m=audio \d+", b"m=audio %d" % mine, body)
        return re.sub(rb"Content-Length: *\d+", b"Content-Length: %d" % len(body), head), body

    def request(self, lines, body, source):
        # Fragile on purpose: what cannot be read ends the program (SF-A3).
        method, uri, _ = lines[0].split(" ")
        via = next(i for i, line in enumerate(lines) if line.startswith("Via:"))
        branch = re.search(r"branch=([^;]+)", lines[via])[1]
        call_id = next(line for line in lines if line.startswith("Call-ID:"))
        int(next(line for line in lines if line.startswith("CSeq:")).split()[1])
        lines[via] = lines[via].replace(";rport", "") + f";received={source[0]};rport={source[1]}"
        if method in ("OPTIONS", "REGISTER") or (method == "BYE" and "@" not in uri):
            if self.looked and method == "REGISTER":
                self.bind(lines)
            keep = [line for line in lines if line.split(":")[0] in ("Via", "From", "To", "Call-ID", "CSeq")]
            answer = "\r\n".join(["SIP/2.0 200 OK", *keep]) + "\r\n" + PAD + "Content-Length: 0\r\n\r\n"
            return self.sip.sendto(answer.encode(), source)
        if self.looked and self.look_up(method, uri, lines, body, source):
            return
        to_called = TO in uri or "thief" in uri
        mine = hashlib.sha1(branch.encode()).hexdigest()[:16]  # CANCEL and INVITE get the same
        lines.insert(via, f"Via: SIP/2.0/UDP {HOST}:{PORT};branch=z9hG4bK{mine}")
        head, body = self.sdp("\r\n".join(lines).encode(), body, call_id, to_called)
        self.sip.sendto(head + b"\r\n\r\n" + body, (CALLED if to_called else CALLER, PORT))

    def bind(self, lines):
        user = re.search(r"To:.*sip:([^@]+)@", "\n".join(lines))[1]
        contact = re.search(r"Contact:.*@([0-9.]+):(\d+)", "\n".join(lines))
        self.bound[user] = (contact[1], int(contact[2]))

    def look_up(self, method, uri, lines, body, source):
        """True: the request went where its number leads, if anywhere."""
        user = re.match(r"sips?:([^@]*)", uri)[1]
        octets = "\r\n".join(lines).encode() + b"\r\n\r\n" + body
        if user in self.bound:
            lines.insert(1, f"Via: SIP/2.0/UDP {HOST}:{PORT};branch=z9hG4bKbound")
            return self.sip.sendto("\r\n".join(lines).encode() + b"\r\n\r\n" + body, self.bound[user])
        if method != "MESSAGE" or not user.startswith(LOOK_UP["prefix"]):
            self.looked.learn(user) if user.startswith("+") else None
            return False
        answer = self.looked.deliver(user, octets)
        if answer:
            self.sip.sendto(answer, source)
        return True

    def response(self, lines, body):
        for line in lines if lines[0].startswith("SIP/2.0 302") else []:
            elsewhere = re.match(r"Contact:.*@([0-9.]+):(\d+)", line)
            if elsewhere:  # wherever that is
                self.sip.sendto(b"INVITE sip:moved SIP/2.0\r\n\r\n", (elsewhere[1], int(elsewhere[2])))
        via = [i for i, line in enumerate(lines) if line.startswith("Via:")]
        following = lines[via[1]]
        target = re.search(r"received=([^;]+)", following)[1], int(re.search(r"rport=(\d+)", following)[1])
        call_id = next(line for line in lines if line.startswith("Call-ID:"))
        del lines[via[0]]
        head, body = self.sdp("\r\n".join(lines).encode(), body, call_id, target[0] == CALLED)
        self.sip.sendto(head + b"\r\n\r\n" + body, target)

    def message(self):
        octets, source = self.sip.recvfrom(65536)
        if b"Via:" not in octets:
            return  # pings and garbage of the other probes
        head, _, body = octets.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        if lines[0].startswith("SIP/2.0 "):
            self.response(lines, body)
        elif " SIP/2.0" in lines[0]:
            self.request(lines, body, source)

    def run(self):
        end = time.monotonic() + LIFE_S
        while time.monotonic() < end:
            for s in select.select([self.sip, self.tcp, *self.by_socket], [], [], 1)[0]:
                if s is self.sip:
                    self.message()
                elif s is self.tcp:
                    self.connections.append(s.accept()[0])  # never read, never closed
                else:
                    self.by_socket[s].packet(s)


if __name__ == "__main__":
    Permissive().run()
