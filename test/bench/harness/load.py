# SPDX-License-Identifier: Apache-2.0
"""The generator's runs against a peer, and the numbers that they print."""
import subprocess
import time

from .bed import PORT, TLS_PORT

WARM_CALLS, WARM_RATE = 200, 200
RUN_LIMIT_S = 200
FAILED_MAX = 0.01  # of the calls: more and the row is not measured


def _numbers(line):
    return {name: float(value) for name, value in (word.split("=", 1) for word in line.split())}


def calls(peer, rate, count, *more):
    """One run of the generator; returns its figures by name."""
    b, port = peer.bed, TLS_PORT if peer.tls else PORT
    target = b.called if peer.name == "direct" else b.outer
    arguments = [b.tool("bench-sipload"), "-u", f"{b.caller}:{port}", "-s", f"{b.called}:{port}",
                 "-p", f"{target}:{port}", "-r", rate, "-n", int(count), *more]
    if peer.tls:
        arguments += ["-T", b.folder]
    if peer.pids():
        arguments += ["-P", ",".join(map(str, peer.pids()))]
    p = subprocess.run([str(a) for a in arguments], capture_output=True, text=True, timeout=RUN_LIMIT_S)
    if p.returncode not in (0, 1) or not p.stdout:
        raise RuntimeError(f"generator against {peer.name}: {p.stderr.strip()}")
    figures = _numbers(p.stdout)
    figures["why"] = p.stderr.strip()
    return figures


def warm(peer):
    calls(peer, WARM_RATE, WARM_CALLS)
    time.sleep(0.2)


def measured(peer, rate, count, *more):
    """Start, warm up, run, stop. A figure of calls that failed is no figure."""
    peer.start()
    try:
        warm(peer)
        figures = calls(peer, rate, count, *more)
    finally:
        peer.stop()
    if figures["failed"] > FAILED_MAX * count:
        raise RuntimeError(f"{peer.name}: {figures['failed']:.0f} of {count} calls failed at {rate}/s: {figures['why']}")
    if figures["clean"] != 1:
        print(f"  {peer.name} at {rate}/s: failed {figures['failed']:.0f}, late {figures['late']:.0f}, doubled "
              f"{figures['duplicate']:.0f}, unasked {figures['unexpected']:.0f} of {count}", flush=True)
    return figures


def _clean(peer, rate, seconds):
    """Two runs in a row in which nothing is late, lost, doubled or unasked, and the rate was reached."""
    for _ in range(2):
        figures = calls(peer, rate, max(100, rate * seconds))
        if figures["clean"] != 1:
            return False
        time.sleep(0.5)
    return True


def maximum(peer, seconds, rate, step=16, ceiling=60000):
    """The highest clean rate: doubled until it fails, then halved between. A fresh daemon after each failed step."""
    low, high = 0, None
    def fresh():
        peer.stop()
        peer.start()
        warm(peer)
    fresh()
    try:
        while 100 <= rate <= ceiling and (high is None or high - low > max(low // step, 25)):
            if _clean(peer, rate, seconds):
                low = rate
            else:
                high = rate
                fresh()
            rate = low * 2 if high is None else (low + high) // 2
        return low
    finally:
        peer.stop()
