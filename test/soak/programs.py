# SPDX-License-Identifier: Apache-2.0
"""Tasks that are other programs of the tree, asked for more: fuzzing, random calls, the proof."""
import os
import re
import time

from plant import ROOT, program

FUZZ_SLICE_S, FUZZ_LEAST_S = 300, 2  # each target
BUILD_MAX_S = 1200
ROUNDS_SLICE = 20000
RANDOM = ["test/unit/sf/unit-sf-call_random", "test/unit/admin/unit-admin-redact"]


def fuzz(c):
    """A unit is one second of every target. What compiles first is not counted; what is found stays in build-fuzz."""
    targets = len(list((ROOT / "test/fuzz").glob("fuzz_*.c")))
    turns = -(-targets // (os.cpu_count() or 1))  # so many targets one after another on each core
    each = 1  # a first round builds everything, and tells how long the rest takes
    while c.todo() > 0 and c.left() > 0:
        begin = time.monotonic()
        limit = each * turns + BUILD_MAX_S
        status, said = program(["test/fuzz/run"], min(limit, max(60, c.left() + 30)), {"SECONDS_EACH": str(each)},
                               c.folder / "fuzz.log")
        if status is None and time.monotonic() - begin < limit:
            print("  cut off by the end of its share, perhaps while it was built; not counted", flush=True)
            return
        good = re.findall(r"^ok +(\w+): (\d+) runs in (\d+) s", said, re.M)
        bad = re.findall(r"^FAIL (\w+): (.*)", said, re.M)
        overhead = max(0, time.monotonic() - begin - each * turns)
        for name, why in bad:
            print(f"  {name}: {why}", flush=True)
        lost = 0 if status == 0 or bad else 1
        if lost:
            print("  " + said[-500:], flush=True)
        runs = {name: int(n) for name, n, _ in good}
        yield each, len(bad) + lost, {"runs": sum(runs.values()), "target_seconds": each * len(good), "runs_of": runs}
        each = int(min(FUZZ_SLICE_S, c.todo(), (c.left() - min(overhead, 10)) / turns))
        if each < FUZZ_LEAST_S:
            return


def replay_random(c):
    """A unit is one random sequence; the seeds go on where the last run stopped."""
    size = 500
    while c.todo() > 0 and c.left() > 0:
        begin, n = time.monotonic(), min(size, c.todo())
        failures = 0
        for test in RANDOM:
            env = {"SALLYPORT_SEED": str(c.seed + c.count), "SALLYPORT_ROUNDS": str(n)}
            status, said = program([c.build / test], 3600, env)
            if status != 0:
                failures += 1
                print(f"  {test} SALLYPORT_SEED={env['SALLYPORT_SEED']} SALLYPORT_ROUNDS={n}: {said[-500:]}", flush=True)
        yield n, failures, {"last_seed": {"last": c.seed + c.count + n - 1}}
        speed = n / (time.monotonic() - begin)
        size = int(max(1, min(ROUNDS_SLICE, speed * c.left() * 0.8)))


IMPORT_MAX_S, IMPORT_LEAST = 120, 100000


def registry(c):
    """A unit is one range. A share of the time too short for all of them takes fewer, and says so by its count."""
    rows = int(min(c.todo(), max(IMPORT_LEAST, c.left() * 20000)))  # writing, importing and exporting, on a slow machine
    given, back, database = (c.folder / name for name in ("ranges.csv", "ranges-back.csv", "ranges.db"))
    database.unlink(missing_ok=True)
    with open(given, "w", encoding="ascii") as f:
        f.write("kind,prefix,exact,owner,to,rn\n")
        f.writelines(f"range,+43{i:09d},0,b,b,\n" for i in range(rows))
    (c.folder / "peers.csv").write_text("kind,name\npeer,b\n")
    tool, uri = c.build / "src/main/sallyport", ["--registry", f"sqlite:{database}"]
    program([tool, "import", c.folder / "peers.csv", *uri], 60)
    begin = time.monotonic()
    status, said = program([tool, "import", given, *uri], 10 * IMPORT_MAX_S)
    took = time.monotonic() - begin
    failures = int(status != 0) + int(took > IMPORT_MAX_S * rows / 10000000 + 5)
    status, said_back = program([tool, "export", "--kind", "range", "-o", back, *uri], 10 * IMPORT_MAX_S)
    same = status == 0 and given.read_bytes() == back.read_bytes()
    if failures or not same:
        print(f"  {rows} rows in {took:.1f} s; export the same: {same}; {said[-300:]} {said_back[-300:]}", flush=True)
    for path in (given, back, database, c.folder / "peers.csv"):
        path.unlink(missing_ok=True)
    yield rows, failures + int(not same), {"max_seconds": took}


def prove(c):
    """A unit is one driver of test/prove. One that was cut off by the end of its share is not counted and comes again."""
    for name in drivers()[c.count:]:
        if c.left() < 10:
            return
        status, said = program(["test/prove/run", name], min(c.left(), 1000),
                               {"PROVE_BUILD": str(c.folder / "build-prove")}, c.folder / "prove.log")
        if status is None and c.left() <= 0:
            return
        verdict = re.search(r"^(?:ok|FAIL) .*", said, re.M)
        print(f"  {verdict.group(0) if verdict else name + ': no verdict'}", flush=True)
        functions = re.search(r"(\d+) functions, 0 alarms", said)
        yield 1, int(status != 0), {"functions_of": {name: int(functions.group(1)) if functions else 0}}


def drivers():
    """Names, those that take long last."""
    slow = re.compile(r"^// (?:slow|quick: no)", re.M)
    return sorted((p.stem for p in (ROOT / "test/prove").glob("*.c")),
                  key=lambda n: (bool(slow.search((ROOT / f"test/prove/{n}.c").read_text())), n))
