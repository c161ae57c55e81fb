# SPDX-License-Identifier: Apache-2.0
"""What the probes of look-ups attack: a Sallyport that asks the audit for DNS and has a portal, and the permissive element beside it. The
certificates of all are made by one authority."""
import json

from lab.configuration import peer, system
from lab.pki import Authority
from scene import FROM, TO, roles

# 127.50.5.0/24 to 127.50.7.0/24 of the audit's part of the loopback network.
CORE, BORDER, PERMISSIVE = "127.50.5.1", "127.50.5.2", "127.50.6.1"
OPEN_CORE, OPEN_BORDER = "127.50.7.1", "127.50.7.2"  # a Sallyport whose operator asks for less
PORTAL = 8443
DNS = 5300
APEX, SIGNED_APEX = "e164.audit.example", "e164.signed.example"
RESOLVED_DOMAIN, SECURED_DOMAIN = "resolved.example", "secured.example"
# A key that nobody has: whatever is said below, it is not proved by it.
ANCHOR = f"signed.example. IN DS 4711 13 2 {'c0ffee00' * 8}\n"
PROBES = ["public-tree", "forged-answer", "exhausting", "look-up-lost", "next-hop", "lowered", "hosts-lost", "half-requests", "view",
          "provisioning", "location-harvest", "dead-hop"]
OPENED = ["forged-answer", "next-hop", "view", "half-requests"]  # what such a configuration opens
STILL = ["public-tree", "exhausting", "provisioning"]            # and what not


def places(target):
    """Addresses of all roles beside a target."""
    net = target.rsplit(".", 1)[0]
    return {**roles(target), "resolved": f"{net}.30", "secured": f"{net}.40", "dns": f"{net}.53"}


def certificates(folder):
    ours = Authority(folder, "laboratory")
    return {"ca": ours.certificate, "sbe": ours.issue("looked", "DNS:sbe.example"), "secured": ours.issue("secured", f"DNS:{SECURED_DOMAIN}"),
            "false": ours.issue("false", "DNS:somebody.example")}


def configuration(folder, pki, core=CORE, border=BORDER, opened=False):
    """OPENED: no DNSSEC, the stranger's address counts as the resolved peer's, the called side is told to others, and the portal waits."""
    at = places(core)
    anchors = folder / "anchors"
    folder.mkdir(parents=True, exist_ok=True)
    anchors.write_text(ANCHOR)
    by_enum = {"calls_from": ["+4977"], "calls_to": "registry"}
    addresses = [f"{at['resolved']}/32"] + ([f"{at['stranger']}/32"] if opened else [])
    listed = {"reach": {"domain": "called.example", "targets": [f"udp:{at['called']}:5060"], "transport": "udp"}, "lookup": {"listed": True}}
    peers = [peer("caller", "core", at["caller"], ["+4930"], [f"udp:{at['caller']}:5060"]),
             peer("called", "peering", at["called"], ["+4989"], [f"udp:{at['called']}:5060"], **(listed if opened else {})),
             peer("resolved", "peering", at["resolved"], ["+4977"], ["udp:x"], reach={"domain": RESOLVED_DOMAIN, "transport": "udp"},
                  numbers=by_enum, known_by={"addresses": addresses}),
             peer("secured", "peering", at["secured"], ["+4966"], ["tls:x"], reach={"domain": SECURED_DOMAIN, "transport": "tls"},
                  known_by={"tls_names": [SECURED_DOMAIN], "trust": str(pki["ca"]), "addresses": [f"{at['secured']}/32"]},
                  numbers={**by_enum, "calls_from": ["+4966"]}, portal={"lookup": True, "profile": True})]
    return system(folder, core, border, peers, transports=("udp", "tcp", "tls"), tls=pki["sbe"], workers=1,
                  luf={"enum": [{"apex": APEX, "dnssec": "off"}, {"apex": SIGNED_APEX, "dnssec": "off" if opened else "required"}]},
                  dns={"upstreams": [f"{at['dns']}@{DNS}"], "trust_anchors": "none" if opened else str(anchors), "stale": 3600},
                  portal={"listen": f"{border}:{PORTAL}", "zone": "peering", "request": 60 if opened else 3})


def permissive(pki):
    """The last argument of permissive.py."""
    return json.dumps({"dns": [places(PERMISSIVE)["dns"], DNS], "trees": [APEX, SIGNED_APEX], "prefix": "+4977", "portal": PORTAL,
                       "pair": [str(path) for path in pki["sbe"]]})


def audit_file(path, pki, target, called_target, deadline):
    """What `sallyport audit --config` reads."""
    at = places(target)
    lines = {"target": f"udp:{target}:5060", "called-target": f"udp:{called_target}:5060", "caller": f"{at['caller']}:5060",
             "called": f"{at['called']}:5060", "stranger": f"{at['stranger']}:5060", "resolved": f"{at['resolved']}:5060",
             "secured": f"{at['secured']}:5061", "dns": f"{at['dns']}:{DNS}", "portal": f"{called_target}:{PORTAL}",
             "from": f'"{FROM}"', "to": f'"{TO}"', "domain": "sbe.example", "apex": APEX, "signed-apex": SIGNED_APEX,
             "looked-up": '"+4977"', "resolved-domain": RESOLVED_DOMAIN, "secured-domain": SECURED_DOMAIN,
             "certificate": pki["secured"][0], "key": pki["secured"][1], "false-certificate": pki["false"][0], "false-key": pki["false"][1],
             "deadline": deadline, "seconds": 120}
    path.write_text("".join(f"{name}: {value}\n" for name, value in lines.items()))
    return path
