# SPDX-License-Identifier: Apache-2.0
"""Forged datagrams: what an attacker who reaches the sockets can send."""
import random
import socket
import ssl
import struct


def send_udp(source, target, octets, wait=0.3):
    """Send OCTETS from SOURCE to TARGET; returns what came back within WAIT seconds, or None."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(source)
        s.settimeout(wait)
        s.sendto(octets, target)
        try:
            return s.recv(65536)
        except (TimeoutError, socket.timeout, ConnectionRefusedError):
            return None


def send_tls(source, target, octets, pair, name, wait=1.0):
    """The same on a TLS connection of the sender's own, with the certificate PAIR (and any certificate of the far side taken).
    None also when the handshake or the connection was refused."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.load_cert_chain(*map(str, pair))
    try:
        with socket.create_connection(target, timeout=wait, source_address=source) as plain, \
                context.wrap_socket(plain, server_hostname=name) as s:
            s.sendall(octets)
            return s.recv(65536) or None
    except (OSError, ssl.SSLError):
        return None


def bye(call_id="a-guessed-call-id", host="127.0.0.1", to_tag="guess", from_tag="guess", transport="UDP"):
    return (f"BYE sip:{host} SIP/2.0\r\nVia: SIP/2.0/{transport} {host}:5999;branch=z9hG4bK{random.getrandbits(64):x}\r\n"
            f"Max-Forwards: 70\r\nFrom: <sip:x@{host}>;tag={from_tag}\r\nTo: <sip:y@{host}>;tag={to_tag}\r\n"
            f"Call-ID: {call_id}\r\nCSeq: 99 BYE\r\nContent-Length: 0\r\n\r\n").encode()


def rtp(payload_type=8, sequence=1, timestamp=160, ssrc=0xdeadbeef, payload=b"\x55" * 160):
    return struct.pack(">BBHII", 0x80, payload_type, sequence & 0xffff, timestamp & 0xffffffff, ssrc) + payload


def inject_rtp(source, target, count=50):
    """An RTP stream from a stranger; returns how many packets were sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(source)
        for i in range(count):
            s.sendto(rtp(sequence=i, timestamp=i * 160), target)
    return count
