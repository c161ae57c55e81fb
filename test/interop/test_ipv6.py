# SPDX-License-Identifier: Apache-2.0
"""IPv6 from end to end (RFC 5118, RFC 4291): SIPp on both sides over UDP and TCP, and a call of our own phones with media through
both anchored sides, also where one side is IPv4."""
import os
import subprocess
import time

import pytest

from lab.configuration import peer, system
from lab.phone import Phone, Rtp, connect
from lab.sipp import (REMEMBER, SDP, Sipp, awaits, back_request, pause, recv, reply, reply_in_dialog, request)

CORE, BORDER = "fd60::1", "fd60::2"
CALLER = {"udp": "fd60::10", "tcp": "fd60::11"}
CALLED = {"udp": "fd60::20", "tcp": "fd60::21"}
OLD, OLD_CORE = "127.60.12.10", "127.60.12.1"  # a caller on IPv4, and the listener that it knows
NUMBER = {"udp": "+49891", "tcp": "+49892"}
SIPP = {"udp": "u1", "tcp": "t1"}

pytestmark = pytest.mark.skipif(os.environ.get("LAB_NAMESPACE") != "1", reason="needs root and a network namespace of its own")


@pytest.fixture(scope="module")
def sallyport(provider, folder):
    for a in (CORE, BORDER, *CALLER.values(), *CALLED.values()):
        subprocess.run(["ip", "-6", "addr", "add", f"{a}/128", "dev", "lo", "nodad"], check=True, timeout=10)
    peers = []
    for t in ("udp", "tcp"):
        peers.append(peer(f"caller-{t}", "core", CALLER[t], ["+4930" if t == "udp" else "+49301"], [f"{t}:[{CALLER[t]}]:5060"]))
        peers.append(peer(f"called-{t}", "peering", CALLED[t], [NUMBER[t]], [f"{t}:[{CALLED[t]}]:5060"]))
    peers.append(peer("old", "core", OLD, ["+49302"], [f"udp:{OLD}:5060"]))
    text = system(folder / "s", CORE, BORDER, peers, pairs=64, listen=[
        {"name": "core", "zone": "core", "sip": [f"udp:[{CORE}]:5060", f"tcp:[{CORE}]:5060"], "media": f"[{CORE}]:20000-20127"},
        {"name": "core-old", "zone": "core", "sip": [f"udp:{OLD_CORE}:5060"], "media": f"{OLD_CORE}:21000-21127"},
        {"name": "peering", "zone": "peering", "sip": [f"udp:[{BORDER}]:5060", f"tcp:[{BORDER}]:5060"], "media": f"[{BORDER}]:25000-25127"}])
    return provider("s", text)


@pytest.mark.parametrize("transport", ["udp", "tcp"])
@pytest.mark.parametrize("hangs_up", ["caller", "called"])
def test_call(sallyport, folder, started, transport, hangs_up):
    t, before, here = transport, len(sallyport.records()), folder / f"{transport}-{hangs_up}"
    calling = [request("INVITE", 1, SDP), recv(100, True), recv(180, True), recv(200, rrs=True), request("ACK", 1)]
    called = [awaits("INVITE", rrs=True, action=REMEMBER), reply(180, "Ringing"), reply(200, "OK", SDP, retrans=True), awaits("ACK")]
    if hangs_up == "caller":
        calling, called = calling + [pause(200), request("BYE", 9), recv(200)], called + [awaits("BYE"), reply_in_dialog(200, "OK")]
    else:
        calling, called = calling + [awaits("BYE"), reply_in_dialog(200, "OK")], called + [pause(200), back_request("BYE", 1), recv(200)]
    far = started(Sipp(here, "called", called, CALLED[t], 5060, SIPP[t], calls=10))
    near = started(Sipp(here, "calling", calling, CALLER[t], 5060, SIPP[t], f"[{CORE}]:5060", NUMBER[t] + "00", 10, 20))
    assert near.wait() == 0, near.why() + far.why()
    assert far.wait(10) == 0, far.why()
    until = time.monotonic() + 8
    while len(sallyport.records()) < before + 10 and time.monotonic() < until:
        time.sleep(0.1)
    records = sallyport.records()[before:]
    assert [(r["status"], r["released_by"]) for r in records] == [(200, hangs_up)] * 10, records
    for r in records:
        assert [leg["peer"] for leg in r["legs"]] == [f"caller-{t}", f"called-{t}"], r


@pytest.mark.parametrize("caller, core, number", [(CALLER["udp"], CORE, "+4930111"), (OLD, OLD_CORE, "+49302111")])
def test_media(sallyport, started, caller, core, number):
    """Both ways through both sides; a packet from elsewhere is not let through. The caller may be on IPv4."""
    near, far = started(Phone(caller)), started(Phone(CALLED["udp"]))
    one, other = connect(near, far, NUMBER["udp"] + "00", (core, 5060), own=number)
    assert one.far_media[0] == core and other.far_media[0] == BORDER
    assert other.invite["Via"].startswith(f"SIP/2.0/UDP [{BORDER}]:5060;"), other.invite["Via"]
    assert f"@[{BORDER}]:5060" in other.invite["Contact"] and "IN IP6" in other.invite.body
    rtp, back, stranger = Rtp(caller), Rtp(CALLED["udp"], ssrc=0x5678), Rtp(CALLED["tcp"], ssrc=0x9abc)
    try:
        rtp.send(one.far_media, 20, 0.005)
        back.send(other.far_media, 20, 0.005)
        stranger.send(other.far_media, 20, 0.001)
        assert [s[:2] for s, _ in back.received()] == [other.far_media] * 20
        got = rtp.received()
        assert [s[:2] for s, _ in got] == [one.far_media] * 20
        assert {packet[8:12] for _, packet in got} == {bytes.fromhex("00005678")}, "nothing of the stranger's"
    finally:
        for r in (rtp, back, stranger):
            r.close()
    assert one.bye() == 200
    bye = far.request("BYE")
    far.answer(bye, 200, "OK")
