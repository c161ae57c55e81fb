# SPDX-License-Identifier: Apache-2.0
"""Nothing leaked: what a Sallyport holds at its start, and what it holds when the tests are over and all has settled."""
import time

from . import process

SETTLE_S = 40      # the longest timer of a call that nobody answers, 64*T1 = 32 s, and more; most settle at once
MEMORY_KIB = 64 * 1024  # heap that a process may keep for the next load; what leaks per call or message is more than that
SLACK = 2          # descriptors: a client of this very moment, and the journal that was opened meanwhile
EMPTY = ("calls.now", "media.sessions_now", "media.ports_now", "records.pending")


def descriptors(p, connections):
    """Role -> number; the signaller's without its CONNECTIONS to peers."""
    pids = {**p.children(), "monitor": p.process.pid}
    return {role: len(process.descriptors(pid)) - (connections if role == "signaller" else 0) for role, pid in pids.items()}


def measure(p):
    connections = p.json("status")["counters"].get("net.connections", 0)
    return {"descriptors": descriptors(p, connections),
            "memory": {role: process.heap_kib(pid) for role, pid in p.children().items()}}


def left_over(p):
    """Counters that say that something is still alive."""
    counters = p.json("status")["counters"]
    return {k: counters[k] for k in EMPTY if counters[k] != 0}


def grown(p, before):
    now, bad = measure(p), []
    for role, count in now["descriptors"].items():
        if count > before["descriptors"].get(role, count) + SLACK:
            bad.append(f"{role}: {count} descriptors, {before['descriptors'][role]} at the start")
    for role, kib in now["memory"].items():
        if kib > before["memory"].get(role, kib) + MEMORY_KIB:
            bad.append(f"{role}: {kib} KiB of memory, {before['memory'][role]} at the start")
    return bad


def assert_no_growth(p, before, seconds=5):
    end = time.monotonic() + seconds
    while grown(p, before) and time.monotonic() < end:
        time.sleep(0.2)
    assert not grown(p, before), grown(p, before)


def assert_none(p, before):
    """Waits until all has settled."""
    end = time.monotonic() + SETTLE_S
    while (left_over(p) or grown(p, before)) and time.monotonic() < end:
        time.sleep(0.2)
    assert not left_over(p), f"not given back: {left_over(p)}, calls {p.json('calls')['calls'][:3]}"
    assert not grown(p, before), grown(p, before)
