# SPDX-License-Identifier: Apache-2.0
"""DNS as the resolver process takes it: Knot's zones signed, plain, altered and expired; servers that are dead, slow, cut off or lie;
sets built to exhaust. Then a call to a peer that is found by NAPTR and SRV in a signed zone."""
import json
import random
import shutil
import socket
import struct
import subprocess
import time
from pathlib import Path

import pytest

from lab.configuration import peer, system
from lab.dns import A, AAAA, DNSKEY, NAPTR, SRV, Ask, Knot, Server, available, ds, free_port, key_tag
from lab.phone import Call, Phone, connect

HOST = "127.61.1.1"   # of all servers here; each has a port of its own
CORE, BORDER, NEAR, FAR = (f"127.61.2.{n}" for n in (1, 2, 3, 4))

pytestmark = pytest.mark.skipif(not available(), reason="needs Knot DNS")

SIGNED = """@ NAPTR 10 10 "s" "SIP+D2T" "" _sip._tcp
@ NAPTR 20 10 "s" "SIP+D2U" "" _sip._udp
_sip._udp SRV 10 1 5060 sbc
_sip._tcp SRV 10 1 5060 nowhere
sbc A %s
sbc 300 AAAA 2001:db8::1
nowhere A 192.0.2.99
alias CNAME sbc
round1 CNAME round2
round2 CNAME round1
""" % FAR
MANY = "".join(f"_sip._udp SRV {n} 1 5060 host{n}\nhost{n} A 192.0.2.{n}\n" for n in range(1, 65))


@pytest.fixture(scope="module")
def knot(folder):
    long = "".join(f"n{i} CNAME n{i + 1}\n" for i in range(12)) + "n12 A 192.0.2.1\n"
    k = Knot(folder / "knot", HOST, {"signed.example": SIGNED, "plain.example": "sbc A 192.0.2.7\n" + long, "many.example": MANY},
             signed=("signed.example",)).start()
    yield k
    k.stop()


@pytest.fixture
def ask(binary, started):
    return lambda *servers, **more: started(Ask(binary, *servers, **more))


def test_signed_plain_and_denied(knot, ask):
    a = ask(knot.server, anchors=knot.anchor("signed.example"))
    got = a.one("sbc.signed.example")
    assert (got["outcome"], got["verdict"], got["records"], got["ttl"]) == ("found", "secure", [socket.inet_aton(FAR).hex()], 300)
    assert a.one("alias.signed.example", AAAA)["verdict"] == "secure"
    assert a.one("signed.example", NAPTR)["verdict"] == "secure"
    got = a.one("none.signed.example")
    assert (got["outcome"], got["verdict"]) == ("nxdomain", "secure") and got["ttl"] <= 60
    got = a.one("sbc.plain.example")
    assert (got["outcome"], got["verdict"]) == ("found", "insecure")
    assert a.one("sbc.plain.example", SRV)["outcome"] == "nodata"


def test_policy_by_suffix(knot, ask):
    """What must be signed and is not is refused; the attack passes where nothing is required (LUF-I2, LRF-I1)."""
    assert ask(knot.server).one("sbc.plain.example")["outcome"] == "found"
    a = ask(knot.server, anchors=knot.anchor("signed.example"), policy=["example=required"], only=["example"])
    got = a.one("sbc.plain.example")
    assert (got["outcome"], got["records"]) == ("refused", []) and "dns.policy" in got["reason"]
    assert a.one("sbc.plain.example", SRV)["outcome"] == "refused", "a denial is forged as easily"
    assert a.one("sbc.signed.example")["outcome"] == "found"
    assert "dns.only" in a.one("sbc.elsewhere.test")["reason"]


def relay(knot, change):
    """A man in the middle: CHANGE(octets) of each answer."""
    def handler(q, tcp):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM if tcp else socket.SOCK_DGRAM) as s:
            s.settimeout(2)
            s.connect((knot.address, knot.port))
            s.sendall(struct.pack("!H", len(q.octets)) + q.octets if tcp else q.octets)
            answer = s.recv(65535)
            return change(answer[2:] if tcp else answer)
    return handler


def test_altered_on_the_way(knot, ask, started):
    """Another address in a signed answer (LRF-I1, LUF-I2): taken without validation, refused with it, whatever the policy."""
    real, forged = socket.inet_aton(FAR), socket.inet_aton("192.0.2.66")
    middle = started(Server(HOST, relay(knot, lambda octets: octets.replace(real, forged))))
    assert ask(middle.server).one("sbc.signed.example")["records"] == [forged.hex()], "the attack"
    a = ask(middle.server, anchors=knot.anchor("signed.example"), stale=3600)
    got = a.one("sbc.signed.example")
    assert (got["outcome"], got["verdict"], got["records"]) == ("servfail", "bogus", []) and got["reason"]
    off = ask(middle.server, anchors=knot.anchor("signed.example"), policy=["signed.example=off"])
    assert off.one("sbc.signed.example")["records"] == [forged.hex()], "an operator may look away"


SHORT = SIGNED.replace("sbc A", "sbc 1 A")


def test_bogus_is_never_replaced_by_stale(folder, ask, started):
    forge = []
    real, forged = socket.inet_aton(FAR), socket.inet_aton("192.0.2.66")
    short = started(Knot(folder / "forged", HOST, {"signed.example": SHORT}, signed=("signed.example",)))
    middle = started(Server(HOST, relay(short, lambda octets: octets.replace(real, forged) if forge else octets)))
    a = ask(middle.server, anchors=short.anchor("signed.example"), stale=3600)
    assert a.one("sbc.signed.example")["verdict"] == "secure"
    forge.append(True)
    time.sleep(2.2)
    got = a.one("sbc.signed.example")
    assert (got["verdict"], got["stale"], got["records"]) == ("bogus", False, [])


def test_expired_signatures(knot, folder, ask, started):
    """Signed a month ago, for two weeks."""
    library, clock = folder / "clock.so", folder / "clock"
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", str(library), str(Path(__file__).with_name("clock.c")), "-ldl"], check=True)
    clock.write_bytes(struct.pack("=q", -30 * 86400))
    old = started(Knot(folder / "old", HOST, {"signed.example": SIGNED}, signed=("signed.example",),
                       environment={"LD_PRELOAD": str(library), "LAB_CLOCK": str(clock)}))
    got = ask(old.server, anchors=old.anchor("signed.example")).one("sbc.signed.example")
    assert got["verdict"] == "bogus" and "expired" in got["reason"], got


def test_dead_servers(knot, folder, ask, started):
    """The last good answer is stale, and good, for a while; and a second server takes over without it (LRF-A2)."""
    short = started(Knot(folder / "short", HOST, {"signed.example": SHORT}, signed=("signed.example",)))
    a, none = (ask(short.server, anchors=short.anchor("signed.example"), stale=s) for s in (3600, 0))
    two = ask(short.server, knot.server)
    for x in (a, none, two):
        assert x.one("sbc.signed.example")["outcome"] == "found"
    short.stop()
    time.sleep(2.2)
    got = a.one("sbc.signed.example", deadline_ms=3000)
    assert (got["outcome"], got["stale"], got["verdict"]) == ("found", True, "secure")
    begin = time.monotonic()
    assert a.one("sbc.signed.example")["stale"] and time.monotonic() - begin < 0.5, "nobody waits again"
    assert none.one("sbc.signed.example", deadline_ms=1000)["outcome"] in ("timeout", "servfail")
    got = two.one("sbc.signed.example")
    assert (got["outcome"], got["stale"]) == ("found", False)


def good(q, **more):
    return q.answer([(q.name, A, 60, socket.inet_aton("192.0.2.5"))], **more)


def evil(q, **more):
    return q.answer([(q.name, A, 60, socket.inet_aton("192.0.2.66"))], **more)


@pytest.mark.parametrize("lie", ["number", "name", "other-owner", "garbage"])
def test_answers_that_are_none(ask, started, lie):
    """A stranger's packets arrive before the real answer: wrong number, wrong name, records of another name, no packet."""
    def handler(q, _):
        lies = {"number": evil(q, number=(struct.unpack("!H", q.octets[:2])[0] + 1) & 0xffff), "name": evil(q, name="evil.example"),
                "other-owner": q.answer([("evil.example", A, 60, b"\xc0\0\2\x42")]), "garbage": b"\0" * 7}
        return [lies[lie], good(q)]
    s = started(Server(HOST, handler))
    got = ask(s.server).one("b.example")
    assert "c0000242" not in got["records"], "the lie is never taken"
    if lie in ("number", "garbage"):
        assert got["records"] == ["c0000205"]


def by_label(q, tcp):
    label = q.name.split(".")[0]
    if label == "slow":
        time.sleep(0.5)
    if label == "silent":
        return None
    if label == "servfail":
        return q.answer(rcode=2)
    return q.answer(truncated=True) if label == "cut" and not tcp else good(q)


def all_at_once(a, *labels):
    """label -> outcome, seconds."""
    begin, got = time.monotonic(), {}
    for label in labels:
        a.send(f"{label}.example", deadline_ms=2500)
    for _ in labels:
        answer = a.read()
        got[answer["name"].split(".")[0]] = (answer["outcome"], time.monotonic() - begin)
    return got


def test_silent_and_slow(ask, started):
    """They hold up nobody else (LRF-A2)."""
    s = started(Server(HOST, by_label))
    a = ask(s.server)
    got = all_at_once(a, "silent", "slow", "well")
    assert got["well"][0] == "found" and got["well"][1] < 0.4, got
    assert got["slow"][0] == "found" and 0.4 < got["slow"][1] < 2.4, got
    assert got["silent"][0] == "timeout" and 2.4 < got["silent"][1] < 3, got


def test_refusing_and_cut(ask, started):
    """A cut answer is asked for again by TCP (RFC 7766)."""
    s = started(Server(HOST, by_label))
    got = all_at_once(ask(s.server), "servfail", "cut", "well")
    assert got["servfail"][0] == "servfail" and got["well"][0] == "found", got
    assert got["cut"][0] == "found" and s.tcp_count > 0, got


def test_chains_of_aliases(knot, ask):
    a = ask(knot.server)
    assert a.one("round1.signed.example")["outcome"] == "servfail"
    got = a.one("n0.plain.example")
    assert got["outcome"] == "servfail" and got["records"] == [], "12 aliases are more than 8"
    assert a.one("n6.plain.example")["outcome"] == "found"


def test_large_sets(knot, ask, started):
    a = ask(knot.server)
    got = a.one("_sip._udp.many.example", SRV)
    assert len(got["records"]) == 64 and not got["cut"]
    s = started(Server(HOST, lambda q, tcp: q.answer(truncated=True) if not tcp else
                       q.answer([(q.name, A, 60, struct.pack("!I", 0xc0000200 + i)) for i in range(2000)])))
    got = ask(s.server).one("b.example")
    assert len(got["records"]) == 64 and got["cut"]


def test_keys_built_to_exhaust(ask, folder, started):
    """KeyTrap (CVE-2023-50387): as many keys of one tag and signatures as a message holds, so that each would be tried with each. The
    answer comes in bounded time, and other questions are answered meanwhile (LUF-A3)."""
    dice = random.Random(7)

    def key():
        rdata = bytearray(b"\x01\x01\x03\x0d" + dice.randbytes(64))
        for first in range(256):  # the last octets bring every tag to the same value
            rdata[-2] = first
            for last in range(256):
                rdata[-1] = last
                if key_tag(rdata) == 4711:
                    return bytes(rdata)
        return key()
    keys = [key() for _ in range(8)]
    keys += [k[:4] + k[4:30][::-1] + k[30:] for k in keys]
    keys = [k for k in keys if key_tag(k) == 4711]
    while len(keys) < 500:  # even positions may be swapped: the sum stays
        k = bytearray(dice.choice(keys))
        i, j = 4 + 2 * dice.randrange(30), 4 + 2 * dice.randrange(30)
        k[i], k[j] = k[j], k[i]
        keys.append(bytes(k)) if bytes(k) not in keys else None
    anchors = folder / "trap.ds"
    anchors.write_text(ds("trap.example", keys[0]))
    now = int(time.time())

    def signature(kind, owner):
        head = struct.pack("!HBBIIIH", kind, 13, owner.count(".") + 1, 60, now + 86400, now - 3600, 4711)
        return (owner, 46, 60, head + b"\x04trap\x07example\0" + dice.randbytes(64))

    def handler(q, tcp):
        if not q.name.endswith("trap.example"):
            return good(q)
        if not tcp:
            return q.answer(truncated=True)
        if q.kind == DNSKEY:
            return q.answer([(q.name, DNSKEY, 60, k) for k in keys] + [signature(DNSKEY, q.name) for _ in range(150)])
        return q.answer([(q.name, A, 60, b"\xc0\0\2\x42")] + [signature(A, q.name) for _ in range(500)])
    s = started(Server(HOST, handler))
    a = ask(s.server, anchors=anchors)
    begin = time.monotonic()
    a.send("b.trap.example", deadline_ms=9000)
    a.send("well.example", deadline_ms=9000)
    got = {}
    for _ in range(2):
        answer = a.read()
        got[answer["name"]] = (answer, time.monotonic() - begin)
    assert got["well.example"][0]["outcome"] == "found" and got["well.example"][1] < 3
    answer, took = got["b.trap.example"]
    assert answer["records"] == [] and answer["verdict"] != "secure" and took < 8, (answer, took)


def test_forwarder_configuration(binary, folder):
    """What `sallyport dns-forwarder` prints is good for Debian's unbound, and never goes past TLS (LUF-C3)."""
    conf = folder / "forward.yaml"
    conf.write_text(system(folder, CORE, BORDER, [], dns={"tls": True, "upstreams": ["127.0.0.1@5335"],
                                                       "forward_tls": ["192.0.2.53@853#dns.example", "2001:db8::53#dns.example"]}))
    out = subprocess.run([str(binary), "dns-forwarder", "--config", str(conf)], check=True, capture_output=True, text=True).stdout
    (folder / "unbound.conf").write_text(out)
    assert "forward-addr: 192.0.2.53@853#dns.example" in out and "forward-tls-upstream: yes" in out and "interface: 127.0.0.1@5335" in out
    if shutil.which("unbound-checkconf"):
        checked = subprocess.run(["unbound-checkconf", str(folder / "unbound.conf")], capture_output=True, text=True)
        assert checked.returncode == 0, checked.stdout + checked.stderr
    for bad in ({"tls": True}, {"tls": True, "upstreams": ["192.0.2.53"]}, {"upstreams": ["192.0.2.53@853#dns.example"]}):
        conf.write_text(system(folder, CORE, BORDER, [], dns=bad))
        checked = subprocess.run([str(binary), "check", str(conf)], capture_output=True, text=True)
        assert checked.returncode == 1 and "dns-forwarder" in checked.stdout, checked.stdout


def configuration(folder, knot, **dns):
    b = peer("b", "peering", FAR, ["+4989"], ["udp:x"], reach={"domain": "signed.example", "transport": "udp"})
    return system(folder, CORE, BORDER, [peer("a", "core", NEAR, ["+4930"], [f"udp:{NEAR}:5060"]), b],
                  dns={"upstreams": [f"{HOST}@{knot.port}"], **dns})


def test_call_by_naptr_and_srv_of_a_signed_zone(provider, folder, knot, started):
    """The peer is found by its domain: NAPTR names TCP first, whose host lies outside the peer's addresses and is left out
    (LRF-I1); UDP's SRV leads to it. Unsigned, it is not found at all; a reload with another policy takes effect."""
    a, b = (started(Phone(address)) for address in (NEAR, FAR))
    anchors = str(knot.anchor("signed.example"))
    required = [{"suffix": "example", "dnssec": "required"}]
    p = provider("call", configuration(folder / "call", knot, trust_anchors=anchors, policy=required))
    near, _ = connect(a, b, "+4989111", (CORE, 5060))
    told = p.json("explain", p.json("calls")["calls"][0]["legs"][0]["call_id"])
    assert "by DNS, DNSSEC secure" in json.dumps(told)
    hops = p.json("route", "signed.example", "--from", "a")["hops"]
    assert {h["origin"] for h in hops} == {"by DNS, DNSSEC secure"}
    records = " ".join(p.json("route", "signed.example", "--from", "a")["records"])
    for part in ("NAPTR", "SRV", "192.0.2.99", FAR, "secure"):
        assert part in records, records
    assert "DNS  " in p.command("route", "signed.example", "--from", "a")[1]
    assert near.bye() == 200 and b.request("BYE")
    log = p.log.read_text()
    assert "192.0.2.99" in log and "name=signed.example" in log and "dnssec=secure" in log
    p.config.write_text(configuration(folder / "call", knot, trust_anchors="none", policy=[]))
    p.command("reload")
    end = time.monotonic() + 15
    while "dnssec=insecure" not in p.log.read_text() and time.monotonic() < end:
        time.sleep(0.2)
    while time.monotonic() < end + 5:  # the next hops follow within a second
        hops = p.json("route", "signed.example", "--from", "a")["hops"]
        if {h["origin"] for h in hops} == {"by DNS, insecure"}:
            break
        time.sleep(0.2)
    assert {h["origin"] for h in hops} == {"by DNS, insecure"}
    assert "event=resolver.configured" in p.log.read_text() and "dnssec=insecure" in p.log.read_text()
    assert "child-died" not in p.log.read_text(), "the resolver lives in its sandbox"


def test_unsigned_peer_where_signatures_are_required(provider, folder, knot, started):
    a = started(Phone("127.61.2.13"))
    core, border = "127.61.2.11", "127.61.2.12"
    b = peer("b", "peering", "192.0.2.7", ["+4989"], ["udp:x"], reach={"domain": "sbc.plain.example", "transport": "udp"})
    text = system(folder / "no", core, border, [peer("a", "core", "127.61.2.13", ["+4930"], ["udp:127.61.2.13:5060"]), b],
                  dns={"upstreams": [f"{HOST}@{knot.port}"], "trust_anchors": str(knot.anchor("signed.example")),
                       "policy": [{"suffix": "example", "dnssec": "required"}]})
    p = provider("no", text)
    assert Call(a, "+4989111", (core, 5060)).dial(5).status >= 400
    log = p.log.read_text()
    assert "sbc.plain.example is not resolved yet" in log and "dns.policy" in log


def test_question_of_the_directory(provider, folder, started):
    """A question of the directory reaches Knot through the resolver; the same tree unsigned is not believed (LUF-I2)."""
    tree = '1.1.1.9.8.9.4 NAPTR 10 10 "u" "E2U+sip" "!^.*$!sip:+4989111@b.example!" .\n'
    signed = started(Knot(folder / "enum", HOST, {"e164.example": tree}, signed=("e164.example",)))
    plain = started(Knot(folder / "enum-plain", HOST, {"e164.example": tree}))
    for name, core, border, server, found in (("e", "127.61.2.21", "127.61.2.22", signed, True), ("f", "127.61.2.23", "127.61.2.24", plain, False)):
        b = peer("b", "peering", FAR, ["+4940"], [f"udp:{FAR}:5060"],
                 reach={"domain": "b.example", "transport": "udp", "targets": [f"udp:{FAR}:5060"]})
        text = system(folder / name, core, border, [peer("a", "core", NEAR, ["+4930"], [f"udp:{NEAR}:5060"]), b],
                      dns={"upstreams": [f"{HOST}@{server.port}"], "trust_anchors": str(signed.anchor("e164.example"))},
                      luf={"enum": [{"apex": "e164.example", "dnssec": "required"}]})
        _, out = provider(name, text).command("lookup", "+4989111", "--from", "a", check=False)
        assert ("found, 1 records, secure" in out) == found and ("sip:+4989111@b.example" in out) == found, out
        assert found or "not signed" in out or "insecure" in out or "bogus" in out, out
