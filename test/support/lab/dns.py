# SPDX-License-Identifier: Apache-2.0
"""DNS for tests: Knot as authoritative server with signed and plain zones, a server of our own that lies, and the resolver layer alone."""
import contextlib
import hashlib
import json
import os
import shutil
import socket
import struct
import subprocess
import threading
import time
from pathlib import Path

A, CNAME, AAAA, SRV, NAPTR, DNSKEY = 1, 5, 28, 33, 35, 48


def free_port(address):
    """A port that is free for UDP and TCP."""
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as u, socket.socket(socket.AF_INET, socket.SOCK_STREAM) as t:
            u.bind((address, 0))
            with contextlib.suppress(OSError):
                t.bind(u.getsockname())
                return u.getsockname()[1]


HEAD = "$TTL 300\n@ SOA ns hostmaster 1 3600 600 86400 300\n@ NS ns\nns A 192.0.2.53\n"


class Knot:
    """knotd with ZONES, name -> text after HEAD; those in SIGNED are signed. ENVIRONMENT: of the process. MANUAL: their keys are made by
    new_key() and change when a test says so; resolvers keep them for a second."""

    def __init__(self, folder, address, zones, signed=(), environment=None, manual=False):
        self.manual = manual
        self.folder, self.address, self.zones, self.signed = Path(folder), address, zones, signed
        self.port, self.environment, self.process = free_port(address), environment, None
        self.server = f"{address}:{self.port}"

    def start(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        for part in ("run", "db"):
            (self.folder / part).mkdir(exist_ok=True)
        by_hand = "    manual: on\n    dnskey-ttl: 1\n" if self.manual else ""
        text = (f"server:\n{'  user: root' if os.geteuid() == 0 else ''}\n  rundir: {self.folder}/run\n  listen: {self.address}@{self.port}\nlog:\n  - target: stderr\n    any: warning\n"
                f"database:\n  storage: {self.folder}/db\npolicy:\n  - id: p\n    algorithm: ECDSAP256SHA256\n    nsec3: on\n    nsec3-iterations: 0\n{by_hand}"
                f"template:\n  - id: default\n    storage: {self.folder}\n    file: \"%s.zone\"\n    zonefile-sync: -1\n"
                "    zonefile-load: difference-no-serial\n    journal-content: all\nzone:\n")
        for name, records in self.zones.items():
            (self.folder / f"{name}.zone").write_text(HEAD + records)
            text += f"  - domain: {name}\n" + ("    dnssec-signing: on\n    dnssec-policy: p\n" if name in self.signed else "")
        (self.folder / "knot.conf").write_text(text)
        for name in self.signed if self.manual else ():
            self.new_key(name)
            self.keymgr(name, "generate", "algorithm=ECDSAP256SHA256", "ksk=no", "zsk=yes")
        environment = {**os.environ, **(self.environment or {})}
        self.process = subprocess.Popen(["knotd", "-c", str(self.folder / "knot.conf")], env=environment,
                                        stdout=open(self.folder / "knot.log", "ab"), stderr=subprocess.STDOUT)
        end = time.monotonic() + 10
        while time.monotonic() < end and any(query(self.server, name, 6) is None for name in self.zones):
            time.sleep(0.1)
        return self

    def keymgr(self, name, *words):
        return subprocess.run(["keymgr", "-c", str(self.folder / "knot.conf"), name, *words], check=True, capture_output=True, text=True).stdout

    def new_key(self, name):
        """Another key-signing key, which signs at once; its id and tag."""
        key = self.keymgr(name, "generate", "algorithm=ECDSAP256SHA256", "ksk=yes", "zsk=no").split()[-1]
        tag = next(line.split()[1] for line in self.keymgr(name, "list").splitlines() if line.startswith(key))
        return key, int(tag)

    def sign(self, name):
        """Take the keys as they are now."""
        subprocess.run(["knotc", "-s", str(self.folder / "run" / "knot.sock"), "zone-sign", name], check=True, capture_output=True)

    def anchor(self, name):
        """The DS records of a signed zone, as a file."""
        path = self.folder / f"{name}.ds"
        path.write_text(subprocess.run(["keymgr", "-c", str(self.folder / "knot.conf"), name, "ds"], check=True, capture_output=True,
                                       text=True).stdout)
        return path

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait()
        self.process = None


def wire(name):
    return b"".join(bytes([len(x)]) + x.encode() for x in name.split(".") if x) + b"\0"


def query(server, name, kind):
    """One question over UDP; None: no good answer."""
    address, port = server.rsplit(":", 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(0.3)
        s.sendto(struct.pack("!6H", 7, 0, 1, 0, 0, 0) + wire(name) + struct.pack("!2H", kind, 1), (address, int(port)))
        with contextlib.suppress(OSError):
            answer = s.recv(4096)
            return answer if answer[3] & 15 == 0 else None


class Question:
    def __init__(self, octets):
        self.octets, labels, at = octets, [], 12
        while octets[at]:
            labels.append(octets[at + 1:at + 1 + octets[at]].decode("latin-1").lower())
            at += 1 + octets[at]
        self.name, self.end = ".".join(labels), at + 5
        self.kind = struct.unpack("!H", octets[at + 1:at + 3])[0]

    def answer(self, records=(), rcode=0, number=None, name=None, truncated=False):
        """RECORDS: (owner, type, ttl, data)."""
        head = struct.pack("!6H", struct.unpack("!H", self.octets[:2])[0] if number is None else number,
                           0x8180 | rcode | (0x200 if truncated else 0), 1, len(records), 0, 0)
        asked = (wire(name) if name else self.octets[12:self.end - 4]) + self.octets[self.end - 4:self.end]
        return head + asked + b"".join(wire(o) + struct.pack("!2HIH", t, 1, ttl, len(d)) + d for o, t, ttl, d in records)


class Server:
    """HANDLER(question, tcp) -> octets, a list of datagrams, or None for silence. Each question has a thread of its own."""

    def __init__(self, address, handler):
        self.handler, self.port, self.count, self.tcp_count = handler, free_port(address), 0, 0
        self.server = f"{address}:{self.port}"
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind((address, self.port))
        self.tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.tcp.bind((address, self.port))
        self.tcp.listen(64)

    def start(self):
        for work in (self._datagrams, self._connections):
            threading.Thread(target=work, daemon=True).start()
        return self

    def stop(self):
        for s in (self.udp, self.tcp):
            with contextlib.suppress(OSError):
                s.shutdown(socket.SHUT_RDWR)
            s.close()

    def _datagrams(self):
        with contextlib.suppress(OSError):
            while True:
                octets, source = self.udp.recvfrom(4096)
                if len(octets) < 17:
                    break
                self.count += 1
                threading.Thread(target=self._answer, args=(octets, source), daemon=True).start()

    def _answer(self, octets, source):
        answers = self.handler(Question(octets), False)
        with contextlib.suppress(OSError):
            for a in answers if isinstance(answers, list) else [answers] if answers else []:
                self.udp.sendto(a, source)

    def _connections(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.tcp.accept()
                threading.Thread(target=self._connection, args=(connection,), daemon=True).start()

    def _connection(self, connection):
        with contextlib.suppress(OSError, struct.error), connection:
            connection.settimeout(10)
            while head := connection.recv(2, socket.MSG_WAITALL):
                octets = connection.recv(struct.unpack("!H", head)[0], socket.MSG_WAITALL)
                self.tcp_count += 1
                if answer := self.handler(Question(octets), True):
                    connection.sendall(struct.pack("!H", len(answer)) + answer)


def key_tag(rdata):
    total = sum(b << 8 if i % 2 == 0 else b for i, b in enumerate(rdata))
    return (total + (total >> 16)) & 0xffff


def ds(name, rdata):
    """DS record, SHA-256, of a DNSKEY's data, as text."""
    return f"{name}. IN DS {key_tag(rdata)} 13 2 {hashlib.sha256(wire(name) + rdata).hexdigest()}\n"


class Ask:
    """The resolver layer of BINARY's build, without the rest: questions in, answers out."""

    def __init__(self, binary, *servers, anchors=None, policy=(), stale=0, only=(), environment=None, follow=None, holddown=0):
        self.tool = Path(binary).parents[2] / "test" / "support" / "dns-ask"
        args = [str(self.tool), "-s", str(stale)]
        args += [x for s in servers for x in ("-u", s)] + [x for p in policy for x in ("-p", p)] + [x for o in only for x in ("-o", o)]
        args += ["-a", str(anchors)] if anchors else []
        args += ["-f", str(follow), "-d", str(holddown)] if follow else []
        self.process = subprocess.Popen(args, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1,
                                        env={**os.environ, **(environment or {})})

    def start(self):
        return self

    def send(self, name, kind=A, deadline_ms=4000):
        self.process.stdin.write(f"{name} {kind} {deadline_ms}\n")
        self.process.stdin.flush()

    def read(self):
        return json.loads(self.process.stdout.readline())

    def one(self, name, kind=A, deadline_ms=4000):
        self.send(name, kind, deadline_ms)
        return self.read()

    def counters(self):
        self.process.stdin.write("counters\n")
        self.process.stdin.flush()
        return self.read()

    def stop(self):
        self.process.stdin.close()
        self.process.kill()
        self.process.wait()


def available():
    return bool(shutil.which("knotd") and shutil.which("keymgr"))
