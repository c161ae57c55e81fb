# SPDX-License-Identifier: Apache-2.0
"""One Sallyport per module (fixture `sallyport`), each on addresses of its own; what it sends anywhere is captured."""
import os
import shutil
import sys
import tempfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from lab import leaks                      # noqa: E402
from lab.capture import Capture            # noqa: E402
from lab.disk import Disks                 # noqa: E402
from lab.provider import Provider, assert_sound          # noqa: E402


@pytest.fixture(scope="session")
def binary():
    return Path(os.environ["SALLYPORT"])


@pytest.fixture(scope="session", autouse=True)
def capture():
    """Everything that the Sallyports of this run send. Only in a network namespace of its own."""
    c = Capture(os.environ.get("LAB_NAMESPACE") == "1")
    yield c.start()
    c.stop()


@pytest.fixture(scope="module")
def folder(request):
    """Short, so that Unix socket paths fit; kept when a test of the module failed."""
    path = Path(tempfile.mkdtemp(prefix="si-"))
    path.chmod(0o755)
    failed = request.session.testsfailed
    yield path
    if request.session.testsfailed == failed:
        shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="module")
def provider(binary, folder, capture):
    """Starts Sallyports that end with the module: provider(name, configuration text, user=None)."""
    started = []

    def make(name, text, user=None, **more):
        p = Provider(folder / name, binary, text, user, **more)
        capture.permit(text)
        started.append(p)
        p.start()
        p.at_start = leaks.measure(p)
        return p
    yield make
    try:
        for p in started:
            if p.process.poll() is None:
                leaks.assert_none(p, p.at_start)
    finally:
        for p in started:
            p.stop()
    for p in started:
        assert_sound(p)


@pytest.fixture
def disks(folder):
    if os.geteuid() != 0:
        pytest.skip("needs root to mount a small file system")
    made = Disks(folder)
    yield made
    made.close()


@pytest.fixture
def started():
    """Real peers of one test: started(thing) returns it started and stops it afterwards."""
    things = []

    def begin(thing):
        things.append(thing)
        return thing.start()
    yield begin
    for thing in reversed(things):
        thing.stop()
