# SPDX-License-Identifier: Apache-2.0
"""What runs out or breaks: media ports, descriptors, disk, configuration, the wall clock. Each has a name, nothing is lost, and all
is well again by itself when the cause is gone. `doc/faults.md` tells operators the same."""
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import time
from pathlib import Path

import pytest

from lab.configuration import peer, system
from lab.disk import empty, fill
from lab.phone import Call, Phone, Rtp, connect
from lab.provider import Provider, assert_sound

CORE, BORDER, A, B, C, D = (f"127.60.6.{n}" for n in (1, 2, 10, 20, 30, 40))
TARGET = (CORE, 5060)


def peers(*more):
    return [peer("a", "core", A, ["+4930"], [f"udp:{A}:5060"]), peer("b", "peering", B, ["+4989"], [f"udp:{B}:5060"]), *more]


@pytest.fixture
def own(binary, folder, capture, request):
    """One Sallyport of the test's own, ended with it."""
    made = []

    def make(start=True, wrapper=(), environment=None, **more):
        name = request.node.name[:40]
        text = system(folder / name, CORE, BORDER, more.pop("peers", peers()), **more)
        capture.permit(text)
        made.append(Provider(folder / name, binary, text, wrapper=wrapper, environment=environment))
        return made[-1].start() if start else made[-1]
    yield make
    for p in made:
        p.stop()
        assert_sound(p)


@pytest.fixture
def phones(started):
    return started(Phone(A)), started(Phone(B))


def until(what, timeout=8):
    end = time.monotonic() + timeout
    while not (value := what()) and time.monotonic() < end:
        time.sleep(0.1)
    return value


def refused(phones, number="+4989111"):
    """Status of a call that nobody takes."""
    return Call(phones[0], number, TARGET, media=6100).dial(5).status


def test_media_ports_run_out(own, phones):
    """As many calls as port pairs; the next is refused with 503; when one ends its ports serve again after the quarantine."""
    own(pairs=3, workers=1)  # each worker has its own share of the ports
    calls = [connect(*phones, "+4989111", TARGET, media=6000 + 2 * i) for i in range(3)]
    assert refused(phones) == 503
    assert calls[0][0].bye() == 200
    assert until(lambda: phones[1].request("BYE", 1))
    time.sleep(1.5)  # quarantine is 1 s here
    again = connect(*phones, "+4989111", TARGET, media=6050)
    for near, _ in calls[1:] + [again]:
        assert near.bye() == 200


def test_one_peer_cannot_take_the_tables(own, phones, started):
    """A peer asks more than there is room for, of somebody who never answers; a call between the others goes up and down."""
    greedy, silent = started(Phone(C)), started(Phone(D))
    more = [peer("greedy", "core", C, ["+4940"], [f"udp:{C}:5060"]), peer("silent", "peering", D, ["+4941"], [f"udp:{D}:5060"])]
    limits = {"calls": 2000, "transactions": 200, "sessions": 1000, "connections": 64, "connections_per_source": 16}
    p = own(peers=peers(*more), workers=1, limits=limits)
    for n in range(400):
        greedy.send(f"MESSAGE sip:+4941{n}@{CORE} SIP/2.0\r\nVia: SIP/2.0/UDP {C}:5060;branch=z9hG4bKg{n}\r\nMax-Forwards: 70\r\n"
                    f"From: <sip:+49401@{C}>;tag=g\r\nTo: <sip:+4941{n}@{CORE}>\r\nCall-ID: greedy{n}\r\nCSeq: 1 MESSAGE\r\n"
                    "Content-Length: 0\r\n\r\n", TARGET)
    assert until(lambda: sum(v for k, v in p.json("status")["counters"].items() if k.endswith(".share.refused")))
    assert silent.request("MESSAGE", 3)
    near, _ = connect(*phones, "+4989111", TARGET)
    assert near.bye() == 200


def fails_to_start(p):
    with pytest.raises(RuntimeError) as e:
        p.start(10)
    assert p.process.wait(5) == 1
    return str(e.value)


def test_descriptors_run_out(own):
    """The range needs more descriptors than the process may have: it says how many, and what to do."""
    wrapper = ["prlimit", "--nofile=300:300"] + (["setpriv", "--bounding-set", "-sys_resource"] if os.geteuid() == 0 else [])
    said = fails_to_start(own(False, wrapper, pairs=200))
    assert "descriptors are needed" in said and "LimitNOFILE" in said, said


def test_media_port_is_taken(own):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind((CORE, 20003))
        said = fails_to_start(own(False, pairs=4))
    assert f"{CORE}:20003" in said and "Address already in use" in said, said


def test_signalling_port_is_taken(own):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind((CORE, 5060))
        said = fails_to_start(own(False))
    assert f"{CORE}:5060" in said and "Address already in use" in said, said


@pytest.mark.parametrize("what", ["tls key of another certificate", "key is missing", "configuration is missing", "unknown option"])
def test_start_with_a_broken_file(own, what):
    """Exit status 1 and a message that names the place."""
    p = own(False)
    if what == "configuration is missing":
        p.config.unlink()
        assert "cannot be read" in fails_to_start(p)
    elif what == "unknown option":
        p.config.write_text(p.config.read_text().replace('"quarantine"', '"quarantaine"'))
        assert f"{p.config.name}:" in fails_to_start(p)
    else:
        from lab.pki import Authority
        a = Authority(p.folder / "ca", "x")
        (pem, key), (_, other) = a.issue("one", "DNS:sbe.example"), a.issue("two", "DNS:sbe.example")
        if what == "key is missing":
            key.unlink()
        text = json.loads(p.config.read_text())
        text["listen"][1]["sip"] = [f"tls:{BORDER}:5061"]
        text["peers"] = text["peers"][:1]
        text["tls"] = {"certificate": str(pem), "key": str(other if "another" in what else key)}
        p.config.write_text(json.dumps(text))
        said = fails_to_start(p)
        assert "key" in said.lower(), said


def records_of(path):
    return [json.loads(line) for line in (path / "records.jsonl").read_text().splitlines() if line]


def state(p):
    return p.json("status")["records"]["state"]


def test_disk_full_spills(own, phones, disks):
    """There is a spill file from the start: calls go on, and no record is lost when there is room again."""
    disk = disks.mount("10m")
    p = own(records={"path": str(disk / "records.jsonl")})
    calls = 0
    while state(p) != "spilling" and calls < 12:  # a record may still fit into the last block of the file
        if calls == 1:
            fill(disk)
        near, _ = connect(*phones, "+4989111", TARGET, media=6000 + 2 * calls)
        assert near.bye() == 200 and phones[1].request("BYE")
        calls += 1
        time.sleep(0.4)
    assert state(p) == "spilling", p.json("status")["records"]
    assert "records.cannot-write" in p.log.read_text()
    empty(disk)
    assert until(lambda: state(p) == "writing" and len(records_of(disk)) == calls), (p.json("status")["records"], records_of(disk))


def test_disk_full_refuses_new_calls(own, phones, disks):
    """No spill file either: new calls are refused, the one that is up ends in order and has its record."""
    disk = disks.mount("1m")
    (disk / "records.jsonl.spill").mkdir()  # in the way
    p = own(records={"path": str(disk / "records.jsonl")})
    near, far = connect(*phones, "+4989111", TARGET)
    fill(disk)
    assert near.bye() == 200 and phones[1].request("BYE")
    assert until(lambda: state(p) == "full"), p.json("status")["records"]
    assert refused(phones) == 503
    assert "records.full" in p.log.read_text()
    empty(disk)
    assert until(lambda: state(p) == "writing"), p.json("status")["records"]
    near, _ = connect(*phones, "+4989111", TARGET, media=6002)
    assert near.bye() == 200
    assert until(lambda: len(records_of(disk)) == 2), records_of(disk)


def test_spill_file_leaves_room(own, phones, disks):
    """The disk is smaller than the spill file: records are written all the same."""
    disk = disks.mount("1m")
    p = own(records={"path": str(disk / "records.jsonl")})
    near, _ = connect(*phones, "+4989111", TARGET)
    assert near.bye() == 200
    assert until(lambda: state(p) == "writing" and len(records_of(disk)) == 1, 3), p.json("status")["records"]


def test_disk_full_may_drop(own, phones, disks):
    disk = disks.mount("1m")
    (disk / "records.jsonl.spill").mkdir()
    p = own(records={"path": str(disk / "records.jsonl"), "when_full": "drop"})
    fill(disk)
    for i in range(5):
        near, _ = connect(*phones, "+4989111", TARGET, media=6000 + 2 * i)
        assert near.bye() == 200 and phones[1].request("BYE")
        time.sleep(0.3)
    assert until(lambda: p.json("status")["records"]["dropped"] >= 1), p.json("status")["records"]


def flows(near, far, a, b):
    a.send(near.far_media, 10, 0.005)
    b.send(far.far_media, 10, 0.005)
    return len(b.received()), len(a.received())


@pytest.fixture
def rtp():
    ports = Rtp(A), Rtp(B)
    yield ports
    for port in ports:
        port.close()


def test_reload(own, phones, rtp, started, capture):
    """Broken file: the old configuration stays and the error has line and column. Good file: new peers; a call lives through both."""
    p = own()
    good = p.config.read_text()
    near, far = connect(*phones, "+4989111", TARGET)
    generation = p.json("status")["generation"]
    for broken in (good[:len(good) // 2], good.replace('"+4989"', '"4989"'), "\0\xff", "", good.replace('"quarantine"', '"other"')):
        p.config.write_text(broken)
        status, said = p.command("reload", check=False)
        assert status != 0 and said.strip(), (broken[:80], said)
        os.kill(p.process.pid, signal.SIGHUP)
        time.sleep(0.2)
        assert p.json("status")["generation"] == generation, said
        assert flows(near, far, *rtp) == (10, 10)
    p.config.write_text(system(p.folder, CORE, BORDER, peers(peer("c", "peering", C, ["+4940"], [f"udp:{C}:5060"]))))
    capture.permit(p.config.read_text())
    third = started(Phone(C))
    assert refused((phones[0], third), "+4940111") == 404, "not yet"
    p.command("reload")
    assert until(lambda: p.json("status")["generation"] > generation)
    assert flows(near, far, *rtp) == (10, 10)
    other, _ = connect(phones[0], third, "+4940111", TARGET, media=6002)
    assert other.bye() == 200 and near.bye() == 200
    assert until(lambda: len(p.records()) >= 2)


def test_peer_removed_by_reload(own, phones, rtp):
    """Its call goes on until its end; a new one does not come in."""
    p = own()
    near, far = connect(*phones, "+4989111", TARGET)
    p.config.write_text(system(p.folder, CORE, BORDER, peers()[:1]))
    p.command("reload")
    assert until(lambda: p.json("status")["generation"] > 1)
    assert flows(near, far, *rtp) == (10, 10)
    assert refused(phones) == 404
    assert {q["name"]: q["service"] for q in p.json("peers")["peers"]}["b"] == "removed"
    assert near.bye() == 200


@pytest.fixture
def clock(folder):
    """Moves the wall clock of a Sallyport, while it runs."""
    library, path = folder / "clock.so", folder / "clock"
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", str(library), str(Path(__file__).with_name("clock.c")), "-ldl"], check=True)
    path.write_bytes(bytes(8))
    path.chmod(0o644)

    def move(seconds):
        with open(path, "r+b") as f:
            f.write(struct.pack("=q", seconds))
    move.environment = {"LD_PRELOAD": str(library), "LAB_CLOCK": str(path)}
    return move


@pytest.mark.parametrize("seconds", [-3600, -86400 * 400, 3600])
def test_wall_clock_is_set(own, phones, rtp, clock, seconds):
    """Calls, media and timers go on by the monotonic clock; durations are right; new calls come through."""
    p = own(environment=clock.environment)
    clock(0)
    near, far = connect(*phones, "+4989111", TARGET)
    clock(seconds)
    assert flows(near, far, *rtp) == (10, 10)
    shown = p.json("status")["time"]
    ours = time.strftime("%Y-%m-%dT%H", time.gmtime(time.time() + seconds))
    assert shown.startswith(ours[:10]), "the shift is real"
    second, _ = connect(*phones, "+4989111", TARGET, media=6002)
    time.sleep(1)
    assert near.bye() == 200 and second.bye() == 200
    assert until(lambda: len(p.records()) == 2)
    for r in p.records():
        assert 900 <= r["duration_ms"] < 6000, r
    assert not [line for line in p.log.read_text().splitlines() if "child-died" in line]


def test_status_names_what_is_away(own, phones):
    """A child that is stopped: status still answers, and says who does not."""
    p = own()
    pid = p.children()["signaller"]
    os.kill(pid, signal.SIGSTOP)
    try:
        text = json.loads(p.command("status", "--json", check=False)[1])
        assert text["missing"], text
    finally:
        os.kill(pid, signal.SIGCONT)
    assert shutil.which("sipp")
