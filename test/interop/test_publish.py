# SPDX-License-Identifier: Apache-2.0
"""A published ENUM zone: a real primary and secondary from the files that `sallyport luf publish --out` writes, records by signed
updates, a validating resolver on top, and who may not change, read or flood it (LUF-A2, LUF-C1, LUF-I2)."""
import base64
import json
import os
import re
import signal
import socket
import struct
import subprocess
import threading

import pytest

from lab import knot
from lab.configuration import peer, system
from lab.knot import Knot, Unbound, until

pytestmark = pytest.mark.skipif(not knot.PRESENT, reason="Knot DNS is not installed: apt install knot knot-dnsutils")

CORE, BORDER, A, B = (f"127.60.40.{n}" for n in (1, 2, 10, 20))
FIRST, SECOND, RESOLVER, PROXY = (f"127.60.40.{n}" for n in (31, 32, 33, 34))
PORT = 5353
ZONE, APEX = "9.4.e164.sbe.example", "e164.sbe.example"
URI = "!^(.*)$!sip:\\\\1@sbe.example!"  # as kdig prints it


def name(number):
    return ".".join(reversed(number.lstrip("+"))) + "." + APEX


def secret(path, octets=32):
    path.write_text(base64.b64encode(os.urandom(octets)).decode() + "\n")
    path.chmod(0o600)
    return path.read_text().strip()


class Site:
    """A folder with configuration and keys, and the commands that are run there."""

    def __init__(self, binary, folder):
        self.binary, self.folder = binary, folder
        folder.mkdir()
        self.key = "hmac-sha256:publish.sbe.example:" + secret(folder / "publish.key")
        self.copy_key = "hmac-sha256:copy.sbe.example:" + secret(folder / "copy.key")
        self.numbers = ["+4930", "+4989111"]

    def configure(self, primary=f"{FIRST}@{PORT}", registry=None, **more):
        publish = {"zone": ZONE, "apex": APEX, "primary": primary, "secondaries": [f"{SECOND}@{PORT}"],
                   "key": {"name": "publish.sbe.example", "secret_file": "publish.key"},
                   "transfer_key": {"name": "copy.sbe.example", "secret_file": "copy.key"},
                   "nameservers": ["ns1.sbe.example", "ns2.sbe.example"], "uri": "sip:\\1@sbe.example", **more}
        pbx = peer("pbx", "core", A, self.numbers, [f"udp:{A}:5060"])
        if registry:
            pbx["numbers"]["calls_to"] = "registry"
            more_of_all = {"registry": registry}
        else:
            more_of_all = {}
        peers = [pbx, peer("b", "peering", B, ["+4940"], [f"udp:{B}:5060"])]
        (self.folder / "s.yaml").write_text(system(self.folder, CORE, BORDER, peers, publish=publish, **more_of_all))

    def publish(self, *words):
        """(exit status, JSON or text, standard error)"""
        p = subprocess.run([str(self.binary), "luf", "publish", "--config", str(self.folder / "s.yaml"), *words], capture_output=True,
                           text=True, timeout=200)
        return p.returncode, json.loads(p.stdout) if "--json" in words and p.stdout else p.stdout, p.stderr

    def changed(self, *words, **counts):
        status, report, error = self.publish("--json", *words)
        assert status == 0, (report, error)
        assert {k: report[k] for k in counts} == counts, report
        return report


@pytest.fixture(scope="module")
def site(binary, folder):
    s = Site(binary, folder / "site")
    s.configure()
    return s


@pytest.fixture(scope="module")
def written(site):
    out = site.folder / "out"
    status, text, error = site.publish("--out", str(out))
    assert status == 0, error
    assert "knotc conf-check" in text and "ds" in text
    return out


def test_secrets_go_into_new_files_alone(site, folder):
    """Who could write into the folder before has neither the file open nor another name for it."""
    out = folder / "old"
    out.mkdir()
    waiting = out / "primary.conf"
    waiting.write_text("")
    os.link(waiting, folder / "name")
    with open(waiting) as held:
        assert site.publish("--out", str(out))[0] == 0
        assert held.read() == "" == (folder / "name").read_text()
    assert "secret:" in waiting.read_text() and waiting.stat().st_mode & 0o777 == 0o600
    out.chmod(0o777)
    status, _, error = site.publish("--out", str(out))
    assert status == 1 and "others may write there" in error


@pytest.fixture(scope="module")
def servers(written, folder, site):
    """Primary and secondary, with the first records published."""
    first = Knot(folder / "first", written / "primary.conf", ZONE, FIRST, PORT, written / f"{ZONE}.zone")
    second = Knot(folder / "second", written / "secondary1.conf", ZONE, SECOND, PORT)
    try:
        first.start()
        second.start()
        site.changed(removed=0, unchanged=0)
        yield first, second
    finally:
        second.stop()
        first.stop()


@pytest.fixture
def restored(site, servers):
    """Whatever a test did, the next one finds the first set again."""
    yield
    site.numbers = ["+4930", "+4989111"]
    site.configure()
    if servers[0].process is None:
        servers[0].start()
    assert site.publish()[0] == 0


def test_files_of_the_name_servers(written, folder):
    """They hold secrets: 0600. Knot takes each as it is; the publishing key may do one thing."""
    for n, path in enumerate(sorted(written.iterdir())):
        assert path.stat().st_mode & 0o777 == 0o600, path
        if path.suffix == ".conf":
            checked = Knot(folder / f"check{n}", path, ZONE, FIRST, PORT).check()
            assert checked.returncode == 0, checked.stderr
    text = (written / "primary.conf").read_text()
    assert "update-type: [NAPTR]" in text and "nsec3: on" in text and "nsec3-iterations: 0" in text
    assert (written / "primary.conf").read_text().count("secret:") == 2
    assert "publish.sbe.example" not in (written / "secondary1.conf").read_text()  # a secondary cannot change the zone


def test_published_signed_and_copied(servers):
    """Both answer, signed, at any depth of a prefix, also where a longer name exists (RFC4592#2.2.2)."""
    first, second = servers
    assert until(lambda: second.serial() == first.serial() is not None)
    for server in servers:
        for number in ("+4930", "+49301", "+4930123456", "+4989111", "+4989111222"):
            answer = server.ask(name(number), "+dnssec")
            assert URI in answer and "RRSIG" in answer and "E2U+sip" in answer, (server.address, number, answer)
        assert "NXDOMAIN" in server.ask(name("+4989112"))
        assert "NOERROR" in server.ask(name("+4989")) and URI not in server.ask(name("+4989"))


def test_denial_is_hashed(servers):
    """What is not there is denied with hashes, so that the zone cannot be walked (LUF-C1)."""
    for server in servers:
        answer = server.ask(name("+4940123"), "+dnssec")
        assert "NXDOMAIN" in answer and "NSEC3" in answer and not re.search(r"\bNSEC\b", answer), answer
        assert "0.3.9.4" not in answer.replace(name("+4940123"), "")


def test_nothing_to_do(site, servers):
    site.changed(added=0, removed=0, updates=0)


def test_change_reaches_the_secondary(site, servers, restored):
    """A number comes, another goes: one run, seconds later both servers know."""
    first, second = servers
    site.numbers = ["+4930", "+4930777", "+49341"]
    site.configure()
    report = site.changed("--dry-run", updates=0)
    assert report["added"] > 0 and report["removed"] > 0
    assert "NXDOMAIN" in first.ask(name("+49341"))  # a dry run changes nothing
    site.changed(added=report["added"], removed=report["removed"])
    assert until(lambda: URI in second.ask(name("+49341")) and "NXDOMAIN" in second.ask(name("+4989111")), 10)
    for number in ("+49307", "+493077", "+4930778", "+493078", "+4930777", "+49307771"):
        assert URI in second.ask(name(number)), number
    site.changed(added=0, removed=0)


def test_many_records_in_batches(site, servers, restored):
    """Long numbers below a prefix: thousands of records, several updates, a transfer of several messages, each signed."""
    site.numbers = ["+4930"] + [f"+4930{n * 1234567891 % 10 ** 11:011d}" for n in range(1, 64)]
    site.configure()
    report = site.changed(removed=2)
    assert report["added"] > 1000 and report["updates_done"] >= 10, report
    site.changed(added=0, removed=0, unchanged=report["added"] + report["unchanged"])


def test_who_may_change(site, servers):
    """Neither unsigned nor with another key or secret, nor another type, nor the zone's own name."""
    first, _ = servers
    add = f"add {name('+4930999')}. 60 NAPTR 1 1 \"u\" \"E2U+sip\" \"!^(.*)$!sip:evil@evil.example!\" ."
    before = first.serial()
    wrong = base64.b64encode(b"w" * 32).decode()
    for text, key in ((add, None), (add, site.copy_key), (add, f"hmac-sha256:publish.sbe.example:{wrong}"),
                      (add, f"hmac-sha256:other.example:{wrong}"), (f"add {name('+4930999')}. 60 A 192.0.2.1", site.key),
                      (add.replace(name("+4930999"), ZONE), site.key), (f"add {ZONE}. 60 NS ns.evil.example.", site.key)):
        said = first.update(text, key)
        assert re.search(r"NOTAUTH|BADKEY|BADSIG|REFUSED", said), (text, key and key.split(":")[1], said)
    assert first.serial() == before
    assert "evil" not in first.ask(name("+4930999"))


def test_who_may_copy(site, servers):
    for server in servers:
        answer = knot.kdig(server.address, "+tcp", ZONE, "AXFR", port=PORT)
        assert "NAPTR" not in answer
    answer = knot.kdig(FIRST, "+tcp", "-y", site.key, ZONE, "AXFR", port=PORT)
    assert "NAPTR" in answer


@pytest.mark.parametrize("what, trouble", [("secret", "bad-signature"), ("name", "bad-key"), ("zone", "not-authoritative")])
def test_refused(site, servers, restored, what, trouble):
    """Each refusal has its name, and the zone keeps what it holds."""
    first, _ = servers
    before = first.serial()
    if what == "secret":
        secret(site.folder / "other.key")
        site.configure(key={"name": "publish.sbe.example", "secret_file": "other.key"})
    elif what == "name":
        site.configure(key={"name": "another.sbe.example", "secret_file": "publish.key"})
    else:
        site.configure(zone=f"0.3.{ZONE}")
    status, report, error = site.publish("--json")
    assert status == 1 and report["trouble"] == trouble, (report, error)
    assert first.serial() == before and URI in first.ask(name("+4930"))


def test_secret_that_others_may_read(site, servers, restored):
    (site.folder / "publish.key").chmod(0o640)
    status, _, error = site.publish()
    (site.folder / "publish.key").chmod(0o600)
    assert status == 1 and "0600" in error


def test_never_emptied_by_mistake(site, servers, restored):
    first, _ = servers
    site.configure(to=["b"])
    status, report, _ = site.publish("--json")
    assert status == 1 and report["trouble"] == "empty"
    assert URI in first.ask(name("+4930"))


class Proxy:
    """Between Sallyport and the primary: SPOIL(n, answer) for each message of the primary on connection n; BEFORE(n) when it begins."""

    def __init__(self, spoil=lambda n, answer: answer, before=lambda n: None):
        self.spoil, self.before, self.count = spoil, before, 0
        self.listener = socket.create_server((PROXY, 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        try:
            while True:
                client = self.listener.accept()[0]
                self.count += 1
                self._serve(client, self.count)
        except OSError:
            pass

    def _serve(self, client, n):
        self.before(n)
        with client, socket.create_connection((FIRST, PORT)) as server:
            client.settimeout(10)
            server.settimeout(10)
            try:
                server.sendall(self._message(client))
                while True:
                    answer = self.spoil(n, self._message(server))
                    client.sendall(answer)
                    if len(answer) != 2 + struct.unpack("!H", answer[:2])[0]:
                        return
                    server.settimeout(0.5)
            except (OSError, EOFError):
                pass

    @staticmethod
    def _message(s):
        def exactly(count):
            data = b""
            while len(data) < count:
                more = s.recv(count - len(data))
                if not more:
                    raise EOFError
                data += more
            return data
        head = exactly(2)
        return head + exactly(struct.unpack("!H", head)[0])

    def close(self):
        self.listener.close()


@pytest.fixture
def proxy(site, restored):
    made = []

    def make(**how):
        made.append(Proxy(**how))
        site.configure(primary=f"{PROXY}@{made[0].port}")
        return made[0]
    yield make
    for p in made:
        p.close()


def test_concurrent_change_is_noticed(site, servers, proxy):
    """Somebody with the key adds to the same name between our transfer and our update: nothing of ours is applied, and said."""
    first, _ = servers

    def other(n):
        if n == 2:
            first.update(f"add {name('+49351')}. 60 NAPTR 1 1 \"u\" \"E2U+sip\" \"!^(.*)$!sip:other@sbe.example!\" .", site.key)
    site.numbers = ["+4930", "+4989111", "+49351"]
    proxy(before=other)
    status, report, _ = site.publish("--json")
    assert status == 1 and report["trouble"] == "conflict" and report["updates_done"] == 0, report
    assert "other@" in first.ask(name("+49351"))
    site.changed(removed=1)  # the next run sees it
    assert URI in first.ask(name("+49351")) and "other@" not in first.ask(name("+49351"))


@pytest.mark.parametrize("how, trouble", [("changed", "unverified"), ("unsigned", "unverified"), ("cut", "truncated"), ("closed", "gone")])
def test_answers_that_are_not_believed(site, servers, proxy, how, trouble):
    """The transfer comes back altered, without signature or not whole (LUF-I2): nothing is sent on its strength."""
    first, _ = servers

    def spoil(n, answer):
        body = answer[2:]
        if how == "changed":
            at = body.index(b"sbe", body.index(b"sip:"))
            body = body[:at] + b"evl" + body[at + 3:]
        elif how == "unsigned":  # the last record taken away
            at = body.rindex(b"\x07publish")
            body = body[:10] + b"\0\0" + body[12:at]
        elif how == "cut":
            return answer[:len(answer) // 2]
        else:
            raise EOFError
        return struct.pack("!H", len(body)) + body
    before = first.serial()
    site.numbers = ["+4930"]
    proxy(spoil=spoil)
    status, report, _ = site.publish("--json")
    assert status == 1 and report["trouble"] == trouble and report["updates"] == 0, report
    assert first.serial() == before


def test_restart_of_the_primary(servers):
    """What was published is there after a restart, and after a crash."""
    first, _ = servers
    for how in (signal.SIGTERM, signal.SIGKILL):
        first.stop(how)
        first.start()
        assert until(lambda: URI in first.ask(name("+4930123"), "+dnssec"))


def test_validated_and_without_the_primary(site, servers, folder, restored):
    """A resolver that validates finds numbers and denials secure; without the primary the secondary answers it (LUF-A2)."""
    first, second = servers
    resolver = Unbound(folder / "unbound", RESOLVER, PORT, ZONE, [(FIRST, PORT), (SECOND, PORT)], first.ds())
    try:
        resolver.start()

        def secure(number, status):
            answer = resolver.ask(name(number))
            return status in answer and re.search(r"flags:.* ad\b", answer, re.I) is not None and (status != "NOERROR" or URI in answer)
        assert until(lambda: secure("+4930123", "NOERROR")), resolver.ask(name("+4930123"))
        assert secure("+49301", "NOERROR") and secure("+4940", "NXDOMAIN")
        first.stop(signal.SIGKILL)
        status, report, _ = site.publish("--json")
        assert status == 1 and report["trouble"] == "unreachable"
        assert URI in second.ask(name("+4930123"), "+dnssec")
        for n in range(5):
            assert until(lambda: secure(f"+493055{n}", "NOERROR")), n
    finally:
        resolver.stop()
    first.start()


def test_calls_go_on_without_the_primary(site, servers, provider, folder, restored):
    """Another provider's Sallyport finds our number in the published zone, secure, also when the primary is dead (LUF-A2)."""
    first, second = servers
    assert until(lambda: second.serial() == first.serial() is not None)
    (folder / "anchor").write_text("\n".join(first.ds()) + "\n")
    core, border, near, far = (f"127.60.41.{n}" for n in (1, 2, 10, 20))
    ours = peer("a", "peering", far, [], [f"udp:{far}:5060"], numbers={"calls_from": ["+4930"], "calls_to": "registry"},
                reach={"domain": "sbe.example", "transport": "udp", "targets": [f"udp:{far}:5060"]})
    text = system(folder / "other", core, border, [peer("pbx", "core", near, ["+4940"], [f"udp:{near}:5060"]), ours],
                  dns={"upstreams": [f"{FIRST}@{PORT}", f"{SECOND}@{PORT}"], "trust_anchors": str(folder / "anchor")},
                  luf={"enum": [{"apex": APEX, "dnssec": "required"}]})
    other = provider("other", text)

    def found(number):
        return "sbe.example" in (out := other.command("lookup", number, "--from", "pbx", check=False)[1]) and "secure" in out
    assert found("+4930123"), other.command("lookup", "+4930123", "--from", "pbx", check=False)
    first.stop(signal.SIGKILL)
    assert until(lambda: found("+49302")) and found("+493055")
    first.start()


def test_ranges_of_the_registry(site, servers, restored):
    """A range of the database with a ported number of ours and one that went to another: the one has its routing number, the other
    is not told, its neighbours are."""
    first, _ = servers
    rows = """kind,name,prefix,exact,owner,to,rn
peer,pbx,,,,,
peer,b,,,,,
range,,+49361,,pbx,pbx,
range,,+493612345,1,b,b,+4999
range,,+49377123,1,pbx,pbx,+49361000
"""
    (site.folder / "rows.csv").write_text(rows)
    database = f"sqlite:{site.folder}/registry.db"
    p = subprocess.run([str(site.binary), "import", str(site.folder / "rows.csv"), "--registry", database], capture_output=True, text=True,
                       timeout=60)
    assert p.returncode == 0, p.stderr
    site.configure(registry=database)
    assert URI in first.ask(name("+4930"))
    status, report, error = site.publish("--json")
    assert status == 0, error
    assert URI in first.ask(name("+493619")) and URI in first.ask(name("+493612346")) and URI in first.ask(name("+4936123459"))
    assert "ANSWER: 0" in first.ask(name("+493612345"))
    assert "tel:\\\\1;npdi;rn=+49361000" in first.ask(name("+49377123"))
    (site.folder / "registry.db").rename(site.folder / "gone.db")  # a database that is lost publishes nothing
    status, _, error = site.publish("--json")
    assert status == 1 and error
    assert URI in first.ask(name("+493619"))


def burst(address, count):
    """Whole answers to COUNT equal questions of one address at once."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        s.settimeout(1)
        question = b"".join(bytes([len(part)]) + part.encode() for part in name("+4930123").split(".")) + b"\0\0\x23\0\x01"
        whole = 0
        for n in range(count):
            s.sendto(struct.pack("!6H", n, 0, 1, 0, 0, 0) + question, (address, PORT))
            if n % 50 == 49:
                s.settimeout(0.02)
                whole += drain(s)
        s.settimeout(1)
        return whole + drain(s)


def drain(s):
    whole = 0
    try:
        while True:
            answer = s.recv(4096)
            whole += not answer[2] & 2 and answer[3] & 15 == 0
    except OSError:
        return whole


def test_answers_are_limited(servers, written, folder, site):
    """A burst of one address: with the limit most of it gets no whole answer, without it everything does (LUF-A2, LUF-C1)."""
    first, second = servers
    count = 3000  # the limit lets four seconds' worth pass at once
    assert until(lambda: second.serial() == first.serial() is not None)
    limited = burst(SECOND, count)
    second.stop()
    other = Knot(folder / "second", written / "secondary1.conf", ZONE, SECOND, PORT,
                 edit=lambda text: text.replace("    module: mod-rrl/default\n", ""))
    try:
        other.start()
        assert until(lambda: URI in other.ask(name("+4930123")))
        free = burst(SECOND, count)
    finally:
        other.stop()
    assert free == count
    assert 0 < limited < count / 2, limited
    second.__init__(folder / "second", written / "secondary1.conf", ZONE, SECOND, PORT)
    second.start()
