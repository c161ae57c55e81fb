# SPDX-License-Identifier: Apache-2.0
"""On-demand peering (RFC 6405): two providers of one federation, neither of whom knows the other. Signed DNS tells where a domain is
served, the federation's authority vouches for its name; nothing else makes a peer."""
import socket
import ssl
import threading
import time
from pathlib import Path

import pytest

from lab.configuration import changed, peer, system, waivers
from lab.dns import Knot, available
from lab.phone import Call, Phone
from lab.pki import Authority

DNS = "127.63.1.1"
NEAR, FAR, CLIENT, OUTSIDE = "127.63.2.1", "127.63.2.2", "127.63.2.3", "127.64.2.4"
CORE, BORDER = {"a": "127.63.3.1", "b": "127.63.3.2"}, {"a": "127.63.4.1", "b": "127.63.4.2"}
NUMBER = "+4989111"
ZONE = "".join(f"_sips._tcp.{n} SRV 10 1 5061 sbe.{n}\nsbe.{n} A {BORDER[n]}\n" for n in "ab") + (
    f"_sips._tcp.client SRV 10 1 5061 sbe.client\nsbe.client A {CLIENT}\n"
    f"_sips._tcp.away SRV 10 1 5061 sbe.away\nsbe.away A {OUTSIDE}\n"
    f"_sip._udp.clear SRV 10 1 5060 sbe.b\n"
    f"_sips._tcp.third SRV 10 1 5061 sbe.a\n_sips._tcp.fourth SRV 10 1 5061 sbe.a\n")
ENUM = '1.1.1.7.7.9.4 NAPTR 10 10 "u" "E2U+sip" "!^(.*)$!sip:\\\\1@third.federation.example!" .\n'
OPTIONS = ("OPTIONS sip:{to}@{domain} SIP/2.0\r\nVia: SIP/2.0/TLS {me};branch=z9hG4bK{n}\r\nMax-Forwards: 70\r\nFrom: <sip:{me}>;tag=1\r\n"
           "To: <sip:{domain}>\r\nCall-ID: {n}@{me}\r\nCSeq: 1 OPTIONS\r\nContact: <sip:{me}>\r\nContent-Length: 0\r\n\r\n")

pytestmark = pytest.mark.skipif(not available(), reason="needs Knot DNS")


@pytest.fixture(scope="module")
def federation(folder):
    return Authority(folder / "ca", "federation")


@pytest.fixture(scope="module")
def knot(folder):
    k = Knot(folder / "knot", DNS, {"federation.example": ZONE, "open.example": ZONE, "e164.example": ENUM},
             signed=("federation.example", "e164.example")).start()
    yield k
    k.stop()


def demand(federation, below, slots):
    """Whoever is of the federation, below BELOW."""
    p = peer(below.split(".")[0], "peering", CLIENT, ["+49"], ["tls:127.0.0.1"], reach={"transport": "tls"},
             known_by={"trust": str(federation.certificate), "addresses": ["127.63.0.0/16"]},
             media={"srtp": "off", "addresses": ["127.63.0.0/16"]}, on_demand={"below": below, "slots": slots})
    return p


def configuration(folder, name, federation, knot, numbers, slots=3, more=()):
    anchors = folder / "anchors"
    anchors.write_text("".join(Path(knot.anchor(zone)).read_text() for zone in knot.signed))
    phone = {"a": NEAR, "b": FAR}[name]
    pair = federation.issue(name, f"DNS:{name}.federation.example")
    return system(folder / name, CORE[name], BORDER[name],
                  [peer("users", "core", phone, numbers, [f"udp:{phone}:5060"]), demand(federation, "federation.example", slots),
                   demand(federation, "open.example", 1), *more],
                  transports=("udp", "tls"), tls=pair, domain=f"{name}.federation.example", timeouts={"handshake": 4},
                  luf={"enum": [{"apex": "e164.example", "dnssec": "required"}]},
                  dns={"upstreams": [f"{DNS}@{knot.port}"], "trust_anchors": str(anchors)})


@pytest.fixture(scope="module")
def pair(provider, folder, federation, knot):
    numbers = {"a": ["+4930"], "b": ["+4989"]}
    return {n: provider(n, configuration(folder, n, federation, knot, numbers[n])) for n in "ab"}


@pytest.fixture(scope="module")
def phones():
    made = {"a": Phone(NEAR).start(), "b": Phone(FAR).start()}
    yield made
    for p in made.values():
        p.stop()


def dial(phones, caller, domain, number, own, answered=True):
    """A call from phone CALLER to sip:NUMBER@DOMAIN through its own Sallyport; the status of its answer."""
    c, legs = Call(phones[caller], number, (CORE[caller], 5060), own), []
    c.uri = f"sip:{number}@{domain}"
    c.far = f"<{c.uri}>"
    callee = phones["b" if caller == "a" else "a"]

    def take():
        invite = callee.request("INVITE", 8 if answered else 0.5)
        if invite:
            legs.append(Call.taken(callee, invite))
    t = threading.Thread(target=take)
    t.start()
    m = c.dial()
    t.join()
    if m is not None and m.status == 200:
        assert legs and callee.request("ACK") is not None
        assert c.bye() == 200
    elif answered is False:
        assert not legs
    return m.status if m else None


def peers(sallyport):
    return {p["name"]: p for p in sallyport.json("peers")["peers"]}


def log(sallyport):
    return sallyport.log.read_text()


def arrive(federation, certificate, source, to="b"):
    """What a member of the federation gets for an OPTIONS over TLS: the first line, "closed" or "refused"."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.load_verify_locations(federation.certificate)
    context.load_cert_chain(*certificate)
    try:
        with socket.create_connection((BORDER[to], 5061), timeout=8, source_address=(source, 0)) as raw, context.wrap_socket(raw) as s:
            s.sendall(OPTIONS.format(to="", domain=f"{to}.federation.example", me=source, n=time.time_ns()).replace("sip:@", "sip:").encode())
            answer = s.recv(4096).decode(errors="replace")
            return answer.splitlines()[0] if answer else "closed"
    except (ssl.SSLError, OSError) as e:
        return f"refused: {e.__class__.__name__}"


def test_nobody_is_a_peer_before_there_is_a_call(pair):
    for name in "ab":
        assert [p for p in peers(pair[name]) if "~" in p] == [], peers(pair[name])


def test_a_call_makes_both_peers(pair, phones):
    """RFC 6405, on demand: the caller's element finds the other in DNS, and is itself unknown there until it calls."""
    before = pair["b"].json("status")["counters"]
    assert dial(phones, "a", "b.federation.example", NUMBER, "+4930111") == 200
    moved = changed(before, pair["b"].json("status")["counters"])
    assert moved.get("net.tls_on_demand") == 1, moved
    assert peers(pair["a"])["federation~1"]["domain"] == "b.federation.example"
    assert peers(pair["b"])["federation~1"]["domain"] == "a.federation.example"
    assert dial(phones, "b", "a.federation.example", "+4930111", NUMBER) == 200, "and back, where it is known now"
    assert dial(phones, "a", "b.federation.example", NUMBER, "+4930111") == 200


def test_what_a_look_up_tells(pair):
    told = pair["a"].json("route", "b.federation.example", "--from", "users")
    assert told["peer"] == "federation~1" and [h["address"] for h in told["hops"]] == [f"{BORDER['b']}:5061"], told
    assert told["hops"][0]["origin"] == "by DNS, DNSSEC secure", told


@pytest.mark.parametrize("domain, why", [
    ("b.open.example", "signed"),                       # LRF-I1: anybody can write into DNS that is not signed
    ("away.federation.example", "lie outside"),         # LRF-I2: signed, but no address of the federation's network
    ("clear.federation.example", "no server"),          # LRF-I3: reached by UDP alone
    ("nobody.federation.example", "no server"),
])
def test_who_cannot_be_one(pair, phones, domain, why):
    assert dial(phones, "a", domain, NUMBER, "+4930111", answered=False) == 404
    lines = [line for line in log(pair["a"]).splitlines() if "demand-refused" in line and domain in line]
    assert lines and why in lines[-1], lines
    assert len([p for p in peers(pair["a"]) if "~" in p]) == 1


@pytest.mark.parametrize("domain", ["b.elsewhere.example", "federation.example", "xfederation.example", "a.federation.example.evil"])
def test_who_is_not_below(pair, phones, domain):
    """Nobody is asked, not even the DNS."""
    before = log(pair["a"]).count("demand")
    assert dial(phones, "a", domain, NUMBER, "+4930111", answered=False) == 404
    assert log(pair["a"]).count("demand") == before


def test_who_comes(pair, federation, folder):
    """A certificate of the federation, and signed DNS for its name: both, or nothing."""
    other = Authority(folder / "ca2", "other")
    known = federation.issue("client", "DNS:client.federation.example")
    assert arrive(federation, other.issue("x", "DNS:client.federation.example"), CLIENT).startswith("refused")
    assert arrive(federation, federation.issue("y", "DNS:client.elsewhere.example"), CLIENT).startswith("refused")
    assert arrive(federation, federation.issue("z", "DNS:b.federation.example"), CLIENT).startswith("refused"), "our own name"
    assert arrive(federation, known, OUTSIDE) != "SIP/2.0 200 OK"
    assert len([p for p in peers(pair["b"]) if "~" in p]) == 1
    assert arrive(federation, federation.issue("n", "DNS:nobody.federation.example"), CLIENT) == "closed"
    assert arrive(federation, known, CLIENT) == "SIP/2.0 200 OK"
    assert peers(pair["b"])["federation~2"]["domain"] == "client.federation.example"


def test_a_block_is_for_one_domain(pair, phones):
    pair["a"].command("peer", "block", "federation~1")
    assert dial(phones, "a", "b.federation.example", NUMBER, "+4930111", answered=False) == 404
    pair["a"].command("peer", "unblock", "federation~1")
    assert dial(phones, "a", "b.federation.example", NUMBER, "+4930111") == 200


def test_a_reload_keeps_who_is_there(pair, phones, folder, federation, knot):
    """More places and an own row for one domain; the number of a place is never another's."""
    assert dial(phones, "a", "b.federation.example", NUMBER, "+4930111") == 200
    text = configuration(folder, "a", federation, knot, ["+4930"], slots=4)
    pair["a"].config.write_text(text)
    pair["a"].command("reload")
    assert peers(pair["a"])["federation~1"]["domain"] == "b.federation.example"
    assert dial(phones, "a", "b.federation.example", NUMBER, "+4930111") == 200


def test_a_number_of_a_domain_that_is_no_peer_yet(pair, phones):
    """ENUM tells the domain, the federation's DNS where it is, and it takes b's last place. Its certificate is of another domain: no call."""
    assert dial(phones, "b", CORE["b"], "+4977111", NUMBER, answered=False) >= 500
    assert peers(pair["b"])["federation~3"]["domain"] == "third.federation.example"
    told = pair["b"].json("lookup", "+4977111", "--from", "users")
    assert (told["source"], told["verdict"], told["peer"]) == ("enum", "secure", "federation~3"), told


def test_when_all_places_are_taken(pair, phones):
    """Then it is "later", and an alarm, until there are more places."""
    assert dial(phones, "b", "fourth.federation.example", "+4930111", NUMBER, answered=False) == 503
    assert "no place is free; raise on_demand.slots and reload" in log(pair["b"])
    assert pair["b"].json("status")["on_demand"][0] == {"below": "federation.example", "zone": "peering", "slots": 3, "taken": 3}


def test_after_a_crash(pair, phones):
    """The directory asks again; who is a peer stands in the snapshot."""
    pid = pair["a"].kill_child("directory")
    end = time.monotonic() + 10
    while pair["a"].children().get("directory") in (None, pid) and time.monotonic() < end:
        time.sleep(0.1)
    assert dial(phones, "a", "b.federation.example", NUMBER, "+4930111") == 200
