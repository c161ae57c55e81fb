# SPDX-License-Identifier: Apache-2.0
"""Trust anchors that are followed (RFC 5011): Knot gives a zone another key and revokes the first one."""
import base64
import os
import re
import subprocess
import time

import pytest

from lab.configuration import peer, system
from lab.dns import Ask, Knot, available, key_tag
from lab.phone import Phone

HOST = "127.63.1.1"
CORE, BORDER, NEAR, FAR = (f"127.63.2.{n}" for n in (1, 2, 3, 4))
ZONE = "signed.example"
RECORDS = f"sbc 1 A {FAR}\n_sip._udp 1 SRV 10 1 5060 sbc\n"
MONTH = 31 * 86400

pytestmark = pytest.mark.skipif(not available(), reason="needs Knot DNS")


@pytest.fixture
def knot(tmp_path, started):
    return started(Knot(tmp_path / "knot", HOST, {ZONE: RECORDS}, signed=(ZONE,), manual=True))


def until(true, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(0.3)
    return False


def states(folder):
    """Tag -> state, of the one file of the zone."""
    files = list(folder.glob("*.key"))
    assert len(files) == 1, files
    return {int(tag): word for tag, word in re.findall(r"id = (\d+).*?state=\d \[ *(\w+) *\]", files[0].read_text())}


def asked(a, folder, tag, state):
    """Is KEY in STATE? Each question after a second makes the library look at the keys again."""
    def look():
        a.one(f"sbc.{ZONE}")
        return states(folder).get(tag) == state
    return until(look)


def revoke(knot, key):
    knot.keymgr(ZONE, "set", key, "revoke=+0")
    knot.sign(ZONE)


def test_a_new_key_is_followed(binary, knot, tmp_path):
    """After the hold-down it is trusted, and stays so when the process is killed; the old one is revoked. Who follows goes on, who does
    not refuses the zone (LUF-I2)."""
    folder, anchors = tmp_path / "state", knot.anchor(ZONE)
    folder.mkdir(mode=0o700)
    a = Ask(binary, knot.server, anchors=anchors, follow=folder, holddown=3)
    assert a.one(f"sbc.{ZONE}")["verdict"] == "secure"
    first = next(line.split() for line in knot.keymgr(ZONE, "list").splitlines() if " KSK " in line)
    assert asked(a, folder, int(first[1]), "VALID")
    key, tag = knot.new_key(ZONE)
    knot.sign(ZONE)
    assert asked(a, folder, tag, "ADDPEND") and asked(a, folder, tag, "VALID")
    a.process.kill()
    a.stop()
    a = Ask(binary, knot.server, anchors=anchors, follow=folder, holddown=3)
    assert a.one(f"sbc.{ZONE}")["verdict"] == "secure" and states(folder)[tag] == "VALID"
    revoke(knot, first[0])
    assert until(lambda: a.one(f"sbc.{ZONE}") and "REVOKED" in states(folder).values())
    knot.keymgr(ZONE, "delete", first[0])
    knot.sign(ZONE)
    time.sleep(2)
    assert a.one(f"sbc.{ZONE}")["verdict"] == "secure"
    static = Ask(binary, knot.server, anchors=anchors)
    assert static.one(f"sbc.{ZONE}")["verdict"] == "bogus", "without it the zone is refused"
    for x in (a, static):
        x.stop()


def configuration(folder, knot, anchors):
    b = peer("b", "peering", FAR, ["+4989"], ["udp:x"], reach={"domain": ZONE, "transport": "udp"})
    return system(folder, CORE, BORDER, [peer("a", "core", NEAR, ["+4930"], [f"udp:{NEAR}:5060"]), b],
                  dns={"upstreams": [f"{HOST}@{knot.port}"], "trust_anchors": str(anchors), "managed_anchors": f"{folder}/anchors"})


def is_secure(p):
    return {h["origin"] for h in p.json("route", ZONE, "--from", "a")["hops"]} == {"by DNS, DNSSEC secure"}


def told(p, *words):
    return lambda: any(all(w in line for w in words) for line in p.log.read_text().splitlines())


def dnskey(knot, tag):
    """The record of the key with TAG, as the library writes a key that waits since a month."""
    text = next(line for line in knot.keymgr(ZONE, "dnskey").splitlines() if f" 257 3 13 " in line and key_of(line) == tag)
    return (f"{ZONE}.\t1\tIN\tDNSKEY\t{text.split(' DNSKEY ')[1]} ;{{id = {tag} (ksk), size = 256b}} ;;state=1 [ ADDPEND ] ;;count=9 "
            f";;lastchange={int(time.time()) - MONTH} ;;a month ago\n")


def key_of(line):
    return key_tag(b"\x01\x01\x03\x0d" + base64.b64decode(line.split()[-1]))


def test_the_whole_system(binary, provider, knot, folder, started):
    """A key that waits since a month is trusted at the next look; a killed resolver knows it; files that others could write are refused and
    the configured anchors serve; a change of the configured anchors begins anew."""
    started(Phone(FAR))
    place, kept = folder / "w", folder / "w" / "anchors"
    anchors = knot.anchor(ZONE)
    p = provider("w", configuration(place, knot, anchors))
    assert until(told(p, "event=dns.anchors ", "from=state", "VALID")) and is_secure(p)
    assert kept.stat().st_mode & 0o777 == 0o700
    file = next(kept.glob("*.key"))
    assert file.stat().st_mode & 0o77 == 0 and file.stat().st_uid == kept.stat().st_uid
    assert p.stop() == 0
    first = next(line.split() for line in knot.keymgr(ZONE, "list").splitlines() if " KSK " in line)
    _, tag = knot.new_key(ZONE)
    knot.sign(ZONE)
    with file.open("a") as f:
        f.write(dnskey(knot, tag))
    p.start()
    assert until(told(p, "event=dns.anchors ", f"{tag} VALID")), states(kept)
    p.kill_child("resolver")
    revoke(knot, first[0])
    assert until(told(p, "event=dns.anchors ", f"{tag} VALID", "REVOKED")), states(kept)
    assert is_secure(p) and "dns.refused" not in p.log.read_text()
    assert len(p.log.read_text().split("event=monitor.child-died")) == 2, "killed once, by us"

    file.chmod(0o666)
    p.kill_child("resolver")
    assert until(told(p, "dns.anchor-state-refused", "others may write it"))
    file.chmod(0o600)
    anchors.write_text(knot.anchor(ZONE).read_text() + "b.example. IN DS 1 13 2 " + "ab" * 32 + "\n")
    p.command("reload")
    assert until(told(p, "event=dns.anchors ", "zone=b.example")) and len(list(kept.glob("*.key"))) == 2
    anchors.write_text(knot.anchor(ZONE).read_text())
    p.command("reload")
    assert until(lambda: len(list(kept.glob("*.key"))) == 1) and not list(kept.glob("b.example*"))


def test_check_says_how_to_mend(binary, knot, tmp_path):
    place = tmp_path / "c"
    place.mkdir()
    config, kept = place / "c.yaml", place / "anchors"
    config.write_text(configuration(place, knot, knot.anchor(ZONE)))

    def check():
        return subprocess.run([str(binary), "check", str(config)], capture_output=True, text=True).stdout
    assert "managed_anchors" not in check(), "it is made at the start"
    kept.symlink_to("/tmp")
    assert "is a link, or no folder" in check()
    kept.unlink()
    kept.mkdir(mode=0o755)
    if os.geteuid() == 0:
        assert "belongs to another user" in check() and "chown" in check()
        os.chown(kept, 65534, 65534)
    assert "open to others" in check() and "0700" in check()
    kept.chmod(0o700)
    assert "managed_anchors" not in check()
