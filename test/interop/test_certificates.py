# SPDX-License-Identifier: Apache-2.0
"""Who may come in over TLS, asked by a real TLS client (Python's ssl, which is OpenSSL): each wrong certificate is refused and
counted under its own name. SF-I10, SF-A6, RFC 5922."""
import socket
import ssl
import threading
import time

import pytest

from lab.configuration import changed, peer, system, tls_peer
from lab.pki import Authority
from lab.phone import Call, Phone

CORE, BORDER = "127.60.3.1", "127.60.3.2"
A, B1, B2, STRANGER = "127.60.3.10", "127.60.3.20", "127.60.3.30", "127.60.3.99"
CAP = 6  # connections of one address

OPTIONS = ("OPTIONS sip:{border}:5061 SIP/2.0\r\nVia: SIP/2.0/TLS {me}:5061;branch=z9hG4bKo{n}\r\nMax-Forwards: 70\r\n"
           "From: <sip:probe@{me}>;tag=1\r\nTo: <sip:{border}>\r\nCall-ID: o{n}@{me}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n")


@pytest.fixture(scope="module")
def pki(folder):
    right, other, ours = (Authority(folder / n, n) for n in ("right", "other", "ours"))
    made = {
        "sbe": ours.issue("sbe", "DNS:sbe.example"), "b1": right.issue("b1", "DNS:b1.example"),
        "b1-uri": right.issue("b1-uri", "URI:sip:b1.example"),
        "b2": other.issue("b2", "DNS:b2.example"), "expired": right.issue("expired", "DNS:b1.example", days=-1),
        "other-name": right.issue("other-name", "DNS:nobody.example"), "other-authority": other.issue("fake", "DNS:b1.example"),
        "wildcard": right.issue("wildcard", "DNS:*.example"), "ours": ours,
        "b1.example": right.issue("b1.example", ""),  # the name stands in CN alone
        "future": right.issue_from("future", "DNS:b1.example", "20900101000000Z"),
        "right": right, "other": other,
    }
    return made


@pytest.fixture(scope="module")
def sallyport(provider, folder, pki):
    peers = [tls_peer("b1", "peering", B1, ["+49891"], "b1.example", pki["right"].certificate),
             tls_peer("b2", "peering", B2, ["+49892"], "b2.example", pki["other"].certificate),
             peer("a", "core", A, ["+4930"], [f"udp:{A}:5060"])]
    return provider("s", system(folder / "s", CORE, BORDER, peers, transports=("udp", "tls"), tls=pki["sbe"], timeouts={"handshake": 2, "frame": 2},
                                limits={"calls": 100, "sessions": 100, "connections": 64, "connections_per_source": CAP}))


def context(pki, pair, highest=None):
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    c.check_hostname = False
    c.load_verify_locations(pki["ours"].certificate)
    if pair:
        c.load_cert_chain(*pair)
    if highest:
        c.minimum_version, c.maximum_version = ssl.TLSVersion.TLSv1, highest
        c.set_ciphers("ALL:@SECLEVEL=0")
    return c


def ask(pki, pair, source, highest=None):
    """First line of the answer to OPTIONS, or what went wrong."""
    ask.count += 1
    try:
        with socket.create_connection((BORDER, 5061), timeout=4, source_address=(source, 0)) as raw:
            with context(pki, pair, highest).wrap_socket(raw) as s:
                s.sendall(OPTIONS.format(border=BORDER, me=source, n=f"{ask.count}x{time.time_ns()}").encode())
                answer = s.recv(4096).decode(errors="replace")
                return f"{s.version()} {answer.splitlines()[0]}" if answer else "closed"
    except (ssl.SSLError, OSError) as e:
        return f"refused: {e.__class__.__name__}"


ask.count = 0


def counters(sallyport):
    return sallyport.json("status")["counters"]


def moved(sallyport, before, name, timeout=5):
    until = time.monotonic() + timeout
    while True:
        now = changed(before, counters(sallyport))
        if name in now or time.monotonic() > until:
            return now
        time.sleep(0.05)


@pytest.mark.parametrize("who, highest", [("b1", None), ("b1-uri", None), ("b1", ssl.TLSVersion.TLSv1_2)])
def test_right_certificate(sallyport, pki, who, highest):
    version = "TLSv1.2" if highest else "TLSv1.3"
    assert ask(pki, pki[who], B1, highest) == f"{version} SIP/2.0 200 OK"


@pytest.mark.parametrize("who, source, counter", [
    ("expired", B1, "net.tls_expired"),
    ("future", B1, "net.tls_not_yet_valid"),
    ("other-name", B1, "net.tls_name_of_nobody"),
    ("b1.example", B1, "net.tls_no_name"),
    ("wildcard", B1, "net.tls_no_name"),
    ("other-authority", B1, "net.tls_unknown_authority"),
    ("b2", B1, "net.tls_wrong_address"),   # the right certificate of another peer
    (None, B1, "net.tls_no_certificate"),
    ("b1", STRANGER, "net.stream_refused_stranger"),
])
def test_wrong_certificate(sallyport, pki, who, source, counter):
    before = counters(sallyport)
    answer = ask(pki, pki[who] if who else None, source)
    assert "SIP/2.0" not in answer
    assert moved(sallyport, before, counter).get(counter) == 1, (answer, changed(before, counters(sallyport)))


def test_old_tls(sallyport, pki):
    before = counters(sallyport)
    assert ask(pki, pki["b1"], B1, ssl.TLSVersion.TLSv1_1).startswith("refused")
    assert moved(sallyport, before, "net.tls_protocol").get("net.tls_protocol") == 1


def test_slow_handshake_and_silence(sallyport, pki):
    """Nothing, and half a client hello: both end after the deadline, a good client comes in meanwhile."""
    before = counters(sallyport)
    slow = [socket.create_connection((BORDER, 5061), source_address=(B1, 0)) for _ in range(2)]
    slow[1].sendall(b"\x16\x03\x01\x02\x00\x01\x00")
    assert ask(pki, pki["b1"], B1) == "TLSv1.3 SIP/2.0 200 OK"
    for s in slow:
        s.settimeout(5)
        assert s.recv(1) == b""
        s.close()
    assert moved(sallyport, before, "net.tls_timeout").get("net.tls_timeout") == 2


def test_cap_of_one_source(sallyport, pki):
    before = counters(sallyport)
    held = [socket.create_connection((BORDER, 5061), source_address=(B1, 0)) for _ in range(CAP + 4)]
    assert moved(sallyport, before, "net.stream_refused_source").get("net.stream_refused_source") == 4
    assert ask(pki, pki["b2"], B2) == "TLSv1.3 SIP/2.0 200 OK", "others are not touched"
    for s in held:
        s.close()
    time.sleep(0.3)
    assert ask(pki, pki["b1"], B1) == "TLSv1.3 SIP/2.0 200 OK"


def test_flood_of_handshakes(sallyport, pki):
    """300 connections with rubbish from a peer's address; a peer's request gets through within 2 s."""
    flood = 0
    for _ in range(300):
        try:
            with socket.create_connection((BORDER, 5061), timeout=1, source_address=(B1, 0)) as s:
                s.sendall(b"\x16\x03\x01\x00\xff" + b"\x01" * 255)
                flood += 1
        except OSError:
            pass
    start = time.monotonic()
    assert flood > 100 and ask(pki, pki["b2"], B2) == "TLSv1.3 SIP/2.0 200 OK"
    assert time.monotonic() - start < 2


def test_half_message_over_tls(sallyport, pki):
    before = counters(sallyport)
    with socket.create_connection((BORDER, 5061), timeout=6, source_address=(B1, 0)) as raw:
        with context(pki, pki["b1"]).wrap_socket(raw) as s:
            s.sendall(b"OPTIONS sip:x SIP/2.0\r\nVia: ")
            try:
                assert s.recv(1) == b""
            except (ssl.SSLError, ConnectionError):
                pass
    assert moved(sallyport, before, "net.stream_frame_timeout").get("net.stream_frame_timeout") == 1


def held(pki, who, source):
    """A connection that was let in, and answered."""
    s = context(pki, pki[who]).wrap_socket(socket.create_connection((BORDER, 5061), timeout=6, source_address=(source, 0)))
    assert asked_again(s, source)
    return s


def asked_again(s, source):
    s.sendall(OPTIONS.format(border=BORDER, me=source, n=f"h{time.time_ns()}").encode())
    return s.recv(4096).startswith(b"SIP/2.0 ")


def test_block_and_reload_close_what_they_must(sallyport, pki):
    """A reload that changes nothing closes nothing; a block closes that peer's connection alone; so does other trust."""
    before, text = counters(sallyport), sallyport.config.read_text()
    with held(pki, "b1", B1) as one, held(pki, "b2", B2) as two:
        sallyport.command("reload")
        assert asked_again(one, B1) and asked_again(two, B2)
        sallyport.command("peer", "block", "b1")
        assert one.recv(1) == b"" and asked_again(two, B2)
        assert moved(sallyport, before, "net.stream_peer_blocked").get("net.stream_peer_blocked") == 1
        sallyport.command("peer", "unblock", "b1")
        try:
            sallyport.config.write_text(text.replace(str(pki["other"].certificate), str(pki["right"].certificate)))
            sallyport.command("reload")
            assert two.recv(1) == b""
            assert moved(sallyport, before, "net.stream_peer_changed").get("net.stream_peer_changed") == 1
            assert ask(pki, pki["b2"], B2) != "TLSv1.3 SIP/2.0 200 OK"
        finally:
            sallyport.config.write_text(text)
            sallyport.command("reload")
    assert ask(pki, pki["b1"], B1) == ask(pki, pki["b2"], B2) == "TLSv1.3 SIP/2.0 200 OK"


def test_a_call_over_the_connection_of_the_peer(sallyport, pki, started):
    """The peer is connected, and listens on no port at all: our request comes over its own connection (RFC 5923)."""
    before = counters(sallyport)
    with held(pki, "b1", B1) as s:
        phone = started(Phone(A))
        caller = Call(phone, "+4989100", (CORE, 5060))
        phone.send(caller.text("INVITE", phone.sdp(6000)), (CORE, 5060))
        invite = s.recv(65536)
        assert invite.startswith(b"INVITE ") and b";alias" in invite.split(b"\r\n")[1], invite
        now = changed(before, counters(sallyport))
        assert now.get("net.stream_reused", 0) >= 1 and "net.stream_dialled" not in now and "net.stream_dial_failed" not in now


@pytest.mark.parametrize("who, counter", [("b2", "net.tls_name_of_other"), ("expired", "net.tls_expired"),
                                          ("other-authority", "net.tls_unknown_authority")])
def test_certificate_of_the_next_hop(sallyport, pki, started, who, counter):
    """It is not the peer's: no call goes there (LRF-I3, SF-I10)."""
    before, got = counters(sallyport), []
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(*pki[who])
    with socket.create_server((B1, 5061)) as listener:
        listener.settimeout(8)

        def serve():
            try:
                with server.wrap_socket(listener.accept()[0], server_side=True) as s:
                    got.append(s.recv(4096))
            except OSError:  # ssl.SSLError is one
                got.append(b"")
        thread = threading.Thread(target=serve)
        thread.start()
        phone = started(Phone(A))
        m = Call(phone, "+4989100", (CORE, 5060)).dial(15)
        thread.join()
    assert m is not None and m.status >= 400, m
    assert got == [b""], "no octet of the call"
    assert moved(sallyport, before, counter).get(counter) == 1, changed(before, counters(sallyport))
