# SPDX-License-Identifier: Apache-2.0
"""A real user agent: baresip without a screen, with a tone as its microphone and a file as its loudspeaker."""
import json
import socket
import subprocess
import time
from pathlib import Path

CONFIG = """sip_listen {address}:{port}
{sip_certificate}
net_interface {address}
rtp_ports {rtp_first}-{rtp_last}
audio_source ausine,{tone}
audio_player aufile,{folder}/play.wav
ausrc_srate 48000
auplay_srate 48000
ausrc_channels 2
auplay_channels 2
snd_path {folder}/rec
module_path /usr/lib/baresip/modules
module g711.so
module ausine.so
module aufile.so
module sndfile.so
module srtp.so
module dtls_srtp.so
module_tmp account.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen {address}:{control}
"""


class UserAgent:
    def __init__(self, folder, number, address, port, control, tone, rtp, transport="udp", mediaenc=None, pem=None):
        self.folder, self.number, self.address = Path(folder), number, address
        self.port, self.control, self.tone = port, control, tone
        self.process, self.link, self.buffer, self.events = None, None, b"", []
        (self.folder / "rec").mkdir(parents=True)
        certificate = f"sip_certificate {pem}" if pem else ""
        (self.folder / "config").write_text(CONFIG.format(
            address=address, port=port, sip_certificate=certificate, rtp_first=rtp, rtp_last=rtp + 98, tone=tone,
            folder=self.folder, control=control))
        enc = f";mediaenc={mediaenc}" if mediaenc else ""
        (self.folder / "accounts").write_text(
            f"<sip:{number}@{address}:{port};transport={transport}>;regint=0{enc};audio_codecs=PCMA/8000/1;"
            "answermode=auto;catchall=yes\n")
        (self.folder / "contacts").write_text("")

    def start(self):
        log = open(self.folder / "log", "wb")
        self.process = subprocess.Popen(["baresip", "-f", str(self.folder), "-v"], stdin=subprocess.DEVNULL,
                                        stdout=log, stderr=log, cwd=self.folder)
        until = time.monotonic() + 10
        while True:
            try:
                self.link = socket.create_connection((self.address, self.control), timeout=1)
                return self
            except OSError:
                if time.monotonic() > until or self.process.poll() is not None:
                    raise RuntimeError(f"baresip did not start; see {self.folder}/log") from None
                time.sleep(0.05)

    def command(self, name, params=""):
        text = json.dumps({"command": name, "params": params, "token": name}).encode()
        self.link.sendall(str(len(text)).encode() + b":" + text + b",")

    def _pump(self, timeout):
        self.link.settimeout(timeout)
        try:
            data = self.link.recv(65536)
        except (TimeoutError, socket.timeout):
            return
        if not data:
            raise RuntimeError(f"baresip {self.number} went away; see {self.folder}/log")
        self.buffer += data
        while b":" in self.buffer:
            head, rest = self.buffer.split(b":", 1)
            if len(rest) < int(head) + 1:
                return
            message, self.buffer = json.loads(rest[:int(head)]), rest[int(head) + 1:]
            if message.get("event"):
                self.events.append(message)

    def wait(self, kind, timeout=15):
        """Wait for an event of that type (CALL_ESTABLISHED, CALL_CLOSED, ...); returns it, or None."""
        until = time.monotonic() + timeout
        while time.monotonic() < until:
            for i, e in enumerate(self.events):
                if e.get("type") == kind:
                    return self.events.pop(i)
            self._pump(0.1)
        return None

    def recording(self):
        """What it heard."""
        found = sorted(self.folder.glob("rec/dump-*-dec.wav")) + sorted(self.folder.glob("dump-*-dec.wav"))
        return found[-1] if found else None

    def stop(self):
        if self.link:
            self.link.close()
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(3)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
