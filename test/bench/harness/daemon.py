# SPDX-License-Identifier: Apache-2.0
"""A daemon under measurement: started on its own core, found with all its descendants, ended by the ids that we started."""
import os
import re
import signal
import subprocess
import time
from pathlib import Path

READY_S = 20


def cores():
    """(core of the generator, core of the daemon): apart when the machine has two."""
    every = sorted(os.sched_getaffinity(0))
    return every[0], every[1] if len(every) > 1 else every[0]


def _parents():
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text()
            except OSError:
                continue
            yield int(entry.name), int(stat[stat.rindex(")") + 2:].split()[1])


def tree(root):
    """The process and all its descendants."""
    found, all_pairs = [root], list(_parents())
    for pid in found:
        found += [child for child, parent in all_pairs if parent == pid]
    return found


def bound(protocol, ip, port):
    """Is a socket bound there? TCP: listening."""
    want = "%08X:%04X" % (int.from_bytes(bytes(map(int, ip.split("."))), "little"), port)
    for line in Path(f"/proc/net/{protocol}").read_text().splitlines()[1:]:
        field = line.split()
        if field[1] == want and (protocol == "udp" or field[3] == "0A"):
            return True
    return False


def until(condition, what, log):
    end = time.monotonic() + READY_S
    while not condition():
        if time.monotonic() > end:
            tail = "\n".join(log.read_text(errors="replace").splitlines()[-8:])
            raise RuntimeError(f"{what} is not ready:\n{tail}")
        time.sleep(0.02)


class Daemon:
    def __init__(self, arguments, log, core):
        self.log = Path(log)
        self.process = subprocess.Popen([str(a) for a in arguments], stdin=subprocess.DEVNULL,
                                        stdout=open(self.log, "wb"), stderr=subprocess.STDOUT, cwd=self.log.parent,
                                        start_new_session=True, preexec_fn=lambda: os.sched_setaffinity(0, {core}))

    def pids(self):
        return tree(self.process.pid)

    def wait_ready(self, condition, what):
        def ready():
            if self.process.poll() is not None:
                raise RuntimeError(f"{what} ended:\n" + self.log.read_text(errors="replace")[-1500:])
            return condition()
        until(ready, what, self.log)

    def stop(self):
        everything = self.pids()
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for pid in everything:
            if re.search(r"^State:\s+[^Z]", _status(pid), re.M):
                time.sleep(0.5)
                if _status(pid):
                    try:
                        os.kill(pid, signal.SIGKILL)
                    except ProcessLookupError:
                        pass


def _status(pid):
    try:
        return Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return ""
