// SPDX-License-Identifier: Apache-2.0
// Hosts, quoted strings, comments and parameter lists (RFC3261#25.1, RFC3986#3.2.2).
#include "support.h"
#include "wire/sip/octet.h"

static bool whole(uint32_t (*scan)(const uint8_t *, uint32_t, uint32_t), const char *text)
{
	return scan(OCTETS(text), 0) == strlen(text);
}

static void hosts(void **state)
{
	static const char *const good[] = {"example.com", "example.com.", "a", "a-b.c", "1.example", "192.0.2.1",
		"255.255.255.255", "[::]", "[::1]", "[2001:db8::1]", "[1:2:3:4:5:6:7:8]", "[::ffff:192.0.2.1]",
		"[1:2:3:4:5:6:192.0.2.1]", "[1::]", "[1:2:3:4:5:6:7::]", "[::2:3:4:5:6:7:8]", "[2001:db8::192.0.2.1]"};
	static const char *const bad[] = {"", ".", "a..b", "-a", "a-", "a.-b", "1", "192.0.2", "192.0.2.256", "1.2.3.4.5",
		"a_b", "a b", "[", "[]", "[:]", "[:::]", "[1:2:3:4:5:6:7]", "[1:2:3:4:5:6:7:8:9]", "[1::2::3]",
		"[12345::]", "[::1", "[::192.0.2]", "[2001:db8:::192.0.2.1]", "[1:2:3:4:5:6:7::8]", "[fe80::1%eth0]",
		"[1:2:3:4:5:6:7:192.0.2.1]", "[::1:]", "example.123"};
	char label[300];
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		if (!whole(scan_host, good[i]))
			fail_msg("refused %s", good[i]);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (strlen(bad[i]) > 0 && whole(scan_host, bad[i]))
			fail_msg("took %s", bad[i]);
	memset(label, 'a', sizeof(label));
	assert_int_equal(scan_host((uint8_t *)label, 255, 0), 255);
	assert_int_equal(scan_host((uint8_t *)label, 256, 0), 0);
}

static void quotes(void **state)
{
	static const char *const good[] = {"\"\"", "\"a b\"", "\"a\\\"b\"", "\"\\\\\"", "\"a\r\n b\"", "\"\xc3\xa4\""};
	static const char *const bad[] = {"\"", "\"a", "\"a\\\"", "\"a\\", "\"a\rb\"", "\"a\\\x07\"", "\"\x7f\""};
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		assert_true(whole(scan_quoted, good[i]));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(scan_quoted(OCTETS(bad[i]), 0), 0);
}

static void comments(void **state)
{
	UNUSED(state);
	assert_true(whole(scan_comment, "(a)"));
	assert_true(whole(scan_comment, "(a(b)\\))"));
	assert_true(whole(scan_comment, "((((a))))"));
	assert_int_equal(scan_comment(OCTETS("(((((a)))))"), 0), 0); // SIP_NESTING_MAX + 1
	assert_int_equal(scan_comment(OCTETS("(a"), 0), 0);
}

static enum error params(const char *text)
{
	return scan_params(OCTETS(text), 0).error;
}

static void parameters(void **state)
{
	char many[512] = "";
	UNUSED(state);
	assert_int_equal(params(";a;b=c; d = \"x;y\" ;e=[::1]"), E_OK);
	assert_int_equal(params(""), E_OK);
	assert_int_equal(params(";"), E_SYNTAX);
	assert_int_equal(params(";;a"), E_SYNTAX);
	assert_int_equal(params(";a="), E_SYNTAX);
	assert_int_equal(params(";a=b c"), E_SYNTAX);
	assert_int_equal(params("a"), E_SYNTAX);
	assert_int_equal(params(";tag=1;TAG=2"), E_DUPLICATE);
	assert_int_equal(params(";x=\";tag=1\";tag=2"), E_OK); // in quotes it is no parameter
	for (uint32_t i = 0; i <= SIP_PARAMS_MAX; i++) {
		assert_int_equal(params(many), E_OK);
		size_t len = strlen(many);
		snprintf(many + len, sizeof(many) - len, ";p%u", i);
	}
	assert_int_equal(params(many), E_TOO_MANY);
}

// Where a run of octets ends, and where the buffer does: nothing beyond END counts, or is read.
static void runs(void **state)
{
	UNUSED(state);
	for (uint32_t end = 0; end <= 13; end++) {
		for (uint32_t stop = 0; stop <= end; stop++) {
			uint8_t *text = malloc(end + 1); // so that a read beyond END is seen
			assert_non_null(text);
			memset(text, 'a', end);
			if (stop < end)
				text[stop] = ' ';
			text = realloc(text, end > 0 ? end : 1);
			assert_non_null(text);
			for (uint32_t from = 0; from <= stop; from++)
				assert_int_equal(scan_class(text, end, from, OCT_TOKEN), stop);
			assert_int_equal(scan_class(text, end, end + 5, OCT_TOKEN), end + 5);
			free(text);
		}
	}
}

static void words(void **state)
{
	static const char text[] = "xxReCeIvEd=branch;SIP/2.0 rport";
	static const char *const near[] = {"SIP\r2.0", "SIP\0172.0", "SHP/2.0", "SIP/2.0\xff", "sip", ""};
	UNUSED(state);
	for (uint32_t end = 0; end < sizeof(text); end++) { // a word that does not end before END is none
		const uint8_t *buf = (const uint8_t *)text;
		assert_int_equal(scan_word(buf, end, 2, WORD("received"), 8), end >= 10);
		assert_int_equal(scan_word(buf, end, 11, WORD("branch"), 6), end >= 17);
		assert_int_equal(scan_word(buf, end, 18, WORD("sip/2.0"), 7), end >= 25);
		assert_int_equal(scan_word(buf, end, 26, WORD("rport"), 5), end >= 31);
		assert_false(scan_word(buf, end, 26, WORD("sport"), 5));
	}
	for (size_t i = 0; i < ARRAY_LEN(near); i++)
		assert_false(scan_is(TEXT(near[i]), WORD("sip/2.0"), 7));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(hosts), cmocka_unit_test(quotes), cmocka_unit_test(comments),
		cmocka_unit_test(parameters), cmocka_unit_test(runs), cmocka_unit_test(words)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
