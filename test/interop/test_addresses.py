# SPDX-License-Identifier: Apache-2.0
"""Which device, which address, which mark: listeners bound to an interface, marked by DSCP, or bound to all addresses, seen from
a host at the other end of a link.

The routes to the far host lead to another device: whatever is not bound to its listener's interface never arrives."""
import json
import os
import socket
import ssl
import threading
import time
from pathlib import Path

import pytest

from lab.configuration import host, peer, system, tls_peer
from lab.far import Far, Sniffer, ip
from lab.phone import Call, Phone, Rtp, connect, datagrams
from lab.pki import Authority

CORE, PHONE = "127.60.11.1", "127.60.11.10"
OURS = {4: "10.60.1.1", 6: "fd60:1::1"}
SECOND, THIRD = {4: "10.60.1.2", 6: "fd60:1::2"}, {4: "10.60.1.3", 6: "fd60:1::3"}  # advertised; only asked
UDP, TCP = {4: "10.60.1.9", 6: "fd60:1::9"}, {4: "10.60.1.10", 6: "fd60:1::10"}
TLS, WIDE = {4: "10.60.1.11", 6: "fd60:1::11"}, {4: "10.60.1.12", 6: "fd60:1::12"}
MARK = {4: ({"sip": "cs3", "media": "ef"}, 24, 46), 6: ({"sip": "af31", "media": "40"}, 26, 40)}
BOTH = pytest.mark.parametrize("family", [4, 6])

pytestmark = pytest.mark.skipif(os.environ.get("LAB_NAMESPACE") != "1", reason="needs root and a network namespace of its own")


@pytest.fixture(scope="module")
def wrong():
    """The device that the routes lead to, and a host there that has the address of a peer."""
    w = Far("wrong", "nowhere").start()
    mac = json.loads(ip("-j", "link", "show", "dev", "wrong"))[0]["address"]
    for f, bits, v in ((4, 24, []), (6, 64, ["-6"])):
        w.ip(*v, "addr", "add", f"{UDP[f]}/{bits}", "dev", "nowhere", *(["nodad"] if f == 6 else []))
        w.ip(*v, "neigh", "add", OURS[f], "lladdr", mac, "dev", "nowhere")
    yield w
    w.stop()


@pytest.fixture(scope="module")
def far(wrong):
    bound = Far("border", "far").start()
    for way in ("all", "border", "wrong"):
        Path(f"/proc/sys/net/ipv4/conf/{way}/rp_filter").write_text("0")
    for a in (OURS, SECOND, THIRD):
        ip("addr", "add", f"{a[4]}/24", "dev", "border")
        ip("-6", "addr", "add", f"{a[6]}/64", "dev", "border", "nodad")
    for a in (UDP, TCP, TLS, WIDE):
        bound.ip("addr", "add", f"{a[4]}/24", "dev", "far")
        bound.ip("-6", "addr", "add", f"{a[6]}/64", "dev", "far", "nodad")
        ip("route", "add", f"{a[4]}/32", "dev", "wrong")
        ip("-6", "route", "add", f"{a[6]}/128", "dev", "wrong")
    yield bound
    bound.stop()


@pytest.fixture
def sniffer(far):
    s = Sniffer(far).start()
    yield s
    s.stop()


@pytest.fixture(scope="module")
def pki(folder):
    ours, theirs = Authority(folder / "ours", "ours"), Authority(folder / "theirs", "theirs")
    return {"ours": ours, "theirs": theirs, "sbe": ours.issue("sbe", "DNS:sbe.example"),
            4: theirs.issue("four", "DNS:four.example"), 6: theirs.issue("six", "DNS:six.example")}


@pytest.fixture(scope="module")
def sallyport(provider, folder, far, pki):
    peers = [peer("phone", "core", PHONE, ["+4930"], [f"udp:{PHONE}:5060"])]
    listen = [{"name": "core", "zone": "core", "sip": [f"udp:{CORE}:5060"], "media": f"{CORE}:20000-20127"}]
    for f, name in ((4, "four"), (6, "six")):
        a, every = host(OURS[f]), "0.0.0.0" if f == 4 else "[::]"
        peers += [peer(f"{name}-udp", "peering", UDP[f], [f"+49{f}1"], [f"udp:{host(UDP[f])}:5060"]),
                  peer(f"{name}-tcp", "peering", TCP[f], [f"+49{f}2"], [f"tcp:{host(TCP[f])}:5060"]),
                  tls_peer(f"{name}-tls", "peering", TLS[f], [f"+49{f}3"], f"{name}.example", pki["theirs"].certificate),
                  peer(f"{name}-wide", "wide", WIDE[f], [f"+49{f}4"], [f"udp:{host(WIDE[f])}:5060", f"tcp:{host(WIDE[f])}:5060"],
                       reroute_on=[503, "timeout"])]
        listen += [{"name": name, "zone": "peering", "sip": [f"udp:{a}:5060", f"tcp:{a}:5060", f"tls:{a}:5061"],
                    "media": f"{a}:25000-25127", "interface": "border", "dscp": MARK[f][0]},
                   {"name": f"{name}-wide", "zone": "wide", "sip": [f"udp:{every}:5070", f"tcp:{every}:5070"],
                    "media": f"{every}:26000-26127", "advertise": SECOND[f], "interface": "border"}]
    return provider("s", system(folder / "s", CORE, CORE, peers, listen=listen, tls=pki["sbe"]))


def options(near, there, transport, port=5060):
    return (f"OPTIONS sip:{host(there)}:{port} SIP/2.0\r\nVia: SIP/2.0/{transport} {host(near)}:5060;branch=z9hG4bK{time.time_ns()}\r\n"
            f"Max-Forwards: 70\r\nFrom: <sip:x@{host(near)}>;tag=1\r\nTo: <sip:{host(there)}>\r\nCall-ID: {time.time_ns()}\r\n"
            f"CSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n").encode()


def refuse(octets):
    """603 to the request in OCTETS."""
    lines = octets.decode().split("\r\n")
    kept = [line + (";tag=far" if line.startswith("To:") else "") for line in lines
            if line.split(":")[0] in ("Via", "From", "To", "Call-ID", "CSeq")]
    return ("\r\n".join(["SIP/2.0 603 Decline", *kept, "Content-Length: 0", "", ""])).encode()


def marks(sniffer, family, protocol, ports=range(65536)):
    """DSCP of what came with content from our address and PORTS, as a set; and how many packets."""
    time.sleep(0.3)
    found = [p.mark for p in sniffer.packets if p.source == OURS[family] and p.protocol == protocol and p.port in ports and p.size > 0]
    return set(found), len(found)


def called_over_stream(far, near, address, port, number, wrap=None):
    """A call to NUMBER from the phone NEAR, taken at the far ADDRESS and declined there: the peer that dialled, and the INVITE."""
    with far:
        server = socket.create_server((address, port), family=socket.AF_INET6 if ":" in address else socket.AF_INET)
    server.settimeout(8)
    got = []

    def serve():
        try:
            c, source = server.accept()
            c.settimeout(8)
            c = wrap(c) if wrap else c
            octets = b""
            while b"\r\n\r\n" not in octets:
                octets += c.recv(65536)
            c.sendall(refuse(octets))
            got.extend([source, octets])
            c.recv(65536)  # the ACK
            c.close()
        except OSError as e:
            got.append(e)
    thread = threading.Thread(target=serve)
    thread.start()
    m = Call(near, number, (CORE, 5060)).dial(15)
    thread.join()
    server.close()
    assert m is not None and m.status == 603 and len(got) == 2, (m and m.start, got)
    return got


def asked_over_stream(far, near, there, port, transport, wrap=None):
    """First line of the answer to OPTIONS on a connection from the far address NEAR."""
    with far:
        c = socket.create_connection((there, port), timeout=5, source_address=(near, 0))
    with wrap(c) if wrap else c as s:
        s.sendall(options(near, there, transport, port))
        return s.recv(4096).split(b"\r\n")[0]


def test_the_routes_are_wrong(far):
    """Else nothing below proves anything: a socket bound to no device reaches nobody."""
    with far:
        there = Phone(UDP[4])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind((OURS[4], 0))
        s.sendto(b"lost", (UDP[4], 5060))
    there.socket.settimeout(0.5)
    with pytest.raises((TimeoutError, socket.timeout)):
        there.socket.recv(100)
    there.socket.close()


@BOTH
def test_udp_and_media(sallyport, far, started, sniffer, family):
    with far:
        callee, rtp = Phone(UDP[family]), Rtp(UDP[family])
    near, own = started(Phone(PHONE)), Rtp(PHONE)
    one, other = connect(near, started(callee), f"+49{family}100", (CORE, 5060))
    own.send(one.far_media, 10, 0.005)
    rtp.send(other.far_media, 10, 0.005)
    assert [s[:2] for s, _ in rtp.received()] == [(OURS[family], other.far_media[1])] * 10
    assert len(own.received()) == 10
    assert one.bye() == 200 or callee.request("BYE")
    _, sip, media = MARK[family]
    found, count = marks(sniffer, family, socket.IPPROTO_UDP, range(5060, 5061))
    assert (found, count >= 3) == ({sip}, True), "INVITE, ACK, BYE"
    assert marks(sniffer, family, socket.IPPROTO_UDP, range(25000, 25128)) == ({media}, 10)
    own.close()
    rtp.close()


@BOTH
def test_tcp(sallyport, far, started, sniffer, family):
    assert asked_over_stream(far, TCP[family], OURS[family], 5060, "TCP") == b"SIP/2.0 200 OK"
    assert marks(sniffer, family, socket.IPPROTO_TCP, range(5060, 5061)) == ({MARK[family][1]}, 1), "accepted"
    source, invite = called_over_stream(far, started(Phone(PHONE)), TCP[family], 5060, f"+49{family}200")
    assert source[0] == OURS[family] and f"TCP {host(OURS[family])}:5060;".encode() in invite
    found, count = marks(sniffer, family, socket.IPPROTO_TCP, range(5062, 65536))
    assert (found, count >= 1) == ({MARK[family][1]}, True), "dialled"


@BOTH
def test_tls(sallyport, far, started, sniffer, pki, family):
    def context(kind):
        c = ssl.SSLContext(kind)
        c.check_hostname = False
        c.load_verify_locations(pki["ours"].certificate)
        c.load_cert_chain(*pki[family])
        c.verify_mode = ssl.CERT_REQUIRED
        return c
    client, server = context(ssl.PROTOCOL_TLS_CLIENT), context(ssl.PROTOCOL_TLS_SERVER)
    assert asked_over_stream(far, TLS[family], OURS[family], 5061, "TLS", client.wrap_socket) == b"SIP/2.0 200 OK"
    found, count = marks(sniffer, family, socket.IPPROTO_TCP, range(5061, 5062))
    assert (found, count >= 2) == ({MARK[family][1]}, True), "accepted: handshake and answer"
    time.sleep(0.3)  # it is closed, and noticed, so that the call dials
    source, invite = called_over_stream(far, started(Phone(PHONE)), TLS[family], 5061, f"+49{family}300",
                                        lambda c: server.wrap_socket(c, server_side=True))
    assert source[0] == OURS[family] and b";alias" in invite.split(b"\r\n")[1]
    found, count = marks(sniffer, family, socket.IPPROTO_TCP, range(5062, 65536))
    assert (found, count >= 2) == ({MARK[family][1]}, True), "dialled: handshake and INVITE"


@BOTH
def test_nobody_comes_in_by_another_device(sallyport, wrong, family):
    """What is addressed to the listener, from a peer's address, but comes by another device, is not for it."""
    kind = socket.AF_INET6 if family == 6 else socket.AF_INET
    before = sallyport.json("status")["counters"]
    with wrong:
        there = socket.socket(kind, socket.SOCK_DGRAM)
        stream = socket.socket(kind, socket.SOCK_STREAM)
    with there, stream, socket.socket(kind, socket.SOCK_DGRAM) as unbound:
        unbound.bind((OURS[family], 5999))
        unbound.settimeout(3)
        there.bind((UDP[family], 5060))
        there.settimeout(0.5)
        there.sendto(b"this way is open", (OURS[family], 5999))
        assert unbound.recv(100) == b"this way is open"
        there.sendto(options(UDP[family], OURS[family], "UDP"), (OURS[family], 5060))
        with pytest.raises(OSError):
            there.recv(100)
        stream.bind((UDP[family], 0))
        stream.settimeout(3)
        with pytest.raises(ConnectionRefusedError):
            stream.connect((OURS[family], 5060))
    assert sallyport.json("status")["counters"]["net.udp_received"] == before["net.udp_received"]


@BOTH
def test_bound_to_all_answers_from_where_it_was_asked(sallyport, far, family):
    """Three addresses on one device: the kernel alone would choose the first for all of them."""
    with far:
        s = datagrams(WIDE[family], 5060)
    s.settimeout(5)
    for asked in (THIRD, SECOND, OURS):
        s.sendto(options(WIDE[family], asked[family], "UDP", 5070), (asked[family], 5070))
        octets, source = s.recvfrom(4096)
        assert octets.startswith(b"SIP/2.0 200 ") and source[:2] == (asked[family], 5070), asked
        assert asked_over_stream(far, WIDE[family], asked[family], 5070, "TCP") == b"SIP/2.0 200 OK"
    s.close()


@BOTH
def test_bound_to_all_calls_from_the_advertised_one(sallyport, far, started, family):
    """Requests, media and connections: the far side sees the address that stands in Via, Contact and SDP."""
    with far:
        callee, rtp = Phone(WIDE[family]), Rtp(WIDE[family])
    near, own = started(Phone(PHONE)), Rtp(PHONE)
    one, other = connect(near, started(callee), f"+49{family}400", (CORE, 5060))
    assert other.invite.source[:2] == (SECOND[family], 5070)
    assert f"UDP {host(SECOND[family])}:5070;" in other.invite["Via"] and other.far_media[0] == SECOND[family]
    own.send(one.far_media, 10, 0.005)
    assert [s[:2] for s, _ in rtp.received()] == [other.far_media] * 10
    threading.Thread(target=lambda: callee.answer(callee.request("BYE"), 200, "OK")).start()
    assert one.bye() == 200
    own.close()
    rtp.close()
    threading.Thread(target=lambda: callee.answer(callee.request("INVITE"), 503, "Not Here")).start()  # the second target is on TCP
    source, invite = called_over_stream(far, near, WIDE[family], 5060, f"+49{family}400")
    assert source[0] == SECOND[family] and f"TCP {host(SECOND[family])}:5070;".encode() in invite
