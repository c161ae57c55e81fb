// SPDX-License-Identifier: Apache-2.0
// Numbers, CSeq, RAck, delta-seconds: limit, limit + 1, wrap, sign (RFC3261#8.1.1.5, #25.1).
#include "support.h"

static void number(void **state)
{
	static const struct {
		const char *text;
		uint32_t max, value;
		bool ok;
	} rows[] = {
		{"0", 9, 0, true}, {"9", 9, 9, true}, {"10", 9, 0, false}, {"0009", 9, 9, true},
		{"4294967295", UINT32_MAX, UINT32_MAX, true}, {"4294967296", UINT32_MAX, 0, false},
		{"18446744073709551617", UINT32_MAX, 0, false}, {"36893488147419103233", UINT32_MAX, 0, false},
		{"", 9, 0, false}, {"-1", 9, 0, false}, {"+1", 9, 0, false}, {"1 ", 9, 0, false},
		{"0x1", 9, 0, false}, {"1a", 9, 0, false},
	};
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint32_t value;
		result r = sip_number_parse(TEXT(rows[i].text), rows[i].max, &value);
		assert_int_equal(is_ok(r), rows[i].ok);
		if (rows[i].ok)
			assert_int_equal(value, rows[i].value);
	}
	char zeros[80];
	uint32_t value;
	memset(zeros, '0', sizeof(zeros));
	assert_true(is_ok(sip_number_parse((uint8_t *)zeros, 80, (struct span){0, 64}, 9, &value)));
	assert_int_equal(sip_number_parse((uint8_t *)zeros, 80, (struct span){0, 65}, 9, &value).error, E_SYNTAX);
	assert_int_equal(sip_number_parse((uint8_t *)zeros, 80, (struct span){0, 81}, 9, &value).error, E_SYNTAX);
}

static void cseq(void **state)
{
	uint32_t n;
	struct span method;
	UNUSED(state);
	assert_true(is_ok(sip_cseq_parse(TEXT("2147483647 INVITE"), &n, &method)));
	assert_int_equal(n, 2147483647);
	span_is("2147483647 INVITE", method, "INVITE");
	assert_int_equal(sip_cseq_parse(TEXT("2147483648 INVITE"), &n, &method).error, E_SYNTAX);
	assert_int_equal(sip_cseq_parse(TEXT("1INVITE"), &n, &method).error, E_SYNTAX);
	assert_int_equal(sip_cseq_parse(TEXT("1 "), &n, &method).error, E_SYNTAX);
	assert_int_equal(sip_cseq_parse(TEXT("1"), &n, &method).error, E_SYNTAX);
	assert_int_equal(sip_cseq_parse(TEXT("1 IN VITE"), &n, &method).error, E_SYNTAX);
	assert_true(is_ok(sip_cseq_parse(TEXT("0009\r\n\tINVITE"), &n, &method)));
	assert_int_equal(n, 9);
}

static void rack(void **state)
{
	struct sip_rack r;
	UNUSED(state);
	assert_true(is_ok(sip_rack_parse(TEXT("776656 1 INVITE"), &r))); // RFC3262#7.2
	assert_int_equal(r.rseq, 776656);
	assert_int_equal(r.cseq, 1);
	assert_int_equal(r.method, SIP_INVITE);
	assert_int_equal(sip_rack_parse(TEXT("0 1 INVITE"), &r).error, E_SYNTAX);
	assert_int_equal(sip_rack_parse(TEXT("4294967296 1 INVITE"), &r).error, E_SYNTAX);
	assert_int_equal(sip_rack_parse(TEXT("1 INVITE"), &r).error, E_SYNTAX);
}

static void delta(void **state)
{
	const char *text = "1800;refresher=uac";
	struct sip_delta d;
	UNUSED(state);
	assert_true(is_ok(sip_delta_parse(TEXT(text), &d)));
	assert_int_equal(d.seconds, 1800);
	span_is(text, d.params, "refresher=uac");
	assert_true(is_ok(sip_delta_parse(TEXT("18000 (in a (long) meeting) ;duration=3600"), &d)));
	assert_int_equal(sip_delta_parse(TEXT("18000 (in a meeting"), &d).error, E_SYNTAX);
	assert_int_equal(sip_delta_parse(TEXT("90;a;a"), &d).error, E_DUPLICATE);
	assert_int_equal(sip_delta_parse(TEXT("90 x"), &d).error, E_SYNTAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(number), cmocka_unit_test(cseq), cmocka_unit_test(rack),
		cmocka_unit_test(delta)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
