# SPDX-License-Identifier: Apache-2.0
"""Peering profiles between two providers with authorities of their own, through the real program: made, signed, fetched over mutual
TLS, imported, pasted, checked; and every way in which one that is not the partner's is refused (R1 to R4, R6, R15, R16)."""
import http.server
import json
import re
import ssl
import subprocess
import threading
import time

import pytest

from lab.configuration import peer, system, tls_peer, waivers
from lab.pki import Authority

CORE, EDGE_A, EDGE_B, PBX = (f"127.60.31.{n}" for n in (1, 2, 3, 4))


@pytest.fixture(scope="module")
def pki(folder):
    a, b, x = (Authority(folder / n, n) for n in "abx")
    return {"a-ca": a.certificate, "b-ca": b.certificate, "x-ca": x.certificate, "a": a.issue("a", "DNS:a.example,IP:127.0.0.1"),
            "b": b.issue("b", "DNS:b.example"), "x": x.issue("x", "DNS:a.example,IP:127.0.0.1")}


def configuration(folder, pki, us, edge, peers):
    pbx = peer("pbx", "core", PBX, ["+49301" if us == "a" else "+49891"], [f"udp:{PBX}:5060"])
    return system(folder, CORE, edge, [pbx, *peers], transports=("udp", "tls"), tls=pki[us], domain=f"{us}.example")


@pytest.fixture(scope="module")
def files(folder, pki):
    b = tls_peer("partner", "peering", EDGE_B, ["+49891"], "b.example", pki["b-ca"],
                 media={"srtp": "required", "addresses": [f"{EDGE_B}/32"]}, waivers=waivers("identity"))
    (folder / "a.yaml").write_text(configuration(folder, pki, "a", EDGE_A, [b]))
    (folder / "b.yaml").write_text(configuration(folder, pki, "b", EDGE_B, []))
    return folder


@pytest.fixture(scope="module")
def run(binary):
    def call(*args):
        p = subprocess.run([str(binary), *map(str, args)], capture_output=True, text=True, timeout=40)
        return p.returncode, p.stdout, p.stderr
    return call


@pytest.fixture(scope="module")
def profile(run, files):
    status, _, said = run("profile", "--for", "partner", "--config", files / "a.yaml", "-o", files / "profile.json")
    assert status == 0, said
    return files / "profile.json"


@pytest.fixture
def server(pki):
    """serve(certificate name, body, status, headers) -> https address; clients need a certificate of b's authority."""
    running = []

    def serve(name, body, status=200, headers=()):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(status)
                for k, v in headers:
                    self.send_header(k, v)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args):
                pass
        s = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*map(str, pki[name]))
        context.load_verify_locations(str(pki["b-ca"]))
        context.verify_mode = ssl.CERT_REQUIRED
        s.socket = context.wrap_socket(s.socket, server_side=True)
        s.handle_error = lambda *args: None
        threading.Thread(target=s.serve_forever, daemon=True).start()
        running.append(s)
        return f"https://127.0.0.1:{s.server_port}/profile"
    yield serve
    for s in running:
        s.shutdown()
        s.server_close()


def pasted(files, pki, text):
    """b's configuration with TEXT pasted below `peers:`; the rest of it in the same block style (JSON is YAML, value by value)."""
    c = json.loads((files / "b.yaml").read_text())
    rest = "".join(f"{k}: {json.dumps(v)}\n" for k, v in c.items() if k != "peers")
    path = files / "b-pasted.yaml"
    path.write_text(rest + "peers:\n" + "".join(f"- {json.dumps(p)}\n" for p in c["peers"]) + text)
    return path


def test_imported_pasted_checked(run, files, pki, profile):
    status, text, said = run("peer", "import", profile, "--trust", pki["a-ca"], "--name", "ssp-a", "--config", files / "b.yaml")
    assert status == 0, said
    assert f"tls:{EDGE_A}:5061" in text and CORE not in text and PBX not in text and "pbx" not in text
    status, out, said = run("check", pasted(files, pki, text))
    assert status == 0, text + out + said


def test_a_profile_holds_nothing_of_the_core(profile):
    import base64
    payload = json.loads(profile.read_text())["payload"]
    text = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)).decode()
    assert json.loads(text)["domain"] == "a.example" and EDGE_A in text
    for never in (CORE, PBX, "pbx", "partner", EDGE_B, str(profile.parent)):
        assert never not in text


def test_fetched_over_mutual_tls(run, files, pki, profile, server):
    url = server("a", profile.read_bytes())
    mutual = ("--certificate", pki["b"][0], "--key", pki["b"][1])
    status, text, said = run("peer", "import", url, "--trust", pki["a-ca"], *mutual)
    assert status == 0 and "- name: a.example" in text, said
    status, text, said = run("peer", "import", url, "--trust", pki["a-ca"])  # no certificate
    assert (status, text) == (1, "") and "known_by" in said, said
    status, text, said = run("peer", "import", url.replace("127.0.0.1", "localhost"), "--trust", pki["a-ca"], *mutual)
    assert (status, text) == (1, "") and "the name that his certificate bears" in said, said
    status, text, said = run("peer", "import", url, "--trust", pki["a-ca"], "--certificate", pki["x"][0], "--key", pki["x"][1])
    assert (status, text) == (1, ""), said
    status, text, said = run("peer", "import", server("x", profile.read_bytes()), "--trust", pki["a-ca"], *mutual)  # another authority
    assert (status, text) == (1, ""), said
    status, text, said = run("peer", "import", server("a", b"", 302, [("Location", url)]), "--trust", pki["a-ca"], *mutual)
    assert (status, text) == (1, "") and "302" in said
    status, text, said = run("peer", "import", server("a", b" " * 300000), "--trust", pki["a-ca"], *mutual)
    assert (status, text) == (1, "") and "too long" in said
    status, text, said = run("peer", "import", url.replace("https", "http"), "--trust", pki["a-ca"], *mutual)
    assert (status, text) == (1, "") and "in clear" in said


def test_tampered_and_strangers_are_refused(run, files, pki, profile):
    whole = json.loads(profile.read_text())
    for part in whole:
        bent = dict(whole, **{part: whole[part][:-8] + ("AAAA" if whole[part][-8:-4] != "AAAA" else "BBBB") + whole[part][-4:]})
        (files / "bent.json").write_text(json.dumps(bent))
        status, text, said = run("peer", "import", files / "bent.json", "--trust", pki["a-ca"])
        assert (status, text) == (1, "") and "refused" in said, part
    status, text, said = run("peer", "import", profile, "--trust", pki["x-ca"])
    assert (status, text) == (1, "") and "--trust" in said


def test_made_for_another(run, files, pki, profile):
    (files / "z.yaml").write_text((files / "b.yaml").read_text().replace("b.example", "z.example"))
    status, text, said = run("peer", "import", profile, "--trust", pki["a-ca"], "--config", files / "z.yaml")
    assert (status, text) == (1, "") and "made for b.example" in said


def test_unsigned_is_marked_and_refused(run, files, pki):
    c = json.loads((files / "a.yaml").read_text())
    c["tls"]["key"] = str(pki["b"][1])  # not the one of the certificate
    (files / "keyless.yaml").write_text(json.dumps(c))
    status, text, said = run("profile", "--for", "partner", "--config", files / "keyless.yaml")
    assert status == 1 and "NOT signed" in said and json.loads(text)["signed"] is False
    (files / "unsigned.json").write_text(text)
    status, text, said = run("peer", "import", files / "unsigned.json", "--trust", pki["a-ca"])
    assert (status, text) == (1, "") and "not signed" in said


def test_never_older(run, files, pki, profile):
    out = files / "ssp-a.yaml"
    time.sleep(1.1)  # the serial is a second
    assert run("profile", "--for", "partner", "--config", files / "a.yaml", "-o", files / "newer.json")[0] == 0
    assert run("peer", "import", files / "newer.json", "--trust", pki["a-ca"], "-o", out)[0] == 0
    kept = out.read_text()
    status, _, said = run("peer", "import", profile, "--trust", pki["a-ca"], "-o", out)
    assert status == 1 and "older" in said and out.read_text() == kept
    assert run("peer", "import", files / "newer.json", "--trust", pki["a-ca"], "-o", out)[0] == 0
    assert re.match(r"# sallyport-profile a\.example \d+ [0-9a-f]{64}\n", out.read_text())


@pytest.mark.parametrize("args, status, word", [
    (("profile", "--for", "partner"), 2, "--config"), (("peer", "import", "x"), 2, "--trust"),
    (("peer", "import", "/absent", "--trust", "/absent"), 1, "not found"),
    (("profile", "--for", "nobody", "--config", "a.yaml"), 1, "no such peer"),
    (("profile", "--for", "pbx", "--config", "a.yaml"), 1, "core zone")])
def test_usage(run, files, args, status, word):
    got, text, said = run(*(files / a if a == "a.yaml" else a for a in args))
    assert (got, text) == (status, "") and word in said
