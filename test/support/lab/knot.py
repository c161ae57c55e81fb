# SPDX-License-Identifier: Apache-2.0
"""Name servers of Debian: Knot DNS from the files of `sallyport luf publish --out`, and Unbound as a validating resolver."""
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

KNOTD, KNOTC, KEYMGR, UNBOUND = "/usr/sbin/knotd", "/usr/sbin/knotc", "/usr/sbin/keymgr", "/usr/sbin/unbound"
PRESENT = all(Path(p).exists() for p in (KNOTD, KNOTC, KEYMGR)) and shutil.which("kdig") and shutil.which("knsupdate")
PATIENCE = 20  # [s] a slow machine


def until(what, seconds=PATIENCE):
    """Wait until WHAT() is true; its value."""
    end = time.monotonic() + seconds
    while True:
        value = what()
        if value or time.monotonic() > end:
            return value
        time.sleep(0.05)


def kdig(server, *words, port=53):
    """Lines of kdig's answer."""
    p = subprocess.run(["kdig", f"@{server}", "-p", str(port), "+timeout=2", "+retry=0", *words], capture_output=True, text=True, timeout=30)
    return p.stdout


class Daemon:
    process = None

    def begin(self, args):
        self.log = open(self.folder / "log", "ab")
        self.process = subprocess.Popen(args, stdout=self.log, stderr=self.log)
        assert until(self.answers), (self.folder / "log").read_text()
        return self

    def stop(self, how=signal.SIGTERM):
        if self.process and self.process.poll() is None:
            self.process.send_signal(how)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(10)
        if self.process:
            self.log.close()
        self.process = None


class Knot(Daemon):
    """One knotd in FOLDER with the configuration WRITTEN, its paths moved here; EDIT(text) changes more."""

    def __init__(self, folder, written, zone, address, port, zone_file=None, edit=lambda text: text):
        self.folder, self.zone, self.address, self.port = Path(folder), zone, address, port
        for name in ("run", "lib"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        text = Path(written).read_text().replace('"/run/knot"', f'"{self.folder}/run"').replace('"/var/lib/knot"', f'"{self.folder}/lib"')
        text = text.replace("target: syslog", "target: stderr")
        if os.geteuid() != 0:
            text = text.replace("    user: knot:knot\n", "")
        self.conf = self.folder / "knot.conf"
        self.conf.write_text(edit(text))
        self.conf.chmod(0o600)
        if zone_file:
            shutil.copy(zone_file, self.folder / "lib" / f"{zone}.zone")
        if os.geteuid() == 0:
            subprocess.run(["chown", "-R", "knot:knot", str(self.folder)], check=True)

    def check(self):
        return subprocess.run([KNOTC, "-c", str(self.conf), "conf-check"], capture_output=True, text=True, timeout=30)

    def start(self):
        return self.begin([KNOTD, "-c", str(self.conf)])

    def answers(self):
        return self.process.poll() is None and "status: " in kdig(self.address, self.zone, "SOA", port=self.port)

    def ask(self, name, *words):
        return kdig(self.address, name, "NAPTR", *words, port=self.port)

    def serial(self):
        soa = kdig(self.address, self.zone, "SOA", "+short", port=self.port).split()
        return soa[2] if len(soa) > 2 else None

    def ds(self):
        p = subprocess.run([KEYMGR, "-c", str(self.conf), self.zone, "ds"], capture_output=True, text=True, timeout=30)
        return [line for line in p.stdout.splitlines() if " 13 2 " in line]

    def update(self, text, key=None):
        """Through knsupdate: its last status word ("" when it was done)."""
        commands = f"server {self.address} {self.port}\nzone {self.zone}.\n{text}\nsend\n"
        p = subprocess.run(["knsupdate", "-v", *(["-y", key] if key else [])], input=commands, capture_output=True, text=True, timeout=30)
        return p.stdout + p.stderr


class Unbound(Daemon):
    """A validating resolver that asks SERVERS for ZONE and nobody for anything else."""

    def __init__(self, folder, address, port, zone, servers, anchor):
        self.folder, self.address, self.port, self.zone = Path(folder), address, port, zone
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "anchor").write_text("\n".join(anchor) + "\n")
        stubs = "".join(f"  stub-addr: {a}@{p}\n" for a, p in servers)
        (self.folder / "unbound.conf").write_text(f"""server:
  directory: "{self.folder}"
  username: ""
  chroot: ""
  pidfile: ""
  use-syslog: no
  logfile: ""
  do-daemonize: no
  interface: {address}
  port: {port}
  access-control: 127.0.0.0/8 allow
  do-not-query-localhost: no
  trust-anchor-file: "{self.folder}/anchor"
  module-config: "validator iterator"
  cache-max-ttl: 0
  local-zone: "example." nodefault
stub-zone:
  name: "{zone}"
{stubs}remote-control:
  control-enable: no
""")

    def start(self):
        return self.begin([UNBOUND, "-d", "-c", str(self.folder / "unbound.conf")])

    def answers(self):
        return self.process.poll() is None and "status: " in kdig(self.address, self.zone, "SOA", port=self.port)

    def ask(self, name):
        return kdig(self.address, name, "NAPTR", "+dnssec", port=self.port)
