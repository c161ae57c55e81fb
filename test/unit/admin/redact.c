// SPDX-License-Identifier: Apache-2.0
// Keys, digests and signed identity never leave in a trace (BE-3).
#include "unit.h"

#include "admin/redact.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void check(const char *in, const char *expected, uint32_t count)
{
	char text[1024];
	size_t n = strlen(in);
	assert_int_equal(strlen(expected), n); // same length, octet for octet
	memcpy(text, in, n + 1);
	assert_int_equal(redact_message((uint8_t *)text, (uint32_t)n), count);
	assert_string_equal(text, expected);
}

static void digests(void **state)
{
	(void)state;
	check("INVITE sip:a@b SIP/2.0\r\nAuthorization: Digest u=\"1\"\r\nTo: x\r\n\r\n",
		"INVITE sip:a@b SIP/2.0\r\nAuthorization:xxxxxxxxxxxxx\r\nTo: x\r\n\r\n", 1);
	check("PROXY-authorization \t: secret\r\nTo: x\r\n", "PROXY-authorization \t:xxxxxxx\r\nTo: x\r\n", 1);
	check("Authentication-Info: rspauth=1\r\n", "Authentication-Info:xxxxxxxxxx\r\n", 1);
	check("X-Authorization: kept\r\n", "X-Authorization: kept\r\n", 0);
}

static void folded_lines(void **state)
{
	(void)state;
	check("Authorization: Digest\r\n response=1,\r\n\tnonce=2\r\nTo: x\r\n",
		"Authorization:xxxxxxx\r\nxxxxxxxxxxxx\r\nxxxxxxxx\r\nTo: x\r\n", 1);
	check("Authorization: a\n b\nTo: x\n", "Authorization:xx\nxx\nTo: x\n", 1);
}

static void identity(void **state)
{
	(void)state;
	check("Identity: abc.def;info=<u>\r\n", "Identity:xxxxxxxxxxxxxxxxx\r\n", 1);
	check("y:abc\r\n", "y:xxx\r\n", 1);
	check("P-Asserted-Identity: <sip:a@b>\r\n", "P-Asserted-Identity: <sip:a@b>\r\n", 0);
}

static void session_keys(void **state)
{
	(void)state;
	check("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVC|2^20\r\na=rtpmap:0\r\n",
		"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:xxxxxxxxxxxxxxx\r\na=rtpmap:0\r\n", 1);
	check("a=crypto:1 S INLINE:k1;inline:k2\n", "a=crypto:1 S INLINE:xxxxxxxxxxxx\n", 1);
	check("a=crypto:1 S odd:k1\r\n", "a=crypto:xxxxxxxxxx\r\n", 1); // no such method: all of it
	check("k=base64:abc\r\na=key-mgmt:mikey AQ\r\n", "k=xxxxxxxxxx\r\na=key-mgmt:xxxxxxxx\r\n", 2);
	check("A=CRYPTO:1 S inline:k", "A=CRYPTO:1 S inline:x", 1);
}

static void ends_of_the_message(void **state)
{
	(void)state;
	check("", "", 0);
	check("Authorization:", "Authorization:", 1);
	check("Authorization", "Authorization", 0);
	check("\r\n\r\n", "\r\n\r\n", 0);
	check("k=", "k=", 1);
}

static uint32_t dice(uint64_t *state, uint32_t sides)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return (uint32_t)((*state * 2685821657736338717ull) >> 33) % sides;
}

// Messages thrown together: no secret survives, nothing else changes its length, line ends stay where they are.
static void random_messages(void **state)
{
	static const char *const secret[] = {"Authorization: SECRET", "AUTHORIZATION\t :SECRET", "proxy-authorization:\r\n SECRET",
		"Identity:a;\r\n\tSECRET;SECRET", "y: SECRET", "a=crypto:9 X inline:SECRET|2^20", "k=clear:SECRET",
		"a=key-mgmt:mikey SECRET", "a=crypto:1 Y inline:SECRET;inline:SECRET"};
	static const char *const plain[] = {"To: <sip:a@b>", "", "v=0", "a=rtpmap:0 PCMU/8000", ":", " folded", "Y-Header: 1",
		"Authorizationx: 1", "a=crypt", "k"};
	static const char *const ends[] = {"\r\n", "\n"};
	const char *first = getenv("SALLYPORT_SEED"), *rounds = getenv("SALLYPORT_ROUNDS"); // a soak's
	uint64_t seed = 20260101 + (first != NULL ? strtoull(first, NULL, 10) : 0);
	uint64_t end = rounds != NULL ? strtoull(rounds, NULL, 10) : 20000;
	(void)state;
	for (uint64_t round = 0; round < end; round++) {
		char text[2048], before[2048];
		size_t n = 0;
		uint32_t lines = 1 + dice(&seed, 12);
		for (uint32_t i = 0; i < lines; i++) {
			const char *line = dice(&seed, 2) ? secret[dice(&seed, 9)] : plain[dice(&seed, 10)];
			n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s", line, ends[dice(&seed, 2)]);
		}
		memcpy(before, text, n + 1);
		redact_message((uint8_t *)text, (uint32_t)n);
		assert_int_equal(strlen(text), n);
		assert_null(strstr(text, "SECRET"));
		for (size_t i = 0; i < n; i++)
			assert_true(text[i] == before[i] || (text[i] == 'x' && before[i] != '\r' && before[i] != '\n'));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(digests),
		cmocka_unit_test(folded_lines),
		cmocka_unit_test(identity),
		cmocka_unit_test(session_keys),
		cmocka_unit_test(ends_of_the_message),
		cmocka_unit_test(random_messages),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
