// SPDX-License-Identifier: Apache-2.0
// Names of numbers, and names out of record data: at the limit and beyond (RFC6116#3.2, RFC1035#2.3.4).
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "wire/enum/name.h"

static void of_numbers(void **state)
{
	char out[DOMAIN_MAX], apex[DOMAIN_MAX];

	(void)state;
	assert_true(is_ok(enum_name_make("+442079460148", "e164.arpa", out))); // RFC6116#3.2
	assert_string_equal(out, "8.4.1.0.6.4.9.7.0.2.4.4.e164.arpa");
	assert_true(is_ok(enum_name_make("+1", "x", out)));
	assert_string_equal(out, "1.x");
	assert_true(is_ok(enum_name_make("+123456789012345", "x", out)));
	assert_int_equal(enum_name_make("+1234567890123456", "x", out).error, E_SYNTAX);
	assert_int_equal(enum_name_make("+", "x", out).error, E_SYNTAX);
	assert_int_equal(enum_name_make("", "x", out).error, E_SYNTAX);
	assert_int_equal(enum_name_make("030123", "x", out).error, E_SYNTAX);
	assert_int_equal(enum_name_make("+49a", "x", out).error, E_SYNTAX);
	assert_int_equal(enum_name_make("+49'; DROP", "x", out).error, E_SYNTAX);
	assert_int_equal(enum_name_make("+49", "", out).error, E_SYNTAX);
	memset(apex, 'a', sizeof(apex));
	apex[NAME_TEXT_MAX - 4] = '\0';
	assert_true(is_ok(enum_name_make("+49", apex, out)));
	assert_int_equal(strlen(out), NAME_TEXT_MAX);
	apex[NAME_TEXT_MAX - 4] = 'a';
	apex[NAME_TEXT_MAX - 3] = '\0';
	assert_int_equal(enum_name_make("+49", apex, out).error, E_TOO_LONG);
}

static result read(const char *octets, size_t n, char out[DOMAIN_MAX])
{
	size_t at = 0;
	result r = enum_name_read(bytes_make(octets, n), &at, out);

	if (is_ok(r))
		assert_int_equal(at, n);
	return r;
}
#define READ(text, out) read(text, sizeof(text) - 1, out)

static void out_of_records(void **state)
{
	char out[DOMAIN_MAX], large[300];

	(void)state;
	assert_true(is_ok(READ("\x03" "SIP" "\x07" "example" "\x00", out)));
	assert_string_equal(out, "sip.example");
	assert_true(is_ok(READ("\x04_sip\x04_tcp\x01" "a\x00", out)));
	assert_true(is_ok(READ("\x00", out)));
	assert_string_equal(out, "");
	assert_int_equal(READ("", out).error, E_SYNTAX);
	assert_int_equal(READ("\x03" "ab", out).error, E_SYNTAX);
	assert_int_equal(READ("\x01" "a", out).error, E_SYNTAX);          // no end
	assert_int_equal(READ("\xc0\x00", out).error, E_SYNTAX);          // a pointer, to itself
	assert_int_equal(READ("\x40" "aaaa", out).error, E_SYNTAX);       // RFC 2673 labels
	assert_int_equal(READ("\x03" "a.b\x00", out).error, E_SYNTAX);    // a dot within a label
	assert_int_equal(READ("\x03" "a b\x00", out).error, E_SYNTAX);
	assert_int_equal(READ("\x03" "a\0b\x00", out).error, E_SYNTAX);
	assert_int_equal(READ("\x03" "a\xc3\xbc\x00", out).error, E_SYNTAX);
	for (size_t i = 0; i < 256; i += 64) { // four labels of 63: 255 octets, 252 + 3 dots as text
		large[i] = 63;
		memset(large + i + 1, 'x', 63);
	}
	large[3 * 64] = 61;
	large[3 * 64 + 62] = 0;
	assert_true(is_ok(read(large, 3 * 64 + 63, out)));
	assert_int_equal(strlen(out), NAME_TEXT_MAX);
	large[3 * 64] = 62;
	large[3 * 64 + 62] = 'x';
	large[3 * 64 + 63] = 0;
	assert_int_equal(read(large, 3 * 64 + 64, out).error, E_TOO_LONG);
}

static void within(void **state)
{
	(void)state;
	assert_true(enum_name_within("9.4.e164.example", "e164.example"));
	assert_true(enum_name_within("e164.example", "e164.example"));
	assert_false(enum_name_within("xe164.example", "e164.example"));
	assert_false(enum_name_within("example", "e164.example"));
	assert_false(enum_name_within("9.4.e164.example.net", "e164.example"));
	assert_false(enum_name_within("x", ""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(of_numbers), cmocka_unit_test(out_of_records), cmocka_unit_test(within)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
