# SPDX-License-Identifier: Apache-2.0
"""A real Kamailio 5.6 between Sallyport and the far user agent, as next hop and as source, over UDP, TCP and mutual TLS. It
record-routes, so every request in the dialog takes its way back through it."""
import time

import pytest

from lab.configuration import peer, system, tls_peer
from lab.kamailio import Kamailio
from lab.pki import Authority
from lab.sipp import (REMEMBER, SDP, Sipp, awaits, back_request, pause, recv, reply, reply_in_dialog, request)

CORE, BORDER, PHONE = "127.60.7.1", "127.60.7.2", "127.60.7.10"
NEIGHBOUR = {"udp": "127.60.7.20", "tcp": "127.60.7.21", "tls": "127.60.7.22"}
BEHIND = {"udp": "127.60.7.30", "tcp": "127.60.7.31", "tls": "127.60.7.32"}
NUMBER = {"udp": "+49891", "tcp": "+49892", "tls": "+49893"}
EACH = pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
CALLS = 10


@pytest.fixture(scope="module")
def pki(folder):
    ours, theirs = Authority(folder / "ours", "ours"), Authority(folder / "theirs", "theirs")
    return {"ours": ours, "theirs": theirs, "sbe": ours.issue("sbe", "DNS:sbe.example"), "kamailio": theirs.issue("kamailio", "DNS:kamailio.example")}


@pytest.fixture(scope="module")
def sallyport(provider, folder, pki):
    def media(t):
        return {"media": {"srtp": "off", "addresses": [f"{BEHIND[t]}/32"]}}
    peers = [peer("phone", "core", PHONE, ["+4930"], [f"udp:{PHONE}:5060"])]
    peers += [peer(t, "peering", NEIGHBOUR[t], [NUMBER[t]], [f"{t}:{NEIGHBOUR[t]}:5060"], **media(t)) for t in ("udp", "tcp")]
    peers.append(tls_peer("tls", "peering", NEIGHBOUR["tls"], [NUMBER["tls"]], "kamailio.example", pki["theirs"].certificate, **media("tls")))
    return provider("s", system(folder / "s", CORE, BORDER, peers, transports=("udp", "tcp", "tls"), tls=pki["sbe"], workers=2))


@pytest.fixture
def kamailio(folder, started, pki, request):
    t = request.node.callspec.params["transport"]
    tls = (*pki["kamailio"], pki["ours"].certificate) if t == "tls" else None
    return started(Kamailio(folder / request.node.name.replace("[", "-").rstrip("]"), NEIGHBOUR[t], BORDER, t, f"{BEHIND[t]}:5060", tls))


def done(sallyport, before, count):
    end = time.monotonic() + 8
    while (len(sallyport.records()) < before + count or sallyport.json("calls")["calls"]) and time.monotonic() < end:
        time.sleep(0.1)
    assert sallyport.json("calls")["calls"] == []
    return sallyport.records()[before:]


ANSWER = [awaits("INVITE", rrs=True, action=REMEMBER), reply(180, "Ringing"), reply(200, "OK", SDP, retrans=True), awaits("ACK")]
DIAL = [request("INVITE", 1, SDP), recv(100, True), recv(180, True), recv(200, rrs=True), request("ACK", 1)]
ROUTED = [s.replace("Max-Forwards: 70\n", "Max-Forwards: 70\n[routes]\n") for s in
          [request("ACK", 1), request("INVITE", 2, SDP), request("ACK", 2), request("BYE", 3)]]


@EACH
def test_next_hop(sallyport, kamailio, folder, started, transport):
    """Calls to Kamailio; a change by the caller; the caller hangs up."""
    before, here = len(sallyport.records()), kamailio.folder
    called = ANSWER + [awaits("INVITE"), reply_in_dialog(200, "OK", SDP, retrans=True), awaits("ACK"), awaits("BYE"), reply_in_dialog(200, "OK")]
    calling = DIAL + [pause(200), request("INVITE", 2, SDP), recv(100, True), recv(200), request("ACK", 2), request("BYE", 3), recv(200)]
    far = started(Sipp(here, "called", called, BEHIND[transport], calls=CALLS))
    near = started(Sipp(here, "calling", calling, PHONE, target=f"{CORE}:5060", number=NUMBER[transport] + "00", calls=CALLS))
    assert near.wait() == 0, near.why() + far.why() + kamailio.why()
    assert far.wait(10) == 0, far.why() + kamailio.why()
    records = done(sallyport, before, CALLS)
    assert [(r["legs"][1]["peer"], r["legs"][1]["transport"], r["status"], r["released_by"]) for r in records] == [
        (transport, transport.upper(), 200, "caller")] * CALLS


@EACH
def test_far_side_hangs_up(sallyport, kamailio, folder, started, transport):
    before, here = len(sallyport.records()), kamailio.folder
    bye = back_request("BYE", 1).replace("Max-Forwards: 70\n", "Max-Forwards: 70\n[routes]\n")
    far = started(Sipp(here, "called", ANSWER + [pause(200), bye, recv(200)], BEHIND[transport], calls=CALLS))
    near = started(Sipp(here, "calling", DIAL + [awaits("BYE"), reply_in_dialog(200, "OK")], PHONE, target=f"{CORE}:5060",
                        number=NUMBER[transport] + "00", calls=CALLS))
    assert near.wait() == 0, near.why() + far.why() + kamailio.why()
    assert far.wait(10) == 0, far.why() + kamailio.why()
    assert [r["released_by"] for r in done(sallyport, before, CALLS)] == ["called"] * CALLS


@EACH
def test_source(sallyport, kamailio, folder, started, transport):
    """Calls from behind Kamailio into the core; the caller changes and hangs up through the record-routed way."""
    before, here = len(sallyport.records()), kamailio.folder
    ack, change, ack2, bye = ROUTED
    called = ANSWER + [awaits("INVITE"), reply_in_dialog(200, "OK", SDP, retrans=True), awaits("ACK"), awaits("BYE"), reply_in_dialog(200, "OK")]
    calling = DIAL[:-1] + [ack, pause(200), change, recv(100, True), recv(200), ack2, bye, recv(200)]
    near = started(Sipp(here, "called", called, PHONE, calls=CALLS))
    far = started(Sipp(here, "calling", calling, BEHIND[transport], target=kamailio.inside, number="+493000", caller=NUMBER[transport] + "77",
                       calls=CALLS))
    assert far.wait() == 0, far.why() + near.why() + kamailio.why()
    assert near.wait(10) == 0, near.why() + kamailio.why()
    records = done(sallyport, before, CALLS)
    assert [(r["legs"][0]["peer"], r["legs"][0]["transport"], r["from"], r["status"]) for r in records] == [
        (transport, transport.upper(), NUMBER[transport] + "77", 200)] * CALLS


@EACH
def test_busy_and_cancel_behind(sallyport, kamailio, folder, started, transport):
    before, here = len(sallyport.records()), kamailio.folder
    ack = {"uri": "sip:[service]@[remote_ip]:[remote_port]"}
    far = started(Sipp(here, "busy", [awaits("INVITE"), reply(486, "Busy Here", retrans=True), awaits("ACK")], BEHIND[transport], calls=3))
    near = started(Sipp(here, "busy-caller", [request("INVITE", 1, SDP), recv(100, True), recv(486), request("ACK", 1, branch="[branch-3]", **ack)],
                        PHONE, target=f"{CORE}:5060", number=NUMBER[transport] + "00", calls=3))
    assert near.wait() == 0 and far.wait(5) == 0, near.why() + far.why() + kamailio.why()
    assert [r["status"] for r in done(sallyport, before, 3)] == [486] * 3
