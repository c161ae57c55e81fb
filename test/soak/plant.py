# SPDX-License-Identifier: Apache-2.0
"""What the tasks stand on: one Sallyport between two addresses, the load generator, and the account of both."""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "test/support"))
from lab.configuration import peer, system  # noqa: E402
from lab.provider import Provider           # noqa: E402

CORE, BORDER, CALLER, CALLED = "127.80.0.1", "127.80.0.2", "127.80.0.10", "127.80.0.20"
PAIRS = 600  # media ports of each side: 200 calls a second, each held 0.1 s and its ports 1 s in quarantine, twice over
ROLES = ["signaller", "media", "signer", "directory", "resolver", "admin"]


class Plant:
    """`with Plant(build) as p`: a running Sallyport, its folder gone afterwards unless something failed there."""

    def __init__(self, build, **more):
        self.build = Path(build).resolve()
        self.folder = Path(tempfile.mkdtemp(prefix="soak-"))
        self.folder.chmod(0o755)
        self.more, self.keep, self.loads = more, False, []
        self.records, self.rest, self.ids = None, b"", set()

    def text(self, rate=10000):
        limits = {"calls_per_second": rate, "concurrent_calls": 10000, "messages_per_second": 100000}
        far = {"limits": limits, **self.more.get("called", {})}
        peers = [peer("caller", "core", CALLER, ["+4930"], [f"udp:{CALLER}:5060"], limits=limits, **self.more.get("caller", {})),
                 peer("called", "peering", CALLED, ["+4989"], [f"udp:{CALLED}:5060"], **far)]
        return system(self.folder / "s", CORE, BORDER, peers, transports=("udp",), pairs=PAIRS, workers=2)

    def __enter__(self):
        try:
            self.sallyport = Provider(self.folder / "s", self.build / "src/main/sallyport", self.text()).start()
        except BaseException:
            self.keep = True
            raise
        return self

    def __exit__(self, kind, *_):
        for load in self.loads:
            load.kill()
        self.sallyport.stop()
        if not self.keep and kind in (None, GeneratorExit, KeyboardInterrupt):
            shutil.rmtree(self.folder, ignore_errors=True)
        else:
            print(f"  kept: {self.folder}", flush=True)

    def pids(self):
        return {"monitor": self.sallyport.process.pid, **self.sallyport.children()}

    def memory_kib(self):
        """Role -> resident KiB."""
        found = {}
        for role, pid in self.pids().items():
            with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as f:
                found[role] = next((int(line.split()[1]) for line in f if line.startswith("VmRSS:")), 0)
        return found

    def _read_records(self, path):
        while path.exists():
            self.records = self.records or open(path, "rb")
            last = os.path.samestat(os.fstat(self.records.fileno()), path.stat())  # before reading: else it was rotated away
            octets = self.rest + self.records.read()
            whole = octets.rfind(b"\n") + 1
            self.rest = octets[whole:]
            records = [json.loads(line) for line in octets[:whole].splitlines()]
            self.ids.update(r["id"] for r in records if r["status"] == 200 and r["released_by"] == "caller")
            if last:
                return
            self.records.close()
            self.records = None

    def new_records(self, wanted, limit=15):
        """How many records of calls not seen before came, once there are WANTED or LIMIT seconds have passed.

        Only a record of a call that was answered and that its caller ended is one: Sallyport ended the others."""
        before, until = len(self.ids), time.monotonic() + limit
        while True:
            self._read_records(self.sallyport.folder / "records/records.jsonl")
            if len(self.ids) - before >= wanted or time.monotonic() > until:
                return len(self.ids) - before
            time.sleep(0.2)

    def load(self, calls, rate, hold_all_s=0):
        """Start CALLS calls through it; with HOLD_ALL_S all are held together that long, then ended."""
        args = [self.build / "test/bench/bench-sipload", "-u", f"{CALLER}:5060", "-s", f"{CALLED}:5060", "-p", f"{CORE}:5060",
                "-r", rate, "-n", calls, *(["-M", hold_all_s, "-P", self.sallyport.process.pid] if hold_all_s else [])]
        load = subprocess.Popen([str(a) for a in args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True)
        self.loads.append(load)
        return load

    def figures(self, load, limit):
        """What the generator counted, by name; a run that does not end has failed."""
        try:
            said = load.communicate(timeout=limit)[0]
        except subprocess.TimeoutExpired:
            load.kill()
            said = load.communicate()[0]
        words = [w.split("=", 1) for line in said.splitlines() if line.startswith("calls=") for w in line.split()]
        if not words:
            raise RuntimeError(f"load generator: status {load.returncode}: {said.strip()[-300:]}")
        return {name: float(value) for name, value in words}

    def calls_up(self):
        return len(self.sallyport.json("calls")["calls"])

    def await_up(self, count, limit):
        until = time.monotonic() + limit
        while self.calls_up() < count and time.monotonic() < until:
            time.sleep(0.2)
        return self.calls_up()


def program(args, limit, env=None, log=None):
    """Run ARGS at the root of the tree, with all they start, at most LIMIT seconds: (status or None, output)."""
    with tempfile.TemporaryFile("w+", errors="replace") as out:
        p = subprocess.Popen([str(a) for a in args], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
                             start_new_session=True, env={**os.environ, **(env or {})})
        try:
            status = p.wait(limit)
        except subprocess.TimeoutExpired:
            status = None
        finally:
            if p.poll() is None:
                os.killpg(p.pid, signal.SIGKILL)
                p.wait()
        out.seek(0)
        said = out.read()
    if log:
        Path(log).write_text(said)
    return status, said
