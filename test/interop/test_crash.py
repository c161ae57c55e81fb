# SPDX-License-Identifier: Apache-2.0
"""kill -9 of each child under load: no confirmed call is lost, media flows on, and new calls come through again."""
import time

import pytest

from lab.configuration import peer, system
from lab.phone import Call, Phone, Rtp, connect
from lab.sipp import Sipp, awaits, pause, recv, reply, reply_in_dialog, request, SDP

CORE, BORDER = "127.60.2.1", "127.60.2.2"
A, B, LOAD_A, LOAD_B = "127.60.2.10", "127.60.2.20", "127.60.2.11", "127.60.2.21"
TARGET = (CORE, 5060)
BACK_S = 5  # a child is started again at once; back-off begins at its second death in a short time
CALLS, RATE = 100, 50


@pytest.fixture(scope="module")
def sallyport(provider, folder):
    peers = [peer("a", "core", A, ["+49301"], [f"udp:{A}:5060"]), peer("b", "peering", B, ["+49891"], [f"udp:{B}:5060"]),
             peer("load-a", "core", LOAD_A, ["+49302"], [f"udp:{LOAD_A}:5060"]),
             peer("load-b", "peering", LOAD_B, ["+49892"], [f"udp:{LOAD_B}:5060"])]
    return provider("s", system(folder / "s", CORE, BORDER, peers, pairs=256, workers=2))


@pytest.fixture
def phones(started):
    return started(Phone(A)), started(Phone(B))


@pytest.fixture
def rtp():
    ports = Rtp(A), Rtp(B)
    yield ports
    for p in ports:
        p.close()


def back(sallyport, role, old):
    until = time.monotonic() + BACK_S
    while time.monotonic() < until:
        if sallyport.children().get(role) not in (None, old):
            return True
        time.sleep(0.02)
    return False


def flows(rtp, near, far, count=20):
    """Both ways, after what is under way has passed."""
    for port in rtp:
        port.received(0.05)
    rtp[0].send(near.far_media, count, 0.005)
    rtp[1].send(far.far_media, count, 0.005)
    return len(rtp[1].received()), len(rtp[0].received())


@pytest.mark.parametrize("role", ["signaller", "media", "signer", "directory", "resolver", "admin"])
def test_kill(sallyport, phones, rtp, folder, started, role):
    near, far = connect(*phones, "+4989111", TARGET)
    assert flows(rtp, near, far) == (20, 20), "before"
    called = started(Sipp(folder / role, "called", [awaits("INVITE"), reply(200, "OK", SDP, retrans=True), awaits("ACK"),
                     awaits("BYE"), reply_in_dialog(200, "OK")], LOAD_B, calls=0))
    load = started(Sipp(folder / role, "calling", [request("INVITE", 1, SDP), recv(100, True), recv(200, rrs=True), request("ACK", 1),
                   pause(4000), request("BYE", 2), recv(200)], LOAD_A, caller="+4930211", target=f"{CORE}:5060", number="+4989211", calls=CALLS, rate=RATE))
    time.sleep(CALLS / RATE + 0.7)  # all of them are confirmed, none has ended
    up = len(sallyport.json("calls")["calls"])
    old = sallyport.kill_child(role)
    assert back(sallyport, role, old), "started again"
    time.sleep(0.3)
    assert flows(rtp, near, far) == (20, 20), "media goes on"
    if role == "signaller":
        restored = [line for line in sallyport.log.read_text().splitlines() if "signaller.restored" in line]
        assert f"calls={up} damaged=0" in restored[-1], restored
    assert load.wait(30) == 0, load.why() + called.why()
    assert up == CALLS + 1
    assert near.bye() == 200
    again, _ = connect(*phones, "+4989111", TARGET, media=6002)
    assert again.bye() == 200, "new calls come through"
    until = time.monotonic() + 5
    while sallyport.json("calls")["calls"] and time.monotonic() < until:
        bye = phones[1].request("BYE", 0.2)
        if bye:
            phones[1].answer(bye, 200, "OK")
    assert sallyport.json("calls")["calls"] == []


def test_records_of_all(sallyport):
    """Six times the load and two calls by hand: each has its record, whichever child was killed."""
    until = time.monotonic() + 5
    wanted = 6 * (CALLS + 2)
    while len(sallyport.records()) < wanted and time.monotonic() < until:
        time.sleep(0.2)
    ids = [r["id"] for r in sallyport.records()]
    assert len(ids) == len(set(ids)) == wanted  # and none twice
