// SPDX-License-Identifier: Apache-2.0
// HMAC-SHA1 (RFC 2104) with the two padded blocks hashed once per key.
//
// The state of a key is two plain values of 96 octets that are copied per packet. The EVP way of keeping them
// costs four allocations a packet and three times the memory, so this one file uses OpenSSL's low-level
// SHA-1.
#ifndef MF_HMAC_SHA1_H
#define MF_HMAC_SHA1_H

#include "base/span.h"

#ifndef OPENSSL_SUPPRESS_DEPRECATED
#define OPENSSL_SUPPRESS_DEPRECATED
#endif
#include <openssl/sha.h>

enum { HMAC_SHA1_LEN = 20, HMAC_SHA1_KEY_LEN = 20 };

struct hmac_sha1 {
	SHA_CTX inner;
	SHA_CTX outer;
};

// KEY of HMAC_SHA1_KEY_LEN octets, copied.
void hmac_sha1_set(struct hmac_sha1 *h, const uint8_t key[HMAC_SHA1_KEY_LEN]);
// The code over A followed by B.
void hmac_sha1_compute(const struct hmac_sha1 *h, struct bytes a, struct bytes b, uint8_t out[HMAC_SHA1_LEN]);

#endif
