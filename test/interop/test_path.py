# SPDX-License-Identifier: Apache-2.0
"""Long requests between UDP peers on real sockets (RFC3261#18.1.1): by TCP where the peer lists it, by UDP when nobody listens
there."""
import socket
import threading

import pytest

from lab.configuration import peer, system
from lab.phone import Call, Message, Phone, connect

CORE, BORDER, A, B, C = (f"127.60.9.{n}" for n in (1, 2, 10, 20, 30))
TARGET = (CORE, 5060)
LONG = "x" * 1400  # above the limit of 1300 with everything around it, below what a phone takes at once


@pytest.fixture(scope="module")
def sallyport(provider, folder):
    peers = [peer("a", "core", A, ["+4930"], [f"udp:{A}:5060"]),
             peer("b", "peering", B, ["+4989"], [f"udp:{B}:5060", f"tcp:{B}:5060"]),
             peer("c", "peering", C, ["+4977"], [f"udp:{C}:5060", f"tcp:{C}:5060"])]
    return provider("s", system(folder / "s", CORE, BORDER, peers))


class Stream:
    """The TCP side of a phone: takes one connection after the other, answers every request 200."""

    def __init__(self, address):
        self.address, self.got = address, []
        self.socket = socket.create_server((address, 5060))
        self.socket.settimeout(0.2)
        self.open = True

    def start(self):
        self.thread = threading.Thread(target=self._serve)
        self.thread.start()
        return self

    def stop(self):
        self.open = False
        self.thread.join()
        self.socket.close()

    def _serve(self):
        while self.open:
            try:
                connection, _ = self.socket.accept()
            except (TimeoutError, socket.timeout):
                continue
            with connection:
                connection.settimeout(0.2)
                self._talk(connection)

    def _talk(self, connection):
        octets = b""
        while self.open:
            try:
                more = connection.recv(65536)
            except (TimeoutError, socket.timeout):
                continue
            if not more:
                return
            octets += more
            octets = octets.lstrip(b"\r\n")  # keep-alives
            head, end, body = octets.partition(b"\r\n\r\n")
            if not end or len(body) < (length := int(Message(head + end, None)["Content-Length"])):
                continue
            m = Message(head + end + body[:length], None)
            octets = body[length:]
            self.got.append(m)
            to = m["To"] if ";tag=" in m["To"] else f"{m['To']};tag=stream"
            connection.sendall((f"SIP/2.0 200 OK\r\nVia: {m['Via']}\r\nFrom: {m['From']}\r\nTo: {to}\r\n"
                                f"Call-ID: {m['Call-ID']}\r\nCSeq: {m['CSeq']}\r\nContent-Length: 0\r\n\r\n").encode())


def message(phone, number):
    return Call(phone, number, TARGET).transact("MESSAGE", extra=f"Subject: {LONG}\r\n")


def test_by_stream(sallyport, started):
    near, far, stream = started(Phone(A)), started(Phone(B)), started(Stream(B))
    assert message(near, "+4989111").status == 200
    call, _ = connect(near, far, "+4989111", TARGET)  # short: by UDP
    assert call.transact("INFO", extra=f"Subject: {LONG}\r\n").status == 200
    assert [m.method for m in stream.got] == ["MESSAGE", "INFO"]
    assert all("SIP/2.0/TCP" in m["Via"] for m in stream.got)
    assert far.request("INFO", 0.3) is None
    far_answers = threading.Thread(target=lambda: far.answer(far.request("BYE"), 200, "OK"))
    far_answers.start()
    assert call.bye() == 200
    far_answers.join()


def test_back_to_udp(sallyport, started):
    near, far = started(Phone(A)), started(Phone(C))  # nobody listens on TCP: the connection is reset

    def answers(method):
        thread = threading.Thread(target=lambda: far.answer(far.request(method), 200, "OK"))
        thread.start()
        return thread
    thread = answers("MESSAGE")
    assert message(near, "+4977111").status == 200
    thread.join()
    call, _ = connect(near, far, "+4977111", TARGET)
    for _ in range(2):
        thread = answers("INFO")
        assert call.transact("INFO", extra=f"Subject: {LONG}\r\n").status == 200
        thread.join()
    thread = answers("BYE")
    assert call.bye() == 200
    thread.join()
