# SPDX-License-Identifier: Apache-2.0
"""What /proc tells about a process, and limits that are set while it runs."""
import os
import subprocess
from contextlib import contextmanager
from pathlib import Path


def descriptors(pid):
    """Number -> what it is open on."""
    found = {}
    for fd in Path(f"/proc/{pid}/fd").iterdir():
        try:
            found[int(fd.name)] = os.readlink(fd)
        except OSError:
            pass
    return found


def cpu_seconds(pid):
    """Of all its threads, user and system."""
    text = Path(f"/proc/{pid}/stat").read_text()
    fields = text[text.rindex(")") + 2:].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def heap_kib(pid):
    """Memory that is neither a file nor shared: heap and stacks."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1])
    return 0


def _limit(pid, soft):
    """Only the same user may, where root has not all capabilities. The hard limit stays."""
    ids = {k: v.split()[0] for k, v in (line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines()
                                        if line.startswith(("Uid:", "Gid:")))}
    subprocess.run(["setpriv", "--reuid", ids["Uid"], "--regid", ids["Gid"], "--clear-groups", "prlimit", "--pid", str(pid),
                    f"--nofile={soft}:"], check=True)


@contextmanager
def no_more_descriptors(pid):
    """Within, PID gets no new descriptor: its limit is the lowest number that is free."""
    used = set(descriptors(pid))
    free = next(n for n in range(len(used) + 1) if n not in used)
    words = next(line for line in Path(f"/proc/{pid}/limits").read_text().splitlines() if line.startswith("Max open files")).split()
    _limit(pid, free)
    try:
        yield
    finally:
        _limit(pid, int(words[3]))
