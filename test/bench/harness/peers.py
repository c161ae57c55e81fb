# SPDX-License-Identifier: Apache-2.0
"""The daemons that are compared, each as an adapter: start() makes its configuration and waits until it answers."""
import datetime
import shutil
from pathlib import Path

from . import daemon
from .bed import PORT, TLS_PORT

SOCKET_BUFFER = 4 << 20  # [octets] the same for all
KAMAILIO_WORKERS = 2  # per socket
RTPENGINE_PORT = 22222


class Peer:
    tls = False

    def __init__(self, bed, core):
        self.bed, self.core, self.daemon = bed, core, None

    def launch(self, arguments, condition):
        log = self.bed.folder / f"{self.name}.log"
        self.daemon = daemon.Daemon(arguments, log, self.core)
        try:
            self.daemon.wait_ready(condition, self.name)
        except BaseException:
            self.stop()
            raise
        return self

    def pids(self):
        return self.daemon.pids()

    def stop(self):
        if self.daemon is not None:
            self.daemon.stop()
            self.daemon = None


class Direct(Peer):
    """No daemon: what the generator alone needs."""
    name = "direct"

    def start(self):
        return self

    def pids(self):
        return []


class Echo(Peer):
    name = "echo"

    def start(self):
        b = self.bed
        ends = [f"{ip}:{PORT}" for ip in (b.outer, b.inner, b.caller, b.called)]
        return self.launch([b.tool("bench-echo"), *ends], lambda: daemon.bound("udp", b.inner, PORT))


class Kamailio(Peer):
    """Debian's Kamailio with the faster of its two memory managers."""
    switches = {"plain": ["WITH_PLAIN"], "dialog": ["WITH_DIALOG"], "topoh": ["WITH_DIALOG", "WITH_TOPOH"],
                "tls": ["WITH_DIALOG", "WITH_TLS"]}

    def __init__(self, bed, core, kind):
        super().__init__(bed, core)
        self.kind, self.name, self.tls = kind, f"kamailio-{kind}", kind == "tls"

    def start(self):
        b = self.bed
        if self.tls:
            b.certify()
        b.render("kamailio-tls.cfg.in", "tls.cfg")
        cfg = b.render("kamailio.cfg.in", "kamailio.cfg", WORKERS=KAMAILIO_WORKERS)
        switches = [w for s in self.switches[self.kind] for w in ("-A", s)]
        self.launch(["kamailio", "-x", "fm", "-X", "fm", "-DD", "-E", "-f", cfg, "-m", "1024", "-M", "32", "-b",
                     SOCKET_BUFFER, "-Y", b.folder, "-w", b.folder, *switches],
                    lambda: daemon.bound("tcp", b.inner, TLS_PORT) if self.tls else daemon.bound("udp", b.inner, PORT))
        return self

    @staticmethod
    def missing(kind):
        if shutil.which("kamailio") is None:
            return "kamailio is not installed"
        if kind == "tls" and not list(Path("/usr/lib").glob("*/kamailio/modules/tls.so")):
            return "kamailio-tls-modules is not installed"
        return None


class Rtpengine(Peer):
    """Debian's rtpengine, forwarding in user space."""
    name = "rtpengine"

    def start(self):
        b = self.bed
        return self.launch(["rtpengine", "-f", "-E", "--config-file=none", "--table=-1", f"--interface={b.control}",
                            f"--listen-ng={b.control}:{RTPENGINE_PORT}", "--port-min=30000", "--port-max=49999",
                            "--num-threads=1", "--dtls-cert-cipher=prime256v1", "--log-level=3", "--timeout=60",
                            "--silent-timeout=600"], lambda: daemon.bound("udp", b.control, RTPENGINE_PORT))

    @staticmethod
    def missing():
        return None if shutil.which("rtpengine") else "rtpengine-daemon is not installed"


class Sallyport(Peer):
    """Ours: `signalling` (media not anchored, by waiver), `media` (anchored), `tls` (mutual TLS on both sides)."""

    def __init__(self, bed, core, kind, calls=20000, transactions=200000, sessions=64):
        super().__init__(bed, core)
        self.kind, self.name, self.tls = kind, f"sallyport-{kind}", kind == "tls"
        self.calls, self.transactions, self.sessions = calls, transactions, sessions

    def configuration(self):
        b, anchored = self.bed, self.kind == "media"
        until = datetime.date.today() + datetime.timedelta(days=300)
        def waiver(control):
            return f'      - {{control: {control}, reason: "bench on loopback", until: {until}}}\n'
        def tls(name):
            return f", tls_names: [{name}.bench.example], trust: {b.folder}/ca.crt" if self.tls else ""
        unanchored = "" if anchored else waiver("media-anchor")
        return b.render(
            "sallyport.yaml.in", "sallyport.yaml", TRANSPORT="tls" if self.tls else "udp",
            SIP_PORT=TLS_PORT if self.tls else PORT, ANCHOR="yes" if anchored else "no",
            MEDIA_PORTS=f"20000-{20000 + 2 * self.sessions - 1}",
            TLS_SECTION=f"tls: {{certificate: {b.folder}/border.crt, key: {b.folder}/border.key}}" if self.tls else "",
            CALLER_TLS=tls("caller"), CALLED_TLS=tls("called"),
            CALLER_WAIVERS="" if anchored else "    waivers:\n" + unanchored,
            CALLED_WAIVERS=waiver("identity") + waiver("srtp") + unanchored + ("" if self.tls else waiver("transport-identity")),
            CALLS=self.calls, TRANSACTIONS=self.transactions, SESSIONS=self.sessions, QUARANTINE=1)

    def start(self):
        if self.tls:
            self.bed.certify()
        (self.bed.kept / "records.jsonl").unlink(missing_ok=True)
        log = self.bed.folder / f"{self.name}.log"
        return self.launch([self.bed.sallyport, "run", "--config", self.configuration()],
                           lambda: "monitor.ready" in log.read_text(errors="replace"))
