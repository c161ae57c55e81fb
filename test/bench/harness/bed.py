# SPDX-License-Identifier: Apache-2.0
"""The test bed: addresses of one run, its folder, its certificates, and templates filled in."""
import os
import random
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
PORT, TLS_PORT = 5060, 5061


class Bed:
    """Everything of one `make bench`: all sockets in a part of 127.0.0.0/8 that nobody else uses."""

    def __init__(self, build):
        self.build = Path(build).resolve()
        self.folder = Path(tempfile.mkdtemp(prefix="sallyport-bench-"))
        self.kept = self.folder / "kept"  # what the daemon writes as an unprivileged user
        self.kept.mkdir()
        self.folder.chmod(0o755)
        self.kept.chmod(0o777)
        self.sallyport = Path(os.environ.get("SALLYPORT", self.build / "src/main/sallyport"))
        taken = Path("/proc/net/udp").read_text() + Path("/proc/net/tcp").read_text()
        free = [n for n in range(64, 250) if not re.search(r"[0-9A-F]{4}%02X7F:" % n, taken)]
        self.net = f"127.{random.choice(free)}"
        self.caller, self.called = f"{self.net}.0.11", f"{self.net}.0.22"
        self.outer, self.inner = f"{self.net}.1.1", f"{self.net}.2.1"
        self.control = f"{self.net}.3.1"
        self.certified = False

    def tool(self, name):
        return self.build / "test/bench" / name

    def render(self, template, out, **values):
        """Fill @NAME@ of a template in peers/."""
        text = (HERE / "peers" / template).read_text()
        values = {"CALLER": self.caller, "CALLED": self.called, "OUTER": self.outer, "INNER": self.inner, "PORT": PORT,
                  "TLS_PORT": TLS_PORT, "DIR": self.folder, "KEPT": self.kept, **values}
        for name, value in values.items():
            text = text.replace(f"@{name}@", str(value))
        path = self.folder / out
        path.write_text(text)
        return path

    def certify(self):
        """One authority; certificates of the border and of both user agents (ECDSA P-256, names only in the SAN)."""
        if self.certified:
            return
        def openssl(*args):
            subprocess.run(["openssl", *args], cwd=self.folder, check=True, capture_output=True)
        key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        openssl("req", "-x509", *key, "-days", "30", "-keyout", "ca.key", "-out", "ca.crt", "-subj", "/CN=bench CA")
        for name in ("border", "caller", "called"):
            (self.folder / "ext").write_text(f"subjectAltName=DNS:{name}.bench.example\n"
                                             "extendedKeyUsage=serverAuth,clientAuth\nbasicConstraints=CA:FALSE\n")
            openssl("req", *key, "-keyout", f"{name}.key", "-out", "csr", "-subj", f"/CN={name}.bench.example")
            openssl("x509", "-req", "-in", "csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", "30",
                    "-extfile", "ext", "-out", f"{name}.crt")
        self.certified = True

    def close(self):
        if "KEEP" not in os.environ:
            shutil.rmtree(self.folder, ignore_errors=True)
