# SPDX-License-Identifier: Apache-2.0
"""A phone that is reached by TLS: it takes connections, shows its certificate, asks for one, and answers where it was asked."""
import re
import socket
import ssl
import threading

from .phone import Message, Phone

LENGTH = re.compile(rb"\r\nContent-Length: *(\d+)\r\n", re.I)


class TlsPhone(Phone):
    def __init__(self, address, pair, trust, port=5061):
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(*pair)
        self._context.load_verify_locations(trust)
        self._context.verify_mode = ssl.CERT_REQUIRED
        self._server = socket.create_server((address, port))
        self._streams = {}  # far address -> TLS socket
        super().__init__(address, port)

    def stop(self):
        super().stop()
        self._server.close()
        for s in self._streams.values():
            try:
                s.shutdown(socket.SHUT_RDWR)  # its reader lets go of it
            except OSError:
                pass
            s.close()

    def send(self, text, target):
        self._streams[target].sendall(text.encode())

    def _listen(self):
        self._server.settimeout(0.2)
        while self.open:
            try:
                raw, source = self._server.accept()
                raw.settimeout(5)
                stream = self._context.wrap_socket(raw, server_side=True)
            except (TimeoutError, socket.timeout):
                continue
            except OSError:  # ssl.SSLError is one
                continue
            self._streams[source] = stream
            threading.Thread(target=self._read, args=(stream, source), daemon=True).start()

    def _read(self, stream, source):
        octets = b""
        stream.settimeout(None)
        while True:
            try:
                more = stream.recv(65536)
            except OSError:
                return
            if not more:
                return
            octets += more
            while b"\r\n\r\n" in octets:
                head = octets.index(b"\r\n\r\n") + 4
                length = LENGTH.search(octets[:head])
                end = head + int(length.group(1) if length else 0)
                if len(octets) < end:
                    break
                self.inbox.put(Message(octets[:end], source))
                octets = octets[end:].lstrip(b"\r\n")
