# SPDX-License-Identifier: Apache-2.0
"""The rows of the table: what is run, in which turns, and which ratio it gives."""
import re
import subprocess
from pathlib import Path
from statistics import median

from . import load, ng
from .bed import Bed
from .peers import Direct, Echo, Kamailio, Rtpengine, Sallyport


class Size:
    """How much of everything: full, or a smoke test."""

    def __init__(self, quick):
        self.quick = quick
        self.runs = 1 if quick else 5
        self.slow_calls, self.slow_rate = (400 if quick else 2000), 400
        self.fast_calls, self.fast_rate = (1500 if quick else 9000), 3000
        self.max_seconds, self.max_runs, self.max_step = (1, 1, 2) if quick else (3, 1, 16)
        self.held_calls, self.held_settle_s = (200, 2) if quick else (3000, 35)
        self.held_rate = 600


def median_of(figures, name):
    return median(f[name] for f in figures)


GAUGE, QUIET = "echo", 1.2
BURSTS = 5  # of each run


def _side_by_side(peers):
    """Each on addresses and in a folder of its own, all started and warm."""
    nets = set()
    for p in peers:
        own = Bed(p.bed.build)
        while own.net in nets:
            own.close()
            own = Bed(p.bed.build)
        nets.add(own.net)
        p.bed = own
    for p in peers:
        p.start()
        (ng if isinstance(p, Rtpengine) else load).warm(p)


def _round(peers, rate, count):
    """One burst for each; None when one of them failed more than a run may."""
    figures = {p.name: (ng if isinstance(p, Rtpengine) else load).calls(p, rate, count) for p in peers}
    return figures if all(f["failed"] <= load.FAILED_MAX * count for f in figures.values()) else None


def in_turns(peers, rate, count, runs):
    """All daemons stand side by side and get short bursts in turn. Returns name -> figures of each round that counts.

    A shared machine may cost several times as much from one second to the next, and `echo`, which is always the same work,
    shows it: the rounds count in which it cost at most a fifth more than in the quietest one, and at least RUNS of them.
    """
    try:
        _side_by_side(peers)
        rounds = [_round(peers, rate, max(count // BURSTS, 100)) for _ in range(BURSTS * runs)]
    finally:
        for p in peers:
            p.stop()
            p.bed.close()
    whole = sorted((r for r in rounds if r is not None), key=lambda r: r[GAUGE]["cpu_us_per_call"])
    if len(whole) < runs:
        raise RuntimeError(f"in {len(rounds) - len(whole)} of {len(rounds)} rounds more than 1 % of the calls failed")
    cost = [r[GAUGE]["cpu_us_per_call"] for r in whole]
    chosen = whole[:max(runs, sum(c <= QUIET * cost[0] for c in cost))]
    print(f"  {len(rounds)} rounds, {len(chosen)} quiet; echo {cost[0]:.0f} to {cost[-1]:.0f} us/call, median "
          f"{median(cost):.0f}", flush=True)
    return {p.name: [r[p.name] for r in chosen] for p in peers}


def ratio(rounds, ours, theirs, less=None):
    """Ratio of the medians and the spread of the rounds; `theirs` are added up, `less` is subtracted from both."""
    def one(pick, names):
        base = pick(less) if less else 0
        return (pick(ours) - base) / max(sum(map(pick, names)) - base, 1e-9)
    name = "cpu_us_per_call"
    spread = [one(lambda peer: rounds[peer][i][name], theirs) for i in range(len(rounds[ours]))]
    return {"ratio": one(lambda peer: median_of(rounds[peer], name), theirs), "low": min(spread), "high": max(spread),
            "runs": len(spread), "measured": {peer: median_of(f, name) for peer, f in rounds.items()}, "unit": "us/call"}


def _only(rounds, *names):
    return {n: rounds[n] for n in names}


def call_slow(bed, core, size):
    """Two rows of one set of runs: CPU per call, and the time added to set-up."""
    peers = [Direct(bed, core), Echo(bed, core), Kamailio(bed, core, "plain"), Sallyport(bed, core, "signalling")]
    rounds = in_turns(peers, size.slow_rate, size.slow_calls, size.runs)
    yield "call-400", {**ratio(_only(rounds, "echo", "kamailio-plain", "sallyport-signalling"), "sallyport-signalling",
                               ["kamailio-plain"], "echo"), "target": 0.35, "aim": 0.20}
    for q in ("p50", "p99"):
        name = f"setup_{q}_us"
        def added(peer, pick):
            return pick(rounds[peer]) - pick(rounds["direct"])
        spread = [added("sallyport-signalling", lambda f: f[i][name]) /
                  max(added("kamailio-plain", lambda f: f[i][name]), 1e-9) for i in range(len(rounds[GAUGE]))]
        theirs, ours = (added(p, lambda f: median_of(f, name)) for p in ("kamailio-plain", "sallyport-signalling"))
        yield f"setup-{q}", {"ratio": ours / max(theirs, 1e-9), "low": min(spread), "high": max(spread), "runs": len(spread),
                             "measured": {"echo": added("echo", lambda f: median_of(f, name)), "kamailio-plain": theirs,
                                          "sallyport-signalling": ours},
                             "unit": "us", "target": 0.60, "aim": 0.40}


def call_fast(bed, core, size):
    peers = [Echo(bed, core), Kamailio(bed, core, "plain"),
             Sallyport(bed, core, "signalling", calls=100000, transactions=400000)]
    rounds = in_turns(peers, size.fast_rate, size.fast_calls, size.runs)
    yield "call-3000", {**ratio(rounds, "sallyport-signalling", ["kamailio-plain"]), "target": 0.45, "aim": 0.30}


def call_media(bed, core, size):
    sessions = 2500 if not size.quick else 800
    peers = [Echo(bed, core), Kamailio(bed, core, "topoh"), Rtpengine(bed, core),
             Sallyport(bed, core, "media", sessions=sessions)]
    rounds = in_turns(peers, size.slow_rate, size.slow_calls, size.runs)
    yield "call-media", {**ratio(rounds, "sallyport-media", ["kamailio-topoh", "rtpengine"], "echo"), "target": 0.40,
                         "aim": 0.25}


def call_tls(bed, core, size):
    peers = [Echo(bed, core), Kamailio(bed, core, "tls"), Sallyport(bed, core, "tls")]  # echo: is the machine quiet?
    rounds = in_turns(peers, size.slow_rate, size.slow_calls, size.runs)
    yield "call-tls", {**ratio(rounds, "sallyport-tls", ["kamailio-tls"]), "target": 0.50, "aim": 0.30}


def maximum(bed, core, size):
    peers = [Kamailio(bed, core, "dialog"), Sallyport(bed, core, "signalling", calls=200000, transactions=1000000),
             Echo(bed, core)]
    found = {p.name: [] for p in peers}
    for k in range(size.max_runs):
        for p in peers:
            start = found[p.name][0] if k > 0 else 1000 if size.quick else 2000
            ceiling = 4000 if size.quick else 40000
            found[p.name].append(load.maximum(p, size.max_seconds, max(start, 200), size.max_step, ceiling))
    value = {name: median(v) for name, v in found.items()}
    spread = [a / max(b, 1) for a, b in zip(found["sallyport-signalling"], found["kamailio-dialog"])]
    yield "maximum", {"ratio": value["sallyport-signalling"] / max(value["kamailio-dialog"], 1), "low": min(spread),
                      "high": max(spread), "runs": size.max_runs, "measured": value, "unit": "calls/s (echo: the generator's limit)",
                      "target": 2.0, "aim": 3.0, "more_is_better": True}


def _pss(pid):
    return int(re.search(r"^Pss:\s+(\d+)", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.M)[1])


def _names(peer):
    return {pid: Path(f"/proc/{pid}/comm").read_text().strip() for pid in peer.pids()}


def _held(bed, core, size, kind):
    """PSS per held call and process [KiB]: all calls up, less the same daemon idle with room for 64."""
    def peer(calls):
        return Sallyport(bed, core, kind, calls=calls, transactions=4 * size.held_calls, sessions=calls).start()
    idle = peer(64)
    try:
        before = {name: _pss(pid) for pid, name in _names(idle).items()}
    finally:
        idle.stop()
    full = peer(size.held_calls * 5 // 4)  # a part is kept for other peers
    try:
        names = _names(full)
        figures = load.calls(full, size.held_rate, size.held_calls, "-M", size.held_settle_s)
    finally:
        full.stop()
    if figures["failed"] > 0 or sum(figures[f"pss_kib_{pid}"] for pid in names) == 0:
        raise RuntimeError(f"{figures['failed']:.0f} held calls failed: {figures['why']}")
    return {name: (figures[f"pss_kib_{pid}"] - before[name]) / size.held_calls for pid, name in names.items()}


def memory(bed, core, size):
    """Media: the media process, and what the others need more with anchored calls than with unanchored ones."""
    plain, anchored = _held(bed, core, size, "signalling"), _held(bed, core, size, "media")
    signalling = sum(plain.values())
    media = anchored["media"] + max(0, sum(anchored.values()) - anchored["media"] - signalling + plain["media"])
    for name, value, parts in (("memory-signalling", signalling, plain), ("memory-media", media, anchored)):
        parts = {process: kib for process, kib in parts.items() if abs(kib) >= 0.05}
        yield name, {"ratio": value, "low": value, "high": value, "runs": 1, "measured": parts,
                     "unit": f"KiB per call, {size.held_calls} held", "target": 6.0, "aim": 3.0}


def _tool(bed, *arguments):
    """Output of a bench program of ours; shown as it is."""
    p = subprocess.run([str(a) for a in arguments], capture_output=True, text=True, timeout=300)
    if p.returncode != 0:
        raise RuntimeError(f"{Path(arguments[0]).name}: {(p.stderr or p.stdout).strip()}")
    for line in p.stdout.splitlines():
        print("  " + line, flush=True)
    return p.stdout


def parse(bed, core, size):
    out = _tool(bed, "taskset", "-c", core, bed.tool("bench-parse"), 5000 if size.quick else 50000, size.runs)
    times = {name.strip(): float(ns) for name, ns in re.findall(r"^(.*?)\s+median\s+(\d+) ns", out, re.M)}
    ours, theirs = times["sallyport, index + all values"], times.get("sofia-sip")
    if theirs is None:
        raise RuntimeError("sofia-sip is not installed (libsofia-sip-ua-dev)")
    yield "parse", {"ratio": ours / theirs, "low": ours / theirs, "high": ours / theirs, "runs": size.runs,
                    "measured": times, "unit": "ns", "target": 0.30, "aim": 0.20}


def relay(bed, core, size):
    seconds, runs = (1, 1) if size.quick else (3, size.runs)
    for pps in (20000, 100000):
        out = _tool(bed, bed.tool("bench-media"), "relay", "-n", 200, "-r", pps, "-t", seconds, "-k", runs)
        f = dict(re.findall(r"(\S+)=(\S+)", out))
        low, high = map(float, f["spread"].split(".."))
        yield f"relay-{pps // 1000}k", {"ratio": float(f["ratio"]), "low": low, "high": high, "runs": runs, "measured": {
            "do-nothing": float(f["do-nothing_ns"]), "sallyport": float(f["sallyport_ns"])}, "unit": "ns/packet",
            "target": 1.5, "aim": 1.25}


def media(bed, core, size):
    """Figures without a target: SRTP per packet, memory of the media engine alone."""
    _tool(bed, bed.tool("bench-media"), "srtp", "-k", size.runs)
    _tool(bed, bed.tool("bench-media"), "memory", "-n", 200 if size.quick else 1000)
    return iter(())


def registry(bed, core, size):
    """Look-ups: a known number with its route on a worker; the longest of ten million ranges."""
    out = _tool(bed, "taskset", "-c", core, bed.tool("bench-lookup"))
    ns, heap = map(float, re.search(r"route: (\d+) ns, ([\d.]+) heap", out).groups())
    yield "lookup", {"ratio": ns / 1000, "low": ns / 1000, "high": ns / 1000, "runs": 1, "measured": {"ns": ns, "heap calls": heap},
                     "unit": "us", "target": 1.0, "aim": 0.5}
    out = _tool(bed, "taskset", "-c", core, bed.tool("bench-ranges"), 1000000 if size.quick else 10000000)
    mib, ns = map(float, re.search(r": (\d+) MiB.*; (\d+) ns", out).groups())
    yield "ranges", {"ratio": ns / 1000, "low": ns / 1000, "high": ns / 1000, "runs": 1, "measured": {"MiB": mib, "ns": ns},
                     "unit": "us", "target": 1.5, "aim": 0.5}


class Row:
    def __init__(self, run, names, title, needs=()):
        self.run, self.names, self.title, self.needs = run, names, title, needs


ROWS = [
    Row(call_slow, ("call-400", "setup-p50", "setup-p99"),
        "call, signalling only, UDP, 400/s, minus echo / kamailio-plain; time added to set-up", ("plain",)),
    Row(call_fast, ("call-3000",), "call, signalling only, UDP, 3000/s / kamailio-plain", ("plain",)),
    Row(call_media, ("call-media",), "call, anchored media, UDP, 400/s, minus echo / kamailio-topoh + rtpengine",
        ("topoh", "rtpengine")),
    Row(call_tls, ("call-tls",), "call, mutual TLS on both sides, 400/s / kamailio-tls", ("tls",)),
    Row(maximum, ("maximum",), "clean maximum on one core, UDP / kamailio-dialog", ("dialog",)),
    Row(parse, ("parse",), "parse a 922-octet INVITE, all values / sofia-sip"),
    Row(memory, ("memory-signalling", "memory-media"), "memory per held call [KiB]"),
    Row(relay, ("relay-20k", "relay-100k"), "relayed RTP packet / do-nothing relay"),
    Row(registry, ("lookup", "ranges"), "look-up and route [us]; longest of 10 million ranges [us]"),
    Row(media, ("media",), "SRTP and media memory (no target)"),
]


def missing(row):
    """Why a row cannot run here; None when it can."""
    for need in row.needs:
        why = Rtpengine.missing() if need == "rtpengine" else Kamailio.missing(need)
        if why:
            return why
    return None
