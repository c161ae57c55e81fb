// SPDX-License-Identifier: Apache-2.0
// Spans and bytes: reading beyond the end, clipping, comparison.
#include "base/span.h"
#include "unit.h"

static const uint8_t TEXT[] = {'I', 'N', 'V', 'I', 'T', 'E'};

static void reading_beyond_gives_zero(void **state)
{
	UNUSED(state);
	assert_int_equal(octet_at(TEXT, 6, 5), 'E');
	assert_int_equal(octet_at(TEXT, 6, 6), 0);
	assert_int_equal(octet_at(TEXT, 6, UINT32_MAX), 0);
	assert_int_equal(octet_at(NULL, 0, 0), 0);
}

static void spans_are_clipped(void **state)
{
	UNUSED(state);
	assert_int_equal(span_len(span_make(2, 5)), 3);
	assert_int_equal(span_len(span_make(5, 2)), 0);
	assert_true(span_empty(span_make(4, 4)));
	assert_int_equal(span_bytes(TEXT, 6, span_make(0, 6)).len, 6);
	assert_int_equal(span_bytes(TEXT, 6, span_make(0, 7)).len, 0);
	assert_int_equal(span_bytes(TEXT, 6, (struct span){5, 2}).len, 0);
}

static void case_is_ascii_only(void **state)
{
	UNUSED(state);
	assert_true(bytes_equal_nocase(BYTES("Call-ID"), BYTES("cALL-id")));
	assert_false(bytes_equal_nocase(BYTES("Call-ID"), BYTES("Call-I")));
	assert_false(bytes_equal_nocase(BYTES("@"), BYTES("`"))); // differ in bit 5, and are no letters
	assert_false(bytes_equal_nocase(BYTES("["), BYTES("{")));
	assert_false(bytes_equal_nocase(BYTES("\xc4"), BYTES("\xe4"))); // Latin-1 letters are not folded
}

static void equality(void **state)
{
	UNUSED(state);
	assert_true(bytes_equal(BYTES(""), bytes_make(NULL, 0)));
	assert_true(bytes_equal_secret(BYTES("token"), BYTES("token")));
	assert_false(bytes_equal_secret(BYTES("token"), BYTES("tokem")));
	assert_false(bytes_equal_secret(BYTES("token"), BYTES("toke")));
	assert_true(bytes_equal_secret(BYTES(""), bytes_make(NULL, 0)));
	assert_true(bytes_begin(BYTES("z9hG4bKabc"), BYTES("z9hG4bK")));
	assert_false(bytes_begin(BYTES("z9h"), BYTES("z9hG4bK")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reading_beyond_gives_zero),
		cmocka_unit_test(spans_are_clipped),
		cmocka_unit_test(case_is_ascii_only),
		cmocka_unit_test(equality),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
