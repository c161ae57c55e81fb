// SPDX-License-Identifier: Apache-2.0
// Key derivation and key stream against RFC3711#B.2, RFC3711#B.3, RFC6188#7.1 and RFC6188#7.2.
#include "unit_mf.h"

#include "mf/srtp_context.h"

static void check_derive(uint8_t suite, const char *master, enum srtp_label label, const char *expected)
{
	uint8_t m[64] = {0}, want[128], got[SRTP_KEY_MAX];
	uint32_t n;

	assert_int_equal(hex(master, m), srtp_suite_master_len(suite));
	n = hex(expected, want);
	assert_ok(srtp_derive(srtp_suite_row(suite), m, label, got, n));
	assert_memory_equal(got, want, n);
}

static void derive_rfc3711_b3(void **state)
{
	const char *master = "E1F97A0D3E018BE0D64FA32C06DE4139 0EC675AD498AFEEBB6960B3AABE6";

	(void)state;
	check_derive(
		SUITE_AES_CM_128_HMAC_SHA1_80, master, LABEL_RTP_KEY, "C61E7A93744F39EE10734AFE3FF7A087");
	check_derive(SUITE_AES_CM_128_HMAC_SHA1_80, master, LABEL_RTP_SALT, "30CBBC08863D8C85D49DB34A9AE1");
	check_derive(SUITE_AES_CM_128_HMAC_SHA1_80, master, LABEL_RTP_AUTH,
		"CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4");
}

static void derive_rfc6188_72(void **state)
{
	const char *master = "f0f04914b513f2763a1b1fa130f10e29 98f6f6e43e4309d1e622a0e332b9f1b6 "
			     "3b04803de51ee7c96423ab5b78d2";

	(void)state;
	check_derive(SUITE_AES_256_CM_HMAC_SHA1_80, master, LABEL_RTP_KEY,
		"5ba1064e30ec51613cad926c5a28ef73 1ec7fb397f70a960653caf06554cd8c4");
	check_derive(SUITE_AES_256_CM_HMAC_SHA1_80, master, LABEL_RTP_SALT, "fa31791685ca444a9e07c6c64e93");
	check_derive(SUITE_AES_256_CM_HMAC_SHA1_80, master, LABEL_RTP_AUTH,
		"fd9c32d39ed5fbb5a9dc96b30818454d1313dc05");
}

// The key stream at its first three and at blocks 0xfeff to 0xff01.
static void check_stream(uint8_t suite, const char *key, const char *first, const char *late)
{
	const struct srtp_suite *row = srtp_suite_row(suite);
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	uint8_t k[32], salt[14], iv[SRTP_IV_MAX], *stream = calloc(1, 65282 * 16), want[64];

	hex(key, k);
	hex("f0f1f2f3f4f5f6f7f8f9fafbfcfd", salt);
	assert_int_equal(EVP_EncryptInit_ex(c, srtp_suite_cipher(row), NULL, k, NULL), 1);
	srtp_iv(row, salt, 0, 0, iv);
	assert_ok(srtp_ctr(c, iv, stream, 65282 * 16));
	hex(first, want);
	assert_memory_equal(stream, want, 48);
	hex(late, want);
	assert_memory_equal(stream + 0xfeff * 16, want, 48);
	free(stream);
	EVP_CIPHER_CTX_free(c);
}

static void stream_rfc3711_b2(void **state)
{
	(void)state;
	check_stream(SUITE_AES_CM_128_HMAC_SHA1_80, "2B7E151628AED2A6ABF7158809CF4F3C",
		"E03EAD0935C95E80E166B16DD92B4EB4 D23513162B02D0F72A43A2FE4A5F97AB "
		"41E95B3BB0A2E8DD477901E4FCA894C0",
		"EC8CDF7398607CB0F2D21675EA9EA1E4 362B7C3C6773516318A077D7FC5073AE "
		"6A2CC3787889374FBEB4C81B17BA6C44");
}

static void stream_rfc6188_71(void **state)
{
	(void)state;
	check_stream(SUITE_AES_256_CM_HMAC_SHA1_80,
		"57f82fe3613fd170a85ec93c40b1f092 2ec4cb0dc025b58272147cc438944a98",
		"92bdd28a93c3f52511c677d08b5515a4 9da71b2378a854f67050756ded165bac "
		"63c4868b7096d88421b563b8c94c9a31",
		"cea518c90fd91ced9cbb18c078a54711 3dbc4814f4da5f00a08772b63c6a046d "
		"6eb246913062a16891433e97dd01a57f");
}

static void rows_bounded(void **state)
{
	(void)state;
	assert_null(srtp_suite_row(SUITE_NONE));
	assert_null(srtp_suite_row(SUITE_COUNT));
	assert_null(srtp_suite_row(255));
	assert_int_equal(srtp_suite_master_len(SUITE_AEAD_AES_256_GCM), 44);
	assert_int_equal(srtp_suite_master_len(SUITE_AES_256_CM_HMAC_SHA1_80), MEDIA_KEY_MAX);
	assert_int_equal(srtp_suite_master_len(SUITE_NONE), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(derive_rfc3711_b3),
		cmocka_unit_test(derive_rfc6188_72),
		cmocka_unit_test(stream_rfc3711_b2),
		cmocka_unit_test(stream_rfc6188_71),
		cmocka_unit_test(rows_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
