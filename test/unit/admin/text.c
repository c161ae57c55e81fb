// SPDX-License-Identifier: Apache-2.0
// Hostile Call-IDs on their way into JSON, metrics, terminals and out of URLs (BE-5).
#include "unit.h"

#include "admin/text.h"

#include <stdlib.h>
#include <string.h>

static void check_json(const char *in, size_t room, const char *expected)
{
	json_t *s = text_json(in, room);
	char *dumped = json_dumps(s, JSON_ENCODE_ANY | JSON_ENSURE_ASCII);
	assert_non_null(dumped);
	assert_string_equal(dumped, expected);
	free(dumped);
	json_decref(s);
}

static void json_escapes(void **state)
{
	(void)state;
	check_json("abc@host", 99, "\"abc@host\"");
	check_json("a\"b\\c\n{\"x\":1}", 99, "\"a\\\"b\\\\c\\n{\\\"x\\\":1}\"");
	check_json("\x1b[2J\x7f", 99, "\"\\u001B[2J\x7f\"");
	check_json("caf\xc3\xa9", 99, "\"caf\\u00E9\"");
	check_json("abcdef", 3, "\"abc\""); // no NUL within the room
	check_json("", 0, "\"\"");
}

static void json_replaces_what_is_no_utf8(void **state)
{
	(void)state;
	check_json("\xff", 9, "\"\\uFFFD\"");
	check_json("\xc3", 9, "\"\\uFFFD\"");                             // cut off
	check_json("\xc0\xaf", 9, "\"\\uFFFD\\uFFFD\"");                  // overlong '/'
	check_json("\xed\xa0\x80", 9, "\"\\uFFFD\\uFFFD\\uFFFD\"");       // surrogate
	check_json("\xf4\x90\x80\x80", 9, "\"\\uFFFD\\uFFFD\\uFFFD\\uFFFD\""); // beyond U+10FFFF
	check_json("\xe0\x80\xaf", 9, "\"\\uFFFD\\uFFFD\\uFFFD\"");
	check_json("\xf0\x9f\x98\x80", 9, "\"\\uD83D\\uDE00\"");
}

static void labels_and_metrics(void **state)
{
	char out[32];
	(void)state;
	assert_string_equal(text_label("a\"} evil 1\nb\\", out, sizeof(out)), "a\\\"} evil 1\\nb\\\\");
	assert_string_equal(text_label("\x1b\xff", out, sizeof(out)), "??");
	assert_string_equal(text_label("\"\"\"\"", out, 6), "\\\"\\\""); // never half an escape
	assert_string_equal(text_metric("Net.udp-Sent{x}", out, sizeof(out)), "net_udp_sent_x_");
	assert_string_equal(text_metric("abcdef", out, 4), "abc");
}

static void terminals(void **state)
{
	char out[32];
	(void)state;
	assert_string_equal(text_terminal("\x1b]0;evil\x07 caf\xc3\xa9", out, sizeof(out)), "?]0;evil? caf\xc3\xa9");
	assert_string_equal(text_terminal("\xc2\x9b" "2J\x7f\xff", out, sizeof(out)), "?2J??"); // C1 control
	assert_true(strlen(text_terminal("0123456789012345678901234567890123456789", out, sizeof(out))) < sizeof(out));
}

static void percent_decoding(void **state)
{
	char out[16];
	(void)state;
	assert_ok(text_percent_decode("a%40b%2Fc", 9, out, sizeof(out)));
	assert_string_equal(out, "a@b/c");
	assert_error(text_percent_decode("a%4", 3, out, sizeof(out)), E_SYNTAX);
	assert_error(text_percent_decode("%zz", 3, out, sizeof(out)), E_SYNTAX);
	assert_error(text_percent_decode("a%00b", 5, out, sizeof(out)), E_SYNTAX);
	assert_ok(text_percent_decode("012345678901234", 15, out, sizeof(out)));
	assert_error(text_percent_decode("0123456789012345", 16, out, sizeof(out)), E_TOO_LONG);
}

static void queries(void **state)
{
	char out[16];
	(void)state;
	assert_ok(text_query("peer=a%20b&on=1", "peer", out, sizeof(out)));
	assert_string_equal(out, "a b");
	assert_ok(text_query("peer=a&on=1", "on", out, sizeof(out)));
	assert_string_equal(out, "1");
	assert_error(text_query("xon=1&o=2&on", "on", out, sizeof(out)), E_NOT_FOUND);
	assert_error(text_query(NULL, "on", out, sizeof(out)), E_NOT_FOUND);
}

static void numbers(void **state)
{
	uint32_t n;
	(void)state;
	assert_ok(text_number("999999999", &n));
	assert_int_equal(n, 999999999);
	assert_error(text_number("1000000000", &n), E_SYNTAX);
	assert_error(text_number("", &n), E_SYNTAX);
	assert_error(text_number("-1", &n), E_SYNTAX);
	assert_error(text_number("1 ", &n), E_SYNTAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_escapes),
		cmocka_unit_test(json_replaces_what_is_no_utf8),
		cmocka_unit_test(labels_and_metrics),
		cmocka_unit_test(terminals),
		cmocka_unit_test(percent_decoding),
		cmocka_unit_test(queries),
		cmocka_unit_test(numbers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
