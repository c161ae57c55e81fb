# SPDX-License-Identifier: Apache-2.0
"""Is this tone in that recording? Goertzel over the middle of a wave file."""
import math
import struct
import time
import wave


FLUSH_S = 3  # the user agent writes the end of its file some time after the call


def _open(path):
    until = time.monotonic() + FLUSH_S
    while True:
        try:
            return wave.open(str(path), "rb")
        except (wave.Error, EOFError):
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


def _samples(path):
    with _open(path) as w:
        raw = w.readframes(w.getnframes())
        width, channels, rate = w.getsampwidth(), w.getnchannels(), w.getframerate()
    if width != 2:
        raise ValueError(f"{path}: {width * 8} bits a sample, 16 expected")
    values = struct.unpack(f"<{len(raw) // 2}h", raw)
    return values[::channels], rate


def share(path, hertz, last=False):
    """The share of the signal's energy at HERTZ, 0..1, in one second after the beginning (LAST: before the end); 0 when the recording is
    silent or shorter than half a second."""
    values, rate = _samples(path)
    if len(values) < rate // 2:
        return 0.0
    values = values[len(values) // 4:]
    n = min(len(values), rate)
    values = values[-n:] if last else values[:n]
    energy = sum(v * v for v in values)
    if energy < n * 100:
        return 0.0
    k = 2 * math.cos(2 * math.pi * hertz / rate)
    s1 = s2 = 0.0
    for v in values:
        s1, s2 = v + k * s1 - s2, s1
    power = s1 * s1 + s2 * s2 - k * s1 * s2
    return min(1.0, 2 * power / (n * energy))
