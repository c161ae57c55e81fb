// SPDX-License-Identifier: Apache-2.0
// The two ciphers of the transform: AES in counter mode and AES-GCM, by OpenSSL.
#include "mf/srtp_context.h"

void srtp_iv(const struct srtp_suite *row, const uint8_t salt[SRTP_SALT_MAX], uint32_t ssrc, uint64_t index,
	uint8_t iv[SRTP_IV_MAX])
{
	uint32_t at = row->aead ? 2 : 4; // where the SSRC stands

	memset(iv, 0, SRTP_IV_MAX);
	memcpy(iv, salt, row->salt_len);
	for (uint32_t i = 0; i < 4; i++)
		iv[at + i] ^= (uint8_t)(ssrc >> (24 - 8 * i));
	for (uint32_t i = 0; i < 6; i++)
		iv[at + 4 + i] ^= (uint8_t)(index >> (40 - 8 * i));
}

result srtp_ctr(EVP_CIPHER_CTX *c, const uint8_t *iv, uint8_t *data, uint32_t n)
{
	int len = 0;

	REQUIRE(EVP_EncryptInit_ex(c, NULL, NULL, NULL, iv) == 1, E_IMPOSSIBLE);
	REQUIRE(n == 0 || EVP_EncryptUpdate(c, data, &len, data, (int)n) == 1, E_IMPOSSIBLE);
	REQUIRE(len == (int)n, E_IMPOSSIBLE);
	return OK;
}

static bool associate(EVP_CIPHER_CTX *c, const struct srtp_aead *a)
{
	int len = 0;

	for (uint32_t i = 0; i < ARRAY_LEN(a->associated); i++)
		if (a->associated[i].len > 0 &&
			EVP_CipherUpdate(c, NULL, &len, a->associated[i].at, (int)a->associated[i].len) != 1)
			return false;
	return true;
}

result srtp_gcm_seal(EVP_CIPHER_CTX *c, const struct srtp_aead *a, uint8_t tag[SRTP_GCM_TAG])
{
	uint8_t none[16];
	int len = 0;

	REQUIRE(EVP_EncryptInit_ex(c, NULL, NULL, NULL, a->iv) == 1 && associate(c, a), E_IMPOSSIBLE);
	REQUIRE(a->n == 0 || EVP_EncryptUpdate(c, a->out, &len, a->in, (int)a->n) == 1, E_IMPOSSIBLE);
	REQUIRE(len == (int)a->n && EVP_EncryptFinal_ex(c, none, &len) == 1, E_IMPOSSIBLE);
	REQUIRE(EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, SRTP_GCM_TAG, tag) == 1, E_IMPOSSIBLE);
	return OK;
}

result srtp_gcm_open(EVP_CIPHER_CTX *c, const struct srtp_aead *a, const uint8_t tag[SRTP_GCM_TAG])
{
	uint8_t copy[SRTP_GCM_TAG], none[16];
	int len = 0;

	memcpy(copy, tag, sizeof(copy));
	REQUIRE(EVP_DecryptInit_ex(c, NULL, NULL, NULL, a->iv) == 1 && associate(c, a), E_IMPOSSIBLE);
	REQUIRE(EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, SRTP_GCM_TAG, copy) == 1, E_IMPOSSIBLE);
	REQUIRE(a->n == 0 || EVP_DecryptUpdate(c, a->out, &len, a->in, (int)a->n) == 1, E_AUTH);
	REQUIRE(EVP_DecryptFinal_ex(c, none, &len) == 1, E_AUTH);
	return OK;
}
