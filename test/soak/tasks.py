# SPDX-License-Identifier: Apache-2.0
"""Tasks with calls. Each is a generator: it works in slices and yields (done, failures, what was seen) after each.

`c` is its context: c.left() seconds of its share, c.todo() units, c.seed, c.build; c.count says how many are done."""
import os
import random
import time

from plant import Plant, ROLES

RATE = 200           # calls/s: two processes of load and seven of Sallyport share small machines
SLICE = 4000         # calls between two savings of the state
HELD, HELD_RATE = 200, 100
BACK_S = 15          # [s] a child that dies again and again waits up to 10 s
HOLD_MAX_S = 60      # [s] bounded by the generator at 120
CALL_S = 0.2         # [s] of one call, with its ringing
WARM_S = 45          # RFC3261#17.1.1.2: transactions stay 32 s, so as many more are there with each call until then
GROWTH_MAX = 0.01    # of resident memory, in 10 000 calls


def _calls(c, p, count):
    """COUNT calls one after another at RATE; (failures, what was seen)."""
    f = p.figures(p.load(count, RATE), count / RATE * 3 + 30)
    records = p.new_records(count)
    seen = {"failed": int(f["failed"]), "records_missing": count - records, "late": int(f["late"]),
            "duplicate": int(f["duplicate"]), "unexpected": int(f["unexpected"])}
    return int(f["failed"]) + abs(count - records), seen


def calls(c):
    with Plant(c.build) as p:
        while c.todo() > 0 and c.left() > 3:
            n = int(min(SLICE, c.todo(), max(RATE, (c.left() - 3) * RATE * 0.8)))
            failures, seen = _calls(c, p, n)
            p.keep |= failures > 0
            yield n, failures, seen


def _hold_s(c):
    return int(max(8, min(HOLD_MAX_S, c.left() - HELD / HELD_RATE * 2 - 8)))


def _await_children(p, roles, old):
    """Seconds until each of ROLES is there under another id than OLD[role], or None."""
    begin = time.monotonic()
    while time.monotonic() - begin < BACK_S:
        now = p.sallyport.children()
        if all(now.get(r) not in (None, old.get(r)) for r in roles):
            return time.monotonic() - begin
        time.sleep(0.02)
    return None


def _kill_all_round(c, p, pick, until):
    """One child after the other, until the time is over; (kills, children that did not return, the slowest return)."""
    kills, gone, slowest, due, old = 0, 0, 0.0, {}, {}
    while kills < c.todo() and time.monotonic() < until:
        role = pick.choice(ROLES) if not due else min(ROLES, key=lambda r: due.get(r, 0))
        if role in old and _await_children(p, [role], old) is None:
            gone += 1
        try:
            old[role] = p.sallyport.kill_child(role)
        except (KeyError, ProcessLookupError):
            time.sleep(0.05)
            continue
        due[role] = time.monotonic()
        kills += 1
        time.sleep(pick.uniform(0.5, 2.0))
    back = _await_children(p, list(old), old)
    gone += back is None
    slowest = max(slowest, back or 0)
    return kills, gone, slowest


def crash(c):
    """The kills of one round meet HELD confirmed calls; after it each of them must still end with BYE and leave a record."""
    pick = random.Random(c.seed + c.count)
    with Plant(c.build) as p:
        while c.todo() > 0 and c.left() > 15:
            hold = _hold_s(c)
            load = p.load(HELD, HELD_RATE, hold)
            up = p.await_up(HELD, HELD / HELD_RATE + 5)
            kills, gone, slowest = _kill_all_round(c, p, pick, time.monotonic() + hold - 5)
            f = p.figures(load, hold + 60)
            records = p.new_records(HELD)
            lost = max(int(f["failed"]), HELD - up)
            failures = lost + gone + abs(HELD - records)
            p.keep |= failures > 0
            yield kills, failures, {"held": HELD, "calls_lost": lost, "records_missing": HELD - records,
                                    "children_lost": gone, "max_last_return_s": round(slowest, 2)}


def leaks(c):
    """Fails when a process is more than 1 % larger 10 000 calls later (with fewer calls: more than 1 % at all).

    As many transactions as there will ever be at this rate are up before the first measurement."""
    with Plant(c.build) as p:
        warm = WARM_S * RATE
        if c.left() < WARM_S + 15:
            print(f"  not tried: its share of the time is under {WARM_S + 15} s", flush=True)
            return
        failures, _ = _calls(c, p, warm)
        before, pids, done = p.memory_kib(), p.pids(), 0
        while c.todo() > 0 and c.left() > 3:
            n = int(min(SLICE, c.todo(), max(RATE, (c.left() - 3) * RATE * 0.8)))
            more, _ = _calls(c, p, n)
            done += n
            after = p.memory_kib()
            growth = {r: round((after[r] - before[r]) / before[r], 5) for r in before}
            allowed = GROWTH_MAX * max(1.0, done / 10000)
            last = c.todo() <= n or c.left() <= 3
            grown = [r for r in growth if growth[r] > allowed] if last else []
            failures += more + (len(grown) + (p.pids() != pids) if last else 0)
            p.keep |= failures > 0
            seen = {"warm_calls": warm, "kib_before": before, "kib_after": after, "growth": growth, "grown": grown}
            yield n, failures, {"last": seen}
            failures = 0


def reload(c):
    """Each reload changes a rate limit back or forth under held calls."""
    with Plant(c.build) as p:
        texts = [p.text(9999), p.text(10000)]
        while c.todo() > 0 and c.left() > 15:
            hold = _hold_s(c)
            load = p.load(HELD, HELD_RATE, hold)
            up = p.await_up(HELD, HELD / HELD_RATE + 5)
            until, done, refused = time.monotonic() + hold - 3, 0, 0
            while done < c.todo() and time.monotonic() < until:
                fresh = p.sallyport.config.with_suffix(".new")
                fresh.write_text(texts[done % 2])
                os.replace(fresh, p.sallyport.config)
                status, said = p.sallyport.command("reload", check=False)
                done += 1
                if status != 0:
                    refused += 1
                    print(f"  reload: {said.strip()}", flush=True)
            still = p.calls_up()
            f = p.figures(load, hold + 60)
            records = p.new_records(HELD)
            lost = max(int(f["failed"]), HELD - up, up - still)
            failures = refused + lost + abs(HELD - records)
            p.keep |= failures > 0
            yield done, failures, {"held": HELD, "refused": refused, "calls_lost": lost, "records_missing": HELD - records}
