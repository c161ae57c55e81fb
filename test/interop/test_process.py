# SPDX-License-Identifier: Apache-2.0
"""Started by root with --user: what /proc says about each child, who can read the key, whose memory holds it."""
import os
import pwd
import re
import subprocess
import time
from pathlib import Path

import pytest

from lab.configuration import peer, system, tls_peer
from lab.pki import Authority

USER = "daemon"
ROLES = {"signaller", "media", "resolver", "directory", "signer", "admin"}

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


@pytest.fixture(scope="module")
def pki(folder):
    authority = Authority(folder / "ca", "ours")
    return authority, authority.issue("sbe", "DNS:sbe.example")


@pytest.fixture(scope="module")
def sallyport(provider, folder, pki):
    authority, pair = pki
    peers = [peer("a", "core", "127.60.5.10", ["+4930"], ["udp:127.60.5.10:5060"]),
             tls_peer("b", "peering", "127.60.5.20", ["+4989"], "b.example", authority.certificate)]
    return provider("s", system(folder / "s", "127.60.5.1", "127.60.5.2", peers, transports=("udp", "tls"), tls=pair), user=USER)


def status(pid):
    return dict(line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in line)


@pytest.mark.parametrize("role", sorted(ROLES))
def test_child_is_confined(sallyport, role):
    children = sallyport.children()
    assert set(children) == ROLES
    s, uid = status(children[role]), pwd.getpwnam(USER).pw_uid
    assert s["Uid"].split() == [str(uid)] * 4 and s["Gid"].split() == [str(pwd.getpwnam(USER).pw_gid)] * 4
    assert s["Groups"].strip() == ""
    assert (s["Seccomp"], s["NoNewPrivs"]) == ("2", "1")
    assert {int(s[k], 16) for k in ("CapEff", "CapPrm", "CapInh", "CapAmb")} == {0}
    threads = list(Path(f"/proc/{children[role]}/task").iterdir())
    assert all("Seccomp:\t2" in (t / "status").read_text() for t in threads), "every thread"
    core = re.search(r"Max core file size\s+(\S+)\s+(\S+)", Path(f"/proc/{children[role]}/limits").read_text())
    assert core.groups() == ("0", "0")


def test_monitor_leaves_no_core(provider, folder):
    """It holds the token keys. Run as an ordinary user: what belongs to root in /proc cannot be read by that user (BE-3)."""
    peers = [peer("a", "core", "127.60.5.60", ["+4930"], ["udp:127.60.5.60:5060"])]
    uid = pwd.getpwnam("nobody").pw_uid
    wrapper = ["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups"]
    p = provider("core", system(folder / "core", "127.60.17.1", "127.60.17.2", peers), wrapper=wrapper)
    pid = p.process.pid
    assert status(pid)["Uid"].split() == [str(uid)] * 4
    assert re.search(r"Max core file size\s+(\S+)\s+(\S+)", Path(f"/proc/{pid}/limits").read_text()).groups() == ("0", "0")
    assert Path(f"/proc/{pid}/maps").stat().st_uid == 0, "not dumpable"
    other = subprocess.run(wrapper + ["head", "-c1", f"/proc/{pid}/maps"], capture_output=True)
    assert other.returncode != 0, "another process of that user looks into it"
    with subprocess.Popen(wrapper + ["sleep", "30"]) as sleeper:  # the control: one that anybody of that user may look into
        assert subprocess.run(wrapper + ["head", "-c1", f"/proc/{sleeper.pid}/maps"], capture_output=True).returncode == 0
        sleeper.kill()
    assert p.stop() == 0


def test_layers_are_printed(sallyport):
    lines = [line for line in sallyport.log.read_text().splitlines() if "monitor.child-ready" in line]
    assert {re.search(r"child=(\w+)", line).group(1) for line in lines} >= ROLES - {"resolver"}
    landlock = Path("/sys/kernel/security/lsm")
    present = not landlock.exists() or "landlock" in landlock.read_text()
    for line in lines:
        assert f"user={USER} no-new-privs no-dump" in line and "seccomp=calls:" in line, line
        assert not present or re.search(r"landlock=abi\d", line), line


def test_no_child_holds_files_of_the_system(sallyport):
    """Open descriptors are sockets, memfds and event files; only admin writes, and only in its own folders."""
    for role, pid in sallyport.children().items():
        for fd in Path(f"/proc/{pid}/fd").iterdir():
            target = os.readlink(fd)
            if int(fd.name) <= 2 or re.match(r"(socket|pipe|anon_inode):|/memfd:|/dev/(null|urandom)", target):
                continue
            assert role == "admin" and target.startswith(str(sallyport.folder)), (role, target)


def test_key_is_for_nobody_else(pki):
    _, (_, key) = pki
    assert key.stat().st_mode & 0o077 == 0
    p = subprocess.run(["setpriv", "--reuid", USER, "--regid", USER, "--clear-groups", "cat", str(key)], capture_output=True)
    assert p.returncode != 0 and b"Permission denied" in p.stderr


def in_memory(pid, *patterns):
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as mem:
        for line in maps:
            bounds, rights = line.split()[:2]
            first, last = (int(x, 16) for x in bounds.split("-"))
            if "r" not in rights or last - first > 256 << 20 or "[v" in line:
                continue
            try:
                mem.seek(first)
                octets = mem.read(last - first)
            except (OSError, ValueError):
                continue
            if any(p in octets for p in patterns):
                return True
    return False


def test_key_is_in_the_signer_alone(sallyport, pki):
    """The scalar of the key, in either order, is searched in the memory of monitor and children."""
    _, (_, key) = pki
    text = subprocess.run(["openssl", "ec", "-in", str(key), "-noout", "-text"], capture_output=True, text=True).stdout
    digits = re.search(r"priv:\s*([0-9a-f:\s]+)pub:", text).group(1)
    scalar = bytes.fromhex(re.sub(r"[:\s]", "", digits))[-32:]
    patterns = (scalar, scalar[::-1])
    try:
        found = {role for role, pid in sallyport.children().items() if in_memory(pid, *patterns)}
        monitor = in_memory(sallyport.process.pid, *patterns)
    except PermissionError:
        pytest.skip("the memory of other processes cannot be read here")
    assert found == {"signer"} and not monitor


def test_end_in_order(provider, folder):
    peers = [peer("a", "core", "127.60.5.60", ["+4930"], ["udp:127.60.5.60:5060"])]
    p = provider("end", system(folder / "end", "127.60.15.1", "127.60.15.2", peers))
    children = p.children()
    start = time.monotonic()
    assert p.stop() == 0 and time.monotonic() - start < 5
    assert not [pid for pid in children.values() if Path(f"/proc/{pid}").exists()]
    assert "monitor.stopped" in p.log.read_text()


def test_monitor_dies(provider, folder):
    """kill -9: every child ends with it, and the next start finds all sockets free."""
    peers = [peer("a", "core", "127.60.5.60", ["+4930"], ["udp:127.60.5.60:5060"])]
    p = provider("dies", system(folder / "dies", "127.60.16.1", "127.60.16.2", peers))
    children = p.children()
    p.process.kill()
    p.process.wait()
    end = time.monotonic() + 3
    while any(Path(f"/proc/{pid}").exists() for pid in children.values()) and time.monotonic() < end:
        time.sleep(0.02)
    assert not [role for role, pid in children.items() if Path(f"/proc/{pid}").exists()]
    p.log.write_text("")
    p.start()
    assert set(p.children()) == ROLES and p.stop() == 0
