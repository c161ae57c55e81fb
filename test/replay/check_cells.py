#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every possible cell of the transaction tables has a scenario that bears its name (SECTION-MACHINE-STATE-EVENT.txt), every
possible cell of the call table is run through by some scenario of whole flows, and every scenario is registered as a test."""
import pathlib
import subprocess
import sys

TIMERS = {  # which of RFC 3261's timers the shared names mean in each machine
    "invite-client": {"timer A/E/G": "timer-a", "timer B/F/H": "timer-b", "timer D/I/J/K": "timer-d",
                      "timer L/M": "timer-m"},
    "client": {"timer A/E/G": "timer-e", "timer B/F/H": "timer-f", "timer D/I/J/K": "timer-k"},
    "invite-server": {"timer A/E/G": "timer-g", "timer B/F/H": "timer-h", "timer D/I/J/K": "timer-i",
                      "timer L/M": "timer-l"},
    "server": {"timer D/I/J/K": "timer-j"},
}
BY_HAND = {  # unit-sf-call_cells alone makes these
    ("call", "confirmed", "1xx"): "after a 2xx the transaction keeps provisionals for itself (RFC6026#7.2)",
}
OTHERS = {"64*T1 after CANCEL": "cancel-unanswered", "64*T1 without user": "abandoned"}


def slug(machine, event):
    return TIMERS[machine].get(event) or OTHERS.get(event) or event.lower().replace(" ", "-")


def named(names, machine, state, event):
    tail = f"-{machine}-{state}-{slug(machine, event)}"
    prefix = "invite-" if machine in ("client", "server") else None
    return any(n.endswith(tail) and not (prefix and n.endswith("-" + prefix + tail[1:])) for n in names)


def lines(*command):
    out = subprocess.run(command, check=False, capture_output=True, text=True).stdout  # a failure is that scenario's own
    return [tuple(line.split("\t")) for line in out.splitlines()]


def main(replay, scenarios):
    paths = list(pathlib.Path(scenarios).glob("*.txt"))
    names = [p.stem for p in paths]
    cells = [c for c in lines(replay, "--cells") if c not in BY_HAND]
    visited = {cell for p in paths if "-flow-" in p.stem for cell in lines(replay, "--visited", str(p))}
    missing = [c for c in cells if not (c in visited if c[0] == "call" else named(names, *c))]
    registered = (pathlib.Path(scenarios).parent / "meson.build").read_text()
    idle = [n for n in names if f"'{n}'" not in registered]
    for name in idle:
        print("not registered:", name)
    for cell in missing:
        print("no scenario for", ", ".join(cell))
    print(f"cells with a scenario {len(cells) - len(missing)} of {len(cells)}; by hand {len(BY_HAND)}")
    return 1 if missing or idle or not cells else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
