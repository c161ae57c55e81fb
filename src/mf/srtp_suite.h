// SPDX-License-Identifier: Apache-2.0
// SRTP protection profiles as rows, and the derivation of session keys (RFC3711#4.3, RFC6188#3, RFC7714#11).
#ifndef MF_SRTP_SUITE_H
#define MF_SRTP_SUITE_H

#include "base/result.h"
#include "terms/media.h"

#include <openssl/evp.h>

enum {
	SRTP_KEY_MAX = 32,
	SRTP_SALT_MAX = 14,
	SRTP_AUTH_KEY_LEN = 20,
	SRTP_GCM_TAG = 16, // RFC7714#13.1: both AEAD profiles have a full tag
	SRTP_TAG_MAX = 16,
	SRTCP_INDEX_LEN = 4, // E flag and index (RFC3711#3.4)
	SRTP_TRAILER_MAX = SRTP_TAG_MAX + SRTCP_INDEX_LEN,
};

struct srtp_suite {
	uint8_t key_len;  // [octets]
	uint8_t salt_len; // [octets]
	uint8_t rtp_tag;  // [octets]
	uint8_t rtcp_tag; // [octets]; 80 bits even with the 32-bit profile (RFC4568#6.2)
	bool aead;
};

struct srtp_session_key { // of SRTP or of SRTCP
	uint8_t key[SRTP_KEY_MAX];
	uint8_t salt[SRTP_SALT_MAX];
	uint8_t auth[SRTP_AUTH_KEY_LEN];
};

enum srtp_label { // RFC3711#4.3.1, #4.3.2
	LABEL_RTP_KEY = 0,
	LABEL_RTP_AUTH,
	LABEL_RTP_SALT,
	LABEL_RTCP_KEY,
	LABEL_RTCP_AUTH,
	LABEL_RTCP_SALT,
};

// The row of SUITE (enum media_suite), NULL for SUITE_NONE and numbers beyond.
const struct srtp_suite *srtp_suite_row(uint8_t suite);
// The cipher of a row: counter mode or GCM, by key length. Static.
const EVP_CIPHER *srtp_suite_cipher(const struct srtp_suite *row);
// Octets that MASTER must hold for SUITE, key and salt together; 0 for none.
uint8_t srtp_suite_master_len(uint8_t suite);
// One derived value of N octets (<= SRTP_KEY_MAX) under LABEL; key derivation rate 0. E_NO_MEMORY.
MUST_USE result srtp_derive(
	const struct srtp_suite *row, const uint8_t *master, enum srtp_label label, uint8_t *out, uint32_t n);
// The keys for RTP (FIRST = LABEL_RTP_KEY) or RTCP (LABEL_RTCP_KEY). E_NO_MEMORY.
MUST_USE result srtp_derive_session(const struct srtp_suite *row, const uint8_t *master,
	enum srtp_label first, struct srtp_session_key *out);

#endif
