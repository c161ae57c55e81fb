# SPDX-License-Identifier: Apache-2.0
"""What the audit attacks: a Sallyport on loopback with two peers, and a permissive element that withstands nothing."""

# 127.50.0.0/16 is the audit's own part of the loopback network; each target has its own roles.
SBE_CORE, SBE_BORDER, PERMISSIVE = "127.50.0.1", "127.50.0.2", "127.50.1.1"
OPEN_CORE, OPEN_BORDER = "127.50.4.1", "127.50.4.2"  # a Sallyport with waivers
FROM, TO = "+493012345", "+498912345"


def roles(target):
    """Addresses of caller, called side and stranger beside a target."""
    net = target.rsplit(".", 1)[0]
    return {"caller": f"{net}.10", "called": f"{net}.20", "stranger": f"{net}.66"}


CONFIGURATION = """
domain: sbe.example
{tls}listen:
  - {{name: core, zone: core, sip: ["udp:{core}:5060", "tcp:{core}:5060"{tls_core}], media: "{core}:20000-20999"}}
  - {{name: peering, zone: peering, sip: ["udp:{border}:5060"], media: "{border}:25000-25999"}}
peers:
  - name: caller
    zone: core
    reach: {{targets: ["udp:{caller}:5060"], transport: udp}}
    known_by: {{addresses: [{caller}/32]}}
    numbers: {{calls_from: ["+4930"], calls_to: ["+4930"]}}
    limits: {{calls_per_second: 1000, concurrent_calls: 2000, messages_per_second: 10000}}
    media: {{addresses: [{caller_media}]}}
{core_waivers}  - name: called
    zone: peering
    reach: {{targets: ["udp:{called}:5060"], transport: udp}}
    known_by: {{addresses: [{called}/32]}}
    numbers: {{calls_from: ["+4989"], calls_to: ["+4989"]}}
    limits: {{calls_per_second: 1000, concurrent_calls: 2000, messages_per_second: 10000}}
    media: {{srtp: off, addresses: [{called_media}]}}
    headers: strict
    identity: {{verify: off, sign: off}}
    waivers:
      - {{control: identity, reason: "laboratory", until: 2099-12-31}}
      - {{control: transport-identity, reason: "laboratory", until: 2099-12-31}}
      - {{control: srtp, reason: "laboratory", until: 2099-12-31}}{waivers}
limits: {{calls: 2000, sessions: 500, connections: 64, connections_per_source: 16}}
admin: {{socket: {folder}/admin.sock}}
records: {{path: {folder}/records/records.jsonl}}
workers: 1
"""

AUDIT_FILE = """
# The roles, as the target provisions them.
target: udp:{target}:5060
called-target: udp:{called_target}:5060
stream: {stream}
caller: {caller}:5060
called: {called}:5060
stranger: {stranger}:0
from: "{number}"
to: "{to}"
domain: sbe.example
deadline: {deadline}
seconds: 90
"""


def configuration(folder, core=SBE_CORE, border=SBE_BORDER, waived=(), tls=None):
    """WAIVED: controls that both peers go without; their media may then come from the whole /24, strangers included. TLS:
    (certificate, key): the core listener then has a TLS socket too."""
    rows = [f'{{control: {c}, reason: "laboratory", until: 2099-12-31}}' for c in waived]
    r = roles(core)
    net = core.rsplit(".", 1)[0] + ".0/24" if waived else None
    return CONFIGURATION.format(folder=folder, core=core, border=border, **r,
                                tls=f"tls: {{certificate: {tls[0]}, key: {tls[1]}}}\n" if tls else "",
                                tls_core=f', "tls:{core}:5061"' if tls else "",
                                core_waivers=f"    waivers: [{', '.join(rows)}]\n" if rows else "",
                                caller_media=net or r["caller"] + "/32", called_media=net or r["called"] + "/32",
                                waivers="".join(f"\n      - {row}" for row in rows))


def audit_file(path, target, called_target, deadline, tls=False):
    """What `sallyport audit --config` reads; DEADLINE [s] for useless connections. TLS: they go to the TLS socket."""
    stream = f"tls:{target}:5061" if tls else f"tcp:{target}:5060"
    path.write_text(AUDIT_FILE.format(target=target, called_target=called_target, number=FROM, to=TO,
                                      deadline=deadline, stream=stream, **roles(target)))
    return path
