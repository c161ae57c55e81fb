// SPDX-License-Identifier: Apache-2.0
// Rows and key derivation. The pseudo-random function is AES in counter mode with the master key, also for
// GCM.
#include "mf/srtp_suite.h"

#include "base/memory.h"

static const struct srtp_suite rows[SUITE_COUNT] = {
	[SUITE_AES_CM_128_HMAC_SHA1_80] = {16, 14, 10, 10, false},
	[SUITE_AES_CM_128_HMAC_SHA1_32] = {16, 14, 4, 10, false},
	[SUITE_AEAD_AES_128_GCM] = {16, 12, 16, 16, true},
	[SUITE_AEAD_AES_256_GCM] = {32, 12, 16, 16, true},
	[SUITE_AES_256_CM_HMAC_SHA1_80] = {32, 14, 10, 10, false},
};

const struct srtp_suite *srtp_suite_row(uint8_t suite)
{
	return suite > SUITE_NONE && suite < SUITE_COUNT ? &rows[suite] : NULL;
}

uint8_t srtp_suite_master_len(uint8_t suite)
{
	const struct srtp_suite *row = srtp_suite_row(suite);

	return row == NULL ? 0 : (uint8_t)(row->key_len + row->salt_len);
}

const EVP_CIPHER *srtp_suite_cipher(const struct srtp_suite *row)
{
	if (row->aead)
		return row->key_len == 16 ? EVP_aes_128_gcm() : EVP_aes_256_gcm();
	return row->key_len == 16 ? EVP_aes_128_ctr() : EVP_aes_256_ctr();
}

result srtp_derive(
	const struct srtp_suite *row, const uint8_t *master, enum srtp_label label, uint8_t *out, uint32_t n)
{
	uint8_t iv[16] = {0};
	int len = 0, good;
	EVP_CIPHER_CTX *c;

	REQUIRE(n <= SRTP_KEY_MAX, E_IMPOSSIBLE);
	memcpy(iv, master + row->key_len,
		row->salt_len); // a salt of 96 bits is padded at its end (RFC7714#11)
	iv[7] ^= (uint8_t)label;
	memset(out, 0, n);
	c = EVP_CIPHER_CTX_new();
	REQUIRE(c != NULL, E_NO_MEMORY);
	good = EVP_EncryptInit_ex(
		c, row->key_len == 16 ? EVP_aes_128_ctr() : EVP_aes_256_ctr(), NULL, master, iv);
	good = good && EVP_EncryptUpdate(c, out, &len, out, (int)n);
	EVP_CIPHER_CTX_free(c);
	REQUIRE(good && len == (int)n, E_NO_MEMORY);
	return OK;
}

result srtp_derive_session(const struct srtp_suite *row, const uint8_t *master, enum srtp_label first,
	struct srtp_session_key *out)
{
	memset(out, 0, sizeof(*out));
	TRY(srtp_derive(row, master, first, out->key, row->key_len));
	TRY(srtp_derive(row, master, first + 1, out->auth, SRTP_AUTH_KEY_LEN));
	TRY(srtp_derive(row, master, first + 2, out->salt, row->salt_len));
	return OK;
}
