# SPDX-License-Identifier: Apache-2.0
"""Targets by name, resolved by the real resolver process in its sandbox, from a real DNS server (dnsmasq): at the start, later
when it was not there at the start, and again when the name moves. No reload is needed for any of it."""
import os
import shutil
import signal
import socket
import subprocess
import time

import pytest

from lab.configuration import peer, system
from lab.phone import Call, Phone, connect

CORE, BORDER, A, B, MOVED, DNS, SILENT = (f"127.60.11.{n}" for n in (1, 2, 10, 20, 21, 53, 54))
CORE2, BORDER2, A2, X, Y = (f"127.60.11.{n}" for n in (3, 4, 11, 30, 31))
TARGET = (CORE, 5060)
REFRESH_S, RETRY_S, CACHED_S = 10, 2, 6  # NAMES_REFRESH_MS, NAMES_RETRY_MS; what libunbound remembers of a failure

pytestmark = pytest.mark.skipif(os.environ.get("LAB_NAMESPACE") != "1" or not shutil.which("dnsmasq"),
                                reason="needs namespaces of its own, and dnsmasq")


class Server:
    """dnsmasq on an address of its own; `zone` is changed by name = address and a hang-up."""

    def __init__(self, folder):
        self.folder, self.process = folder, None
        self.hosts = folder / "hosts"

    def start(self, **names):
        self.names(**names)
        args = ["dnsmasq", "--no-daemon", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", f"--addn-hosts={self.hosts}",
                f"--listen-address={DNS}", "--bind-interfaces", "--local=/example/", f"--server=/slow.example/{SILENT}", "--local-ttl=1", "--neg-ttl=1", "--user=root"]
        self.process = subprocess.Popen(args, stdout=open(self.folder / "dnsmasq.log", "ab"), stderr=subprocess.STDOUT)
        time.sleep(0.3)
        assert self.process.poll() is None, (self.folder / "dnsmasq.log").read_text()

    def names(self, **names):
        self.hosts.write_text("".join(f"{address} {name.replace('_', '.')}\n" for name, address in names.items()))
        if self.process:
            self.process.send_signal(signal.SIGHUP)

    def stop(self):
        if self.process:
            self.process.kill()
            self.process.wait()
        self.process = None


@pytest.fixture(scope="module")
def dns(folder):
    """/etc/resolv.conf of this mount namespace names the server."""
    conf = folder / "resolv.conf"
    conf.write_text(f"nameserver {DNS}\n")
    subprocess.run(["mount", "--bind", str(conf), "/etc/resolv.conf"], check=True)
    server = Server(folder)
    yield server
    server.stop()
    subprocess.run(["umount", "/etc/resolv.conf"], check=True)


def until(what, timeout):
    end = time.monotonic() + timeout
    while not (value := what()) and time.monotonic() < end:
        time.sleep(0.2)
    return value


def configuration(folder, core=CORE, border=BORDER, a=A, more=()):
    b = peer("b", "peering", B, ["+4989"], ["udp:b.example:5060"], known_by={"addresses": [f"{B}/32", f"{MOVED}/32"]},
             media={"srtp": "off", "addresses": [f"{B}/32", f"{MOVED}/32"]})
    return system(folder, core, border, [peer("a", "core", a, ["+4930"], [f"udp:{a}:5060"]), b, *more],
                  dns={"trust_anchors": "none"})  # dnsmasq signs nothing


def arrives(caller, callee, target=TARGET):
    """Does a call get through to CALLEE?"""
    try:
        near, _ = connect(caller, callee, "+4989111", target)
    except AssertionError:
        return False
    assert near.bye() == 200 and callee.request("BYE")
    return True


def test_name_through_its_life(provider, folder, dns, started, capture):
    a, b, moved = (started(Phone(address)) for address in (A, B, MOVED))
    p = provider("s", configuration(folder / "s"))  # no server yet: the start does not wait for ever
    assert "b.example is not resolved yet" in p.log.read_text()
    generation = p.json("status")["generation"]
    assert Call(a, "+4989111", TARGET).dial(5).status >= 400, "nowhere to go"

    dns.start(b_example=B)
    assert until(lambda: p.json("status")["generation"] > generation, RETRY_S + CACHED_S + 10), "by itself"
    assert arrives(a, b)

    live, _ = connect(a, b, "+4989111", TARGET)
    generation = p.json("status")["generation"]
    dns.names(b_example=MOVED)
    assert until(lambda: p.json("status")["generation"] > generation, 2 * REFRESH_S + 5), "by itself"
    assert arrives(a, moved)
    assert live.bye() == 200 and b.request("BYE"), "the call to the old place went on"

    dns.stop()
    assert p.command("reload", check=False)[0] == 0, "the last addresses count when DNS is gone"
    assert arrives(a, moved)
    assert "child-died" not in p.log.read_text(), "the resolver lives in its sandbox"


def test_names_that_never_resolve(provider, folder, dns, started, capture):
    """Two names whose lookups last until somebody gives up; a third one that moves is followed all the same (LRF-A2, LRF-A3)."""
    a, b, moved = (started(Phone(address)) for address in (A2, B, MOVED))
    slow = [peer(n, "peering", address, [prefix], [f"udp:{n}.slow.example:5060"])
            for n, address, prefix in (("x", X, "+4940"), ("y", Y, "+4950"))]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind((SILENT, 53))
        dns.stop()
        dns.start(b_example=B)
        p = provider("slow", configuration(folder / "slow", CORE2, BORDER2, A2, slow))
        assert all(f"{n}.slow.example is not resolved yet" in p.log.read_text() for n in "xy")
        assert arrives(a, b, (CORE2, 5060))
        time.sleep(REFRESH_S)  # both have failed again and again
        generation = p.json("status")["generation"]
        dns.names(b_example=MOVED)
        assert until(lambda: p.json("status")["generation"] > generation, 2 * REFRESH_S + 5), "by itself"
        assert arrives(a, moved, (CORE2, 5060))
        silent.setblocking(False)
        assert silent.recv(512), "they were asked for"
    dns.stop()
    assert "child-died" not in p.log.read_text()
