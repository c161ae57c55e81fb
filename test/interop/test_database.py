# SPDX-License-Identifier: Apache-2.0
"""The registry's database behind a running Sallyport: a change takes effect within a second, and what was last known serves on when the
database is gone, also across a restart (LUF-A2); a cache that somebody else has written does not (LUF-I3)."""
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from lab.configuration import peer, system
from lab.phone import Phone, connect
from lab.postgresql import Postgresql, available

CORE, BORDER, A, B = (f"127.60.12.{n}" for n in (1, 2, 10, 20))
TARGET = (CORE, 5060)


@pytest.fixture(scope="module")
def home(folder):
    return folder / "registry"


@pytest.fixture(scope="module")
def rows(binary, home):
    """Change the database as a command does: one change set."""
    tool = Path(binary).parents[2] / "test" / "support" / "registry-rows"

    def change(how, *row):
        subprocess.run([tool, f"sqlite:{home}/db/registry.db", how, *row], check=True)
    return change


@pytest.fixture(scope="module")
def phones():
    a, b = Phone(A).start(), Phone(B).start()
    yield a, b
    a.stop()
    b.stop()


@pytest.fixture(scope="module")
def running(provider, home):
    b = peer("b", "peering", B, ["+4989"], [f"udp:{B}:5060"], numbers={"calls_from": ["+4989"], "calls_to": "registry"})
    text = system(home, CORE, BORDER, [peer("a", "core", A, ["+4930"], [f"udp:{A}:5060"]), b], registry=f"sqlite:{home}/db/registry.db")
    return provider("registry", text)


def arrives(phones, number):
    try:
        near, _ = connect(*phones, number, TARGET)
    except AssertionError:
        return False
    near.bye()
    return True


def until(what, timeout):
    end = time.monotonic() + timeout
    while not what() and time.monotonic() < end:
        time.sleep(0.1)
    return what()


def test_a_change_takes_effect_within_a_second(running, phones, rows):
    assert not arrives(phones, "+4977111")
    rows("put", "peer name=b", "range prefix=+4977 owner=b to=b")
    time.sleep(1)
    assert arrives(phones, "+4977111")
    rows("put", "range prefix=+49772 owner=b to=b rn=+4999123")
    time.sleep(1)
    told = running.json("lookup", "+4977211", "--from", "a")
    assert (told["peer"], told["source"], told["routing_number"], told["npdi"]) == ("b", "registry", "+4999123", True), told
    assert any("registry's database" in step for step in told["steps"]) and told["hops"][0]["address"] == f"{B}:5060", told
    rows("delete", "range prefix=+49772")
    time.sleep(1)
    assert running.json("lookup", "+4977211", "--from", "a")["routing_number"] == ""


def test_a_new_signaller_and_a_new_directory_know_it_too(running, phones):
    for role in ("signaller", "directory"):
        before = running.kill_child(role)
        assert until(lambda: running.children().get(role, before) != before, 10)
        assert until(lambda: arrives(phones, "+4977111"), 10), role


def test_the_last_good_state_serves_on(running, home, phones, rows):
    cache = home / "records" / "registry" / "registry.cache"
    assert until(cache.exists, 10)
    shutil.rmtree(home / "db")
    time.sleep(1)
    assert arrives(phones, "+4977111")
    running.stop()
    running.start()
    assert until(lambda: arrives(phones, "+4977111"), 10)  # from the cache; the new database is empty, and is not believed
    assert until(lambda: "registry.lost" in running.log.read_text(), 10)
    assert "remove" in running.log.read_text()


def test_a_forged_cache_is_refused(running, home, phones):
    cache = home / "records" / "registry" / "registry.cache"
    running.stop()
    octets = bytearray(cache.read_bytes())
    octets[-20] ^= 1
    cache.write_bytes(octets)
    running.start()
    assert until(lambda: "registry.cache-refused" in running.log.read_text(), 10)
    assert not arrives(phones, "+4977111")  # without the check it would be served


@pytest.mark.skipif(not available(), reason="needs PostgreSQL")
def test_postgresql_behind_the_sandbox(provider, folder, binary, phones):
    """The same with a server: followed within a second, served on when it is gone, followed again when it is back."""
    server = Postgresql(folder / "server").start()
    core, border = "127.60.12.3", "127.60.12.4"
    b = peer("b", "peering", B, ["+4989"], [f"udp:{B}:5060"], numbers={"calls_from": ["+4989"], "calls_to": "registry"})
    p = provider("postgresql", system(folder / "postgresql", core, border, [peer("a", "core", A, ["+4930"], [f"udp:{A}:5060"]), b],
                                      registry=server.uri))
    tool = Path(binary).parents[2] / "test" / "support" / "registry-rows"

    def found(number):
        return p.command("lookup", number, "--from", "a", check=False)[0] == 0
    try:
        subprocess.run([tool, server.uri, "put", "peer name=b", "range prefix=+4977 owner=b to=b"], check=True)
        time.sleep(1)
        assert found("+4977111") and not found("+4978111")
        server.stop()
        assert until(lambda: "registry.lost" in p.log.read_text(), 15)
        assert found("+4977111")
        server.again()
        subprocess.run([tool, server.uri, "put", "range prefix=+4978 owner=b to=b"], check=True)
        assert until(lambda: found("+4978111"), 40)  # tried again every second to every 30 s
    finally:
        server.stop()
