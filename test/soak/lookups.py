# SPDX-License-Identifier: Apache-2.0
"""Tasks with look-ups: the registry changes, or all name servers are gone, and nobody who asks notices."""
import random
import shutil
import ssl
import socket
import subprocess
import threading
import time

from plant import BORDER, CALLED, CORE, Plant
from lab.configuration import peer, system, tls_peer, waivers
from lab.dns import Knot, available
from lab.pki import Authority

ASKER, EDGE = "127.80.0.30", "127.80.0.40"
LOOKUPS, BASE_S, RANGES = 1000, 10, 100000  # look-ups a second; before the changes; ranges that there are
SEEN_S = 1.0          # [s] a change is visible within this
P99_TIMES, P99_LEAST_MS = 2.0, 5.0  # allowed against the time before: the changer has a core of the two to itself
DNS, FIRST_S = "127.80.0.53", 3
RATE = 5              # calls a second without DNS: 3 000 in ten minutes
SUCCEED = 0.999
REQUEST = ("OPTIONS sip:{number}@a.example SIP/2.0\r\nVia: SIP/2.0/TLS {me}:5061;branch=z9hG4bK{n}\r\nMax-Forwards: 70\r\n"
           "From: <sip:+49{own}@asker.example>;tag=1\r\nTo: <sip:{number}@a.example>\r\nCall-ID: {n}@{me}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n")


class Asker:
    """Look-ups over one TLS connection, paced by the clock; answers come when they come."""

    def __init__(self, pair, trust):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.load_verify_locations(trust)
        context.load_cert_chain(*map(str, pair))
        raw = socket.create_connection((EDGE, 5061), timeout=10, source_address=(ASKER, 0))
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket, self.lock = context.wrap_socket(raw), threading.Lock()
        self.socket.settimeout(0.05)
        self.sent, self.answers, self.count, self.rest = {}, {}, 0, b""

    def send(self, number):
        self.count += 1
        self.sent[self.count] = (time.monotonic(), number)
        self.socket.sendall(REQUEST.format(number=number, me=ASKER, n=self.count, own=77).encode())
        return self.count

    def hear(self):
        """What has come; waits 50 ms at the most."""
        try:
            self.rest += self.socket.recv(65536)
        except (TimeoutError, ssl.SSLWantReadError, socket.timeout):
            return
        while b"\r\n\r\n" in self.rest:
            head, _, self.rest = self.rest.partition(b"\r\n\r\n")
            text = head.decode(errors="replace")
            n = int(text.partition("\r\nCall-ID: ")[2].partition("@")[0] or 0)
            where = "c.example" if "@c.example" in text else "b.example" if "@b.example" in text else text.split("\r\n")[0]
            self.answers[n] = (time.monotonic(), where)

    def run(self, seconds, numbers, until=lambda: False):
        """LOOKUPS a second of random NUMBERS for SECONDS or UNTIL: (latencies [ms], wrong answers)."""
        self.sent, self.answers = {}, {}
        begin, asked = time.monotonic(), 0
        while time.monotonic() - begin < seconds and not until():
            due = int((time.monotonic() - begin) * LOOKUPS)
            while asked < due:
                self.send(random.choice(numbers))
                asked += 1
            self.hear()
        end = time.monotonic() + 3
        while len(self.answers) < len(self.sent) and time.monotonic() < end:
            self.hear()
        took = sorted((self.answers[n][0] - at) * 1000 for n, (at, _) in self.sent.items() if n in self.answers)
        wrong = sum(1 for n in self.sent if self.answers.get(n, (0, ""))[1] not in ("b.example", "c.example"))
        return took, wrong


def _percentile(values, p):
    return round(values[min(len(values) - 1, int(len(values) * p))], 3) if values else 0.0


class Directory(Plant):
    """A Sallyport with a registry of RANGES ranges of b, which an asker looks up over TLS."""

    def text(self, rate=10000):
        a, x = (Authority(self.folder / n, n) for n in ("a", "x"))
        self.trust, self.pair = a.certificate, x.issue("asker", "DNS:asker.example")
        limits = {"calls_per_second": 10000, "concurrent_calls": 10000, "messages_per_second": 100000}
        peers = [tls_peer("asker", "peering", ASKER, ["+4977"], "asker.example", x.certificate, lookup={"view": "domain"}, limits=limits,
                          media={"srtp": "required", "addresses": [f"{ASKER}/32"]}, waivers=waivers("identity"))]
        for name, last in (("b", 50), ("c", 51)):
            address = f"127.80.0.{last}"
            peers.append(tls_peer(name, "peering", address, [], f"{name}.example", x.certificate, lookup={"listed": True},
                                  numbers={"calls_from": [], "calls_to": "registry"}, media={"srtp": "required", "addresses": [f"{address}/32"]},
                                  waivers=waivers("identity")))
        self.uri = f"sqlite:{self.folder}/db/registry.db"
        text = system(self.folder / "s", CORE, BORDER, peers, transports=("udp", "tls"), tls=a.issue("a", "DNS:a.example"), domain="a.example",
                      workers=2, registry=self.uri)
        return text.replace('"listen": [', '"listen": [{"name": "ask", "zone": "peering", "service": "look-up", "sip": ["tls:%s:5061"]},' % EDGE)

    def fill(self):
        rows = self.folder / "rows.csv"
        (self.folder / "db").mkdir(mode=0o777, exist_ok=True)
        with open(rows, "w", encoding="ascii") as f:
            f.write("kind,name,prefix,exact,owner,to\npeer,b,,,,\npeer,c,,,,\n")
            f.writelines(f"range,,+4989{i:06d},0,b,b\n" for i in range(RANGES))
        subprocess.run([self.build / "src/main/sallyport", "import", rows, "--registry", self.uri], check=True, capture_output=True, timeout=300)
        subprocess.run(["chmod", "-R", "a+rwX", self.folder / "db"], check=True)

    def __enter__(self):
        self.configuration = self.text()
        self.fill()
        self.text = lambda rate=0: self.configuration
        return super().__enter__()


def changes(c):
    """A unit is one row changed while LOOKUPS look-ups a second go on: each answer is right or was a second ago, p99 stays."""
    with Directory(c.build) as p:
        asker = Asker(p.pair, p.trust)
        numbers = [f"+4989{random.randrange(RANGES):06d}1" for _ in range(5000)]
        asker.run(2, numbers)
        before, wrong = asker.run(BASE_S, numbers)
        n = min(c.todo(), RANGES)
        changer = subprocess.Popen([c.build / "test/soak/soak-changer", p.uri, str(n)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        during, more = asker.run(max(c.left() - 10, 30), numbers, lambda: changer.poll() is not None)
        if changer.poll() is None:
            changer.terminate()  # its share of the time is over: what it did is counted by the journal
        said = changer.communicate()[0]
        done = n if "changes=%d " % n in said else _newest(p)
        time.sleep(SEEN_S)
        last = [f"+4989{random.randrange(done):06d}2" for _ in range(500)] if done else []
        asker.sent, asker.answers = {}, {}
        for number in last:
            asker.send(number)
        end = time.monotonic() + 3
        while len(asker.answers) < len(last) and time.monotonic() < end:
            asker.hear()
        late = sum(1 for n_ in asker.sent if asker.answers.get(n_, (0, ""))[1] != "c.example")
        old, new = _percentile(before, 0.99), _percentile(during, 0.99)
        slower = new > max(old * P99_TIMES, P99_LEAST_MS)
        p.keep |= bool(wrong + more + late or slower)
        if p.keep:
            print(f"  {said.strip()[-200:]}; wrong {wrong} {more}, not seen in time {late}, p99 {old} -> {new} ms", flush=True)
        yield done, wrong + more + late + int(slower), {
            "lookups": len(before) + len(during), "wrong": wrong + more, "not_seen_in_time": late,
            "last": {"p50_before_ms": _percentile(before, 0.5), "p99_before_ms": old, "p50_during_ms": _percentile(during, 0.5),
                     "p99_during_ms": new, "changer": said.strip()[-100:], "directory_kib": p.memory_kib().get("directory", 0)}}


def _newest(p):
    """Change sets beyond the import."""
    said = subprocess.run([p.build / "src/main/sallyport", "journal", "--limit", "1", "--json", "--registry", p.uri], capture_output=True, text=True,
                          timeout=60).stdout
    try:
        import json
        rows = json.loads(said)
        rows = rows.get("changes", rows.get("journal", [])) if isinstance(rows, dict) else rows
        return max(int(r.get("change_set", 0)) for r in rows) - 1
    except (ValueError, TypeError):
        return 0


class Located(Plant):
    """A Sallyport whose called peer is found by DNS."""

    def text(self, rate=10000):
        limits = {"calls_per_second": rate, "concurrent_calls": 10000, "messages_per_second": 100000}
        zone = f"@ NAPTR 10 10 \"s\" \"SIP+D2U\" \"\" _sip._udp\n_sip._udp 2 SRV 10 1 5060 sbc\nsbc 2 A {CALLED}\n"
        self.knot = Knot(self.folder / "knot", DNS, {"called.example": zone}).start()
        peers = [peer("caller", "core", "127.80.0.10", ["+4930"], ["udp:127.80.0.10:5060"], limits=limits),
                 peer("called", "peering", CALLED, ["+4989"], ["udp:x"], reach={"domain": "called.example", "transport": "udp"}, limits=limits)]
        return system(self.folder / "s", CORE, BORDER, peers, transports=("udp",), pairs=300, workers=2,
                      dns={"upstreams": [f"{DNS}@{self.knot.port}"], "trust_anchors": "none"})

    def __exit__(self, *args):
        self.knot.stop()
        super().__exit__(*args)


def dns_loss(c):
    """A unit is one call to a peer that DNS located, RATE a second, after every name server was killed."""
    if not available() or not shutil.which("knotd"):
        print("  not tried: Knot DNS is not installed", flush=True)
        return
    with Located(c.build) as p:
        warm = p.figures(p.load(FIRST_S * RATE, RATE), 60)
        p.new_records(FIRST_S * RATE)
        p.knot.process.kill()
        p.knot.process.wait()
        n = int(min(c.todo(), max(RATE, (c.left() - 10) * RATE)))
        f = p.figures(p.load(n, RATE), n / RATE * 2 + 60)
        records = p.new_records(n)
        lost = max(int(f["failed"]), n - records)
        bad = lost > n * (1 - SUCCEED) or warm["failed"] > 0
        p.keep |= bad
        yield n, int(bad), {"calls_lost": lost, "calls_before": FIRST_S * RATE, "seconds_without_dns": round(n / RATE)}
