# SPDX-License-Identifier: Apache-2.0
"""SIPp as both sides through one Sallyport, over UDP and TCP: what a call can do, and that its record is right."""
import socket
import time

import pytest

from lab.configuration import peer, system
from lab.sipp import (REMEMBER, SDP, Sipp, awaits, back_request, pause, recv, reply, reply_in_dialog, request)

CORE, BORDER = "127.60.1.1", "127.60.1.2"
CALLER = {"udp": "127.60.1.10", "tcp": "127.60.1.11"}
CALLED = {"udp": "127.60.1.20", "tcp": "127.60.1.21"}
SECOND, SILENT = "127.60.1.22", "127.60.1.23"  # each with a second target, for calls that the first does not take
NUMBER = {"udp": "+49891", "tcp": "+49892"}
SIPP = {"udp": "u1", "tcp": "t1"}
BOTH = pytest.mark.parametrize("transport", ["udp", "tcp"])


@pytest.fixture(scope="module")
def sallyport(provider, folder):
    peers = [peer(f"caller-{t}", "core", CALLER[t], ["+4930"] if t == "udp" else ["+49301"], [f"{t}:{CALLER[t]}:5060"])
             for t in ("udp", "tcp")]
    for t in ("udp", "tcp"):
        peers.append(peer(f"called-{t}", "peering", CALLED[t], [NUMBER[t]], [f"{t}:{CALLED[t]}:5060"]))
    peers.append(peer("rerouted", "peering", SECOND, ["+49893"], [f"udp:{SECOND}:5060", f"udp:{SECOND}:5070"],
                      reroute_on=[503, 486, "timeout"]))
    peers.append(peer("silent", "peering", SILENT, ["+49894"], [f"udp:{SILENT}:5060", f"udp:{SILENT}:5070"], reroute_on=["timeout"]))
    return provider("s", system(folder / "s", CORE, BORDER, peers, pairs=128, workers=2))


def records_after(sallyport, before, more):
    """The records written since BEFORE, once there are MORE of them."""
    until = time.monotonic() + 8
    while len(sallyport.records()) < before + more and time.monotonic() < until:
        time.sleep(0.1)
    return sallyport.records()[before:]


class Pair:
    """Both sides of one test: runs the calls, and says what either SIPp said when it did not go well."""

    def __init__(self, sallyport, folder, started, transport, name):
        self.sallyport, self.folder, self.started = sallyport, folder / f"{name}-{transport}", started
        self.transport, self.before = transport, len(sallyport.records())

    def run(self, calling, called, calls=1, rate=20, number=None, address=None, port=5060):
        t = self.transport
        far = self.started(Sipp(self.folder, "called", called, address or CALLED[t], port, SIPP[t], calls=calls))
        near = self.started(Sipp(self.folder, "calling", calling, CALLER[t], 5060, SIPP[t], f"{CORE}:5060",
                                 number or NUMBER[t] + "00", calls, rate))
        assert near.wait() == 0, near.why() + far.why()
        assert far.wait(10) == 0, far.why()
        return records_after(self.sallyport, self.before, calls)


@pytest.fixture
def pair(sallyport, folder, started, request):
    t = request.node.callspec.params.get("transport", "udp") if hasattr(request.node, "callspec") else "udp"
    yield Pair(sallyport, folder, started, t, request.node.originalname)
    until = time.monotonic() + 3
    while sallyport.json("calls")["calls"] and time.monotonic() < until:
        time.sleep(0.1)
    assert sallyport.json("calls")["calls"] == [], "nothing stays behind"


ANSWER = [awaits("INVITE", rrs=True, action=REMEMBER), reply(180, "Ringing"), reply(200, "OK", SDP, retrans=True), awaits("ACK")]
DIAL = [request("INVITE", 1, SDP), recv(100, True), recv(180, True), recv(200, rrs=True), request("ACK", 1)]
HANG_UP = [request("BYE", 9), recv(200)]
TAKE_HANG_UP = [awaits("BYE"), reply_in_dialog(200, "OK")]


@BOTH
def test_call(pair, transport):
    records = pair.run(DIAL + [pause(300)] + HANG_UP, ANSWER + TAKE_HANG_UP, calls=60, rate=30)
    assert len(records) == 60
    for r in records:
        assert (r["from"], r["to"], r["status"], r["released_by"]) == ("+4930111", NUMBER[transport] + "00", 200, "caller"), r
        assert [leg["peer"] for leg in r["legs"]] == [f"caller-{transport}", f"called-{transport}"], r
        assert 250 <= r["duration_ms"] < 5000 and r["started"] <= r["answered"] <= r["ended"], r
        assert r["legs"][0]["call_id"] != r["legs"][1]["call_id"], "the Call-ID stays on its own side (SF-C3)"
        assert r["streams"][0]["codec"].startswith("PCMA"), r
    assert len({r["id"] for r in records}) == 60


@BOTH
def test_called_side_hangs_up(pair, transport):
    records = pair.run(DIAL + [awaits("BYE"), reply_in_dialog(200, "OK")],
                       ANSWER + [pause(200), back_request("BYE", 1), recv(200)], calls=10)
    assert [r["released_by"] for r in records] == ["called"] * 10


@BOTH
def test_cancel(pair, transport):
    calling = [request("INVITE", 1, SDP), recv(100, True), recv(180), pause(100), request("CANCEL", 1, branch="[branch-4]"),
               recv(200), recv(487), request("ACK", 1, uri="sip:[service]@[remote_ip]:[remote_port]", branch="[branch-7]")]
    # SIPp answers from the last message; the 487 must bear the INVITE's CSeq.
    called = [awaits("INVITE", action=KEEP_INVITE), reply(180, "Ringing"), awaits("CANCEL"), reply(200, "OK"),
              REPLY_487, awaits("ACK")]
    records = pair.run(calling, called, calls=5)
    assert [r["status"] for r in records] == [487] * 5


KEEP_INVITE = ('<action><ereg regexp=".*" search_in="hdr" header="Via:" assign_to="via"/>'
               '<ereg regexp=".*" search_in="hdr" header="From:" assign_to="far"/>'
               '<ereg regexp=".*" search_in="hdr" header="To:" assign_to="near"/></action>')
REPLY_487 = """<send retrans="500"><![CDATA[
SIP/2.0 487 Request Terminated
Via:[$via]
From:[$far]
To:[$near];tag=u[call_number]
[last_Call-ID:]
CSeq: 1 INVITE
Content-Length: 0

]]></send>"""


@BOTH
def test_busy(pair, transport):
    calling = [request("INVITE", 1, SDP), recv(100, True), recv(486),
               request("ACK", 1, uri="sip:[service]@[remote_ip]:[remote_port]", branch="[branch-3]")]
    records = pair.run(calling, [awaits("INVITE"), reply(486, "Busy Here", retrans=True), awaits("ACK")], calls=10)
    assert [r["status"] for r in records] == [486] * 10 and {r["answered"] for r in records} == {None}


def test_reroute_on_refusal(pair, started):
    refusing = started(Sipp(pair.folder, "refusing", [awaits("INVITE"), reply(503, "No Capacity", retrans=True), awaits("ACK")],
                            SECOND, 5060, calls=1, media=7000))
    records = pair.run(DIAL + HANG_UP, ANSWER + TAKE_HANG_UP, number="+4989300", address=SECOND, port=5070)
    assert refusing.wait(5) == 0, refusing.why()
    assert records[0]["attempts"] == 2 and records[0]["status"] == 200, records


@BOTH
def test_change_from_caller(pair, transport):
    calling = DIAL + [pause(100), request("INVITE", 2, SDP), recv(100, True), recv(200), request("ACK", 2)] + HANG_UP
    called = ANSWER + [awaits("INVITE"), reply_in_dialog(200, "OK", SDP, retrans=True), awaits("ACK")] + TAKE_HANG_UP
    pair.run(calling, called, calls=5)


@BOTH
def test_change_from_called(pair, transport):
    calling = DIAL + [awaits("INVITE"), reply_in_dialog(200, "OK", SDP, retrans=True), awaits("ACK"), pause(100)] + HANG_UP
    called = ANSWER + [pause(100), back_request("INVITE", 1, SDP), recv(100, True), recv(200),
                       back_request("ACK", 1)] + TAKE_HANG_UP
    pair.run(calling, called, calls=5)


ALLOW = "Allow: INVITE, ACK, BYE, CANCEL, UPDATE, PRACK, OPTIONS\n"


@BOTH
def test_update(pair, transport):
    calling = [request("INVITE", 1, SDP, extra=ALLOW), recv(100, True), recv(180, True), recv(200, rrs=True), request("ACK", 1),
               pause(100), request("UPDATE", 2, SDP, extra=ALLOW), recv(200)] + HANG_UP
    called = [awaits("INVITE"), reply(200, "OK", SDP, extra=ALLOW, retrans=True), awaits("ACK"), awaits("UPDATE"),
              reply_in_dialog(200, "OK", SDP, extra=ALLOW)] + TAKE_HANG_UP
    pair.run(calling, called, calls=5)


def test_reliable_ringing(pair):
    calling = [request("INVITE", 1, SDP, extra=ALLOW + "Supported: 100rel\n"), recv(100, True),
               recv(180, rrs=True, action='<action><ereg regexp="[0-9]+" search_in="hdr" header="RSeq:" assign_to="far"/></action>'),
               request("PRACK", 2, extra="RAck: [$far] 1 INVITE\n"), recv(200), recv(200, rrs=True), request("ACK", 1)] + HANG_UP
    called = [awaits("INVITE", action=KEEP_INVITE), reply(180, "Ringing", extra=ALLOW + "Require: 100rel\nRSeq: 17\n", retrans=True),
              awaits("PRACK"), reply_in_dialog(200, "OK"), pause(100), REPLY_200, awaits("ACK")] + TAKE_HANG_UP
    pair.run(calling, called, calls=5)


REPLY_200 = f"""<send retrans="500"><![CDATA[
SIP/2.0 200 OK
Via:[$via]
From:[$far]
To:[$near];tag=u[call_number]
[last_Call-ID:]
CSeq: 1 INVITE
{ALLOW}Contact: <sip:called@[local_ip]:[local_port];transport=[transport]>
Content-Type: application/sdp
Content-Length: [len]

{SDP}
]]></send>"""


@BOTH
def test_options_is_answered_here(sallyport, folder, started, transport):
    probe = started(Sipp(folder / f"options-{transport}", "calling", [request("OPTIONS", 1, uri="sip:[remote_ip]:[remote_port]", to=""), recv(200)], CALLER[transport], 5060,
                         SIPP[transport], f"{CORE}:5060", NUMBER[transport] + "00", 5))
    assert probe.wait() == 0, probe.why()


def test_no_answer_is_rerouted(pair):
    """Nobody at the first target: the next is tried when the transaction has run out (RFC3261#17.1.1.2: 32 s)."""
    calling = [request("INVITE", 1, SDP), recv(100, True), recv(180, True).replace("<recv ", '<recv timeout="40000" '),
               recv(200, rrs=True).replace("<recv ", '<recv timeout="40000" '), request("ACK", 1)] + HANG_UP
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind((SILENT, 5060))
        records = pair.run(calling, ANSWER + TAKE_HANG_UP, number="+4989400", address=SILENT, port=5070)
    assert records[0]["attempts"] == 2 and records[0]["status"] == 200
