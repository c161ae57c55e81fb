# SPDX-License-Identifier: Apache-2.0
"""The stage of the demo: two providers on loopback, each with authority, border element and two user agents."""
from lab.baresip import UserAgent
from lab.pki import Authority
from lab.provider import Provider

LISTEN = """
  - {{name: core, zone: core, sip: ["udp:{core}:5060", "tls:{core}:5061"], media: "{core}:20000-20063"}}
  - {{name: peering, zone: peering, sip: ["tls:{border}:5061"], media: "{border}:25000-25063"}}
"""

CONFIGURATION = """
domain: {domain}
listen:{listen}
tls: {{certificate: {folder}/sbe.pem, key: {folder}/sbe.key}}
registry: "sqlite:{folder}/registry.db"
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
      - {{control: identity, reason: "laboratory without certificates for numbers", until: 2099-12-31}}
  - name: phone-plain
    zone: core
    reach: {{targets: ["udp:{phones}:6060"], transport: udp}}
    known_by: {{addresses: [{phones}/32]}}
    numbers: {{calls_from: ["{numbers}10"], calls_to: ["{numbers}10"]}}
    limits: {{calls_per_second: 10, concurrent_calls: 10, messages_per_second: 200}}
    media: {{keying: per-leg, addresses: [{phones}/32]}}
  - name: phone-secure
    zone: core
    reach: {{domain: phone.{domain}, targets: ["tls:{secure_phones}:6061"], transport: tls}}
    known_by: {{tls_names: [phone.{domain}], trust: {folder}/{name}-ca.pem, addresses: [{secure_phones}/32]}}
    numbers: {{calls_from: ["{numbers}20"], calls_to: ["{numbers}20"]}}
    limits: {{calls_per_second: 10, concurrent_calls: 10, messages_per_second: 200}}
    media: {{addresses: [{secure_phones}/32]}}
limits: {{calls: 200, sessions: 200, connections: 64, connections_per_source: 16}}
admin: {{socket: {folder}/admin.sock}}
records: {{path: {folder}/records.jsonl}}
"""

SIDES = {
    "a": {"name": "ssp-a", "domain": "ssp-a.example", "core": "127.10.0.1", "border": "127.10.0.2",
          "phones": "127.10.0.10", "secure_phones": "127.10.0.11", "numbers": "+4930", "tones": (440, 550)},
    "b": {"name": "ssp-b", "domain": "ssp-b.example", "core": "127.20.0.1", "border": "127.20.0.2",
          "phones": "127.20.0.10", "secure_phones": "127.20.0.11", "numbers": "+4989", "tones": (880, 770)},
}


class Scene:
    def __init__(self, folder, binary):
        self.folder, self.binary, self.agents = folder, binary, {}
        self.authority = {k: Authority(folder / k, s["name"]) for k, s in SIDES.items()}
        self.providers = {}

    def _provider(self, key):
        me, other = SIDES[key], SIDES["b" if key == "a" else "a"]
        folder = self.folder / key
        pem, private = self.authority[key].issue("sbe", f"DNS:{me['domain']}")
        self.authority[key].issue("phone", f"DNS:phone.{me['domain']}")
        phone = folder / "phone-both.pem"
        phone.write_text((folder / "phone.key").read_text() + (folder / "phone.pem").read_text())
        assert pem.name == "sbe.pem" and private.name == "sbe.key"
        return Provider(folder, self.binary, CONFIGURATION.format(
            **me, folder=folder, listen=LISTEN.format(**me), other_name=other["name"], other_domain=other["domain"],
            other_border=other["border"], other_numbers=other["numbers"],
            other_trust=self.authority["b" if key == "a" else "a"].certificate))

    def _agents(self, key):
        me, folder = SIDES[key], self.folder / key
        self.agents[f"plain-{key}"] = UserAgent(folder / "plain", me["numbers"] + "10", me["phones"], 6060, 6090,
                                                me["tones"][0], 30000)
        self.agents[f"secure-{key}"] = UserAgent(folder / "secure", me["numbers"] + "20", me["secure_phones"], 6060, 6090,
                                                 me["tones"][1], 30000, transport="tls", mediaenc="srtp-mand",
                                                 pem=folder / "phone-both.pem")

    def __enter__(self):
        try:
            for key in SIDES:
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
        """Where an agent sends its calls: host, port and transport of its provider's core listener."""
        secure = agent.address == SIDES[key]["secure_phones"]
        return SIDES[key]["core"] + (":5061;transport=tls" if secure else ":5060")

    def udp_signalling(self):
        return [(SIDES[k]["core"], 5060) for k in SIDES]

    def media_addresses(self, provider):
        """Bound media ports of a provider, core and border side."""
        key = "a" if provider is self.providers["a"] else "b"
        return [(SIDES[key][side], first + i) for side, first in (("core", 20000), ("border", 25000)) for i in range(0, 64, 2)]

    def stop(self):
        return tuple(p.stop() for p in self.providers.values())

