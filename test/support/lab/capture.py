# SPDX-License-Identifier: Apache-2.0
"""Where do the Sallyports of a run send to? A capture of loopback, and the addresses that their configurations permit.

By convention a Sallyport of the laboratory owns 127.60.N.1 and 127.60.N.2, everybody else has other last octets."""
import json
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

FILTER = "src net 127.60.0.0/16 and (ip[15] == 1 or ip[15] == 2) and (udp or tcp)"
SNAP = 80  # [octets] enough for the headers


class Capture:
    def __init__(self, possible):
        self.possible = possible and shutil.which("dumpcap") is not None and shutil.which("tshark") is not None
        self.permitted, self.process = set(), None

    def start(self):
        if self.possible:
            self.folder = Path(tempfile.mkdtemp(prefix="si-capture-"))
            self.process = subprocess.Popen(["dumpcap", "-q", "-i", "lo", "-s", str(SNAP), "-B", "16", "-f", FILTER, "-w",
                                             str(self.folder / "all.pcapng")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(1)
        return self

    def permit(self, text):
        """The peers' own addresses and the listeners', as the configuration TEXT names them."""
        c = json.loads(text)
        for p in c["peers"]:
            ranges = p["known_by"].get("addresses", []) + p["media"].get("addresses", [])
            self.permitted |= {r.split("/")[0] for r in ranges} | {t.split(":")[1] for t in p["reach"].get("targets", [])}
        self.permitted |= {s.split(":")[1] for listener in c["listen"] for s in listener["sip"]}

    def destinations(self):
        """Ends the capture: destination address -> packets with content that went there."""
        self._end()
        p = subprocess.run(["tshark", "-r", str(self.folder / "all.pcapng"), "-Y", "udp or tcp.len > 0", "-T", "fields", "-e", "ip.dst"],
                           capture_output=True, text=True, timeout=60)
        found = {}
        for line in p.stdout.split():
            found[line] = found.get(line, 0) + 1
        return found

    def _end(self):
        if self.process and self.process.poll() is None:
            time.sleep(1)  # what is still in its buffer
            self.process.terminate()
            self.process.wait(10)

    def stop(self):
        self._end()
        if self.process:
            shutil.rmtree(self.folder, ignore_errors=True)
