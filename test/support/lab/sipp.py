# SPDX-License-Identifier: Apache-2.0
"""SIPp as either side: scenarios are lists of steps, written to the folder as XML; a failed run shows SIPp's own error log."""
import re
import subprocess
import time
from pathlib import Path

SDP = """v=0
o=sipp 1 1 IN IP[media_ip_type] [media_ip]
s=-
c=IN IP[media_ip_type] [media_ip]
t=0 0
m=audio [media_port] RTP/AVP 8
a=rtpmap:8 PCMA/8000"""


def _body(sdp):
    return f"Content-Type: application/sdp\nContent-Length: [len]\n\n{sdp}\n" if sdp else "Content-Length: 0\n\n"


def _send(text, retrans=True):
    again = ' retrans="500"' if retrans else ""
    return f"<send{again}><![CDATA[\n{text}]]></send>"


def pause(ms):
    return f'<pause milliseconds="{ms}"/>'


def recv(status, optional=False, rrs=False, action=""):
    flags = (' optional="true"' if optional else "") + (' rrs="true"' if rrs else "")
    return f'<recv response="{status}"{flags}>{action}</recv>'


def awaits(method, rrs=False, optional=False, action=""):
    flags = (' optional="true"' if optional else "") + (' rrs="true"' if rrs else "")
    return f'<recv request="{method}"{flags}>{action}</recv>'


def label(n):
    return f'<label id="{n}"/>'


# ---- calling side --------------------------------------------------------------------------------------------

def request(method, cseq, sdp="", uri="[next_url]", to="[peer_tag_param]", extra="", branch="[branch]", retrans=None):
    """A request of the calling side. The INVITE goes to the number given by `-s`."""
    if method in ("INVITE", "CANCEL") and to == "[peer_tag_param]" and uri == "[next_url]" and cseq == 1:
        uri, to = "sip:[service]@[remote_ip]:[remote_port]", ""
    return _send(f"""{method} {uri} SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch={branch}
From: "Caller" <sip:+4930111@[local_ip]:[local_port]>;tag=c[call_number]
To: <sip:[service]@[remote_ip]:[remote_port]>{to}
Call-ID: [call_id]
CSeq: {cseq} {method}
Contact: <sip:+4930111@[local_ip]:[local_port];transport=[transport]>
Max-Forwards: 70
{extra}{_body(sdp)}""", method != "ACK" if retrans is None else retrans)


# ---- called side ---------------------------------------------------------------------------------------------

REMEMBER = ('<action><ereg regexp=".*" search_in="hdr" header="From:" assign_to="far"/>'
            '<ereg regexp=".*" search_in="hdr" header="To:" assign_to="near"/></action>')


def reply(status, reason, sdp="", extra="", retrans=False, to="[last_To:];tag=u[call_number]"):
    return _send(f"""SIP/2.0 {status} {reason}
[last_Via:]
[last_Record-Route:]
[last_From:]
{to}
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:called@[local_ip]:[local_port];transport=[transport]>
{extra}{_body(sdp)}""", retrans)


def reply_in_dialog(status, reason, sdp="", extra="", retrans=False):
    return reply(status, reason, sdp, extra, retrans, to="[last_To:]")


def back_request(method, cseq, sdp="", extra="", retrans=None):
    """A request of the called side in the dialog; needs REMEMBER at its INVITE, received with rrs."""
    return _send(f"""{method} [next_url] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From:[$near];tag=u[call_number]
To:[$far]
Call-ID: [call_id]
CSeq: {cseq} {method}
Contact: <sip:called@[local_ip]:[local_port];transport=[transport]>
Max-Forwards: 70
{extra}{_body(sdp)}""", method != "ACK" if retrans is None else retrans)


def scenario(steps):
    text = "\n".join(steps)
    names = sorted(set(re.findall('assign_to="(\\w+)"', text)))
    used = f'<Reference variables="{",".join(names)}"/>\n' if names else ""
    return f'<?xml version="1.0" encoding="ISO-8859-1" ?>\n<scenario name="s">\n{text}\n{used}</scenario>\n'


class Sipp:
    """One SIPp process. `run` waits for CALLS calls; a called side is started with `start` and ended with `stop`."""

    def __init__(self, folder, name, steps, address, port=5060, transport="u1", target=None, number="+4989111", calls=1,
                 rate=20, limit=40, media=6000, caller="+4930111", more=()):
        self.folder, self.name = Path(folder) / name, name
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "s.xml").write_text(scenario(steps).replace("+4930111", caller))
        self.args = ["sipp", "-sf", "s.xml", "-i", address, "-mi", address, "-mp", str(media), "-p", str(port), "-t", transport,
                     "-s", number, "-nostdin", "-trace_err", "-error_file", "errors", "-timeout", f"{limit}s",
                     "-timeout_error", "-recv_timeout", "15000", "-skip_rlimit", *more]
        if target:
            self.args += ["-m", str(calls), "-r", str(rate), target]
        elif calls:
            self.args += ["-m", str(calls)]
        self.process = None

    def start(self):
        self.out = open(self.folder / "out", "wb")
        self.process = subprocess.Popen(self.args, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=self.out, stderr=self.out)
        time.sleep(0.2)
        if self.process.poll() not in (None, 0):
            raise RuntimeError(self.why())
        return self

    def wait(self, timeout=60):
        """Exit status: 0 when each call went as the scenario says."""
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.stop()
            return -1

    def run(self, timeout=60):
        return self.start().wait(timeout)

    def counts(self):
        """(successful, failed) of the last statistics screen."""
        text = (self.folder / "out").read_text(errors="replace")
        good, bad = (re.findall(rf"{k} call\s*\|\s*\d+\s*\|\s*(\d+)", text) for k in ("Successful", "Failed"))
        return (int(good[-1]) if good else 0, int(bad[-1]) if bad else 0)

    def why(self):
        errors = self.folder / "errors"
        tail = errors.read_text(errors="replace")[-1500:] if errors.exists() else ""
        return f"sipp {self.name} in {self.folder}: status {self.process.poll()}, good and failed calls {self.counts()}\n{tail}"

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(3)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if self.process:
            self.out.close()
