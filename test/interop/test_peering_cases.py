# SPDX-License-Identifier: Apache-2.0
"""The cases of RFC 6405 with real servers: who tells which domain is responsible (LUF), who tells where it is reached (LRF), and whether the
call goes there directly or through a third provider. The fifth case, on demand, has a file of its own: test_on_demand.py."""
import subprocess
import time
from pathlib import Path

import pytest

from lab.configuration import peer, system
from lab.dns import Knot, available
from lab.phone import Phone, connect

DNS = "127.62.1.1"
NEAR, FAR, THIRD = (f"127.62.2.{n}" for n in (1, 2, 3))
NUMBER = "+4989111"
REVERSED = "1.1.1.9.8.9.4"

pytestmark = pytest.mark.skipif(not available(), reason="needs Knot DNS")


@pytest.fixture(scope="module")
def phones():
    phones = {name: Phone(address).start() for name, address in (("near", NEAR), ("far", FAR), ("third", THIRD))}
    yield phones
    for p in phones.values():
        p.stop()


@pytest.fixture(scope="module")
def knot(folder):
    """An ENUM tree, and the domain of the far provider: whoever assists with LUF and LRF."""
    tree = f'{REVERSED} NAPTR 10 10 "u" "E2U+sip" "!^(.*)$!sip:\\\\1@far.example!" .\n'
    ported = '2.1.1.9.8.9.4 NAPTR 10 10 "u" "E2U+pstn:tel" "!^(.*)$!tel:\\\\1;npdi;rn=+4999123!" .\n'
    domain = f'@ NAPTR 10 10 "s" "SIP+D2U" "" _sip._udp\n_sip._udp SRV 10 1 5060 sbc\nsbc A {FAR}\n'
    k = Knot(folder / "knot", DNS, {"e164.example": tree + ported, "far.example": domain}, signed=("e164.example", "far.example")).start()
    yield k
    k.stop()


@pytest.fixture(scope="module")
def make(provider, folder, knot):
    """A Sallyport: our users behind `near`, the far provider, and whatever else is told."""
    number = iter(range(1, 100))

    def begin(name, far, more=(), **settings):
        n = next(number)
        core, border = f"127.62.3.{n}", f"127.62.4.{n}"
        anchors = folder / f"{name}.anchors"
        anchors.write_text("".join(Path(knot.anchor(zone)).read_text() for zone in ("e164.example", "far.example")))
        text = system(folder / name, core, border, [peer("near", "core", NEAR, ["+4930"], [f"udp:{NEAR}:5060"]), far, *more],
                      dns={"upstreams": [f"{DNS}@{knot.port}"], "trust_anchors": str(anchors)}, **settings)
        return provider(name, text), (core, 5060)
    return begin


def far_peer(calls_to, **more):
    return peer("far", "peering", FAR, ["+4989"], [f"udp:{FAR}:5060"], numbers={"calls_from": ["+4989"], "calls_to": calls_to}, **more)


def call(phones, callee, number, target):
    near, far = connect(phones["near"], phones[callee], number, target)
    near.bye()
    return far


ENUM = {"enum": [{"apex": "e164.example", "dnssec": "required"}]}


def test_static_direct(make, phones):
    """RFC 6405: both are configured, look-up and location are our own."""
    _, target = make("direct", far_peer(["+4989"]))
    call(phones, "far", NUMBER, target)


def test_static_direct_with_assisting_luf(make, phones):
    """RFC 6405: somebody's ENUM tells the domain, its next hops are configured. A ported number goes by its routing number."""
    far = far_peer("registry", reach={"domain": "far.example", "targets": [f"udp:{FAR}:5060"], "transport": "udp"})
    third = peer("third", "peering", THIRD, ["+4999"], [f"udp:{THIRD}:5060"])
    system_, target = make("luf", far, [third], luf=ENUM)
    call(phones, "far", NUMBER, target)
    told = system_.json("lookup", NUMBER, "--from", "near")
    assert (told["source"], told["verdict"], told["domain"], told["peer"]) == ("enum", "secure", "far.example", "far"), told
    assert any("NAPTR: found, 1 records, secure" in step for step in told["steps"]), told["steps"]
    invite = call(phones, "third", "+4989112", target)
    assert ";npdi;rn=+4999123@" in invite.invite.start, invite.invite.start


def test_static_direct_with_assisting_luf_and_lrf(make, phones):
    """RFC 6405: ENUM tells the domain, NAPTR and SRV of a signed zone its next hops."""
    far = far_peer("registry", reach={"domain": "far.example", "transport": "udp"})
    system_, target = make("lrf", far, luf=ENUM)
    end = time.monotonic() + 15
    while not system_.json("lookup", NUMBER, "--from", "near")["hops"] and time.monotonic() < end:
        time.sleep(0.2)
    call(phones, "far", NUMBER, target)


def test_static_indirect(make, phones, binary, folder):
    """RFC 6405: the numbers of a provider whom we do not know go through a third one; who he is, the registry says."""
    home = folder / "indirect"
    third = peer("third", "peering", THIRD, ["+44"], [f"udp:{THIRD}:5060"], numbers={"calls_from": ["+44"], "calls_to": "registry"})
    home.mkdir()
    rows = home / "rows.csv"
    rows.write_text("kind,name,prefix,owner,to,group,peer,priority,weight,cost\npeer,third,,,,,,,,\npeer,british,,,,,,,,\n"
                    "group,britain,,,,,,,,\nroute,,,,,britain,third,1,1,5\nrange,,+44,british,britain,,,,,\n")
    _, target = make("indirect", far_peer(["+4989"]), [third], registry=f"sqlite:{home}/db/registry.db")
    subprocess.run([binary, "import", rows, "--registry", f"sqlite:{home}/db/registry.db"], check=True)
    time.sleep(1)
    call(phones, "third", "+44201", target)
    call(phones, "far", NUMBER, target)


def test_look_ups_go_on_without_dns(make, phones, knot):
    """LUF-A2, LRF-A2: servers that are gone stop no call to a number and a domain that were known; a number that is not is told apart."""
    far = far_peer("registry", reach={"domain": "far.example", "transport": "udp"})
    system_, target = make("gone", far, luf=ENUM)
    end = time.monotonic() + 15
    while not system_.json("lookup", NUMBER, "--from", "near")["hops"] and time.monotonic() < end:
        time.sleep(0.2)
    call(phones, "far", NUMBER, target)
    knot.stop()
    for _ in range(20):
        call(phones, "far", NUMBER, target)
    status, out = system_.command("lookup", "+4989119", "--from", "near", check=False)
    assert status == 1 and "later" in out, out
