#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every possible cell of the transaction tables has a scenario that bears its name (SECTION-MACHINE-STATE-EVENT.txt),
and every scenario is registered as a test."""
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
OTHERS = {"64*T1 after CANCEL": "cancel-unanswered", "64*T1 without user": "abandoned"}


def slug(machine, event):
    return TIMERS[machine].get(event) or OTHERS.get(event) or event.lower().replace(" ", "-")


def covered(names, machine, state, event):
    tail = f"-{machine}-{state}-{slug(machine, event)}"
    prefix = "invite-" if machine in ("client", "server") else None
    return any(n.endswith(tail) and not (prefix and n.endswith("-" + prefix + tail[1:])) for n in names)


def main(replay, scenarios):
    names = [p.stem for p in pathlib.Path(scenarios).glob("*.txt")]
    out = subprocess.run([replay, "--cells"], check=True, capture_output=True, text=True).stdout
    cells = [line.split("\t") for line in out.splitlines()]
    missing = [c for c in cells if not covered(names, *c)]
    registered = (pathlib.Path(scenarios).parent / "meson.build").read_text()
    idle = [n for n in names if f"'{n}'" not in registered]
    for name in idle:
        print("not registered:", name)
    for cell in missing:
        print("no scenario for", ", ".join(cell))
    print(f"cells with a scenario {len(cells) - len(missing)} of {len(cells)}")
    return 1 if missing or idle or not cells else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
