// SPDX-License-Identifier: Apache-2.0
// Inside of an SRTP context, shared by the RTP and the RTCP half of the transform and by nobody else.
#ifndef MF_SRTP_CONTEXT_H
#define MF_SRTP_CONTEXT_H

#include "mf/hmac_sha1.h"
#include "mf/srtp.h"

enum { SRTP_IV_MAX = 16 };

struct srtp_work {
	EVP_CIPHER_CTX *cipher;            // for SRTCP: keyed anew for each packet
	uint8_t scratch[RTP_DATAGRAM_MAX]; // plaintext that nobody reads (authenticate only)
};

struct mf_srtp {
	const struct srtp_suite *row;
	struct srtp_work *work;
	EVP_CIPHER_CTX *cipher; // keyed for RTP; only the nonce changes
	struct srtp_sources sources;
	struct srtp_session_key rtcp;
	uint8_t salt[SRTP_SALT_MAX];
	uint8_t way;            // enum srtp_way
	uint8_t mki_len;        // [octets]
	uint32_t mki;
	struct hmac_sha1 mac[]; // one, for RTP; none for AEAD profiles
};

// Counter block of RFC3711#4.1.1 or nonce of RFC7714#8.1: salt XOR (SSRC, 48-bit INDEX), two octets apart.
void srtp_iv(const struct srtp_suite *row, const uint8_t salt[SRTP_SALT_MAX], uint32_t ssrc, uint64_t index,
	uint8_t iv[SRTP_IV_MAX]);
// The master key identifier of a packet: it names our one key, or the packet is not for it. E_AUTH.
MUST_USE result srtp_mki_check(const struct mf_srtp *s, const uint8_t *at);
void srtp_mki_put(const struct mf_srtp *s, uint8_t *at);

// Counter mode over DATA in place; the context is keyed. E_IMPOSSIBLE.
MUST_USE result srtp_ctr(EVP_CIPHER_CTX *c, const uint8_t *iv, uint8_t *data, uint32_t n);

struct srtp_aead { // one GCM operation
	const uint8_t *iv;
	struct bytes associated[2];
	const uint8_t *in;
	uint8_t *out; // may be the same as IN
	uint32_t n;
};

// E_IMPOSSIBLE.
MUST_USE result srtp_gcm_seal(EVP_CIPHER_CTX *c, const struct srtp_aead *a, uint8_t tag[SRTP_GCM_TAG]);
// E_AUTH.
MUST_USE result srtp_gcm_open(EVP_CIPHER_CTX *c, const struct srtp_aead *a, const uint8_t tag[SRTP_GCM_TAG]);

#endif
