#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The keying table through a whole worker, one scenario a cell: what is offered x what is answered x the policies of both legs, with
the offer in the INVITE and late in its 2xx, from the core to a peer and back. The cells are written as scenarios (README.md) on the
neighbours of keying.inc and played. Expectations follow the rules in prose (doc/manual.md, section 7), not the table.

Usage: keying_cells.py REPLAY SCENARIOS   (the program, and the folder that holds keying.inc)"""
import itertools
import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

KEY1, KEY2 = "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz", "PS1uQCVeeCFCanVmcjkpPywjNWhcYD0mXXtxaVBR"
SUITE = "AES_CM_128_HMAC_SHA1_80"
DTLS = "a=fingerprint:sha-1 4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:19:E5:7C:AB"
MIKEY = "a=key-mgmt:mikey AQAFgM0XflABAAAAAAAAAAAAAAAsAyONQ6gAAAAAGEEoo2pee4hp2"
OFF, PREFERRED, REQUIRED = "off", "preferred", "required"

# address, transport, number, policy, may SDES stand on its leg, do keys end at us
PEERS = {
    "desk": ("10.0.0.5", "UDP", "+4930555", OFF, False, True),
    "bare": ("10.0.0.20", "UDP", "+4931555", OFF, True, False),
    "phone": ("10.0.2.5", "TLS", "+4940555", OFF, True, False),
    "ssp-b": ("192.0.2.1", "TLS", "+4989111", REQUIRED, True, False),
    "lax": ("192.0.2.17", "TLS", "+4988111", PREFERRED, True, False),
    "open": ("192.0.2.33", "TLS", "+4987111", OFF, True, False),
}
CORE, PEERING = ("desk", "bare", "phone"), ("ssp-b", "lax", "open")

# protocol and keying lines of an offered line
OFFERS = {
    "rtp": ("RTP/AVP", []), "opportunistic": ("RTP/AVP", [f"a=crypto:2 {SUITE} inline:{KEY1}"]),
    "sdes": ("RTP/SAVP", [f"a=crypto:2 {SUITE} inline:{KEY1}"]), "dtls": ("UDP/TLS/RTP/SAVP", [DTLS]),
    "other": ("RTP/SAVP", [MIKEY]), "clear": ("udptl", []),
    "sdes+dtls": ("RTP/SAVP", [f"a=crypto:2 {SUITE} inline:{KEY1}", DTLS]),
}
# of our own keys the second has SUITE, and so has the one offered
ANSWERS = {"rtp": [], "sdes": [f"a=crypto:2 {SUITE} inline:{KEY2}"], "dtls": [DTLS], "none": [], "other": [MIKEY]}


def decide(offer, giver, taker):
    """What becomes of the offer: (mode, protocol as it is written for the taker, answers that hold)."""
    policy_in, policy_out = PEERS[giver][3], PEERS[taker][3]
    sdes_in, sdes_out, per_leg = PEERS[giver][4], PEERS[taker][4], PEERS[taker][5]
    proto, required = OFFERS[offer][0], REQUIRED in (policy_in, policy_out)
    if offer == "rtp":
        if policy_in == REQUIRED or (policy_out == REQUIRED and not sdes_out):
            return "refuse", None, ()
        if policy_out == REQUIRED:
            return "add", "RTP/SAVP", ("sdes",)
        if policy_out == PREFERRED and sdes_out:
            return "add", "RTP/AVP", ("sdes", "rtp")
        return "pass", proto, ("rtp",)
    if offer == "clear":
        return ("refuse", None, ()) if required else ("pass", proto, ("rtp",))
    if offer == "dtls":
        return "pass", proto, ("dtls",)
    if offer == "other":
        return "pass", proto, ("other",)
    if not sdes_in:
        return "refuse", None, ()
    if offer.startswith("sdes") and per_leg and (policy_out == OFF or (policy_out == PREFERRED and not sdes_out)):
        return "convert", "RTP/AVP", ("rtp",)
    if not sdes_out:
        return "refuse", None, ()
    more = ("dtls",) if "+" in offer else ()
    return "pass", proto, ("sdes", *more, *(("rtp",) if offer == "opportunistic" and not required else ()))


def description(who, version, proto, lines, port):
    image = proto == "udptl"
    address = PEERS[who][0]
    return ["v=0", f"o=- 1 {version} IN IP4 {address}", "s=-", f"c=IN IP4 {address}", "t=0 0",
            f"m={'image' if image else 'audio'} {port} {proto} {'t38' if image else '8'}", *lines]


def contact(who):
    address, transport = PEERS[who][:2]
    return f"<sip:x@{address}:5061;transport=tls>" if transport == "TLS" else f"<sip:x@{address}:5060>"


def message(start, head, body):
    typed = ["Content-Type: application/sdp"] if body else []
    return [start, *head, *typed, "Content-Length: $length", "", *body, "END"]


def request(method, caller, called, to_tag, body):
    address, transport = PEERS[caller][:2]
    target = f"sip:{PEERS[called][2]}@ssp-a.example"
    uri = "$acontact" if to_tag else target
    return message(f"{method} {uri} SIP/2.0", [
        f"Via: SIP/2.0/{transport} {address}:{5061 if transport == 'TLS' else 5060};branch=z9hG4bK{method}", "Max-Forwards: 70",
        f"From: <sip:{PEERS[caller][2]}@caller.example>;tag=caller", f"To: <{target}>{to_tag}", "Call-ID: call@caller",
        f"CSeq: 1 {method}", f"Contact: {contact(caller)}"], body)


def answer_200(called, body):
    return message("SIP/2.0 200 OK", ["Via: SIP/2.0/$iproto $ivia", "From: <sip:x@y>;tag=$btag", "To: <sip:x@y>;tag=called",
                                      "Call-ID: $bcall", "CSeq: $icseq INVITE", f"Contact: {contact(called)}"], body)


def answer_body(who, proto, answer):
    if answer == "rtp" and proto not in ("udptl", None):
        proto = "RTP/AVP"
    return description(who, 1, proto, ANSWERS[answer], 0 if answer == "none" else 6000)


def expect(who, *lines):
    return [f"EXPECT TO {who}", *lines, "END"]


def up(mode, proto, answer):
    """The stream, when both sides agreed. Keys that we offered and that a plain answer left aside: it passes."""
    if answer == "none":
        return ["DO plan", "EXPECT EVENT stream 0 off *"]
    word = "pass" if mode == "add" and answer == "rtp" else mode
    end = {"add": " keyed-*", "convert": " keyed-*"}.get(word, "*")
    return ["DO plan", f"EXPECT EVENT stream 0 {word} *{end}"]


def early(caller, called, offer, answer):
    mode, proto, good = decide(offer, caller, called)
    lines = ["INCLUDE keying.inc", f"SEND FROM {caller}",
             *request("INVITE", caller, called, "", description(caller, 1, *OFFERS[offer], 4000)), *expect(caller, "SIP/2.0 100 *")]
    if mode == "refuse":
        return lines + [*expect(caller, "SIP/2.0 488 *"), "EXPECT EVENT ended 488 us *"]
    lines += [f"EXPECT TO {called} call-out", f"SEND FROM {called}", *answer_200(called, answer_body(called, proto, answer))]
    if answer not in (*good, "none"):
        return lines + [*expect(called, "ACK *"), f"EXPECT TO {called} bye-to-called", *expect(caller, "SIP/2.0 488 *"),
                        "EXPECT EVENT ended 488 us *", "STATE calls 1 sessions 0"]
    return lines + [f"EXPECT TO {caller} caller-200", *up(mode, proto, answer)]


def late(caller, called, offer, answer):
    """The called side offers. A refusal can be no status any more: ACK, then BYE."""
    mode, proto, good = decide(offer, called, caller)
    lines = ["INCLUDE keying.inc", f"SEND FROM {caller}", *request("INVITE", caller, called, "", []),
             *expect(caller, "SIP/2.0 100 *"), f"EXPECT TO {called} call-out", f"SEND FROM {called}",
             *answer_200(called, description(called, 1, *OFFERS[offer], 4000))]
    if mode == "refuse":
        return lines + [*expect(called, "ACK *"), f"EXPECT TO {called} bye-to-called", *expect(caller, "SIP/2.0 488 *"),
                        "EXPECT EVENT ended 488 us *"]
    lines += [f"EXPECT TO {caller} caller-200", f"SEND FROM {caller}",
              *request("ACK", caller, called, ";tag=$atag", answer_body(caller, proto, answer)), *expect(called, "ACK *")]
    if answer not in (*good, "none"):
        return lines + [f"EXPECT TO {called} bye-to-called", f"EXPECT TO {caller} bye-to-caller", "EXPECT EVENT ended *"]
    return lines + up(mode, proto, answer)


def main():
    if len(sys.argv) != 3:
        print(__doc__)
        return 2
    replay, wrong = sys.argv[1], []
    pairs = [*itertools.product(CORE, PEERING), *itertools.product(PEERING, CORE)]
    cells = [*itertools.product((early, late), pairs, OFFERS, ANSWERS)]
    with tempfile.TemporaryDirectory(prefix="keying-cells-") as name:
        folder = Path(name)
        shutil.copy(Path(sys.argv[2]) / "keying.inc", folder)

        def play(number):
            when, (caller, called), offer, answer = cells[number]
            path = folder / f"{number}-{when.__name__}-{caller}-{called}-{offer}-{answer}.txt"
            path.write_text("\n".join(when(caller, called, offer, answer)) + "\n")
            p = subprocess.run([replay, str(path)], capture_output=True, text=True, timeout=30)
            if p.returncode != 0:
                wrong.append(f"{path.name}: {(p.stdout + p.stderr)[:600]}")
        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            list(pool.map(play, range(len(cells))))
    print("\n".join(wrong[:20]))
    print(f"{len(cells)} cells, {len(wrong)} not as expected")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
