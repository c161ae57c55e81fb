# SPDX-License-Identifier: Apache-2.0
"""The stage of the demo: two providers on loopback, each with authority, border element and two user agents."""
import random
import socket
import time

from lab.baresip import UserAgent
from lab.pki import Authority
from lab.provider import Provider

LISTEN = """
  - {{name: core, zone: core, sip: ["udp:{core}:5060"], media: "{core}:20000-20063"}}
  - {{name: secure, zone: secure, sip: ["tls:{core}:5061"], media: "{core}:21000-21063"}}
  - {{name: peering, zone: peering, sip: ["tls:{border}:5061"], media: "{border}:25000-25063"}}
"""

CONFIGURATION = """
domain: {domain}
zones:
  - {{name: core}}
  - {{name: secure, core: yes}}
  - {{name: peering}}
listen:{listen}
tls: {{certificate: {folder}/sbe.pem, key: {folder}/sbe.key}}
peers:
  - name: {other_name}
    zone: peering
    reach: {{domain: {other_domain}, targets: ["tls:{other_border}:5061"], transport: tls}}
    known_by: {{tls_names: [{other_domain}], trust: {other_trust}, addresses: [{other_border}/32]}}
    numbers: {{calls_from: ["{other_numbers}"], calls_to: ["{other_numbers}"]}}
    limits: {{calls_per_second: 50, concurrent_calls: 100, messages_per_second: 1000}}
    media: {{srtp: required, keying: end-to-end, addresses: [{other_border}/32], codecs: [PCMA, PCMU, telephone-event]}}
    headers: strict
    identity: {{verify: off, sign: off}}
    waivers:
      - {{control: identity, reason: "laboratory without certificates for numbers", until: {until}}}
  - name: phone-plain      # its leg is plain RTP: the keys of the border leg end here
    zone: core
    reach: {{targets: ["udp:{phones}:{plain_port}"], transport: udp}}
    known_by: {{addresses: [{phones}/32]}}
    numbers: {{calls_from: ["{numbers}10"], calls_to: ["{numbers}10"]}}
    limits: {{calls_per_second: 10, concurrent_calls: 10, messages_per_second: 200}}
    media: {{keying: per-leg, addresses: [{phones}/32]}}
  - name: phone-secure     # it brings keys of its own, which pass end to end
    zone: secure
    reach: {{domain: phone.{domain}, targets: ["tls:{phones}:{secure_port_tls}"], transport: tls}}
    known_by: {{tls_names: [phone.{domain}], trust: {folder}/{name}-ca.pem, addresses: [{phones}/32]}}
    numbers: {{calls_from: ["{numbers}20"], calls_to: ["{numbers}20"]}}
    limits: {{calls_per_second: 10, concurrent_calls: 10, messages_per_second: 200}}
    media: {{addresses: [{phones}/32]}}
limits: {{calls: 200, sessions: 200, connections: 64, connections_per_source: 16}}
admin: {{socket: {folder}/admin.sock}}
records: {{path: {folder}/records/records.jsonl}}
"""

PHONES = "127.0.0.1"  # baresip's RTP sockets are bound to no address: on loopback their packets come from here
NET_TRIES = 50


def _is_free(address, port, kind):
    with socket.socket(socket.AF_INET, kind) as s:
        try:
            s.bind((address, port))
            return True
        except OSError:
            return False


def _free_net():
    """A second octet of 127.0.0.0/8 whose addresses nobody uses."""
    for _ in range(NET_TRIES):
        octet = random.randrange(80, 250)
        if all(_is_free(f"127.{octet}.0.{host}", 5061, socket.SOCK_STREAM) for host in (1, 2, 3, 4)):
            return octet
    raise RuntimeError("no free addresses in 127.0.0.0/8 found")


def _free_ports(count):
    """COUNT consecutive ports of 127.0.0.1 that are free for UDP and TCP."""
    for _ in range(NET_TRIES):
        first = random.randrange(10000, 19000, 2)
        if all(_is_free(PHONES, first + i, kind) for i in range(count) for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM)):
            return first
    raise RuntimeError("no free ports on 127.0.0.1 found")


def _sides():
    net, port = _free_net(), _free_ports(16)
    sides = {}
    for i, (key, numbers, tones) in enumerate((("a", "+4930", (440, 550)), ("b", "+4989", (880, 770)))):
        base = port + 8 * i
        sides[key] = {"name": f"ssp-{key}", "domain": f"ssp-{key}.example", "core": f"127.{net}.0.{1 + 2 * i}",
                      "border": f"127.{net}.0.{2 + 2 * i}", "phones": PHONES, "numbers": numbers, "tones": tones,
                      "plain_port": base, "secure_port": base + 2, "secure_port_tls": base + 3,
                      "control": (base + 4, base + 5), "rtp": (30000 + 1000 * i, 30500 + 1000 * i)}
    return sides


class Scene:
    def __init__(self, folder, binary):
        self.folder, self.binary, self.agents = folder, binary, {}
        folder.chmod(0o755)  # the processes run as a user of their own and must pass through
        self.sides = _sides()
        self.authority = {k: Authority(folder / k, s["name"]) for k, s in self.sides.items()}
        self.providers, self.phone_pair = {}, {}

    def _provider(self, key):
        me, other = self.sides[key], self.sides["b" if key == "a" else "a"]
        folder = self.folder / key
        pem, private = self.authority[key].issue("sbe", f"DNS:{me['domain']}")
        self.phone_pair[key] = self.authority[key].issue("phone", f"DNS:phone.{me['domain']}")
        phone = folder / "phone-both.pem"
        phone.write_text((folder / "phone.key").read_text() + (folder / "phone.pem").read_text())
        assert pem.name == "sbe.pem" and private.name == "sbe.key"
        return Provider(folder, self.binary, CONFIGURATION.format(
            **me, folder=folder, until=f"{time.gmtime().tm_year + 1}-01-31", listen=LISTEN.format(**me), other_name=other["name"], other_domain=other["domain"],
            other_border=other["border"], other_numbers=other["numbers"],
            other_trust=self.authority["b" if key == "a" else "a"].certificate))

    def _agents(self, key):
        me, folder = self.sides[key], self.folder / key
        self.agents[f"plain-{key}"] = UserAgent(folder / "plain", me["numbers"] + "10", PHONES, me["plain_port"],
                                                me["control"][0], me["tones"][0], me["rtp"][0])
        self.agents[f"secure-{key}"] = UserAgent(folder / "secure", me["numbers"] + "20", PHONES, me["secure_port"],
                                                 me["control"][1], me["tones"][1], me["rtp"][1], transport="tls",
                                                 mediaenc="srtp-mand", pem=folder / "phone-both.pem")

    def __enter__(self):
        try:
            for key in self.sides:
                self.providers[key] = self._provider(key)
                self._agents(key)
            for p in self.providers.values():
                p.start()
            for agent in self.agents.values():
                agent.start()
        except Exception:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for agent in self.agents.values():
            agent.stop()
        self.stop()

    @property
    def a(self):
        return self.providers["a"]

    @property
    def b(self):
        return self.providers["b"]

    def core_host(self, key, agent):
        """Where an agent sends its calls: host, port and transport of its provider's listener for it."""
        secure = agent is self.agents[f"secure-{key}"]
        return self.sides[key]["core"] + (":5061" if secure else ":5060")

    def udp_signalling(self):
        return [(self.sides[k]["core"], 5060) for k in self.sides]

    def media_addresses(self):
        """Every media port of both providers, core and border side."""
        return [(self.sides[k][side], first + i) for k in self.sides
                for side, first in (("core", 20000), ("core", 21000), ("border", 25000)) for i in range(0, 64, 2)]

    def stop(self):
        return tuple(p.stop() for p in self.providers.values())

