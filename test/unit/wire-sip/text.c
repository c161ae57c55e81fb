// SPDX-License-Identifier: Apache-2.0
// Lines and UTF-8: the wide scan finds what a plain loop finds, and a line has one end.
#include "support.h"
#include "wire/sip/octet.h"

static uint32_t plain_end(const uint8_t *buf, uint32_t n, uint32_t i)
{
	for (; i < n; i++)
		if ((buf[i] < 0x20 && buf[i] != '\t') || buf[i] >= 0x7f)
			break;
	return i;
}

// Every octet at every place of every length up to 48, from every start up to 17.
static void wide_is_narrow(void **state)
{
	UNUSED(state);
	for (uint32_t n = 0; n <= 48; n++) {
		uint8_t *buf = malloc(n + 1);
		for (uint32_t at = 0; at < n; at++) {
			for (unsigned c = 0; c < 256; c++) {
				memset(buf, 'x', n);
				buf[at] = (uint8_t)c;
				uint32_t from = at % 18;
				assert_int_equal(text_end(buf, n, from), plain_end(buf, n, from));
			}
		}
		free(buf);
	}
}

static void utf8(void **state)
{
	static const struct {
		const char *octets;
		uint32_t len;
	} rows[] = {
		{"\xc3\xa4", 2}, {"\xe2\x82\xac", 3}, {"\xf0\x9f\x98\x80", 4}, {"\xf4\x8f\xbf\xbf", 4},
		{"\xc0\xaf", 0}, {"\xc1\xbf", 0}, {"\xe0\x9f\xbf", 0}, {"\xf0\x8f\xbf\xbf", 0}, // overlong
		{"\xed\xa0\x80", 0}, {"\xed\xbf\xbf", 0},                                       // surrogates
		{"\xf4\x90\x80\x80", 0}, {"\xf5\x80\x80\x80", 0},                               // beyond U+10FFFF
		{"\xc3", 0}, {"\xe2\x82", 0}, {"\xf0\x9f\x98", 0}, {"\x80", 0}, {"\xff", 0}, {"\xc3\x28", 0},
	};
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(text_utf8(OCTETS(rows[i].octets), 0), rows[i].len);
}

static void lines(void **state)
{
	uint32_t end, next;
	UNUSED(state);
	assert_true(is_ok(text_line(OCTETS("abc\r\nd"), 0, true, &end, &next)));
	assert_int_equal(end, 3);
	assert_int_equal(next, 5);
	assert_true(is_ok(text_line(OCTETS("abc\r\n d\r\n"), 0, true, &end, &next)));
	assert_int_equal(end, 7);
	assert_true(is_ok(text_line(OCTETS("abc\r\n d\r\n"), 0, false, &end, &next)));
	assert_int_equal(end, 3);
	static const char *const bad[] = {"abc", "abc\r", "abc\n", "a\rb\r\n", "a\nb\r\n", "a\x01\r\n", "a\x7f\r\n",
		"a\xc0\xaf\r\n", "a\x80\r\n", "abc\r\r\n"};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(text_line(OCTETS(bad[i]), 0, true, &end, &next).error, E_SYNTAX);
	assert_int_equal(text_line((const uint8_t *)"a\0b\r\n", 5, 0, true, &end, &next).error, E_SYNTAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(wide_is_narrow), cmocka_unit_test(utf8), cmocka_unit_test(lines)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
