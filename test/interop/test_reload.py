# SPDX-License-Identifier: Apache-2.0
"""A reload is all or nothing, and every option that takes effect at reload does: keys and certificates, deadlines and
caps of connections, the quarantine of ports. Calls live through all of it."""
import json
import os
import re
import signal
import socket
import time

import pytest

from lab import tls
from lab.configuration import peer, system, tls_peer
from lab.phone import Phone, connect
from lab.pki import Authority

CORE, BORDER, A, B, T, A2, B2 = (f"127.60.9.{n}" for n in (1, 2, 10, 20, 30, 11, 21))
TARGET = (CORE, 5060)


@pytest.fixture(scope="module")
def pki(folder):
    ours, theirs = Authority(folder / "ca", "ours"), Authority(folder / "ca", "theirs")
    return {"ours": ours, "theirs": theirs, "t": theirs.issue("t", "DNS:t.example"),
            "sbe": ours.issue("sbe", "DNS:sbe.example"), "next": ours.issue("next", "DNS:sbe.example")}


@pytest.fixture(scope="module")
def sallyport(provider, folder, pki):
    peers = [peer("a", "core", A, ["+4930"], [f"udp:{A}:5060"]), peer("b", "peering", B, ["+49891"], [f"udp:{B}:5060"]),
             peer("a2", "core", A2, ["+4931"], [f"udp:{A2}:5060"]), peer("b2", "peering", B2, ["+49893"], [f"udp:{B2}:5060"]),
             tls_peer("t", "peering", T, ["+49892"], "t.example", pki["theirs"].certificate)]
    pair = folder / "s.pem", folder / "s.key"
    install(pki["sbe"], pair)
    return provider("s", system(folder / "s", CORE, BORDER, peers, transports=("udp", "tcp", "tls"), tls=pair, pairs=12, workers=2,
                                token_rotation=10))


def install(pair, files):
    for source, to in zip(pair, files):
        fresh = to.with_suffix(".fresh")
        fresh.write_bytes(source.read_bytes())
        fresh.replace(to)


@pytest.fixture(scope="module", autouse=True)
def long_call(sallyport):
    """(phones, both legs) of a call that is up as long as the module."""
    phones = Phone(A2).start(), Phone(B2).start()
    yield phones, *connect(*phones, "+49893111", TARGET, own="+4931111")
    for phone in phones:
        phone.stop()


@pytest.fixture
def call(started):
    """A call across the border that must outlive the test."""
    phones = started(Phone(A)), started(Phone(B))
    near, far = connect(*phones, "+4989111", TARGET)
    yield near
    assert near.bye() == 200, "the call is alive"
    assert phones[1].request("BYE") is not None


def until(what, timeout=8):
    end = time.monotonic() + timeout
    while not (value := what()) and time.monotonic() < end:
        time.sleep(0.05)
    return value


def ask(pki):
    return tls.ask(BORDER, T, pki["t"], pki["ours"].certificate)


def reload(p, change=None):
    """Change the configuration and read it again: (status, what was said)."""
    if change:
        c = json.loads(p.config.read_text())
        change(c)
        p.config.write_text(json.dumps(c, indent=1))
    return p.command("reload", check=False)


def generation(p):
    return p.json("status")["generation"]


def process(p, name):
    return next(row for row in p.json("status")["processes"] if row["name"] == name)


def seen(pair):
    return pair[0].read_text().strip()


@pytest.mark.parametrize("what", ["missing", "of another certificate", "no key at all"])
def test_broken_key(sallyport, folder, pki, call, what):
    """Refused by name before anything is given up: the same signer, the same certificate, the same generation."""
    before, signer = generation(sallyport), sallyport.children()["signer"]
    key = folder / "s.key"
    if what == "missing":
        key.unlink()
    else:
        key.write_bytes(pki["next"][1].read_bytes() if "another" in what else b"-----BEGIN NOTHING-----\n")
    status, said = reload(sallyport)
    assert status != 0 and "tls.key" in said and str(key) in said and "the old configuration stays" in said, said
    assert generation(sallyport) == before and sallyport.children()["signer"] == signer
    line, certificate = ask(pki)
    assert line == "SIP/2.0 200 OK" and certificate.strip() == seen(pki["sbe"])
    install(pki["sbe"], (folder / "s.pem", key))
    assert reload(sallyport)[0] == 0
    assert "child-died" not in sallyport.log.read_text()


def test_new_key(sallyport, folder, pki, call):
    signer = sallyport.children()["signer"]
    assert reload(sallyport)[0] == 0
    signer = sallyport.children()["signer"]
    assert reload(sallyport)[0] == 0
    assert sallyport.children()["signer"] == signer, "nothing has changed: the signer stays"
    install(pki["next"], (folder / "s.pem", folder / "s.key"))
    status, said = reload(sallyport)
    assert status == 0, said
    assert ask(pki) == ("SIP/2.0 200 OK", pki["next"][0].read_text()), "at once, when the reload has answered"
    assert sallyport.children()["signer"] != signer
    assert re.search(r"process=signer event=signer.journal signed=[1-9]\d* refused=0 limited=0", sallyport.log.read_text()), \
        "the one that went has written what it did"
    assert "child-died" not in sallyport.log.read_text()
    assert until(lambda: process(sallyport, "signer")["signed"] >= 1)
    install(pki["sbe"], (folder / "s.pem", folder / "s.key"))
    assert reload(sallyport)[0] == 0 and ask(pki)[1].strip() == seen(pki["sbe"])


def test_broken_key_right_after_a_new_one(sallyport, folder, pki):
    """The first is in force and its signer serves, whether or not it had its place already when the second came."""
    reloaded = sallyport.log.read_text().count("result=reloaded")
    install(pki["next"], (folder / "s.pem", folder / "s.key"))
    os.kill(sallyport.process.pid, signal.SIGHUP)
    assert until(lambda: sallyport.log.read_text().count("result=reloaded") > reloaded)
    (folder / "s.key").write_bytes(b"nothing")
    assert reload(sallyport)[0] != 0
    assert ask(pki) == ("SIP/2.0 200 OK", pki["next"][0].read_text())
    install(pki["sbe"], (folder / "s.pem", folder / "s.key"))
    assert reload(sallyport)[0] == 0


def test_handshakes_during_reloads(sallyport, folder, pki):
    """Ten changes of the key, and between them a peer that dials all the time: none of its connections fails for long."""
    for i in range(10):
        install(pki["next" if i % 2 == 0 else "sbe"], (folder / "s.pem", folder / "s.key"))
        assert reload(sallyport)[0] == 0
        assert ask(pki)[0] == "SIP/2.0 200 OK"
    assert "child-died" not in sallyport.log.read_text()


def test_each_process_tells_its_generation(sallyport, call):
    assert reload(sallyport)[0] == 0
    now = generation(sallyport)
    rows = {row["name"]: row for row in sallyport.json("status")["processes"]}
    assert {name: row["generation"] for name, row in rows.items() if "generation" in row} == \
        dict.fromkeys(["signaller", "media", "directory", "signer", "admin"], now)
    assert f"generation={now}" in sallyport.log.read_text()


def test_process_that_does_not_take_it(sallyport, call):
    """The reload says who lags behind; as soon as that one wakes it takes the newest."""
    pid = sallyport.children()["directory"]
    os.kill(pid, signal.SIGSTOP)
    try:
        status, said = reload(sallyport)
        assert status != 0 and "not yet taken by directory;" in said, said
        assert process(sallyport, "directory")["generation"] < generation(sallyport)
    finally:
        os.kill(pid, signal.SIGCONT)
    assert until(lambda: process(sallyport, "directory")["generation"] == generation(sallyport))
    assert reload(sallyport)[0] == 0 and sallyport.children()["directory"] == pid


def clear(source=A):
    s = socket.create_connection((CORE, 5060), timeout=30, source_address=(source, 0))
    s.settimeout(30)
    return s


def ends_after(s, start):
    try:
        while s.recv(4096):
            pass
    except ConnectionError:
        pass
    return time.monotonic() - start


def test_connections_per_source(sallyport):
    def held(n):
        sockets = [clear() for _ in range(n)]
        time.sleep(0.3)
        alive = 0
        for s in sockets:
            s.settimeout(0.05)
            try:
                alive += s.recv(1) != b""
            except (TimeoutError, socket.timeout):
                alive += 1
            except OSError:
                pass
            s.close()
        time.sleep(0.3)
        return alive
    assert held(6) == 6
    assert reload(sallyport, lambda c: c["limits"].update(connections_per_source=3))[0] == 0
    assert held(6) == 3
    assert reload(sallyport, lambda c: c["limits"].update(connections_per_source=16))[0] == 0
    assert held(6) == 6


def test_deadlines_of_connections(sallyport, pki):
    """Shorter ones count for connections that are open already, too."""
    quiet, half = clear(), clear()
    for s in (quiet, half):
        s.sendall(tls.options(CORE, A, 5060, "TCP"))
        assert s.recv(4096).startswith(b"SIP/2.0 200")
    half.sendall(b"OPTIONS sip:x SIP/2.0\r\nVia: ")
    start = time.monotonic()
    assert reload(sallyport, lambda c: c.update(timeouts={"handshake": 1, "frame": 2, "idle": 10}))[0] == 0
    shaking = socket.create_connection((BORDER, 5061), timeout=30, source_address=(T, 0))
    begun = time.monotonic()
    assert ends_after(shaking, begun) < 3, "handshake: 10 s before"
    assert ends_after(half, start) < 4, "frame: 10 s before"
    assert 8 < ends_after(quiet, start) < 13, "idle: 600 s before"
    assert reload(sallyport, lambda c: c.pop("timeouts"))[0] == 0


def test_quarantine(sallyport, started):
    """All ports rest for ten minutes; a reload with a second wakes them."""
    phones = started(Phone(A)), started(Phone(B))
    time.sleep(1.1)  # what the tests before have used is free again
    assert reload(sallyport, lambda c: c.update(quarantine=600))[0] == 0
    used = 0
    while used < 16:  # each worker has its share of the twelve pairs
        try:
            near, _ = connect(*phones, "+4989111", TARGET, media=6000 + 2 * used)
        except AssertionError:
            break
        assert near.bye() == 200 and phones[1].request("BYE")
        used += 1
    assert 0 < used < 16, "no port is left"
    assert reload(sallyport, lambda c: c.update(quarantine=1))[0] == 0
    time.sleep(1.1)
    near, _ = connect(*phones, "+4989111", TARGET, media=6060)
    assert near.bye() == 200 and phones[1].request("BYE")


def key_of(tag):
    return "abcdefghijklmnopqrstuvwxyz234567".index(tag[0].lower())


def test_token_keys_rotate(sallyport, started, long_call):
    """A call across two rotations, while all tests above ran, and a kill -9 of the signaller; new calls bear new keys."""
    (a, b), near, far = long_call
    first = key_of(far.invite.tag("From"))

    def rotated():
        return [int(n) for n in re.findall(r"signaller.token-key.* number=(\d+)", sallyport.log.read_text())]
    assert until(lambda: len(rotated()) >= 2, 25) and first == 0, "two rotations"
    a.send(near.text("INFO"), TARGET)
    info = b.request("INFO")
    assert info is not None, "from the caller"
    b.answer(info, 200, "OK")
    assert a.expect(lambda m: m.status == 200 and m.method == "INFO") is not None
    assert reload(sallyport, lambda c: c.pop("token_rotation"))[0] == 0
    pid = sallyport.kill_child("signaller")
    assert until(lambda: sallyport.children().get("signaller") not in (None, pid))
    time.sleep(0.3)
    other, taken = connect(started(Phone(A)), (called := started(Phone(B))), "+4989111", TARGET, media=6062)
    assert key_of(taken.invite.tag("From")) == rotated()[-1] > first
    assert far.transact("BYE").status == 200, "from the called side, with the tag of the first key"
    assert a.request("BYE") is not None
    assert other.bye() == 200 and called.request("BYE")
