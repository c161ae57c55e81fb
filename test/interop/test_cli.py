# SPDX-License-Identifier: Apache-2.0
"""Each sub-command through the real program, for people and with --json, and its exit status: 0 done, 1 refused or not found,
2 wrong usage, 3 nobody answers. What a command changes is seen by a call, and stands in the journal."""
import json
import os
import re
import subprocess
import threading
import time
from pathlib import Path

import pytest

from lab import pcapng, prometheus
from lab.configuration import peer, system, tls_peer, waivers
from lab.phone import Call, Phone, Rtp, media_target
from lab.phone_tls import TlsPhone
from lab.pki import Authority

CORE, BORDER, A, B, C = (f"127.60.21.{n}" for n in (1, 2, 10, 20, 30))
TARGET = (CORE, 5060)
METRICS = "127.0.0.1:9464"
NUMBER = "+4989111"
SECRET = "1d4f3c0e4f6a7b8c9d0e1f2a3b4c5d6e"  # a digest's response
KEY = "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz"  # of the called side: 30 octets
VERSION = r"\d+\.\d+\.\d+"


@pytest.fixture(scope="module")
def pki(folder):
    ours, theirs = Authority(folder / "ours", "ours"), Authority(folder / "theirs", "theirs")
    return {"sbe": ours.issue("sbe", "DNS:sbe.example"), "b": theirs.issue("b", "DNS:b.example"), "ours": ours, "theirs": theirs}


def configuration(folder, pki):
    """Core peer a by UDP, b over mutual TLS with SRTP, c that nobody calls."""
    secure = tls_peer("b", "peering", B, ["+49891"], "b.example", pki["theirs"].certificate,
                      media={"srtp": "required", "addresses": [f"{B}/32"]}, waivers=waivers("identity"))
    peers = [peer("a", "core", A, ["+49301"], [f"udp:{A}:5060"]), secure,
             peer("c", "peering", C, ["+49401"], [f"udp:{C}:5060"])]
    return system(folder, CORE, BORDER, peers, transports=("udp", "tls"), tls=pki["sbe"], metrics=METRICS, workers=2)


@pytest.fixture(scope="module")
def sallyport(provider, folder, pki):
    return provider("s", configuration(folder / "s", pki))


@pytest.fixture
def phones(started, pki):
    return started(Phone(A)), started(TlsPhone(B, pki["b"], pki["ours"].certificate))


def run(sallyport, *args, socket=True):
    """(exit status, standard output, standard error)"""
    args = [str(sallyport.binary), *args] + (["--socket", str(sallyport.socket)] if socket else [])
    p = subprocess.run(args, capture_output=True, text=True, timeout=30)
    return p.returncode, p.stdout, p.stderr


def done(sallyport, *args, **more):
    status, out, err = run(sallyport, *args, **more)
    assert status == 0 and err == "", (args, status, out, err)
    return out


def both(sallyport, *args):
    """The text for people, and the JSON."""
    return done(sallyport, *args), json.loads(done(sallyport, *args, "--json"))


def refused(sallyport, *args, status=1):
    got, out, err = run(sallyport, *args)
    assert got == status and out == "" and err.startswith(f"sallyport {args[0]}: "), (args, got, out, err)
    return err


def until(holds, seconds=5):
    end = time.monotonic() + seconds
    while not holds() and time.monotonic() < end:
        time.sleep(0.05)
    return holds()


def journal(sallyport, action):
    lines = (sallyport.folder / "records" / "audit.jsonl").read_text().splitlines()
    return [o for o in map(json.loads, lines) if o["action"] == action]


def secure_answer(invite):
    """A description over the keying that the INVITE offers; its key is KEY."""
    crypto = re.search(r"a=crypto:(\d+) AES_CM_128_HMAC_SHA1_80 ", invite.body)
    assert crypto and "RTP/SAVP" in invite.body, invite.body
    return (f"v=0\r\no=b 1 1 IN IP4 {B}\r\ns=-\r\nc=IN IP4 {B}\r\nt=0 0\r\nm=audio 6000 RTP/SAVP 8\r\na=rtpmap:8 PCMA/8000\r\n"
            f"a=crypto:{crypto.group(1)} AES_CM_128_HMAC_SHA1_80 inline:{KEY}\r\n")


def connect(phones, extra=""):
    """A call from a to b; returns the caller's leg, and the INVITE as b saw it."""
    near, far = phones
    call, seen = Call(near, NUMBER, TARGET), []

    def take():
        invite = far.request("INVITE")
        seen.append(invite)
        far.answer(invite, 200, "OK", secure_answer(invite))
    thread = threading.Thread(target=take)
    thread.start()
    final = call.transact("INVITE", near.sdp(6000), extra=extra)
    thread.join()
    assert final is not None and final.status == 200, final and final.start
    call.far, call.uri = final["To"], final["Contact"].strip("<>").split(">")[0]
    call.far_media = media_target(final)
    near.send(call.text("ACK", cseq=final.cseq), TARGET)
    assert far.request("ACK") is not None
    return call, seen[0]


def end(phones, call):
    """BYE of the caller, answered by the called side."""
    bye = threading.Thread(target=lambda: (m := phones[1].request("BYE")) and phones[1].answer(m, 200, "OK"))
    bye.start()
    assert call.bye() == 200
    bye.join()


def dial(phones, number=NUMBER):
    """The final status of a call that nobody takes."""
    call = Call(phones[0], number, TARGET)
    return call.dial(5).status


# ---- usage -----------------------------------------------------------------------------------------------------

ASKING = [["status"], ["calls"], ["peers"], ["peer", "block", "b"], ["hangup", "x"], ["lookup", NUMBER, "--from", "a"],
          ["route", "b.example", "--from", "a"], ["explain", "x"], ["trace", "--peer", "a"], ["trace", "--off"], ["reload"], ["drain"]]


@pytest.mark.parametrize("args", ASKING, ids=" ".join)
def test_nobody_answers(sallyport, args):
    status, out, err = run(sallyport, *args, "--socket", str(sallyport.folder / "none.sock"), socket=False)
    assert status == 3 and out == "" and "no sallyport answers" in err


@pytest.mark.parametrize("args", [*ASKING, ["check", "x"], ["version"], ["dry-run", "x", "--from", "a"], ["run"]], ids=" ".join)
def test_unknown_option(sallyport, args):
    status, out, err = run(sallyport, *args, "--frobnicate", socket=False)
    assert status == 2 and out == "" and "--frobnicate is not known here; usage: sallyport" in err


@pytest.mark.parametrize("args", [["check"], ["peer", "block"], ["peer", "shut", "b"], ["hangup"], ["explain"], ["lookup"], ["route"],
                                  ["lookup", NUMBER], ["route", "b.example"], ["dry-run"], ["dry-run", "x"], ["trace"], ["run"],
                                  ["trace", "--peer", "a", "--call", "x"], ["status", "more"], ["version", "more"],
                                  ["status", "--config"], ["lookup", NUMBER, "--from", "a", "--from", "b"]], ids=" ".join)
def test_wrong_usage(sallyport, args):
    status, out, err = run(sallyport, *args, socket=False)
    assert status == 2 and out == "" and err.startswith(f"sallyport {args[0]}: ")


def test_help(sallyport):
    for name in ("help", "--help", "-h"):
        out = done(sallyport, name, socket=False)
        assert all(f"\n  {command[0]} " in out or f"\n  {command[0]}\n" in out for command in ASKING)
    assert run(sallyport, socket=False)[0] == 2
    status, out, err = run(sallyport, "statsu", socket=False)
    assert status == 2 and out == "" and 'no sub-command "statsu"' in err


def test_version(sallyport):
    text = done(sallyport, "version", socket=False)
    assert re.fullmatch(rf"sallyport {VERSION}\n", text) and done(sallyport, "--version", socket=False) == text
    assert json.loads(done(sallyport, "version", "--json", socket=False)) == {"version": text.split()[1]}


def test_config_names_the_socket(sallyport):
    assert done(sallyport, "calls", "--config", str(sallyport.config), socket=False).startswith("CALL-ID")


# ---- check -----------------------------------------------------------------------------------------------------

def test_check(sallyport):
    path = str(sallyport.config)
    text = done(sallyport, "check", path, socket=False)
    assert text.splitlines()[-1].startswith(f"{path}: good (messages: error 0, out of service 0, warning ")
    o = json.loads(done(sallyport, "check", path, "--json", socket=False))
    assert o["good"] and o["file"] == path and {m["severity"] for m in o["messages"]} <= {"warning"}


def test_check_of_a_broken_file(sallyport, folder):
    path = folder / "broken.yaml"
    path.write_text(sallyport.config.read_text().replace('"+49891"', '"49891"').replace('"quarantine"', '"quarantaine"'))
    status, out, err = run(sallyport, "check", str(path), socket=False)
    assert status == 1 and err == ""
    assert len(re.findall(rf"{re.escape(str(path))}:\d+:\d+: error: ", out)) >= 2, "every error at once"
    assert "not good (messages: error" in out
    status, out, err = run(sallyport, "check", str(path), "--json", socket=False)
    o = json.loads(out)
    errors = [m for m in o["messages"] if m["severity"] == "error"]
    assert status == 1 and not o["good"] and len(errors) >= 2 and all(m["line"] > 0 and m["column"] > 0 for m in errors)
    status, out, err = run(sallyport, "check", str(folder / "none.yaml"), socket=False)
    assert status == 1 and out == "" and "cannot be read" in err


# ---- look inside -----------------------------------------------------------------------------------------------

def test_status_calls_peers_explain(sallyport, phones):
    call, invite = connect(phones)
    text, o = both(sallyport, "status")
    assert re.search(rf"^version +{VERSION}$", text, re.M) and re.search(r"^domain +sbe\.example$", text, re.M)
    assert re.search(r"^records +writing: ", text, re.M) and re.search(r"^draining +(false|no)$", text, re.M)
    assert {p["name"] for p in o["processes"]} == {"signaller", "media", "resolver", "directory", "signer", "admin"}
    for p in o["processes"]:
        assert re.search(rf"^{p['name']} +{p['pid']} ", text, re.M) and p["pid"] == sallyport.children()[p["name"]]
    assert o["missing"] == [] and o["records"]["state"] == "writing" and o["counters"]["calls.started"] >= 1
    assert [p["name"] for p in o["peers"]] == ["a", "b", "c"] and "peer b (zone peering): in service; 1 calls, 0 refused" in text

    text, o = both(sallyport, "calls")
    row = o["calls"][0]
    assert len(o["calls"]) == 1 and row["state"] == "confirmed" and row["to"] == NUMBER
    assert [leg["call_id"] for leg in row["legs"]] == [call.id, invite["Call-ID"]] and [leg["peer"] for leg in row["legs"]] == ["a", "b"]
    assert [leg["transport"] for leg in row["legs"]] == ["UDP", "TLS"]
    assert re.search(rf"^{re.escape(call.id)} +confirmed +\S+ +{re.escape(NUMBER)} +a +b ", text, re.M), text

    text, o = both(sallyport, "peers")
    assert {p["name"]: p["concurrent_calls"] for p in o["peers"]} == {"a": 1, "b": 1, "c": 0}
    assert re.search(r"^b +peering +in service +1 +0", text, re.M), text

    for name in (call.id, invite["Call-ID"]):
        text, o = both(sallyport, "explain", name)
        steps = [s["step"] for s in o["steps"]]
        assert o["call"]["state"] == "confirmed" and steps[0] == "source" and steps[-1] == "media-policy", steps
        times = [s["after_us"] for s in o["steps"]]
        assert times == sorted(times) and o["streams"][0]["keying"] == "add"
        assert [s["protection"] for s in o["streams"][0]["sides"]] == ["none", "AES_CM_128_HMAC_SHA1_80"]
        assert all(re.search(rf"^\+\d+ us +{step} ", text, re.M) for step in steps) and "stream 0: active, keying add" in text
    end(phones, call)
    assert until(lambda: run(sallyport, "explain", call.id)[0] == 0), "over, its record under way, still known"
    assert json.loads(done(sallyport, "explain", call.id, "--json"))["call"]["reason"] == "BYE"
    assert re.search(r"^released by +caller$", done(sallyport, "explain", call.id), re.M)
    assert "there is none (no-such-call)" in refused(sallyport, "explain", "no-such-call")
    assert "there is none" in refused(sallyport, "explain", "no-such-call", "--json")


def test_lookup_and_route(sallyport):
    for args in (("lookup", NUMBER), ("route", "b.example")):
        text, o = both(sallyport, *args, "--from", "a")
        assert (o["peer"], o["domain"]) == ("b", "b.example") and len(o["hops"]) == 1
        hop = o["hops"][0]
        assert (hop["transport"], hop["address"], hop["listener"], hop["dead"]) == ("TLS", f"{B}:5061", "peering", False)
        assert re.search(r"^peer +b$", text, re.M) and re.search(rf"^b +TLS +{B}:5061 +peering ", text, re.M), text
        assert o["steps"] and o["source"] == "configuration" and "answered by the configuration" in text
    status, out, err = run(sallyport, "lookup", "+15550100", "--from", "a")  # the steps are told all the same
    assert status == 1 and "nobody has +15550100" in out and err.startswith("sallyport lookup: no peer is responsible"), (out, err)
    status, out, err = run(sallyport, "route", "nobody.example", "--from", "a", "--json")
    assert status == 1 and json.loads(out)["outcome"] == "none" and "no peer is responsible" in err, (out, err)
    assert "a domain, not a number" in refused(sallyport, "lookup", "b.example", "--from", "a")
    assert "a number, not a domain" in refused(sallyport, "route", NUMBER, "--from", "a")
    assert "no peer has that name" in refused(sallyport, "lookup", NUMBER, "--from", "nobody")


def test_dry_run(sallyport, phones, folder):
    """The same gates as a real message, up to the last; nothing is sent, no call begins."""
    before = sallyport.json("status")["counters"]
    path = folder / "invite"
    text = Call(phones[0], NUMBER, TARGET).text("INVITE", phones[0].sdp(6000))
    path.write_bytes(text.encode())
    shown, o = both(sallyport, "dry-run", str(path), "--from", "a")
    assert o["peer"] == "a" and [s["step"] for s in o["steps"]][0] == "source" and o["steps"][-1]["step"] == "send"
    assert all(re.search(rf"^\+\d+ us +{s['step']} +{s['verdict']}", shown, re.M) for s in o["steps"])
    path.write_bytes(text.replace(NUMBER, "+15550100").encode())
    o = json.loads(done(sallyport, "dry-run", str(path), "--from", "a", "--json"))
    assert o["steps"][-1]["verdict"] == "reply" and o["steps"][-1]["status"] >= 400 and o["steps"][-1]["reason"]
    path.write_bytes(text.replace("\r\n", "\n").encode())
    status, out, err = run(sallyport, "dry-run", str(path), "--from", "a")
    assert status == 0 and "end with LF alone" in err and "syntax" in out
    assert "cannot be read" in refused(sallyport, "dry-run", str(folder / "none"), "--from", "a")
    assert "no peer has that name" in refused(sallyport, "dry-run", str(path), "--from", "nobody")
    path.write_bytes(b"x" * 61441)
    assert "cannot be read" in refused(sallyport, "dry-run", str(path), "--from", "a")
    assert phones[1].request("INVITE", 0.3) is None
    now = sallyport.json("status")["counters"]
    assert now["calls.started"] == before["calls.started"] and now["messages.sent"] == before["messages.sent"]


# ---- change ----------------------------------------------------------------------------------------------------

def test_peer_block(sallyport, phones):
    """A blocked peer gets no new call, the one that is up goes on; all of it is undone by unblock."""
    call, _ = connect(phones)
    assert done(sallyport, "peer", "block", "b").strip() != ""
    assert until(lambda: {p["name"]: p["service"] for p in sallyport.json("peers")["peers"]}["b"] == "blocked")
    assert re.search(r"^b +peering +blocked ", done(sallyport, "peers"), re.M)
    assert dial(phones) == 404  # nobody who could take it
    assert phones[1].request("INVITE", 0.3) is None
    end(phones, call)
    assert json.loads(done(sallyport, "peer", "unblock", "b", "--json"))["result"] == "done"
    assert until(lambda: {p["name"]: p["service"] for p in sallyport.json("peers")["peers"]}["b"] == "in service")
    call, _ = connect(phones)
    end(phones, call)
    assert "no peer has that name" in refused(sallyport, "peer", "block", "nobody")
    assert [(j["target"], j["outcome"], j["uid"]) for j in journal(sallyport, "peer-block")] == [
        ("b", "done", os.geteuid()), ("nobody", "no peer has that name", os.geteuid())]
    assert [(j["target"], j["outcome"]) for j in journal(sallyport, "peer-unblock")] == [("b", "done")]


@pytest.mark.parametrize("by", ["caller's Call-ID", "called side's Call-ID"])
def test_hangup(sallyport, phones, by):
    """Both sides hear BYE, the record says who did it."""
    call, invite = connect(phones)
    name = call.id if by.startswith("caller") else invite["Call-ID"]
    args = ["hangup", name] + (["--json"] if by.startswith("called") else [])
    assert "the call ends" in done(sallyport, *args)
    for phone in phones:
        bye = phone.request("BYE")
        assert bye is not None
        phone.answer(bye, 200, "OK")
    assert until(lambda: any(r["legs"][0]["call_id"] == call.id for r in sallyport.records()))
    record = [r for r in sallyport.records() if r["legs"][0]["call_id"] == call.id][0]
    assert (record["released_by"], record["reason"]) == ("sallyport", "Operator")
    assert "there is none" in refused(sallyport, "hangup", name)
    assert [j["outcome"] for j in journal(sallyport, "hangup") if j["target"] == name] == ["done", "there is none"]


def test_drain(sallyport, phones):
    call, _ = connect(phones)
    done(sallyport, "drain")
    assert sallyport.json("status")["draining"] is True
    assert until(lambda: dial(phones) == 503)
    end(phones, call)
    assert json.loads(done(sallyport, "drain", "--off", "--json"))["result"] == "done"
    assert sallyport.json("status")["draining"] is False
    call, _ = connect(phones)
    end(phones, call)
    assert [j["outcome"] for j in journal(sallyport, "drain")] == ["done"] == [j["outcome"] for j in journal(sallyport, "drain-off")]


def test_drain_outlives_the_signaller(sallyport, phones):
    done(sallyport, "drain")
    old = sallyport.kill_child("signaller")
    assert until(lambda: sallyport.children().get("signaller") not in (None, old))
    time.sleep(0.3)
    assert dial(phones) == 503
    done(sallyport, "drain", "--off")
    assert until(lambda: dial(phones, "+15550100") == 404)


def test_reload(sallyport):
    before = sallyport.json("status")["generation"]
    assert done(sallyport, "reload").strip() != ""
    assert sallyport.json("status")["generation"] == before + 1
    assert json.loads(done(sallyport, "reload", "--json"))["result"] == "done"
    good = sallyport.config.read_text()
    sallyport.config.write_text(good.replace('"quarantine"', '"quarantaine"'))
    assert "the old configuration stays" in refused(sallyport, "reload")
    assert re.search(rf"{re.escape(str(sallyport.config))}:\d+:\d+: error: ", sallyport.log.read_text()), "and why, in the log"
    sallyport.config.write_text(good)
    assert sallyport.json("status")["generation"] == before + 2
    assert [j["outcome"] for j in journal(sallyport, "reload")][:2] == ["done", "done"] and len(journal(sallyport, "reload")) == 3


# ---- trace -----------------------------------------------------------------------------------------------------

def whole(texts, kind):
    """Of the messages TEXTS, those that begin with KIND."""
    return [t for t in texts if t.startswith(kind.encode())]


def test_trace_of_a_call(sallyport, phones, folder):
    """Both legs, the TLS one in clear, each message once and as it was, but for keys and digests. To a file by -o."""
    path = folder / "call.pcapng"
    call, _ = connect(phones)
    tracer = subprocess.Popen([str(sallyport.binary), "trace", "--call", call.id, "-o", str(path), "--seconds", "60", "--socket",
                               str(sallyport.socket)], stderr=subprocess.PIPE, text=True)
    assert until(lambda: path.exists() and path.stat().st_size > 0)
    assert "another trace runs" in refused(sallyport, "trace", "--peer", "a")
    other, _ = connect(phones)  # of the same peers, but another call
    end(phones, other)
    end(phones, call)
    time.sleep(0.3)
    assert "the trace ends" in done(sallyport, "trace", "--off")
    assert tracer.wait(10) == 0 and tracer.stderr.read() == ""
    assert path.stat().st_mode & 0o077 == 0
    packets = pcapng.read(path.read_bytes())
    assert {p.over for p in packets} == {"UDP", "TLS"}
    near = [p for p in packets if p.over == "UDP"]
    far = [p for p in packets if p.over == "TLS"]
    assert {p.target if p.outgoing else p.source for p in near} == {(A, 5060)}
    assert {(p.target if p.outgoing else p.source)[0] for p in far} == {B}
    assert len(whole([p.text for p in near if not p.outgoing], "BYE ")) == 1 == len(whole([p.text for p in far if p.outgoing], "BYE "))
    assert len(whole([p.text for p in near if p.outgoing], "SIP/2.0 200")) == 1
    assert len(whole([p.text for p in far if not p.outgoing], "SIP/2.0 200")) == 1
    assert other.id.encode() not in b"".join(p.text for p in packets)
    assert [p.time_us for p in packets] == sorted(p.time_us for p in packets)
    assert "no trace runs" in refused(sallyport, "trace", "--off")
    target = f"call {call.id}"
    assert [j["outcome"] for j in journal(sallyport, "trace") if j["target"] == target] == ["begins"]
    ends = [j["outcome"] for j in journal(sallyport, "trace-end") if j["target"] == target]
    assert len(ends) == 1 and re.fullmatch(rf"stopped: {len(packets)} messages, \d+ secrets redacted", ends[0]), ends


def test_trace_of_a_peer_is_redacted(sallyport, phones):
    """To the folder of traces: a whole call over TLS with SDES, a digest in it; no key and no digest is in the file."""
    o = json.loads(done(sallyport, "trace", "--peer", "b", "--seconds", "60", "--json"))
    path = Path(o["file"])
    assert path.parent == sallyport.folder / "trace" and o["seconds"] == 60
    digest = f'Authorization: Digest username="u", realm="r", nonce="n", uri="sip:x", response="{SECRET}"\r\n'
    call, _ = connect(phones, digest)
    end(phones, call)
    time.sleep(0.3)
    done(sallyport, "trace", "--off", "--json")
    packets = pcapng.read(path.read_bytes())
    assert {p.over for p in packets} == {"TLS"}, "of that peer alone"
    assert len(whole([p.text for p in packets if p.outgoing], "INVITE ")) == 1
    assert b"a=crypto:" in b"".join(p.text for p in packets)
    everything = b"".join(p.text for p in packets)
    assert KEY.encode() not in everything and SECRET.encode() not in everything
    assert all(set(k) == {ord("x")} for k in re.findall(rb"inline:([^\r\n]*)", everything))
    assert path.stat().st_mode & 0o077 == 0
    text = done(sallyport, "trace", "--peer", "a", "--seconds", "60")
    second = Path(re.search(r"written for 60 s to (\S+)", text).group(1))
    call, _ = connect(phones, digest)
    end(phones, call)
    time.sleep(0.3)
    done(sallyport, "trace", "--off")
    packets = pcapng.read(second.read_bytes())
    assert second != path and {p.over for p in packets} == {"UDP"}
    everything = b"".join(p.text for p in packets)
    digests = re.findall(rb"\r\nAuthorization: ?([^\r\n]*)", everything)
    assert digests and all(set(d) == {ord("x")} for d in digests) and SECRET.encode() not in everything
    assert [j["target"] for j in journal(sallyport, "trace")][-2:] == ["peer b", "peer a"]


def test_trace_ends_by_itself(sallyport):
    path = Path(json.loads(done(sallyport, "trace", "--peer", "a", "--seconds", "1", "--json"))["file"])
    assert until(lambda: journal(sallyport, "trace-end")[-1]["outcome"] == "time reached: 0 messages, 0 secrets redacted")
    assert "no trace runs" in refused(sallyport, "trace", "--off")
    assert pcapng.read(path.read_bytes()) == []
    assert "give a number from 1 to 3600" in refused(sallyport, "trace", "--peer", "a", "--seconds", "3601")
    assert "no peer has that name" in refused(sallyport, "trace", "--peer", "nobody")
    assert "cannot be written" in refused(sallyport, "trace", "--peer", "a", "-o", "/none/here")


# ---- metrics ---------------------------------------------------------------------------------------------------

def test_metrics(sallyport, phones):
    """Every line parses, families stand together, and the numbers are those of `status`."""
    call, _ = connect(phones)
    m, s = prometheus.fetch(METRICS), sallyport.json("status")
    assert {dict(k[1])["process"] for k in m if k[0] == "sallyport_process_up"} == set(sallyport.children())
    assert all(v == 1 for k, v in m.items() if k[0] == "sallyport_process_up")
    assert prometheus.value(m, "peer_concurrent_calls", peer="b") == 1
    assert prometheus.value(m, "peer_in_service", peer="b") == 1
    assert prometheus.value(m, "peer_control", peer="b", control="srtp", state="enforced") == 1
    assert prometheus.value(m, "calls_started_total") == s["counters"]["calls.started"]
    assert prometheus.value(m, "configuration_generation") == s["generation"] and prometheus.value(m, "unanswered_parts") == 0
    assert prometheus.value(m, "call_records_written_total") == s["records"]["written"]
    assert prometheus.value(m, "step_total", id="0", step="source", verdict="refused") == s["counters"]["step.0.source.refused"]
    names = {k[0].removeprefix("sallyport_") for k in m}
    for name in s["counters"]:
        if not name.startswith(("step.", "alarm.", "media.refused")):
            plain = name.replace(".", "_").replace("-", "_")
            assert plain in names or f"{plain}_total" in names, name
    end(phones, call)


def test_metrics_of_media(sallyport, phones):
    """Refused packets are seen by gate at once, and by peer when the call ends."""
    call, _ = connect(phones)
    before = prometheus.fetch(METRICS)

    def moved(name, **labels):
        return prometheus.value(prometheus.fetch(METRICS), name, **labels) - prometheus.value(before, name, **labels)
    assert prometheus.value(before, "media_sessions_now") == 1 == prometheus.value(before, "calls_now")
    assert prometheus.value(before, "media_ports_now") == 2
    good, other = Rtp(A, 6000), Rtp(A, 6500)
    good.send(call.far_media, 10, 0.005)
    other.send(call.far_media, 5, 0.005)
    good.socket.sendto(b"no RTP at all", call.far_media)
    assert until(lambda: moved("media_passed_total") == 10 and moved("media_refused_total", gate="syntax") == 1)
    assert moved("media_refused_total", gate="source") == 5
    assert moved("peer_media_packets_total", peer="a") == 0
    end(phones, call)
    assert until(lambda: moved("peer_media_packets_total", peer="a") == 10)
    assert moved("peer_media_dropped_total", peer="a", gate="source") == 5
    assert moved("peer_media_dropped_total", peer="a", gate="syntax") == 1
    assert moved("peer_media_packets_total", peer="b") == 0 == moved("peer_media_dropped_total", peer="b", gate="source")
    assert until(lambda: prometheus.value(prometheus.fetch(METRICS), "media_sessions_now") == 0)
    assert prometheus.value(prometheus.fetch(METRICS), "media_ports_now") == 0
    good.close()
    other.close()
