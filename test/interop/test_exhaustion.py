# SPDX-License-Identifier: Apache-2.0
"""Descriptors and disks that run out while calls are up: what cannot be had is counted or said, nobody spins, calls go on, and all
is well by itself when there is room again."""
import json
import os
import socket
import threading
import time
from pathlib import Path

import pytest

from lab import leaks, pcapng, process
from lab.configuration import changed, peer, system
from lab.disk import empty, fill
from lab.phone import Call, Phone, connect
from lab.provider import Provider, assert_sound

CORE, BORDER, A, B, T = (f"127.60.22.{n}" for n in (1, 2, 10, 20, 30))
TARGET = (CORE, 5060)
BUSY = 0.2  # [CPU s/s] nobody who waits for descriptors may come near

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


@pytest.fixture
def own(binary, folder, capture, request):
    made = []

    def make(**more):
        name = request.node.name[:40]
        peers = [peer("a", "core", A, ["+49301"], [f"udp:{A}:5060"]), peer("b", "peering", B, ["+49891"], [f"udp:{B}:5060"]),
                 peer("t", "peering", T, ["+49401"], [f"tcp:{T}:5060"])]
        text = system(folder / name, CORE, BORDER, peers, workers=1, **more)
        capture.permit(text)
        p = Provider(folder / name, binary, text)
        made.append(p)
        p.start()
        p.at_start = leaks.measure(p)
        return p
    yield make
    try:
        for p in made:
            leaks.assert_no_growth(p, p.at_start)
    finally:
        for p in made:
            p.stop()
    for p in made:
        assert_sound(p)


@pytest.fixture
def phones(started):
    return started(Phone(A)), started(Phone(B))


def until(holds, seconds=5):
    end = time.monotonic() + seconds
    while not holds() and time.monotonic() < end:
        time.sleep(0.05)
    return holds()


def counters(p):
    return p.json("status")["counters"]


def call_works(phones):
    near, _ = connect(*phones, "+4989111", TARGET)
    bye = threading.Thread(target=lambda: phones[1].answer(phones[1].request("BYE"), 200, "OK"))
    bye.start()
    status = near.bye()
    bye.join()
    return status == 200


def options(me, transport, n, host=BORDER):
    return (f"OPTIONS sip:{host} SIP/2.0\r\nVia: SIP/2.0/{transport} {me}:5060;branch=z9hG4bKx{n}\r\nMax-Forwards: 70\r\n"
            f"From: <sip:{me}>;tag=1\r\nTo: <sip:{host}>\r\nCall-ID: {n}@{me}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n").encode()


def test_all_connections_taken(own, phones):
    """`limits.connections`: the next one is closed and counted, those that are there stay, UDP goes on."""
    p = own(limits={"calls": 100, "sessions": 100, "connections": 3, "connections_per_source": 3})
    held = [socket.create_connection((BORDER, 5060), timeout=5, source_address=(T, 0)) for _ in range(2)]
    held.append(socket.create_connection((CORE, 5060), timeout=5, source_address=(A, 0)))
    for i, s in enumerate(held):
        s.sendall(options(T, "TCP", i) if i < 2 else options(A, "TCP", i, CORE))
        assert s.recv(4096).startswith(b"SIP/2.0 200 ")
    with socket.create_connection((CORE, 5060), timeout=5, source_address=(A, 0)) as s:
        assert s.recv(1) == b""
    assert until(lambda: counters(p)["net.stream_refused_total"] == 1)
    assert call_works(phones)
    held[0].sendall(options(T, "TCP", 9))
    assert held[0].recv(4096).startswith(b"SIP/2.0 200 ")
    for s in held:
        s.close()


def test_accept_without_descriptors(own, phones):
    """Connections wait in the backlog, asked for again ten times a second; UDP calls go on; then they are served."""
    p = own()
    pid = p.children()["signaller"]
    before = counters(p)
    with process.no_more_descriptors(pid):
        waiting = [socket.create_connection((BORDER, 5060), timeout=5, source_address=(T, 0)) for _ in range(3)]
        for i, s in enumerate(waiting):
            s.sendall(options(T, "TCP", i))
        assert until(lambda: counters(p).get("net.stream_accept_error", 0) > before["net.stream_accept_error"])
        cpu, start, errors = process.cpu_seconds(pid), time.monotonic(), counters(p)["net.stream_accept_error"]
        assert call_works(phones)
        time.sleep(1)
        spent = time.monotonic() - start
        assert process.cpu_seconds(pid) - cpu < BUSY * spent
        assert 1 <= counters(p)["net.stream_accept_error"] - errors <= 12 * spent, "it pauses"
        assert changed(before, counters(p)).get("net.stream_accepted") is None
    for s in waiting:
        assert s.recv(4096).startswith(b"SIP/2.0 200 "), "served when there is room"
        s.close()


def test_dial_without_descriptors(own, phones):
    """The monitor has none for a connection: the call fails by name and counter; the next one goes through."""
    p = own()
    before = counters(p)
    with socket.create_server((T, 5060)) as far:
        far.settimeout(5)
        with process.no_more_descriptors(p.process.pid):
            assert Call(phones[0], "+49401111", TARGET).dial(10).status == 503
            now = changed(before, counters(p))
            assert now["net.stream_dial_failed"] == 1 and now.get("net.impossible") is None, now
            assert call_works(phones), "by UDP"
        call = Call(phones[0], "+49401111", TARGET)
        dial = threading.Thread(target=lambda: call.dial(10))
        dial.start()
        stream, _ = far.accept()
        with stream:
            stream.settimeout(5)
            assert stream.recv(65536).startswith(b"INVITE sip:+49401111@")
        dial.join()
    assert "child-died" not in p.log.read_text()


def test_child_without_descriptors_for_it(own, phones):
    """A child dies while the monitor has no descriptor for the new one: it is started when there are some."""
    p = own()
    with process.no_more_descriptors(p.process.pid):
        old = p.kill_child("directory")
        time.sleep(0.5)
        assert call_works(phones)
    assert until(lambda: p.children().get("directory") not in (None, old), 12)
    assert until(lambda: json.loads(p.command("lookup", "+4989111", "--from", "a", "--json", check=False)[1] or "{}").get("peer") == "b"
                 if p.command("lookup", "+4989111", "--from", "a", check=False)[0] == 0 else False)


def test_admin_without_descriptors(own, phones):
    """Nobody can ask; calls have their records; admin does not spin, and answers again."""
    p = own(metrics="127.0.0.1:9465")
    pid = p.children()["admin"]
    with process.no_more_descriptors(pid):
        waiting = [socket.socket(socket.AF_UNIX) for _ in range(2)] + [socket.socket()]
        for s in waiting[:2]:
            s.connect(str(p.socket))
        waiting[2].connect(("127.0.0.1", 9465))
        for s in waiting:
            s.settimeout(5)
            s.sendall(b"GET /version HTTP/1.1\r\nHost: x\r\n\r\n")
        time.sleep(0.2)
        cpu, start = process.cpu_seconds(pid), time.monotonic()
        assert call_works(phones)
        time.sleep(1)
        assert process.cpu_seconds(pid) - cpu < BUSY * (time.monotonic() - start)
    assert waiting[0].recv(4096).startswith(b"HTTP/1.1 200"), "served when there is room"
    assert waiting[2].recv(4096).startswith(b"HTTP/1.1 404")
    for s in waiting:
        s.close()
    assert until(lambda: len(p.records()) == 1)
    assert 1 <= p.json("status")["admin"]["accept_errors"] < 100
    assert "Too many open files" not in p.log.read_text()


def test_journal_on_a_full_disk(own, phones, disks):
    """What was done stands in the log and is counted as lost; a trace is refused, because nobody listens in unseen."""
    disk = disks.mount("10m")
    p = own(records={"path": str(disk / "records.jsonl")})
    near, _ = connect(*phones, "+4989111", TARGET)
    assert until(lambda: (disk / "records.jsonl.spill").stat().st_size == 8 << 20), "taken at the start"
    fill(disk)
    acts = 0
    while p.json("status")["admin"]["journal_lost"] == 0 and acts < 50:  # some may still fit into a last block
        assert p.command("peer", "block", "t")[0] == 0, "an operator can act"
        acts += 1
    assert p.json("status")["admin"]["journal_lost"] == 1
    status, said = p.command("trace", "--peer", "a", check=False)
    assert status == 1 and "the journal takes no entry, so nothing is traced" in said
    assert not list((p.folder / "trace").glob("*.pcapng")) if (p.folder / "trace").exists() else True
    assert p.json("status")["admin"]["journal_lost"] == 2  # the block, and the trace that was refused for it
    log = p.log.read_text()
    assert "admin.journal-lost" in log and "event=admin.action" in log and "action=peer-block" in log
    empty(disk)
    p.command("peer", "unblock", "t")
    lines = [json.loads(line)["action"] for line in (disk / "audit.jsonl").read_text().splitlines()]
    assert lines == ["peer-block"] * (acts - 1) + ["peer-unblock"], "whole lines only"
    assert p.command("trace", "--peer", "a")[0] == 0
    p.command("trace", "--off")
    assert near.bye() == 200 and phones[1].request("BYE")


def test_trace_on_a_full_disk(own, phones, disks):
    """It ends and says why in the journal; what was written is whole; calls and records do not notice."""
    disk = disks.mount("1m")
    p = own(trace={"path": str(disk)})
    path = Path(json.loads(p.command("trace", "--peer", "a", "--json")[1])["file"])
    assert call_works(phones)
    time.sleep(0.2)
    whole = path.stat().st_size
    fill(disk)
    for _ in range(12):  # the last block of the file has room for a few messages
        assert call_works(phones)
    ended = lambda: [o["outcome"] for o in map(json.loads, (p.folder / "records" / "audit.jsonl").read_text().splitlines())
                     if o["action"] == "trace-end"]
    assert until(lambda: len(ended()) == 1), ended()
    assert ended()[0].startswith("the disk takes no more: ")
    octets = path.read_bytes()
    assert len(octets) >= whole and len(pcapng.read(octets, cut=True)) >= 5
    empty(disk)
    again = Path(json.loads(p.command("trace", "--peer", "a", "--json")[1])["file"])
    assert call_works(phones)
    p.command("trace", "--off")
    assert len(pcapng.read(again.read_bytes())) >= 5
    assert until(lambda: len(p.records()) == 14)
