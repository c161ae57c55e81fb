# SPDX-License-Identifier: Apache-2.0
"""A peer that dials over TLS, by Python's ssl, which is OpenSSL."""
import itertools
import socket
import ssl
import time

OPTIONS = ("OPTIONS sip:{to}:{port} SIP/2.0\r\nVia: SIP/2.0/{transport} {me}:5061;branch=z9hG4bKo{n}\r\nMax-Forwards: 70\r\n"
           "From: <sip:probe@{me}>;tag=1\r\nTo: <sip:{to}>\r\nCall-ID: o{n}@{me}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n")
_number = itertools.count()


def options(to, me, port=5061, transport="TLS"):
    """A request as octets, never twice the same."""
    return OPTIONS.format(to=to, me=me, port=port, transport=transport, n=f"{next(_number)}x{time.time_ns()}").encode()


def ask(to, me, pair, trust):
    """One request over a new connection: (first line of the answer, PEM of the certificate that was shown)."""
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    c.check_hostname = False
    c.load_verify_locations(trust)
    c.load_cert_chain(*pair)
    with socket.create_connection((to, 5061), timeout=4, source_address=(me, 0)) as raw:
        with c.wrap_socket(raw) as s:
            s.sendall(options(to, me))
            return s.recv(4096).decode(errors="replace").split("\r\n")[0], ssl.DER_cert_to_PEM_cert(s.getpeercert(True))
