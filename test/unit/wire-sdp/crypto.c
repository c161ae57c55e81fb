// SPDX-License-Identifier: Apache-2.0
// a=crypto: the examples of RFC 4568, what is refused, and that writing and reading agree.
#include "unit.h"

static struct sdp s;

static result crypto(const char *value, struct sdp_crypto *k)
{
	s.buf = (const uint8_t *)value;
	s.size = (uint32_t)strlen(value);
	return sdp_crypto_parse(&s, span_make(0, s.size), k);
}

#define KEY "inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz"
#define CM80 "1 AES_CM_128_HMAC_SHA1_80 "

static void test_examples(void **state)
{
	struct sdp_crypto k;
	(void)state;

	assert_true(is_ok(crypto(CM80 KEY "|2^20|1:4 FEC_ORDER=FEC_SRTP", &k))); // RFC4568#4.2 in the manner of
	assert_int_equal(k.tag, 1);
	assert_int_equal(k.suite, SUITE_AES_CM_128_HMAC_SHA1_80);
	assert_int_equal(k.key_len, 30);
	assert_memory_equal(k.key, "YS___semctl () {\t220;}\n}\nunles", 30);
	assert_true(k.mki_len == 4 && k.mki == 1 && k.params && !k.several && !k.null_cipher);
	assert_true(is_ok(crypto("1 F8_128_HMAC_SHA1_80 inline:MTIzNDU2Nzg5QUJDREUwMTIzNDU2Nzg5QUJjZGVm|2^20|1:4;"
		"inline:QUJjZGVmMTIzNDU2Nzg5QUJDREUwMTIzNDU2Nzg5|2^20|2:4 FEC_ORDER=FEC_SRTP", &k)));
	assert_int_equal(k.suite, SUITE_NONE); // passes untouched (R17)
	assert_true(k.several);
	assert_true(is_ok(crypto(CM80 KEY "|1066:4", &k)));
	assert_true(k.mki_len == 4 && k.mki == 1066 && !k.mki_long);
	assert_true(is_ok(crypto(CM80 KEY "|2^31", &k)));
	assert_int_equal(k.mki_len, 0);
	assert_true(is_ok(crypto(CM80 KEY "|281474976710656", &k)));
	assert_true(is_ok(crypto("2 AES_CM_128_HMAC_SHA1_32 " KEY " KDR=1 UNENCRYPTED_SRTCP", &k)));
	assert_true(k.null_cipher);
	assert_true(is_ok(crypto("2 NULL_HMAC_SHA1_80 inline:AAAA", &k)));
	assert_true(k.null_cipher);
}

static void test_identifiers(void **state)
{
	static const struct {
		const char *tail;
		uint32_t mki;
		uint8_t len;
		bool is_long;
	} row[] = {
		{"|1:1", 1, 1, false}, {"|255:1", 255, 1, false}, {"|2:1", 2, 1, false}, {"|23:4", 23, 4, false},
		{"|65535:2", 65535, 2, false}, {"|2^20|2:4", 2, 4, false}, {"|1048576|7:128", 7, 128, false},
		{"|4294967289:4", 4294967289u, 4, false}, {"|0001:2", 1, 2, false}, {"|4294967296:5", 0, 5, true},
		{"|18446744073709551615:8", 0, 8, true},
	};
	struct sdp_crypto k;
	char value[256];
	(void)state;

	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		snprintf(value, sizeof(value), "%s%s", CM80 KEY, row[i].tail);
		assert_true(is_ok(crypto(value, &k)));
		assert_int_equal(k.mki, row[i].mki);
		assert_int_equal(k.mki_len, row[i].len);
		assert_int_equal(k.mki_long, row[i].is_long);
	}
}

// What changes no packet is told from what does (RFC4568#6.3).
static void test_parameters(void **state)
{
	static const struct {
		const char *tail;
		bool params, null;
	} row[] = {
		{"", false, false}, {" WSH=128", false, false}, {" -x-hint", false, false}, {" KDR=1", true, false},
		{" WSH", true, false}, {" -", true, false}, {" FEC_ORDER=SRTP_FEC", true, false}, {" FEC_KEY=inline:AAAA", true, false},
		{" WSH=128 NEW", true, false}, {" unencrypted_srtp", false, true}, {" WSH=64 UNAUTHENTICATED_SRTP", false, true},
	};
	struct sdp_crypto k;
	char value[256];
	(void)state;

	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		snprintf(value, sizeof(value), "%s%s", CM80 KEY, row[i].tail);
		assert_true(is_ok(crypto(value, &k)));
		assert_int_equal(k.params, row[i].params);
		assert_int_equal(k.null_cipher, row[i].null);
	}
}

static void test_bad(void **state)
{
	static const char *const bad[] = {
		"", "1", "x AES_CM_128_HMAC_SHA1_80 " KEY, "1234567890 AES_CM_128_HMAC_SHA1_80 " KEY,
		"1 AES_CM_128_HMAC_SHA1_80", CM80, CM80 "inline:", CM80 "inline:WVNf", CM80 KEY "AAAA", CM80 "base64:AAAA",
		CM80 KEY "|", CM80 KEY "|2^", CM80 KEY "|2^49", CM80 KEY "|2^20|x:4", CM80 KEY "|2^20|1:0", CM80 KEY "|1:129",
		CM80 KEY "|2^20|2^20", CM80 KEY "|256:1", CM80 KEY "|65536:2", CM80 KEY "|4294967296:3", CM80 KEY "|:4", CM80 KEY "|1|2", CM80 KEY "  X", CM80 KEY ";", CM80 "inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGV*",
		CM80 "inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGV=", "1 AEAD_AES_128_GCM " KEY,
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct sdp_crypto k;
		if (is_ok(crypto(bad[i], &k)))
			fail_msg("accepted \"%s\"", bad[i]);
	}
}

static void test_write_and_read(void **state)
{
	(void)state;

	for (uint8_t suite = 1; suite < SUITE_COUNT; suite++) {
		uint8_t key[SDP_CRYPTO_KEY_MAX];
		char out[256];
		struct sdp_writer w;
		struct sdp_crypto k;
		uint8_t len = sdp_suite_key_len(suite);
		uint32_t n;
		for (uint8_t i = 0; i < len; i++)
			key[i] = (uint8_t)(i * 7 + suite);
		sdp_write_init(&w, out, sizeof(out) - 1);
		sdp_write_crypto(&w, 77, suite, key, len);
		assert_true(is_ok(sdp_write_end(&w, &n)));
		out[n - 2] = 0; // CRLF
		assert_true(is_ok(crypto(out + strlen("a=crypto:"), &k)));
		assert_int_equal(k.tag, 77);
		assert_int_equal(k.suite, suite);
		assert_int_equal(k.key_len, len);
		assert_memory_equal(k.key, key, len);
		sdp_write_init(&w, out, n - 1); // one octet too few
		sdp_write_crypto(&w, 77, suite, key, len);
		assert_int_equal(sdp_write_end(&w, &n).error, E_TOO_LONG);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_examples), cmocka_unit_test(test_identifiers), cmocka_unit_test(test_parameters), cmocka_unit_test(test_bad), cmocka_unit_test(test_write_and_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
