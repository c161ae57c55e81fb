# SPDX-License-Identifier: Apache-2.0
"""Fetches and parses the text of the metrics endpoint, as strictly as the format (version 0.0.4) is written down."""
import re
import urllib.request

TYPE = re.compile(r"# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge)")
SAMPLE = re.compile(r'([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*",?)+)\})? (-?\d+)')
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"')


def fetch(address):
    with urllib.request.urlopen(f"http://{address}/metrics", timeout=10) as answer:
        assert answer.status == 200 and answer.headers["Content-Type"] == "text/plain; version=0.0.4"
        return parse(answer.read().decode())


def parse(text):
    """{(name, ((label, value), ...) in order of the names): number}"""
    found, types, family = {}, {}, None
    assert text.endswith("\n")
    for line in text.splitlines():
        if line.startswith("#"):
            family, kind = TYPE.fullmatch(line).groups()
            assert family not in types, f"{family} stands in two places"
            types[family] = kind
            continue
        name, labels, value = SAMPLE.fullmatch(line).groups()
        assert name == family, f"{name} has no TYPE line of its own"
        assert not name.endswith("_total") or types[name] == "counter"
        key = name, tuple(sorted(LABEL.findall(labels or "")))
        assert key not in found, f"{key} stands twice"
        found[key] = int(value)
    return found


def value(metrics, name, **labels):
    return metrics[f"sallyport_{name}", tuple(sorted(labels.items()))]
