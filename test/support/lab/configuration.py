# SPDX-License-Identifier: Apache-2.0
"""Configurations as Python values: a laboratory Sallyport between a core zone and a peering zone. JSON is YAML."""
import json

FOREVER = "2099-12-31"


def waivers(*controls):
    return [{"control": c, "reason": "laboratory on loopback only", "until": FOREVER} for c in controls]


def host(address):
    """As it stands in a URI or before a port."""
    return f"[{address}]" if ":" in address else address


def only(address):
    """The prefix that holds ADDRESS alone."""
    return f"{address}/{128 if ':' in address else 32}"


def peer(name, zone, address, prefixes, targets, **more):
    """A peer at ADDRESS that owns PREFIXES; MORE replaces whole keys. Clear peers of the peering zone get their waivers."""
    secure = all(t.startswith("tls:") for t in targets)
    p = {
        "name": name, "zone": zone, "reach": {"targets": targets, "transport": targets[0].split(":")[0]},
        "known_by": {"addresses": [only(address)]}, "numbers": {"calls_from": prefixes, "calls_to": prefixes},
        "limits": {"calls_per_second": 10000, "concurrent_calls": 10000, "messages_per_second": 100000},
        "media": {"srtp": "off", "addresses": [only(address)]},
    }
    if zone != "core":
        p["identity"] = {"verify": "off", "sign": "off"}
        p["waivers"] = waivers("identity", "srtp", *([] if secure else ["transport-identity"]))
    p.update(more)
    return p


def tls_peer(name, zone, address, prefixes, domain, trust, port=5061, **more):
    target = f"tls:{host(address)}:{port}"
    return peer(name, zone, address, prefixes, [target], reach={"domain": domain, "targets": [target], "transport": "tls"},
                known_by={"tls_names": [domain], "trust": str(trust), "addresses": [only(address)]}, **more)


def system(folder, core, border, peers, transports=("udp", "tcp"), pairs=64, tls=None, **more):
    """The whole file as text. PAIRS: media ports of each side. TLS: (certificate, key)."""
    def listener(name, address, first):
        sip = [f"{t}:{host(address)}:{5061 if t == 'tls' else 5060}" for t in transports]
        return {"name": name, "zone": name, "sip": sip, "media": f"{host(address)}:{first}-{first + 2 * pairs - 1}"}
    c = {
        "domain": "sbe.example", "listen": [listener("core", core, 20000), listener("peering", border, 25000)],
        "peers": peers,
        "limits": {"calls": 2000, "sessions": 1000, "connections": 64, "connections_per_source": 16},
        "admin": {"socket": f"{folder}/admin.sock"}, "records": {"path": f"{folder}/records/records.jsonl"},
        "trace": {"path": f"{folder}/trace"}, "quarantine": 1,
    }
    if tls:
        c["tls"] = {"certificate": str(tls[0]), "key": str(tls[1])}
    c.update(more)
    return json.dumps(c, indent=1) + "\n"


def changed(before, after):
    """Counters of `status` that moved: name -> by how much."""
    return {k: v - before.get(k, 0) for k, v in after.items() if v != before.get(k, 0)}
