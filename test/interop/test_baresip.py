# SPDX-License-Identifier: Apache-2.0
"""Real user agents with real sound: a tone each way, found again in what the far side recorded. Plain RTP against SRTP added at the
border, SRTP by SDES at both ends, DTLS-SRTP from end to end: the last two with keys that Sallyport never changes."""
import time

import pytest

from lab import tone
from lab.baresip import UserAgent
from lab.configuration import peer, system, tls_peer
from lab.pki import Authority

CORE, BORDER = "127.60.8.1", "127.60.8.2"
AGENTS = "127.0.0.1"  # baresip binds neither RTP nor TLS to its address: on loopback they come from here
PORT = {"plain": 6060, "near": 6070, "far": 6080}  # SIP; TLS one above, control five above
MEDIA = {"plain": 30000, "near": 30200, "far": 30400}
TALK_S, SHARE = 4, 0.5  # of the sound; another tone or noise gives below 0.05
NEAR_HZ, FAR_HZ = 440, 880


@pytest.fixture(scope="module")
def pki(folder):
    made = {}
    for name, domain in (("sbe", "sbe.example"), ("near", "near.example"), ("far", "far.example")):
        authority = Authority(folder / name, name)
        pem, key = authority.issue("it", f"DNS:{domain}")
        both = folder / name / "both.pem"
        both.write_text(key.read_text() + pem.read_text())
        made[name] = {"authority": authority.certificate, "pair": (pem, key), "both": both}
    return made


@pytest.fixture(scope="module")
def sallyport(provider, folder, pki):
    far = tls_peer("far", "peering", AGENTS, ["+4989"], "far.example", pki["far"]["authority"], port=PORT["far"] + 1,
                   media={"srtp": "required", "keying": "end-to-end", "addresses": [f"{AGENTS}/32"], "codecs": ["PCMA", "PCMU", "telephone-event"]})
    far["waivers"] = [w for w in far["waivers"] if w["control"] == "identity"]
    peers = [peer("plain", "core", AGENTS, ["+493010"], [f"udp:{AGENTS}:{PORT['plain']}"], media={"keying": "per-leg", "addresses": [f"{AGENTS}/32"]}),
             tls_peer("near", "secure", AGENTS, ["+493020"], "near.example", pki["near"]["authority"], port=PORT["near"] + 1,
                      media={"addresses": [f"{AGENTS}/32"]}), far]
    for p in peers[1:2]:
        del p["waivers"], p["identity"]  # a core zone
    listen = [{"name": name, "zone": name, "sip": [sip], "media": media} for name, sip, media in (
        ("core", f"udp:{CORE}:5060", f"{CORE}:20000-20063"), ("secure", f"tls:{CORE}:5061", f"{CORE}:21000-21063"),
        ("peering", f"tls:{BORDER}:5061", f"{BORDER}:25000-25063"))]
    return provider("s", system(folder / "s", CORE, BORDER, peers, tls=pki["sbe"]["pair"], listen=listen,
                                zones=[{"name": "core"}, {"name": "secure", "core": "yes"}, {"name": "peering"}]))


def agent(folder, pki, name, number, hertz, mediaenc):
    secure = name != "plain"
    return UserAgent(folder, number, AGENTS, PORT[name], PORT[name] + 5, hertz, MEDIA[name], transport="tls" if secure else "udp",
                     mediaenc=mediaenc, pem=pki[name]["both"] if secure else None)


def hears(ua, hertz, last):
    recording = ua.recording()
    return tone.share(recording, hertz, last) if recording else 0.0


def talk(sallyport, caller, called, host, kill=None):
    """A call of some seconds; returns its record, with the shares of tone that each side heard of the other. KILL: a child that
    dies after the first half; then only the last second is listened to."""
    before = len(sallyport.records())
    caller.command("dial", f"sip:{called.number}@{host}")
    assert caller.wait("CALL_ESTABLISHED") is not None, (caller.folder / "log").read_text(errors="replace")[-2000:]
    time.sleep(TALK_S / 2)
    if kill:
        sallyport.kill_child(kill)
        time.sleep(1)
    time.sleep(TALK_S / 2)
    streams = sallyport.json("explain", sallyport.json("calls")["calls"][0]["legs"][0]["call_id"])["streams"]
    caller.command("hangup")
    assert called.wait("CALL_CLOSED", 10) is not None
    end = time.monotonic() + 8
    while len(sallyport.records()) == before and time.monotonic() < end:
        time.sleep(0.1)
    return sallyport.records()[-1], streams[0], hears(called, caller.tone, kill), hears(caller, called.tone, kill)


def packets(record):
    sides = record["streams"][0]["sides"]
    assert all(side["packets"] > TALK_S * 50 * 0.5 for side in sides), sides
    assert all(sum(side["dropped"].values()) < 10 for side in sides), sides


@pytest.mark.parametrize("direction", ["out", "in"])
def test_plain_inside_srtp_outside(sallyport, folder, pki, started, direction):
    """The core agent knows no SRTP; the peer requires it: the border leg gets keys of Sallyport (mode add)."""
    here = folder / f"add-{direction}"
    near = started(agent(here / "near", pki, "plain", "+493010", NEAR_HZ, None))
    far = started(agent(here / "far", pki, "far", "+498920", FAR_HZ, "srtp-mand"))
    if direction == "in":
        record, stream, one, two = talk(sallyport, far, near, f"{BORDER}:5061")
    else:
        record, stream, one, two = talk(sallyport, near, far, f"{CORE}:5060")
    assert one > SHARE and two > SHARE, (one, two)
    packets(record)
    assert stream["keying"] in ("add", "convert"), stream
    protected = [side["protection"] for side in stream["sides"]]
    assert sorted(p == "none" for p in protected) == [False, True], protected


@pytest.mark.parametrize("mediaenc", ["srtp-mand", "dtls_srtp"])
def test_keys_of_the_users_pass(sallyport, folder, pki, started, mediaenc):
    here = folder / mediaenc
    near = started(agent(here / "near", pki, "near", "+493020", NEAR_HZ, mediaenc))
    far = started(agent(here / "far", pki, "far", "+498920", FAR_HZ, mediaenc))
    record, stream, one, two = talk(sallyport, near, far, f"{CORE}:5061")
    assert one > SHARE and two > SHARE, (one, two)
    packets(record)
    assert stream["keying"] == "pass", stream


@pytest.mark.parametrize("role", ["media", "signaller"])
def test_secured_call_survives(sallyport, folder, pki, started, role):
    """kill -9 in the middle of a call whose border leg has keys of Sallyport: the sound goes on, keys and roll-over are kept."""
    here = folder / f"kill-{role}"
    near = started(agent(here / "near", pki, "plain", "+493010", NEAR_HZ, None))
    far = started(agent(here / "far", pki, "far", "+498920", FAR_HZ, "srtp-mand"))
    record, _, one, two = talk(sallyport, near, far, f"{CORE}:5060", role)
    assert one > SHARE and two > SHARE, (one, two)
    assert (record["status"], record["released_by"]) == (200, "caller")


def test_no_srtp_where_it_is_required(sallyport, folder, pki, started):
    """The far agent offers plain RTP over TLS though its peer must bring SRTP: 488, nobody rings (MF-C1)."""
    here = folder / "lacking"
    near = started(agent(here / "near", pki, "near", "+493020", NEAR_HZ, None))
    far = started(agent(here / "far", pki, "far", "+498920", FAR_HZ, None))
    far.command("dial", f"sip:{near.number}@{BORDER}:5061")
    closed = far.wait("CALL_CLOSED", 10)
    assert closed is not None and "488" in closed.get("param", ""), closed
    assert near.wait("CALL_INCOMING", 0.5) is None
