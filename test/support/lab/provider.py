# SPDX-License-Identifier: Apache-2.0
"""One provider's Sallyport: configuration in a folder of its own, the process, and its command line."""
import json
import os
import pwd
import signal
import subprocess
import time
from pathlib import Path


class Provider:
    """WRAPPER: words before the command line (prlimit and the like); ENVIRONMENT: variables beyond those inherited."""

    def __init__(self, folder, binary, configuration, user=None, wrapper=(), environment=None):
        self.folder, self.binary = Path(folder), Path(binary)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.config = self.folder / "sallyport.yaml"
        self.config.write_text(configuration)
        self.log = self.folder / "log"
        self.socket = self.folder / "admin.sock"
        self.user, self.process = user, None
        self.wrapper, self.environment = list(wrapper), environment or {}
        self._hand_over()

    def _hand_over(self):
        """Started by root, the children become another user; records and traces are written to the folder by that user."""
        if os.geteuid() != 0:
            return
        entry = pwd.getpwnam(self.user or "nobody")
        os.chown(self.folder, entry.pw_uid, entry.pw_gid)
        for parent in self.folder.parents:
            if parent.stat().st_mode & 0o011 != 0o011:
                parent.chmod(parent.stat().st_mode | 0o011)

    def start(self, timeout=30):
        args = self.wrapper + [str(self.binary), "run", "--config", str(self.config)]
        if self.user:
            args += ["--user", self.user]
        self.process = subprocess.Popen(args, stdin=subprocess.DEVNULL, stdout=open(self.log, "ab"),
                                        stderr=subprocess.STDOUT, start_new_session=True,
                                        env={**os.environ, **self.environment})
        until = time.monotonic() + timeout
        while "monitor.ready" not in self.log.read_text(errors="replace"):
            if self.process.poll() is not None or time.monotonic() > until:
                tail = "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])
                raise RuntimeError(f"{self.config}: sallyport did not start:\n{tail}")
            time.sleep(0.02)
        return self

    def command(self, *args, check=True):
        """Run a sub-command against this instance; returns (status, text)."""
        p = subprocess.run([str(self.binary), *args, "--socket", str(self.socket)], capture_output=True, text=True,
                           timeout=30)
        if check and p.returncode != 0:
            raise RuntimeError(f"sallyport {' '.join(args)}: status {p.returncode}: {p.stderr.strip()}")
        return p.returncode, p.stdout if p.stdout else p.stderr

    def json(self, *args):
        return json.loads(self.command(*args, "--json")[1])

    def children(self):
        """Role name -> pid of the child processes."""
        found = {}
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                stat = (entry / "stat").read_text()
            except OSError:
                continue
            name, rest = stat[stat.index("(") + 1:stat.rindex(")")], stat[stat.rindex(")") + 2:].split()
            if int(rest[1]) == self.process.pid:
                found[name] = int(entry.name)
        return found

    def kill_child(self, role):
        pid = self.children()[role]
        os.kill(pid, signal.SIGKILL)
        return pid

    def records(self):
        path = self.folder / "records" / "records.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def stop(self):
        """End it; returns the exit status."""
        if self.process is None:
            return 0
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        return self.process.returncode


def assert_sound(provider):
    """Nothing in its log tells of a fault of our own: sanitizer reports, impossible events, damaged records."""
    bad = ("Sanitizer", "runtime error:", "impossible-event", "request-refused")
    lines = [line for line in provider.log.read_text(errors="replace").splitlines() if any(word in line for word in bad)]
    assert not lines, lines[:5]
