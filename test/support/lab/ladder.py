# SPDX-License-Identifier: Apache-2.0
"""What `sallyport trace` wrote, read back: SIP messages of one provider, and the ladder of several."""
import re
import struct
import subprocess
import time

SECTION, PACKET = 0x0A0D0D0A, 6
OPTION_COMMENT, OPTION_FLAGS = 1, 2
TIE_US = 2000  # two processes note the time once a turn of their loops: what is so close is put in order by what it is
WIDTH = 24


class Trace:
    """`sallyport trace` under way, from construction to end()."""

    def __init__(self, provider, *target, seconds=120):
        self.provider, self.path = provider, provider.folder / f"demo-{time.monotonic_ns()}.pcapng"
        self.process = subprocess.Popen([str(provider.binary), "trace", *target, "-o", str(self.path), "--seconds", str(seconds),
                                         "--socket", str(provider.socket)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = time.monotonic() + 10
        while not self.path.exists() or self.path.stat().st_size == 0:  # its head is written when it has begun
            if self.process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"sallyport trace {' '.join(target)} did not begin")
            time.sleep(0.05)

    def so_far(self):
        """The messages up to now."""
        return messages(self.path.read_bytes())

    def end(self):
        """Stop it; the messages, oldest first."""
        self.provider.command("trace", "--off")
        self.process.wait(10)
        return messages(self.path.read_bytes())


class Message:
    def __init__(self, when_us, outgoing, transport, text):
        self.when_us, self.outgoing, self.transport, self.text = when_us, outgoing, transport, text
        self.start = text.split("\r\n", 1)[0]

    def header(self, name):
        found = re.search(rf"^{name}\s*:\s*(.*?)\r$", self.text, re.M | re.I)
        return found.group(1) if found else ""

    def tag(self, name):
        found = re.search(r";\s*tag=([^;\s]+)", self.header(name))
        return found.group(1) if found else None

    @property
    def is_request(self):
        return not self.start.startswith("SIP/2.0 ")

    def label(self):
        words = self.start.split(" ")
        text = words[0] if self.is_request else " ".join(words[1:])
        method = self.header("CSeq").split(" ")[-1]
        if not self.is_request and method != "INVITE":
            text += f" ({method})"
        return text + (" +SDP" if self.header("Content-Type").lower() == "application/sdp" else "")


def _options(octets):
    found, at = {}, 0
    while at + 4 <= len(octets):
        code, n = struct.unpack_from("=HH", octets, at)
        found[code] = octets[at + 4:at + 4 + n]
        at += 4 + (n + 3) // 4 * 4
    return found


def messages(octets):
    """The messages of a pcapng file of ours: packets of raw IP and UDP, whatever carried them."""
    found, at = [], 0
    while at + 12 <= len(octets):
        kind, total = struct.unpack_from("=II", octets, at)
        if total < 12 or at + total > len(octets):
            break  # cut off
        if kind == PACKET:
            _, high, low, captured, _ = struct.unpack_from("=IIIII", octets, at + 8)
            packet = octets[at + 28:at + 28 + captured]
            options = _options(octets[at + 28 + (captured + 3) // 4 * 4:at + total - 4])
            head = 40 if packet[0] >> 4 == 6 else 20
            found.append(Message(high << 32 | low, struct.unpack("=I", options[OPTION_FLAGS])[0] == 2,
                                 options[OPTION_COMMENT].decode().removeprefix("over "), packet[head + 8:].decode(errors="replace")))
        at += total
    return found


def _before(near, far):
    """Of two messages at about the same time, does the near leg's stand first? Requests go from near to far, answers back."""
    return not (near.outgoing and far.outgoing and not near.start.startswith("SIP/2.0 100"))


def merge(near, far):
    """Messages of the caller's leg and of the border leg in one order: (leg, message)."""
    out, i, k = [], 0, 0
    while i < len(near) or k < len(far):
        if k == len(far):
            first = True
        elif i == len(near):
            first = False
        elif abs(near[i].when_us - far[k].when_us) <= TIE_US:
            first = _before(near[i], far[k])
        else:
            first = near[i].when_us < far[k].when_us
        out.append((0, near[i]) if first else (1, far[k]))
        i, k = i + first, k + (not first)
    return out


def draw(names, merged):
    """Lines of a ladder: NAMES are the three columns. On leg 0 an incoming message goes to the right, and on leg 1 too. What
    bears another Call-ID than the first message of its leg was forged."""
    lines, own = ["".join(name.ljust(WIDTH) for name in names)], {}
    for leg, m in merged:
        forged = own.setdefault(leg, m.header("Call-ID")) != m.header("Call-ID")
        label = ("forged " if forged else "") + m.label()
        label = label[:WIDTH - 5]
        arrow = "<" + label.center(WIDTH - 3, "-") + "-" if m.outgoing else "-" + label.center(WIDTH - 3, "-") + ">"
        gap = " " * (WIDTH - 1)
        cells = [gap, gap]
        cells[leg] = arrow
        lines.append("|" + cells[0] + "|" + cells[1] + f"|  {m.transport.lower()}")
    return lines
