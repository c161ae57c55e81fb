# SPDX-License-Identifier: Apache-2.0
"""The far end's SRTP, by libsrtp2: an implementation that is not ours judges what Sallyport sends."""
import base64
import ctypes as C

SUITES = {"AES_CM_128_HMAC_SHA1_80": (30, "srtp_crypto_policy_set_rtp_default"),
          "AEAD_AES_128_GCM": (28, "srtp_crypto_policy_set_aes_gcm_128_16_auth")}
ANY_INBOUND, ANY_OUTBOUND = 2, 3
WINDOW, ROOM = 1024, 2048


class Ssrc(C.Structure):
    _fields_ = [("type", C.c_int), ("value", C.c_uint)]


class Crypto(C.Structure):
    _fields_ = [("cipher", C.c_uint32), ("cipher_key", C.c_int), ("auth", C.c_uint32), ("auth_key", C.c_int),
                ("auth_tag", C.c_int), ("services", C.c_int)]


class Policy(C.Structure):
    _fields_ = [("ssrc", Ssrc), ("rtp", Crypto), ("rtcp", Crypto), ("key", C.c_char_p), ("keys", C.c_void_p),
                ("key_count", C.c_ulong), ("ekt", C.c_void_p), ("window", C.c_ulong), ("repeat", C.c_int),
                ("extensions", C.c_void_p), ("extension_count", C.c_int), ("next", C.c_void_p)]


def library():
    lib = C.CDLL("libsrtp2.so.1")
    if lib.srtp_init() != 0:
        raise RuntimeError("libsrtp2 does not start")
    return lib


class Srtp:
    def __init__(self, lib, suite, key, outbound):
        policy, self.lib, self.handle = Policy(), lib, C.c_void_p()
        for part in (policy.rtp, policy.rtcp):
            getattr(lib, SUITES[suite][1])(C.byref(part))
        policy.ssrc.type, policy.key, policy.window = ANY_OUTBOUND if outbound else ANY_INBOUND, key, WINDOW
        if lib.srtp_create(C.byref(self.handle), C.byref(policy)) != 0:
            raise RuntimeError(f"libsrtp2 refuses {suite}")
        self.room = C.create_string_buffer(ROOM)

    def _through(self, function, packet):
        size = C.c_int(len(packet))
        C.memmove(self.room, packet, len(packet))
        return self.room.raw[:size.value] if function(self.handle, self.room, C.byref(size)) == 0 else None

    def protect(self, packet):
        return self._through(self.lib.srtp_protect, packet)

    def unprotect(self, packet):
        return self._through(self.lib.srtp_unprotect, packet)

    def close(self):
        self.lib.srtp_dealloc(self.handle)


def offered(body):
    """suite -> (tag, key) of the crypto lines of a description."""
    found = {}
    for line in body.replace("\r", "").split("\n"):
        if line.startswith("a=crypto:"):
            tag, suite, key = line[len("a=crypto:"):].split(" ")[:3]
            found[suite] = (tag, base64.b64decode(key.split(":", 1)[1].split("|")[0]))
    return found
