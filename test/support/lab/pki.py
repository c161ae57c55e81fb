# SPDX-License-Identifier: Apache-2.0
"""Certificate authorities for the laboratory, made with the openssl command; nothing outlives the folder."""
import subprocess
from pathlib import Path


def _run(*args):
    subprocess.run(["openssl", *map(str, args)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


class Authority:
    """One self-made authority; `issue` makes end-entity certificates that name DNS names or sip: URIs only in the SAN."""

    def __init__(self, folder, name):
        self.folder, self.name = Path(folder), name
        self.folder.mkdir(parents=True, exist_ok=True)
        self.certificate, self.key = self.folder / f"{name}-ca.pem", self.folder / f"{name}-ca.key"
        _run("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
             "-subj", f"/CN={name} laboratory CA", "-keyout", self.key, "-out", self.certificate)

    def issue(self, name, san, days=30):
        """Return (certificate, key) paths; days < 0 makes one that has expired."""
        key, csr, pem, ext = (self.folder / f"{name}.{e}" for e in ("key", "csr", "pem", "ext"))
        ext.write_text((f"subjectAltName={san}\n" if san else "") + f"extendedKeyUsage=serverAuth,clientAuth\nbasicConstraints=CA:FALSE\n")
        _run("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
             "-keyout", key, "-out", csr)
        when = ["-days", str(days)]
        _run("x509", "-req", "-in", csr, "-CA", self.certificate, "-CAkey", self.key, "-CAcreateserial",
             "-extfile", ext, "-out", pem, *when)
        return pem, key

    def issue_from(self, name, san, start):
        """As issue, but valid from START on (YYYYMMDDHHMMSSZ) for a year."""
        _, key = self.issue(name, san)
        csr, pem, ext, config = (self.folder / f"{name}.{e}" for e in ("csr", "pem", "ext", "cnf"))
        (self.folder / "index.txt").touch()
        config.write_text(f"[ca]\ndefault_ca=d\n[d]\nnew_certs_dir={self.folder}\ndatabase={self.folder}/index.txt\n"
                          f"rand_serial=yes\ndefault_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n")
        _run("ca", "-batch", "-notext", "-config", config, "-cert", self.certificate, "-keyfile", self.key, "-in", csr, "-out", pem,
             "-startdate", start, "-enddate", f"{int(start[:4]) + 1}{start[4:]}", "-extfile", ext)
        return pem, key
