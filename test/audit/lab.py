# SPDX-License-Identifier: Apache-2.0
"""What the audit attacks: a Sallyport on loopback with two peers, and a permissive element that withstands nothing."""

# 127.50.0.0/16 is the audit's own part of the loopback network.
SBE_CORE, SBE_BORDER = "127.50.0.1", "127.50.0.2"
CALLER, CALLED, STRANGER = "127.50.0.10", "127.50.0.20", "127.50.66.6"
PERMISSIVE = "127.50.1.1"
PORT = 5060
DEADLINE_S = 15  # of the useless connections

CONFIGURATION = """
domain: sbe.example
listen:
  - {{name: core, zone: core, sip: ["udp:{core}:5060", "tcp:{core}:5060"], media: "{core}:20000-20063"}}
  - {{name: peering, zone: peering, sip: ["udp:{border}:5060"], media: "{border}:25000-25063"}}
peers:
  - name: caller
    zone: core
    reach: {{targets: ["udp:{caller}:5060"], transport: udp}}
    known_by: {{addresses: [{caller}/32]}}
    numbers: {{calls_from: ["+4930"], calls_to: ["+4930"]}}
    limits: {{calls_per_second: 1000, concurrent_calls: 2000, messages_per_second: 10000}}
    media: {{addresses: [{caller}/32]}}
  - name: called
    zone: peering
    reach: {{targets: ["udp:{called}:5060"], transport: udp}}
    known_by: {{addresses: [{called}/32]}}
    numbers: {{calls_from: ["+4989"], calls_to: ["+4989"]}}
    limits: {{calls_per_second: 1000, concurrent_calls: 2000, messages_per_second: 10000}}
    media: {{srtp: off, addresses: [{called}/32]}}
    headers: strict
    identity: {{verify: off, sign: off}}
    waivers:
      - {{control: identity, reason: "laboratory", until: 2099-12-31}}
      - {{control: transport-identity, reason: "laboratory", until: 2099-12-31}}
      - {{control: srtp, reason: "laboratory", until: 2099-12-31}}
limits: {{calls: 2000, sessions: 64, connections: 64, connections_per_source: 16}}
timeouts: {{frame: 5, idle: 10}}
admin: {{socket: {folder}/admin.sock}}
records: {{path: {folder}/records/records.jsonl}}
workers: 1
"""

AUDIT_FILE = """
# The roles, as the target provisions them.
called-target: {called_target}
stream: {stream}
caller: {caller}:5060
called: {called}:5060
stranger: {stranger}:0
from: "+493012345"
to: "+498912345"
domain: {domain}
deadline: {deadline}
seconds: 90
"""


def configuration(folder):
    return CONFIGURATION.format(folder=folder, core=SBE_CORE, border=SBE_BORDER, caller=CALLER, called=CALLED)


def audit_file(path, target, called_target, stream, domain):
    path.write_text(AUDIT_FILE.format(called_target=called_target, stream=stream, caller=CALLER, called=CALLED,
                                      stranger=STRANGER, domain=domain, deadline=DEADLINE_S))
    return path, target
