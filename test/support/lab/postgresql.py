# SPDX-License-Identifier: Apache-2.0
"""A PostgreSQL server of a test's own: on loopback, with a password, never as root."""
import os
import shutil
import socket
import subprocess
from pathlib import Path

BIN = Path("/usr/lib/postgresql/15/bin")


def available():
    return (BIN / "initdb").exists()


def _as_postgres(*args):
    prefix = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    subprocess.run([*prefix, *map(str, args)], check=True, capture_output=True, timeout=60, cwd="/")


class Postgresql:
    """`uri` names its one database."""

    def __init__(self, folder):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        self.home = Path(folder)
        self.uri = f"postgresql://sally:secret@127.0.0.1:{self.port}/postgres"

    def start(self):
        self.home.mkdir(parents=True)
        (self.home / "password").write_text("secret\n")
        if os.geteuid() == 0:
            shutil.chown(self.home, "postgres")
        _as_postgres(BIN / "initdb", "-D", self.home / "d", "-A", "scram-sha-256", "-U", "sally", f"--pwfile={self.home}/password",
                     "--no-sync", "--locale=C")
        self.again()
        return self

    def again(self):
        _as_postgres(BIN / "pg_ctl", "-D", self.home / "d", "-w", "-l", self.home / "d" / "log", "-o",
                     f"-c listen_addresses=127.0.0.1 -p {self.port} -k {self.home} -c fsync=off", "start")

    def stop(self):
        _as_postgres(BIN / "pg_ctl", "-D", self.home / "d", "-m", "immediate", "stop")

    def run(self, statement):
        subprocess.run([BIN / "psql", "-q", self.uri, "-c", statement], check=True, capture_output=True, timeout=30)
