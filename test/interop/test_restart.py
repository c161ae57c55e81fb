# SPDX-License-Identifier: Apache-2.0
"""Children that die again and again, that hang before they are ready, and the signer's death as its TLS peers see it. What a
reload waits for keeps nothing waiting that calls need."""
import json
import os
import re
import signal
import socket
import subprocess
import threading
import time

import pytest

from lab import tls
from lab.configuration import peer, system, tls_peer
from lab.phone import Call, Message, Phone
from lab.pki import Authority

CORE, BORDER, A, T, C = (f"127.60.10.{n}" for n in (1, 2, 10, 30, 40))
READY_S, NEW_NAMES_S = 10, 0.5  # CHILD_READY_MS, RESOLVE_RELOAD_MS


@pytest.fixture(scope="module")
def pki(folder):
    ours, theirs = Authority(folder / "ca", "ours"), Authority(folder / "ca", "theirs")
    return {"ours": ours, "theirs": theirs, "sbe": ours.issue("sbe", "DNS:sbe.example"), "t": theirs.issue("t", "DNS:t.example")}


@pytest.fixture(scope="module")
def hang(folder):
    """hang(True): whoever is started from now on hangs before it is ready."""
    library, path = folder / "hang.so", folder / "hang"
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", str(library), os.path.join(os.path.dirname(__file__), "hang.c"), "-ldl"],
                   check=True)
    path.write_bytes(b"\0")
    path.chmod(0o644)

    def switch(on):
        with open(path, "r+b") as f:
            f.write(b"\1" if on else b"\0")
    switch.environment = {"LD_PRELOAD": str(library), "LAB_HANG": str(path)}
    return switch


@pytest.fixture(scope="module")
def sallyport(provider, folder, pki, hang):
    peers = [peer("a", "core", A, ["+4930"], [f"udp:{A}:5060"]), peer("c", "peering", C, ["+4977"], [f"tcp:{C}:5060", "tcp:known.invalid:5060"]),
             tls_peer("t", "peering", T, ["+4989"], "t.example", pki["theirs"].certificate)]
    return provider("s", system(folder / "s", CORE, BORDER, peers, transports=("udp", "tcp", "tls"), tls=pki["sbe"], workers=1),
                    environment=hang.environment)


def until(what, timeout=8):
    end = time.monotonic() + timeout
    while not (value := what()) and time.monotonic() < end:
        time.sleep(0.005)
    return value


def ready(p, role):
    return next(row["ready"] for row in p.json("status")["processes"] if row["name"] == role)


def test_back_off_grows(sallyport):
    """Seven deaths of one role: each start waits twice as long as the one before; the others never notice."""
    others = {role: pid for role, pid in sallyport.children().items() if role != "resolver"}
    gaps, pid = [], sallyport.children()["resolver"]
    for _ in range(7):
        start = time.monotonic()
        os.kill(pid, 9)
        old = pid
        pid = until(lambda: sallyport.children().get("resolver", old) != old and sallyport.children().get("resolver"))
        gaps.append(time.monotonic() - start)
    said = [int(n) for n in re.findall(r"child-died child=resolver.*restart_in_ms=(\d+)", sallyport.log.read_text())]
    assert said == [50, 100, 200, 400, 800, 1600, 3200]
    for gap, ms in zip(gaps, said):
        assert ms / 1000 * 0.95 < gap < ms / 1000 + 1, (gaps, said)
    assert {role: pid for role, pid in sallyport.children().items() if role != "resolver"} == others
    row = next(r for r in sallyport.json("status")["processes"] if r["name"] == "resolver")
    assert row["restarts"] == 7


def test_signer_dies_and_peers_come_in_again(sallyport, pki):
    """While it is away a handshake fails; as soon as it is back the next one works, with the same certificate."""
    def ask():
        try:
            return tls.ask(BORDER, T, pki["t"], pki["ours"].certificate)
        except OSError:  # ssl.SSLError is one
            return None
    first = ask()
    assert first[0] == "SIP/2.0 200 OK"
    for _ in range(3):
        old = sallyport.kill_child("signer")
        assert until(lambda: sallyport.children().get("signer") not in (None, old))
        assert until(ask, 6) == first
    tally = until(lambda: next(r for r in sallyport.json("status")["processes"] if r["name"] == "signer")["signed"], 4)
    assert tally >= 1, "counted since its start"


def test_hangs_before_it_is_ready(sallyport, hang):
    """It is killed at the deadline, and started again like any other that died."""
    hang(True)
    try:
        start = time.monotonic()
        sallyport.kill_child("directory")
        assert until(lambda: "child-not-ready child=directory" in sallyport.log.read_text(), READY_S + 4)
        assert READY_S - 0.5 < time.monotonic() - start < READY_S + 2
        assert not ready(sallyport, "directory")
        assert ready(sallyport, "signaller"), "the others serve on"
    finally:
        hang(False)
    assert until(lambda: ready(sallyport, "directory"))
    died = re.findall(r"child-died child=directory signal=(\d+)", sallyport.log.read_text())
    assert len(died) == 2 and died[1] == "9"


class Reload(threading.Thread):
    """A reload that runs beside the test: after `join()` its `status` and what it `said`."""

    def __init__(self, p):
        super().__init__()
        self.p = p
        self.start()

    def run(self):
        start = time.monotonic()
        self.status, self.said = self.p.command("reload", check=False)
        self.took = time.monotonic() - start


def add_target(p, name):
    c = json.loads(p.config.read_text())
    next(peer for peer in c["peers"] if peer["name"] == "c")["reach"]["targets"].append(f"tcp:{name}:5060")
    p.config.write_text(json.dumps(c, indent=1))


def dial(phone, server):
    """Seconds from a call of PHONE to the connection that it needs; it is turned down there."""
    answers = []
    caller = threading.Thread(target=lambda: answers.append(Call(phone, "+4977111", (CORE, 5060)).dial()))
    start = time.monotonic()
    caller.start()
    connection, _ = server.accept()
    took = time.monotonic() - start
    with connection:
        m = Message(connection.recv(65536), (C, 5060))
        vias = "".join(f"Via: {v}\r\n" for v in m.all("Via"))
        connection.sendall(f"SIP/2.0 486 Busy Here\r\n{vias}From: {m['From']}\r\nTo: {m['To']};tag=1\r\nCall-ID: {m['Call-ID']}\r\n"
                           f"CSeq: {m['CSeq']}\r\nContent-Length: 0\r\n\r\n".encode())
        caller.join()
        assert answers[0].status == 486
        assert Message(connection.recv(65536), (C, 5060)).method == "ACK"
    return took


def test_connections_are_dialled_during_a_reload(sallyport, pki, hang, started):
    """It waits 3 s for a signer that hangs; a call meanwhile has its connection as soon as ever."""
    phone = started(Phone(A))
    with socket.create_server((C, 5060)) as server:
        server.settimeout(10)
        hang(True)
        try:
            os.utime(pki["sbe"][1])  # like another key
            reload = Reload(sallyport)
            time.sleep(0.5)
            took = dial(phone, server)
            assert reload.is_alive(), "the call was made during it"
            reload.join()
        finally:
            hang(False)
        assert took < 1
        assert reload.status != 0 and "tls.key" in reload.said and reload.took > 2
        assert sallyport.command("reload", check=False)[0] == 0, "with a signer that does not hang"


def test_resolver_gets_ready_during_a_reload(sallyport, hang):
    """What it says then is heard, whatever the reload asks of it: it is not killed for having said nothing."""
    hang(True)
    try:
        old = sallyport.kill_child("resolver")
        pid = until(lambda: sallyport.children().get("resolver", old) != old and sallyport.children().get("resolver"), 12)
        add_target(sallyport, "first.invalid")
        reload = Reload(sallyport)
        time.sleep(0.2)
    finally:
        hang(False)
    assert until(lambda: ready(sallyport, "resolver"))
    reload.join()
    assert reload.status == 0, reload.said
    time.sleep(0.5)
    assert sallyport.children()["resolver"] == pid and "child-not-ready child=resolver" not in sallyport.log.read_text()


def test_reload_waits_shortly_for_new_names(sallyport):
    """And not at all for those that are known, while the resolver says nothing."""
    pid = sallyport.children()["resolver"]
    add_target(sallyport, "second.invalid")
    os.kill(pid, signal.SIGSTOP)
    try:
        first, second = Reload(sallyport), None
        first.join()
        second = Reload(sallyport)
        second.join()
    finally:
        os.kill(pid, signal.SIGCONT)
    assert (first.status, second.status) == (0, 0), (first.said, second.said)
    assert NEW_NAMES_S * 0.9 < first.took < NEW_NAMES_S + 1
    assert second.took < NEW_NAMES_S * 0.9
    assert sallyport.children()["resolver"] == pid
