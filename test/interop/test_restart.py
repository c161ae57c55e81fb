# SPDX-License-Identifier: Apache-2.0
"""Children that die again and again, that hang before they are ready, and the signer's death as its TLS peers see it."""
import os
import re
import subprocess
import time

import pytest

from lab import tls
from lab.configuration import peer, system, tls_peer
from lab.pki import Authority

CORE, BORDER, A, T = (f"127.60.10.{n}" for n in (1, 2, 10, 30))
READY_S = 10  # CHILD_READY_MS


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
    peers = [peer("a", "core", A, ["+4930"], [f"udp:{A}:5060"]),
             tls_peer("t", "peering", T, ["+4989"], "t.example", pki["theirs"].certificate)]
    return provider("s", system(folder / "s", CORE, BORDER, peers, transports=("udp", "tls"), tls=pki["sbe"], workers=1),
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
