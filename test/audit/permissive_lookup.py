# SPDX-License-Identifier: Apache-2.0
"""The look-up half of the element that withstands nothing: a DNS client that takes whatever comes first from anybody, asks the public tree
about every number, follows every record and remembers every stray one; a caller that goes wherever a name leads, by whatever
transport, looks at no certificate and waits for each answer; and a portal that tells and takes everything, from everybody, for ever."""
import json
import re
import socket
import ssl
import struct
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

A, CNAME, SRV, NAPTR = 1, 5, 33, 35
PUBLIC = "e164.arpa"
FOLLOWED = 300   # records in a row, then even this one gives up
DNS_S = 1
ANSWER_S = 0.2   # it waits so long for each answer, and does nothing else
HANDSHAKE_S = 2


def wire(name):
    return b"".join(bytes([len(x)]) + x.encode() for x in name.split(".") if x) + b"\0"


def read_name(m, at):
    labels, end = [], None
    while m[at]:
        if m[at] >= 0xc0:
            end, at = end or at + 2, (m[at] & 0x3f) << 8 | m[at + 1]
            continue
        labels.append(m[at + 1:at + 1 + m[at]].decode("latin-1").lower())
        at += 1 + m[at]
    return ".".join(labels), end or at + 1


def read_naptr(m, at):
    order, preference = struct.unpack("!2H", m[at:at + 4])
    at, text = at + 4, []
    for _ in range(3):
        text.append(m[at + 1:at + 1 + m[at]].decode("latin-1"))
        at += 1 + m[at]
    return order, preference, *text, read_name(m, at)[0]


READ = {A: lambda m, at: socket.inet_ntoa(m[at:at + 4]), CNAME: lambda m, at: read_name(m, at)[0], NAPTR: read_naptr,
        SRV: lambda m, at: (*struct.unpack("!3H", m[at:at + 6]), read_name(m, at + 6)[0])}


def records(m):
    """[(owner, type, value)] of all sections."""
    asked, *counts = struct.unpack("!4H", m[4:12])
    at, out = 12, []
    for _ in range(asked):
        at = read_name(m, at)[1] + 4
    for _ in range(sum(counts)):
        owner, at = read_name(m, at)
        kind, _, _, length = struct.unpack("!2HIH", m[at:at + 10])
        if kind in READ:
            out.append((owner, kind, READ[kind](m, at + 10)))
        at += 10 + length
    return out


class Names:
    def __init__(self, server):
        self.server, self.stray = server, {}

    def exchange(self, name, kind):
        question = struct.pack("!6H", 7, 0x100, 1, 0, 0, 0) + wire(name) + struct.pack("!2H", kind, 1)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(DNS_S)
            s.sendto(question, self.server)
            answer = s.recv(65535)  # whoever sent it, whatever its number
        if answer[2] & 2:
            with socket.create_connection(self.server, timeout=DNS_S) as s:
                s.sendall(struct.pack("!H", len(question)) + question)
                answer = s.recv(struct.unpack("!H", s.recv(2, socket.MSG_WAITALL))[0], socket.MSG_WAITALL)
        return records(answer)

    def ask(self, name, kind):
        if (name, kind) in self.stray:
            return self.stray[name, kind]
        found = []
        for _ in range(FOLLOWED):
            alias, got = None, self.exchange(name, kind)
            for owner, what, value in got:
                if owner != name:
                    self.stray.setdefault((owner, what), []).append(value)
                elif what == kind:
                    found.append(value)
                elif what == CNAME:
                    alias = value
            if found or not alias:
                break
            name = alias
        return found

    def locate(self, host):
        """(transport, address, port) of a host or domain."""
        if numeric := re.fullmatch(r"([0-9.]+):(\d+)", host):
            return "udp", numeric[1], int(numeric[2])
        for _, _, _, service, _, name in sorted(self.ask(host, NAPTR)):
            transport = {"SIP+D2U": "udp", "SIP+D2T": "tcp", "SIPS+D2T": "tls"}.get(service)
            for _, _, port, target in sorted(self.ask(name, SRV)):
                for address in self.ask(target, A):
                    return transport, address, port
        return None

    def number(self, digits, trees):
        """Where the first record that leads anywhere does."""
        for tree in trees:
            at, followed = ".".join(reversed(digits.strip("+"))) + "." + tree, 0
            while at and (followed := followed + 1) < FOLLOWED:
                chain = None
                for _, _, flags, _, expression, replacement in sorted(self.ask(at, NAPTR)):
                    if not flags:
                        chain = replacement
                    elif place := self.terminal(expression, digits):
                        return place
                at = chain
        return None

    def terminal(self, expression, digits):
        _, pattern, target, _ = expression.split("!")
        found = re.search(pattern, digits)  # for as long as it takes
        return self.locate(found.expand(target).split("@")[1]) if found else None


class Caller:
    """Sends a request to where its number leads, and waits."""

    def __init__(self, host, server, trees):
        self.host, self.names, self.trees = host, Names(server), trees
        self.context = ssl.create_default_context()
        self.context.check_hostname, self.context.verify_mode = False, ssl.CERT_NONE

    def learn(self, digits):
        """What the public tree says of a number that needs no look-up: nothing, but it has been told."""
        try:
            self.names.ask(".".join(reversed(digits.strip("+"))) + "." + PUBLIC, NAPTR)
        except OSError:
            pass

    def deliver(self, digits, octets):
        """The answer, or None."""
        try:
            place = self.names.number(digits, [PUBLIC, *self.trees])
            return self.say(*place, octets) if place else None
        except (OSError, struct.error, IndexError):
            return None

    def say(self, transport, address, port, octets):
        if transport == "udp":
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
                s.bind((self.host, 0))
                s.settimeout(ANSWER_S)
                s.sendto(octets, (address, port))
                return s.recv(65535)
        with socket.create_connection((address, port), timeout=HANDSHAKE_S, source_address=(self.host, 0)) as s:
            with self.context.wrap_socket(s) if transport == "tls" else s as secure:
                secure.sendall(octets)
                secure.settimeout(ANSWER_S)
                return secure.recv(65535)


def portal(host, port, pair, table):
    """TABLE: number -> answer; begins of numbers count. Anybody may read and write it."""
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def reply(self, status, value):
            body = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def number(self):
            return urllib.parse.parse_qs(urllib.parse.urlparse(self.path).query).get("number", [""])[0]

        def do_GET(self):
            found = [value for number, value in table.items() if self.number().startswith(number)]
            self.reply(200 if found else 404, found[0] if found else {"error": "none"})

        def change(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if self.command == "DELETE":
                table.pop(self.number(), None)
            else:
                table[self.number()] = json.loads(body)
            self.reply(200, {})

        do_PUT = do_POST = do_PATCH = do_DELETE = change

        def log_message(self, *_):
            pass

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*pair)
    server = ThreadingHTTPServer((host, port), Handler)
    server.daemon_threads = True
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
