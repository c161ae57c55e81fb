# SPDX-License-Identifier: Apache-2.0
"""The portal process: look-ups and profiles over HTTPS with certificates on both sides, for peers and nobody else (R15, R16, R8), while
strangers hold half connections (LUF-A1)."""
import http.client
import json
import os
import signal
import socket
import ssl
import subprocess
import time

import pytest

from lab.configuration import system, tls_peer, waivers, peer
from lab.pki import Authority

CORE, EDGE, PBX, B, C, ROWS, STRANGER = (f"127.60.33.{n}" for n in (1, 2, 3, 4, 5, 6, 9))
PORT = 8443
REQUEST_S = 1
HOME = "127.0.0.1"  # where a command on this host comes from
PER_SOURCE = 4


@pytest.fixture(scope="module")
def pki(folder):
    a, b, c, d, x = (Authority(folder / n, n) for n in "abcdx")
    return {"a-ca": a.certificate, "b-ca": b.certificate, "c-ca": c.certificate, "d-ca": d.certificate, "d": d.issue("d", "DNS:d.example"), "a": a.issue("a", "DNS:a.example,IP:" + EDGE),
            "b": b.issue("b", "DNS:b.example"), "c": c.issue("c", "DNS:c.example"), "other": b.issue("other", "DNS:other.example"),
            "old": b.issue("old", "DNS:b.example", days=-1), "x": x.issue("x", "DNS:b.example")}


def partner(pki, name, address, number, **more):
    return tls_peer(name, "peering", address, [number], f"{name}.example", pki[f"{name}-ca"],
                    media={"srtp": "required", "addresses": [f"{address}/32"]}, waivers=waivers("identity"), **more)


def text_of(folder, pki, rights, request=REQUEST_S):
    peers = [peer("pbx", "core", PBX, ["+4930"], [f"udp:{PBX}:5060"]),
             peer("rows", "core", ROWS, ["+4431"], [f"udp:{ROWS}:5060"], numbers={"calls_from": ["+4431"], "calls_to": "registry"}),
             partner(pki, "b", B, "+4989", **({"portal": rights} if rights else {})),
             partner(pki, "c", C, "+4940", portal={"lookup": True}),
             partner(pki, "d", HOME, "+4941", portal={"lookup": True, "profile": True})]
    return system(folder, CORE, EDGE, peers, transports=("udp", "tls"), tls=pki["a"], domain="a.example",
                  registry=f"sqlite:{folder}/db/registry.db", portal={"listen": f"{EDGE}:{PORT}", "zone": "peering", "request": request, "connections": 64,
                          "connections_per_source": PER_SOURCE})


@pytest.fixture(scope="module")
def a(provider, folder, pki):
    return provider("a", text_of(folder / "a", pki, {"lookup": True, "profile": True, "lookups_per_second": 10000}))


class Querier:
    """HTTPS from address SOURCE with a certificate of ours."""

    def __init__(self, pki, name, source):
        self.context = ssl.create_default_context(cafile=str(pki["a-ca"]))
        self.source = source
        if name:
            self.context.load_cert_chain(*map(str, pki[name]))

    def open(self):
        c = http.client.HTTPSConnection(EDGE, PORT, timeout=8, context=self.context, source_address=(self.source, 0))
        c.connect()
        return c

    def ask(self, target, method="GET", c=None):
        mine = c or self.open()
        mine.request(method, target)
        r = mine.getresponse()
        body = r.read()
        if c is None:
            mine.close()
        head = sorted((k, v) for k, v in r.getheaders() if k != "Date")
        return r.status, body, head


def refused(call):
    """The connection ends without any answer."""
    try:
        status, body, _ = call()
    except (ssl.SSLError, OSError, http.client.HTTPException):
        return True
    return (status, body) == (403, b"")


@pytest.fixture
def b(a, pki):
    return Querier(pki, "b", B)


def tally(a):
    return next(p for p in a.json("status")["processes"] if p["name"] == "portal")


def test_number_domain_uri(b):
    for key in ("number=%2B4930123", "uri=tel:%2B4930123", "uri=sip:%2B4930123@a.example"):
        status, body, head = b.ask(f"/lookup?{key}")
        found = json.loads(body)
        assert status == 200 and found["domain"] == "a.example" and found["number"] == "+4930123", key
        assert [h["address"] if "address" in h else h for h in found["hops"]], found  # our ingress of his zone (R5)
        assert ("Content-Type", "application/json") in head and ("Cache-Control", "no-store") in head
    for never in (CORE, PBX, "pbx"):
        assert never not in body.decode()  # LRF-C1


def test_number_of_the_database(b, binary, folder):
    """What stands in the registry's database alone, without ENUM: his answer is there a second after the import."""
    number, rows = "/lookup?number=%2B4431555", folder / "rows.csv"
    before = b.ask(number)
    rows.write_text("kind,name,prefix,owner,to,group,peer,priority,weight,cost\npeer,rows,,,,,,,,\ngroup,ours,,,,,,,,\n"
                    "route,,,,,ours,rows,1,1,5\nrange,,+4431,rows,ours,,,,,\n")
    subprocess.run([str(binary), "import", str(rows), "--registry", f"sqlite:{folder}/a/db/registry.db"], check=True)
    time.sleep(1)
    status, body, _ = b.ask(number)
    found = json.loads(body)
    assert before[0] == 404 and status == 200 and (found["domain"], found["number"]) == ("a.example", "+4431555"), (before, body)


def test_none_and_not_for_you_are_one_answer(b):
    """c is not listed, nobody has +4950, b's own number is not told to b: nothing tells them apart (LUF-C1)."""
    answers = [b.ask(f"/lookup?number={n}") for n in ("%2B4940123", "%2B4950123", "%2B4989123")] + [b.ask("/elsewhere"), b.ask("/")]
    assert all(x == answers[0] for x in answers) and answers[0][0] == 404


def test_many_requests_on_one_connection(b):
    c = b.open()
    for i in range(20):
        assert b.ask("/lookup?domain=a.example" if i % 2 else "/lookup?number=%2B493011", c=c)[0] in (200, 404)
    c.close()


def test_a_profile_is_fetched_and_imported(a, b, binary, pki, folder):
    status, body, _ = b.ask("/profile")
    assert status == 200
    (folder / "fetched.json").write_bytes(body)
    p = subprocess.run([str(binary), "peer", "import", str(folder / "fetched.json"), "--trust", str(pki["a-ca"]), "--name", "ssp-a"],
                       capture_output=True, text=True, timeout=40)
    assert p.returncode == 0 and "- name: ssp-a" in p.stdout and f"tls:{EDGE}:5061" in p.stdout, p.stderr


def test_a_command_imports_from_the_process(a, binary, pki, folder):
    """`peer import` of its address, as a partner does it."""
    def fetch(name):
        return subprocess.run([str(binary), "peer", "import", f"https://{EDGE}:{PORT}/profile", "--trust", str(pki["a-ca"]), "--name", "ssp-a",
                               "--certificate", str(pki[name][0]), "--key", str(pki[name][1])], capture_output=True, text=True, timeout=40)
    good, bad = fetch("d"), fetch("b")
    assert good.returncode == 0 and "- name: ssp-a" in good.stdout and f"tls:{EDGE}:5061" in good.stdout, good.stderr
    assert (bad.returncode, bad.stdout) == (1, "")  # b's certificate, and not from b's address


def test_who_proves_nothing_gets_nothing(a, pki):
    before = tally(a)["refused"]
    for name, source in ((None, B), ("x", B), ("old", B), ("other", B), ("c", B), ("b", C), ("b", STRANGER)):
        q = Querier(pki, name, source)
        assert refused(lambda: q.ask("/lookup?number=%2B4930123")), (name, source)
    plain = socket.create_connection((EDGE, PORT), timeout=8, source_address=(B, 0))
    plain.sendall(b"GET /profile HTTP/1.1\r\nHost: a\r\n\r\n")
    assert b"HTTP/1.1 200" not in plain.recv(4096)
    plain.close()
    time.sleep(1.5)
    assert tally(a)["refused"] > before


def test_no_right_no_answer(a, pki):
    c = Querier(pki, "c", C)
    assert c.ask("/profile") == c.ask("/nothing")  # it may look up and nothing else
    status, body, _ = c.ask("/lookup?number=%2B4930123")
    assert status == 200 and "hops" not in json.loads(body)


def test_methods_lengths_garbage(b):
    assert b.ask("/profile", method="POST")[0] == 405
    assert b.ask("/lookup?number=%2B49301", method="DELETE")[0] == 405
    assert b.ask("/lookup?number=" + "1" * 600)[0] == 414
    for bad in ("number=030", "number=%2B49'%20OR%201", "uri=http://x", "domain=a@b", "number=%00", "domain=" + "a" * 300):
        assert b.ask(f"/lookup?{bad}")[0] == 400, bad
    c = b.open()
    c.sock.sendall(b"\x16\x03\x01 garbage\r\n\r\n")
    assert c.sock.recv(4096)[:12] in (b"", b"HTTP/1.1 400")
    c.close()
    c = b.open()
    try:
        c.sock.sendall(b"GET /profile HTTP/1.1\r\nX: " + b"a" * 60000 + b"\r\n\r\n")
        assert b"200 OK" not in c.sock.recv(4096)
    except OSError:
        pass
    c.close()


def test_half_connections_harm_nobody(a, b, pki):
    """LUF-A1: strangers and a careless peer hold connections that say nothing, a handshake or half a request; each is closed in time, and a
    good querier is answered meanwhile."""
    held = [socket.create_connection((EDGE, PORT), timeout=8, source_address=(STRANGER, 0)) for _ in range(40)]
    held += [socket.create_connection((EDGE, PORT), timeout=8, source_address=(C, 0)) for _ in range(10)]
    for s in held[::2]:
        try:
            s.sendall(b"\x16\x03\x01\x02\x00\x01")
        except OSError:
            pass
    half = Querier(pki, "c", C)
    for _ in range(5):
        assert b.ask("/lookup?number=%2B4930123")[0] == 200
    time.sleep(REQUEST_S + 1)
    for s in held:
        s.settimeout(2)
        try:
            assert s.recv(10) == b""
        except ConnectionError:
            pass
        s.close()
    c = half.open()
    c.sock.sendall(b"GET /lookup?number=%2B49")
    at = time.monotonic()
    while time.monotonic() - at < REQUEST_S + 2:
        try:
            c.sock.sendall(b"1")  # octet by octet: the deadline is of the whole request
            time.sleep(0.2)
        except (OSError, ssl.SSLError):
            break
    assert time.monotonic() - at < REQUEST_S + 1.5
    c.close()
    assert b.ask("/lookup?number=%2B4930123")[0] == 200


def test_a_directory_that_hangs(a, b):
    """Who waits is told after 3 s; who does not wait any longer harms nobody."""
    pid = a.children()["directory"]
    os.kill(pid, signal.SIGSTOP)
    try:
        gone = b.open()
        gone.sock.sendall(b"GET /lookup?number=%2B4930123 HTTP/1.1\r\nHost: a\r\n\r\n")
        time.sleep(0.2)
        gone.sock.unwrap = None
        gone.sock.close()
        status, body, head = b.ask("/lookup?number=%2B4930123")
        assert (status, json.loads(body)) == (503, {"error": "later"}) and ("Retry-After", "1") in head
    finally:
        os.kill(pid, signal.SIGCONT)
    assert b.ask("/lookup?number=%2B4930123")[0] == 200
    assert tally(a)["restarts"] == 0


def test_harvest_is_slowed(a, pki):
    """Number after number: from some on, an allocated one is answered as one that nobody has (LUF-C1)."""
    q = Querier(pki, "c", C)
    c = q.open()
    found = [q.ask(f"/lookup?number=%2B4930{1000 + i}", c=c) for i in range(9)]
    assert all(f[0] == 200 for f in found)
    time.sleep(1.1)  # its budget is 10 a second; and an idle connection is closed
    c = q.open()
    more = []
    for i in range(20):
        more.append(q.ask(f"/lookup?number=%2B4930{1009 + i}", c=c)[0])
        time.sleep(0.11)
    assert 404 in more and 429 not in more, more
    c.close()


def test_budget(a, folder, pki):
    q = Querier(pki, "c", C)
    c = q.open()
    status = [q.ask("/lookup?domain=nobody.example", c=c) for _ in range(40)]
    assert 429 in [s[0] for s in status]
    assert any(("Retry-After", "1") in s[2] for s in status)
    c.close()


def test_killed_it_comes_back(a, b):
    a.kill_child("portal")
    for _ in range(50):
        try:
            if b.ask("/lookup?number=%2B4930123")[0] == 200:
                break
        except OSError:
            pass
        time.sleep(0.1)
    assert b.ask("/lookup?number=%2B4930123")[0] == 200
    assert tally(a)["restarts"] == 1


def test_a_reload_closes_what_has_no_right(a, b, folder, pki):
    """At once, not at its deadline, which is far away here (R4, R16); who keeps a right keeps his connection."""
    def use(rights):
        a.config.write_text(text_of(folder / "a", pki, rights, request=30))
        a.command("reload")
    use({"lookup": True, "profile": True})
    mine, c = b.open(), Querier(pki, "c", C)
    other = c.open()
    assert b.ask("/profile", c=mine)[0] == 200 and c.ask("/nothing", c=other)[0] == 404
    use({"lookup": True})
    assert b.ask("/profile", c=mine)[0] == 404 and b.ask("/lookup?number=%2B4930123", c=mine)[0] == 200
    use(None)
    mine.sock.settimeout(3)
    try:
        assert mine.sock.recv(1) == b""
    except (ConnectionError, ssl.SSLEOFError):
        pass
    assert c.ask("/nothing", c=other)[0] == 404
    other.close()
    a.config.write_text(text_of(folder / "a", pki, {"lookup": True, "profile": True, "lookups_per_second": 10000}))
    a.command("reload")


def served_again(b):
    """Without a question to the directory."""
    for _ in range(80):
        try:
            if b.ask("/elsewhere")[0] == 404:
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise AssertionError("the portal does not come back")


def test_a_late_answer_is_nobody_elses(a, b, pki):
    """The directory answers what a portal that died meanwhile has asked for b: that is not the answer to what c asks of the next one
    (LUF-C2)."""
    c = Querier(pki, "c", C)
    a.kill_child("portal")
    served_again(b)
    directory = a.children()["directory"]
    os.kill(directory, signal.SIGSTOP)
    try:
        first = b.open()
        first.sock.sendall(b"GET /lookup?number=%2B4930123 HTTP/1.1\r\nHost: a\r\n\r\n")
        time.sleep(0.3)  # it stands in the channel
        a.kill_child("portal")
        first.close()
        served_again(b)
        second = c.open()
        second.request("GET", "/lookup?number=%2B4950123")
        time.sleep(0.3)
    finally:
        os.kill(directory, signal.SIGCONT)
    answer = second.getresponse()
    assert (answer.status, json.loads(answer.read())) == (404, {"error": "none"})
    second.close()


def test_a_reload_takes_rights_away(a, b, folder, pki):
    path = a.config
    c = b.open()
    assert b.ask("/lookup?number=%2B4930123", c=c)[0] == 200
    path.write_text(text_of(folder / "a", pki, None))
    a.command("reload")
    assert refused(lambda: b.ask("/lookup?number=%2B4930123", c=c)) or b.ask("/lookup?number=%2B4930123", c=c)[0] == 404
    path.write_text(text_of(folder / "a", pki, {"lookup": True}))
    a.command("reload")
    assert b.ask("/lookup?number=%2B4930123")[0] == 200
    assert b.ask("/profile")[0] == 404
