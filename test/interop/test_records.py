# SPDX-License-Identifier: Apache-2.0
"""Each call has one record, whichever process is killed and whenever: while BYEs are under way, after the end of a call and
before its record is on disk, between its writing and its acknowledgement."""
import os
import signal
import threading
import time

import pytest

from lab.configuration import peer, system
from lab.phone import Call, Phone, connect
from lab.sipp import Sipp, awaits, pause, recv, reply, reply_in_dialog, request, SDP

CORE, BORDER = "127.60.20.1", "127.60.20.2"
A, B, LOAD_A, LOAD_B = "127.60.20.10", "127.60.20.20", "127.60.20.11", "127.60.20.21"
TARGET = (CORE, 5060)
CALLS = 30
LOAD, RATE = 400, 100


@pytest.fixture(scope="module")
def sallyport(provider, folder):
    peers = [peer("a", "core", A, ["+49301"], [f"udp:{A}:5060"]), peer("b", "peering", B, ["+49891"], [f"udp:{B}:5060"]),
             peer("load-a", "core", LOAD_A, ["+49302"], [f"udp:{LOAD_A}:5060"]),
             peer("load-b", "peering", LOAD_B, ["+49892"], [f"udp:{LOAD_B}:5060"])]
    return provider("s", system(folder / "s", CORE, BORDER, peers, pairs=256, workers=2))


@pytest.fixture
def phones(started):
    near, far = started(Phone(A)), started(Phone(B))
    done = threading.Event()

    def hang_up():  # the called side says 200 to each BYE
        while not done.is_set():
            m = far.expect(lambda m: m.status == 0 and m.method == "BYE", 0.1)
            if m:
                far.answer(m, 200, "OK")
    thread = threading.Thread(target=hang_up)
    yield near, far, thread
    done.set()
    if thread.ident:
        thread.join()


def until(holds, seconds=10):
    end = time.monotonic() + seconds
    while not holds() and time.monotonic() < end:
        time.sleep(0.05)
    return holds()


def of(sallyport, calls):
    """How many records each of CALLS has; records are told apart by the caller's Call-ID."""
    ids = [r["legs"][0]["call_id"] for r in sallyport.records()]
    return [ids.count(c.id) for c in calls]


def say_bye(calls):
    texts = {c.id: c.text("BYE") for c in calls}
    for c in calls:
        c.phone.send(texts[c.id], TARGET)
    return texts


def answered(phone, texts, seconds=10):
    """Repeats each BYE until it has its final answer: Call-ID -> status."""
    found, end = {}, time.monotonic() + seconds
    while len(found) < len(texts) and time.monotonic() < end:
        m = phone.expect(lambda m: m.status >= 200 and "BYE" in m["CSeq"], 0.5)
        if m:
            found[m["Call-ID"]] = m.status
            continue
        for call_id, text in texts.items():
            if call_id not in found:
                phone.send(text, TARGET)
    return found


def test_signaller_killed_among_byes(sallyport, phones):
    """A third of the calls has ended, and admin (stopped) has acknowledged none; a third ends in the moment of the kill; a
    third goes on. Afterwards each has exactly one record, and those that were up are up."""
    near, far, hang_up = phones
    calls = [connect(near, far, "+4989111", TARGET, media=6000 + 2 * i)[0] for i in range(3 * CALLS)]
    ended, ending, going_on = calls[:CALLS], calls[CALLS:2 * CALLS], calls[2 * CALLS:]
    hang_up.start()
    children = sallyport.children()
    os.kill(children["admin"], signal.SIGSTOP)
    try:
        assert set(answered(near, say_bye(ended)).values()) == {200}
        texts = say_bye(ending)
        sallyport.kill_child("signaller")
        assert until(lambda: sallyport.children().get("signaller") not in (None, children["signaller"]))
    finally:
        os.kill(children["admin"], signal.SIGCONT)
    statuses = answered(near, texts)
    assert len(statuses) == CALLS and set(statuses.values()) <= {200, 481}, statuses  # 481: it had ended, the 200 was lost
    assert until(lambda: sum(of(sallyport, calls)) >= 2 * CALLS)
    time.sleep(3)  # media figures may be waited for; nothing more may come
    assert of(sallyport, ended + ending) == [1] * 2 * CALLS
    assert of(sallyport, going_on) == [0] * CALLS
    assert len(sallyport.json("calls")["calls"]) == CALLS
    restored = [line for line in sallyport.log.read_text().splitlines() if "signaller.records-restored" in line]
    assert len(restored) == 1 and "damaged=0" in restored[0]
    assert int(restored[0].split("records=")[1].split()[0]) >= CALLS, restored
    assert set(answered(near, say_bye(going_on)).values()) == {200}
    assert until(lambda: of(sallyport, calls) == [1] * 3 * CALLS)
    ids = [r["id"] for r in sallyport.records()]
    assert len(ids) == len(set(ids))
    assert sallyport.json("status")["counters"]["records.lost"] == 0


def test_signaller_killed_while_media_is_silent(sallyport, phones):
    """The figures of the media do not come (the process is stopped): the record waits for them, and outlives the signaller."""
    near, far, hang_up = phones
    calls = [connect(near, far, "+4989111", TARGET, media=6000 + 2 * i)[0] for i in range(CALLS)]
    hang_up.start()
    children = sallyport.children()
    os.kill(children["media"], signal.SIGSTOP)
    try:
        assert set(answered(near, say_bye(calls)).values()) == {200}
        sallyport.kill_child("signaller")
        assert until(lambda: of(sallyport, calls) == [1] * CALLS)
    finally:
        os.kill(children["media"], signal.SIGCONT)
    time.sleep(3)
    assert of(sallyport, calls) == [1] * CALLS
    assert sallyport.json("calls")["calls"] == []


def test_the_longest_call_outlives_the_signaller(sallyport, phones):
    """Routes of 1.9 KiB on either side and long names: such a call was not kept once, and nobody was told."""
    near, far, hang_up = phones
    def routes(host):
        return "".join(f"Record-Route: <sip:{host}:5060;lr;x={'r' * 200}{i}>\r\n" for i in range(8))
    call = Call(near, "+4989111", TARGET)
    call.near = call.near.replace("<", f'"{"n" * 600}" <', 1)

    def take():
        invite = far.request("INVITE")
        leg = Call.taken(far, invite, status=0)
        far.answer(invite, 200, "OK", far.sdp(6000), leg.tag, routes(B))
    thread = threading.Thread(target=take)
    thread.start()
    final = call.transact("INVITE", near.sdp(6000), extra=routes(A))
    thread.join()
    assert final.status == 200
    call.far, call.uri = final["To"], final["Contact"].strip("<>").split(">")[0]
    near.send(call.text("ACK", cseq=final.cseq), TARGET)
    ack = far.request("ACK")
    assert ack is not None and len(ack.all("Route")) + ack["Route"].count(",") >= 8
    old = sallyport.kill_child("signaller")
    assert until(lambda: sallyport.children().get("signaller") not in (None, old))
    assert until(lambda: len(sallyport.json("calls")["calls"]) == 1)
    hang_up.start()
    assert call.bye() == 200
    assert until(lambda: of(sallyport, [call]) == [1])
    assert sallyport.json("status")["counters"]["net.impossible"] == 0


def test_admin_killed_again_and_again(sallyport, folder, started):
    """Under a load of short calls: what was written and not acknowledged comes again, and is known by the file."""
    before = len(sallyport.records())
    called = started(Sipp(folder, "called", [awaits("INVITE"), reply(200, "OK", SDP, retrans=True), awaits("ACK"),
                     awaits("BYE"), reply_in_dialog(200, "OK")], LOAD_B, calls=0))
    load = started(Sipp(folder, "calling", [request("INVITE", 1, SDP), recv(100, True), recv(200, rrs=True), request("ACK", 1),
                   pause(200), request("BYE", 2), recv(200)], LOAD_A, caller="+4930211", target=f"{CORE}:5060",
                   number="+4989211", calls=LOAD, rate=RATE))
    for _ in range(3):
        time.sleep(1)
        old = sallyport.kill_child("admin")
        assert until(lambda: sallyport.children().get("admin") not in (None, old))
    assert load.wait(30) == 0, load.why() + called.why()
    assert until(lambda: len(sallyport.records()) >= before + LOAD)
    time.sleep(1)
    ids = [r["id"] for r in sallyport.records()]
    assert len(ids) == before + LOAD
    assert len(set(ids)) == len(ids)
