# SPDX-License-Identifier: Apache-2.0
"""Bad input by name on real sockets: strangers, unwanted methods, garbage protocols, half and oversize messages, media from
elsewhere. Each is counted, nothing is answered that should be silent, and calls of peers go on."""
import json
import os
import random
import socket
import threading
import time

import pytest

from lab import attack
from lab.configuration import changed, peer, system
from lab.phone import Call, Phone, Rtp, connect
from lab.sipp import SDP, Sipp, awaits, pause, recv, reply, reply_in_dialog, request

CORE, BORDER = "127.60.4.1", "127.60.4.2"
A, B, LOAD_A, LOAD_B, STRANGER, TCP = ("127.60.4.10", "127.60.4.20", "127.60.4.11", "127.60.4.21", "127.60.4.99", "127.60.4.12")
TARGET = (CORE, 5060)
FLOOD = 20000


@pytest.fixture(scope="module")
def sallyport(provider, folder):
    peers = [peer("a", "core", A, ["+49301"], [f"udp:{A}:5060"]), peer("b", "peering", B, ["+49891"], [f"udp:{B}:5060"]),
             peer("load-a", "core", LOAD_A, ["+49302"], [f"udp:{LOAD_A}:5060"]),
             peer("load-b", "peering", LOAD_B, ["+49892"], [f"udp:{LOAD_B}:5060"]),
             peer("t", "core", TCP, ["+49303"], [f"tcp:{TCP}:5060"])]
    return provider("s", system(folder / "s", CORE, BORDER, peers, pairs=128, workers=2, timeouts={"frame": 2}))


def counters(sallyport):
    return sallyport.json("status")["counters"]


def moved(sallyport, before, name, timeout=5):
    until = time.monotonic() + timeout
    while True:
        now = changed(before, counters(sallyport))
        if name in now or time.monotonic() > until:
            return now
        time.sleep(0.05)


def message(method, me, extra="", number="+4989111"):
    return (f"{method} sip:{number}@{CORE} SIP/2.0\r\nVia: SIP/2.0/UDP {me}:5060;branch=z9hG4bK{random.getrandbits(60):x}\r\n"
            f"Max-Forwards: 70\r\nFrom: <sip:+4930111@{me}>;tag=1\r\nTo: <sip:{number}@{CORE}>\r\n"
            f"Call-ID: {random.getrandbits(60):x}@{me}\r\nCSeq: 1 {method}\r\n{extra}Content-Length: 0\r\n\r\n").encode()


@pytest.mark.parametrize("method", ["INVITE", "OPTIONS", "REGISTER", "BYE", "NONSENSE"])
def test_stranger_over_udp_is_silence(sallyport, method):
    before = counters(sallyport)
    assert attack.send_udp((STRANGER, 5060), TARGET, message(method, STRANGER)) is None
    assert moved(sallyport, before, "step.0.source.refused").get("step.0.source.refused") == 1


@pytest.mark.parametrize("method", ["REGISTER", "PUBLISH", "SUBSCRIBE", "NONSENSE"])
def test_unwanted_method_of_a_peer(sallyport, method):
    """405 and what is allowed (SF-I4); silence where that would be longer than the request (SF-A4)."""
    usual = f"Contact: <sip:+4930111@{A}:5060>\r\nExpires: 3600\r\nUser-Agent: laboratory phone 1.0\r\nSupported: path, gruu, outbound\r\n"
    answer = attack.send_udp((A, 5060), TARGET, message(method, A, usual), 2)
    assert answer and answer.startswith(b"SIP/2.0 405 ") and b"\r\nAllow: " in answer, answer


# An answer is never longer than its datagram (SF-A4): this makes room for any.
ROOM = "Subject: " + "s" * 200 + "\r\n"
# what: octets; over TCP, the counter that closes the connection without a word; over UDP, the answer
GARBAGE = {
    "http": (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "bad_frame", None),
    "tls-hello": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x11" * 500, "bad_frame", None),
    "ssh": (b"SSH-2.0-OpenSSH_9.2\r\n", "frame_timeout", None),  # it may yet become a message
    "zeros": (bytes(400), "bad_frame", None),
    "random": (random.Random(7).randbytes(3000), "frame_timeout", None),
    "one line": (b"A" * 70000, "bad_frame", None),
    "oversize body": (message("INVITE", TCP, ROOM).replace(b"Length: 0", b"Length: 99999999"), "bad_frame", "400 Bad Content-Length"),
    "negative length": (message("INVITE", TCP, ROOM).replace(b"Length: 0", b"Length: -1"), "bad_frame", "400 Bad Content-Length"),
    "two lengths": (message("INVITE", TCP, ROOM + "Content-Length: 5\r\n"), "bad_frame", "400 Duplicate Content-Length"),
    "2^32+4": (message("INVITE", TCP, ROOM).replace(b"Length: 0", b"Length: 4294967300"), "bad_frame", "400 Bad Content-Length"),
    "many headers": (message("INVITE", TCP, "X-a: b\r\n" * 20000), "bad_frame", "400 Too Many Header Fields"),
}


def refused_by(before, now, gate):
    """By the gates of that name, whatever their numbers."""
    return sum(n for name, n in changed(before, now).items() if name.endswith(f".{gate}.refused"))


@pytest.mark.parametrize("what", GARBAGE)
def test_garbage_over_tcp_closes(sallyport, what):
    """From a peer's own address; from a stranger's nothing is even read. Not one octet is answered."""
    octets, counter, _ = GARBAGE[what]
    before, got = counters(sallyport), b""
    with socket.create_connection(TARGET, timeout=6, source_address=(TCP, 0)) as s:
        try:
            s.sendall(octets)
            while data := s.recv(65536):
                got += data
        except ConnectionError:
            pass  # closed with octets of ours unread: reset
    name = f"net.stream_{counter}"
    now = moved(sallyport, before, name)
    assert got == b"" and now[name] == 1 and now["net.stream_closed"] == 1, (got, now)
    assert "messages.received" not in now and "calls.started" not in now


def test_pings_over_tcp(sallyport):
    """Double CRLF is a ping (RFC 5626); a flood of them is answered five times, and the connection stays."""
    before = counters(sallyport)
    with socket.create_connection(TARGET, timeout=6, source_address=(TCP, 0)) as s:
        s.sendall(b"\r\n" * 2000)
        assert moved(sallyport, before, "net.stream_ping_flood")["net.stream_ping"] == 1000
        assert s.recv(65536) == b"\r\n" * 5 and changed(before, counters(sallyport))["net.stream_ping_flood"] == 995
        s.sendall(message("OPTIONS", TCP).replace(b"sip:+4989111@", b"sip:"))
        assert s.recv(4096).startswith(b"SIP/2.0 200")


@pytest.mark.parametrize("what", [*GARBAGE, "line ends"])
def test_garbage_over_udp_is_dropped(sallyport, what):
    octets, _, answer = GARBAGE.get(what, (b"\r\n" * 2000, None, None))
    before = counters(sallyport)
    got = attack.send_udp((A, 5060), TARGET, octets[:65000], 0.3)
    assert (got and got.split(b"\r\n")[0].decode()) == (answer and f"SIP/2.0 {answer}")
    now = counters(sallyport)
    assert refused_by(before, now, "syntax") == 1 and now["messages.received"] - before["messages.received"] == 1
    assert alive(A)


def alive(me):
    answer = attack.send_udp((me, 5060), TARGET, message("OPTIONS", me).replace(b"sip:+4989111@", b"sip:"), 3)
    return answer is not None and answer.startswith(b"SIP/2.0 200")


def test_stranger_over_tcp(sallyport):
    before = counters(sallyport)
    try:
        with socket.create_connection(TARGET, timeout=3, source_address=(STRANGER, 0)) as s:
            s.sendall(message("OPTIONS", STRANGER))
            assert s.recv(100) == b""
    except ConnectionError:
        pass
    name = "net.stream_refused_stranger"  # turned away at the door: it takes no place of a peer's
    assert moved(sallyport, before, name).get(name) == 1


def test_stranger_is_answered_where_the_listener_says_so(provider, folder, capture):
    """`strangers: answer`: 403 and nothing more (SF-A1)."""
    capture.permitted.add("127.60.24.99")  # the operator wants it answered
    core, border = "127.60.24.1", "127.60.24.2"
    c = json.loads(system(folder / "answers", core, border, [peer("a", "core", "127.60.24.10", ["+49301"], ["udp:127.60.24.10:5060"])]))
    c["listen"][0]["strangers"] = "answer"
    p = provider("answers", json.dumps(c))
    before = counters(p)
    with socket.create_connection((core, 5060), timeout=5, source_address=("127.60.24.99", 0)) as s:
        s.sendall(message("OPTIONS", "127.60.24.99"))
        assert s.recv(4096).startswith(b"SIP/2.0 403 ")
    assert refused_by(before, counters(p), "peer") == 1


def test_half_message_and_silence_over_tcp(sallyport):
    before = counters(sallyport)
    half, whole = (socket.create_connection(TARGET, timeout=6, source_address=(TCP, 0)) for _ in range(2))
    half.sendall(message("OPTIONS", TCP)[:80])
    whole.sendall(message("OPTIONS", TCP).replace(b"sip:+4989111@", b"sip:"))
    assert whole.recv(4096).startswith(b"SIP/2.0 200")
    assert half.recv(1) == b"", "closed after `timeouts.frame`"
    time.sleep(0.5)
    whole.sendall(message("OPTIONS", TCP).replace(b"sip:+4989111@", b"sip:"))
    assert whole.recv(4096).startswith(b"SIP/2.0 200"), "a connection that has spoken stays open"
    half.close()
    whole.close()
    assert moved(sallyport, before, "net.stream_frame_timeout").get("net.stream_frame_timeout") == 1


def test_message_in_single_octets(sallyport):
    with socket.create_connection(TARGET, timeout=6, source_address=(TCP, 0)) as s:
        for octet in message("OPTIONS", TCP).replace(b"sip:+4989111@", b"sip:"):
            s.sendall(bytes([octet]))
        assert s.recv(4096).startswith(b"SIP/2.0 200")


# what: change of an INVITE; the answer; the gate that counts it
BAD = {
    "no From": (lambda m: m.replace(b"From: ", b"X-From: "), None, "syntax"),  # nothing to answer to
    "two From": (lambda m: m.replace(b"\r\nTo:", b"\r\nFrom: <sip:x@y>;tag=2\r\nTo:"), "400 Duplicate From", "syntax"),
    "two CSeq": (lambda m: m.replace(b"\r\nTo:", b"\r\nCSeq: 1 INVITE\r\nTo:"), "400 Duplicate CSeq", "syntax"),
    "CSeq of another method": (lambda m: m.replace(b"1 INVITE", b"1 BYE"), "400 Bad CSeq", "syntax"),
    "Max-Forwards 0": (lambda m: m.replace(b"Forwards: 70", b"Forwards: 0"), "483 Too Many Hops", "send"),
    "no Via": (lambda m: m.replace(b"Via: ", b"X-Via: "), None, "syntax"),
    "version 3": (lambda m: m.replace(b"SIP/2.0\r\nVia", b"SIP/3.0\r\nVia"), "505 Version Not Supported", "syntax"),
    "no Contact": (lambda m: m, "400 Bad Contact or Record-Route", "send"),
    "200 Via": (lambda m: m.replace(b"\r\nMax-F", b"\r\n" + b"Via: SIP/2.0/UDP x;branch=z9hG4bKx\r\n" * 200 + b"Max-F"), None, "syntax"),
    "NUL": (lambda m: m.replace(b"sip:+4930111@", b"sip:+49\x0030111@"), None, "syntax"),
    "bad UTF-8": (lambda m: m.replace(b"From: <", b"From: \"\xff\xfe\" <"), None, "syntax"),
}


@pytest.mark.parametrize("what", BAD)
def test_bad_invite(sallyport, what):
    """Its own answer, or silence where none can be made; its gate counts it; never passed on, never silence of the whole house."""
    change, answer, gate = BAD[what]
    before = counters(sallyport)
    got = attack.send_udp((A, 5060), TARGET, change(message("INVITE", A, ROOM)), 0.5)
    assert (got and got.split(b"\r\n")[0].decode()) == (answer and f"SIP/2.0 {answer}")
    now = counters(sallyport)
    assert refused_by(before, now, gate) == 1 and changed(before, now).get("calls.started") is None
    assert alive(A)


INSIDE = "v=0\r\no=- 1 1 IN IP4 {0}\r\ns=-\r\nc=IN IP4 {0}\r\nt=0 0\r\nm=audio 6000 RTP/AVP 8\r\n".format(A)
BODIES = {
    "second description": f"Content-Type: application/sdp\r\n\r\n{INSIDE}", "compact name":
    f"c: application/sdp\r\nContent-Disposition: session;handling=optional\r\n\r\n{INSIDE}", "encoded part":
    "Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: render;handling=optional\r\n\r\ndj0w", "part within a part":
    f"Content-Type: multipart / mixed;boundary=in\r\nContent-Disposition: render;handling=optional\r\n\r\n--in\r\nContent-Type: "
    f"application/sdp\r\n\r\n{INSIDE}\r\n--in--", "message as a part": f"Content-Type: message/sip\r\n\r\nSIP/2.0 200 OK\r\n\r\n{INSIDE}",
    "part that must be understood": "Content-Type: application/x-unknown\r\n\r\nx",
}


@pytest.mark.parametrize("what", BODIES)
def test_body_that_hides_a_description(sallyport, what):
    """One description is rewritten; whatever could carry another one across unseen is refused (SF-C3)."""
    before = counters(sallyport)
    body = f"--cut\r\nContent-Type: application/sdp\r\n\r\n{INSIDE}\r\n--cut\r\n{BODIES[what]}\r\n--cut--"
    invite = message("INVITE", A, f"Contact: <sip:a@{A}>\r\nContent-Type: multipart/mixed;boundary=cut\r\n")
    invite = invite.replace(b"Content-Length: 0\r\n\r\n", f"Content-Length: {len(body)}\r\n\r\n{body}".encode())
    answer = attack.send_udp((A, 5060), TARGET, invite, 2)
    assert answer is not None and answer.startswith(b"SIP/2.0 415 "), answer
    assert changed(before, counters(sallyport)).get("calls.started") is None


@pytest.fixture
def phones(started):
    return started(Phone(A)), started(Phone(B))


def description(lines, address=A):
    return f"v=0\r\no=p 1 1 IN IP4 {address}\r\ns=-\r\nc=IN IP4 {address}\r\nt=0 0\r\n" + "".join(lines)


LINE = "m=audio {} RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n"


@pytest.mark.parametrize("count, answer", [(1, "486 Busy Here"), (8, "486 Busy Here"), (9, "488 Not Acceptable Here"),
                                           (64, "488 Not Acceptable Here"), (1000, "513 Session Description Too Large")])
def test_many_media_lines(sallyport, phones, count, answer):
    """Up to the bound a call (which is busy), above it a named refusal."""
    call = Call(phones[0], "+4989111", TARGET)
    taker = threading.Thread(target=lambda: (m := phones[1].request("INVITE", 2)) and phones[1].answer(m, 486, "Busy Here"))
    taker.start()
    m = call.transact("INVITE", description([LINE.format(6000 + 2 * i) for i in range(count)]), 5)
    taker.join()
    assert m is not None and m.start == f"SIP/2.0 {answer}", m and m.start
    phones[0].send(call.text("ACK", cseq=1), TARGET)


@pytest.mark.parametrize("address", ["0.0.0.0", "127.0.0.1", "224.0.0.1", "169.254.1.1", CORE, BORDER, "255.255.255.255", "192.0.2.77"])
def test_media_address_that_nobody_agreed(sallyport, phones, address):
    """Not in the peer's own ranges: no call with media there (0.0.0.0 is hold, RFC 3264, and sends nothing)."""
    call = Call(phones[0], "+4989111", TARGET)
    taker = threading.Thread(target=lambda: (m := phones[1].request("INVITE", 1)) and phones[1].answer(m, 486, "Busy Here"))
    taker.start()
    m = call.transact("INVITE", description([LINE.format(6000)], address), 5)
    taker.join()
    assert m is not None and m.status == (486 if address == "0.0.0.0" else 488), m.start
    phones[0].send(call.text("ACK", cseq=1), TARGET)


def test_answer_that_is_no_subset(sallyport, phones):
    """The called side answers with a codec and a stream that nobody offered."""
    call = Call(phones[0], "+4989111", TARGET)

    def take():
        m = phones[1].request("INVITE", 3)
        phones[1].answer(m, 200, "OK", description(["m=audio 6000 RTP/AVP 97\r\na=rtpmap:97 opus/48000/2\r\n", LINE.format(6002)], B))
    taker = threading.Thread(target=take)
    taker.start()
    m = call.transact("INVITE", phones[0].sdp(6000), 8)
    taker.join()
    assert m is not None and m.status >= 400, m and m.start
    phones[0].send(call.text("ACK", cseq=1), TARGET)
    bye = phones[1].request("BYE", 5)
    assert bye is not None, "the called side is released"
    phones[1].answer(bye, 200, "OK")


def test_media_from_elsewhere(sallyport, phones):
    """RTP from a stranger, and from the right address with a wrong port, is dropped and counted in the record."""
    near, far = connect(*phones, "+4989111", TARGET)
    good, other, stranger, heard = Rtp(A, 6000), Rtp(A, 6500), Rtp(STRANGER, 6000), Rtp(B, 6000)
    good.send(near.far_media, 10, 0.005)
    other.send(near.far_media, 10, 0.005)
    stranger.send(near.far_media, 10, 0.005)
    stranger.send(far.far_media, 10, 0.005)
    assert len(heard.received()) == 10
    before, shown = len(sallyport.records()), sallyport.json("status")
    assert near.bye() == 200
    until = time.monotonic() + 5
    while len(sallyport.records()) == before and time.monotonic() < until:
        time.sleep(0.1)
    sides = sallyport.records()[-1]["streams"][0]["sides"]
    assert sides[0]["packets"] == 10 and sides[0]["dropped"]["source"] == 20 and sides[1]["dropped"]["source"] == 10, sides
    now = sallyport.json("status")
    for name, packets, dropped in (("a", 10, 20), ("b", 0, 10)):
        old, new = (next(p["media"] for p in s["peers"] if p["name"] == name) for s in (shown, now))
        assert new["packets"] - old["packets"] == packets and new["dropped"]["source"] - old["dropped"]["source"] == dropped
    assert now["counters"]["media.passed"] >= 10 and now["counters"]["media.refused.source"] >= 30
    for port in (good, other, stranger, heard):
        port.close()


def flood(stop, sent):
    sockets = []
    for i in range(8):
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.bind((f"127.60.4.{100 + i}", 0))
        sockets.append(s)
    kinds = [message("INVITE", STRANGER), message("REGISTER", STRANGER), os.urandom(600), message("OPTIONS", STRANGER)]
    while sent[0] < FLOOD and not stop.is_set():
        for s in sockets:
            s.sendto(kinds[sent[0] % 4], TARGET)
            sent[0] += 1
        time.sleep(0.0015)
    for s in sockets:
        s.close()


def test_flood_of_strangers(sallyport, folder, started):
    """20 000 datagrams from eight strangers while 60 calls go up and down: none of the calls notices."""
    before, stop, sent = counters(sallyport), threading.Event(), [0]
    called = started(Sipp(folder / "flood", "called", [awaits("INVITE"), reply(200, "OK", SDP, retrans=True), awaits("ACK"),
                     awaits("BYE"), reply_in_dialog(200, "OK")], LOAD_B, calls=0))
    thread = threading.Thread(target=flood, args=(stop, sent))
    thread.start()
    load = started(Sipp(folder / "flood", "calling", [request("INVITE", 1, SDP), recv(100, True), recv(200, rrs=True), request("ACK", 1),
                   pause(500), request("BYE", 2), recv(200)], LOAD_A, caller="+4930211", target=f"{CORE}:5060", number="+4989211",
                   calls=60, rate=15))
    status = load.wait(30)
    thread.join(30)
    stop.set()
    assert status == 0, load.why() + called.why()
    assert sent[0] == FLOOD
    now = changed(before, counters(sallyport))
    assert now["step.0.source.refused"] > FLOOD * 0.5, now  # the rest the kernel dropped
    assert now["calls.started"] == 60


def test_transactions_end(sallyport):
    """After all of the above: 64*T1 later nothing is left of it."""
    until = time.monotonic() + 45
    while (left := counters(sallyport)["transactions.now"]) and time.monotonic() < until:
        time.sleep(0.5)
    assert left == 0
