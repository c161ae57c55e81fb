// SPDX-License-Identifier: Apache-2.0
// Attacks by whoever writes, or forges, records of ENUM: LUF-I2, LUF-A3, LUF-C3, LUF-I1. Each succeeds without its gate.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../unit/luf/chain_rig.h"
#include "wire/enum/name.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#define NAME "1.1.1.9.8.9.4.e164.ssp-a.example"

static struct luf_chain chain;

static struct script play(const struct scripted *row, size_t rows, uint8_t dnssec, uint8_t verdict)
{
	struct script s = {.row = row, .rows = rows, .verdict = verdict, .provisioned = "evil.example"};
	const struct luf_settings settings = {.apex_count = 1, .apex = {{"e164.ssp-a.example", dnssec}}};

	script_run(&s, &settings, "+4989111", &chain);
	return s;
}

// LUF-I2: on the way to an unsigned answer anybody takes the call. dnssec: off is the gate switched off.
static void forged_answer(void **state)
{
	static const struct scripted forged[] = {{NAME, 1, 1, "u", "E2U+sip", "!^.*$!sip:x@evil.example!", ""}};

	(void)state;
	play(forged, 1, 0, DNS_INSECURE);
	assert_int_equal(chain.answer.outcome, LOOKUP_FOUND);
	play(forged, 1, 1, DNS_INSECURE);
	assert_int_equal(chain.answer.outcome, LOOKUP_BOGUS);
	play(forged, 1, 0, DNS_BOGUS); // disproved: refused in any case
	assert_int_equal(chain.answer.outcome, LOOKUP_BOGUS);
}

// LUF-A3: a pattern that takes 2^n steps. Without the limit the matcher goes on for millions of them.
static void costly_pattern(void **state)
{
	static const char pattern[] = "^\\+(([0-9]*)*)*x$";
	char rule[64], out[REWRITE_URI_MAX];
	const char *number = "+123456789012345", *why = "";
	int error;
	PCRE2_SIZE offset;

	(void)state;
	pcre2_code *code = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED, PCRE2_NO_START_OPTIMIZE, &error, &offset, NULL);
	pcre2_match_data *data = pcre2_match_data_create(1, NULL);
	pcre2_match_context *limits = pcre2_match_context_create(NULL);
	pcre2_set_match_limit(limits, 100 * REWRITE_STEPS_MAX);
	assert_int_equal(pcre2_match(code, (PCRE2_SPTR)number, strlen(number), 0, 0, data, limits), PCRE2_ERROR_MATCHLIMIT);
	pcre2_match_context_free(limits);
	pcre2_match_data_free(data);
	pcre2_code_free(code);
	snprintf(rule, sizeof(rule), "!%s!sip:x!", pattern);
	assert_false(is_ok(enum_rewrite(bytes_of_string(rule), number, out, &why)));
}

// LUF-A3: records that lead round in circles, and a set of 64 that lead nowhere.
static void endless_chain(void **state)
{
	static const struct scripted circle[] = {{NAME, 1, 1, "", "", "", "a.e164.ssp-a.example"}, {"a.e164.ssp-a.example", 1, 1, "", "", "", NAME}};
	static struct scripted many[DNS_RECORDS_MAX];

	(void)state;
	struct script s = play(circle, 2, 1, DNS_SECURE);
	assert_true(chain.done);
	assert_int_equal(chain.answer.outcome, LOOKUP_NONE);
	assert_int_equal(s.asked, 1 + CHAIN_HOPS_MAX); // without the limit the script would stop it, at 100
	for (size_t i = 0; i < ARRAY_LEN(many); i++)
		many[i] = (struct scripted){NAME, 1, 1, "u", "E2U+sip", "!^\\+(([0-9]*)*)*x$!sip:x@evil.example!", ""};
	s = play(many, ARRAY_LEN(many), 1, DNS_SECURE);
	assert_true(chain.done);
	assert_int_equal(chain.answer.outcome, LOOKUP_NONE);
	assert_int_equal(chain.notes, CHAIN_NOTES_MAX);
}

// LUF-C3: a record would make us ask a foreign tree, and so tell who is called.
static void led_outside(void **state)
{
	static const struct scripted leads[] = {{NAME, 1, 1, "", "", "", "1.1.1.9.8.9.4.e164.arpa"},
		{"1.1.1.9.8.9.4.e164.arpa", 1, 1, "u", "E2U+sip", "!^.*$!sip:x@evil.example!", ""}};
	struct script s = play(leads, 2, 1, DNS_SECURE);
	const struct luf_settings open = {.apex_count = 2, .apex = {{"e164.ssp-a.example", 1}, {"e164.arpa", 0}}};
	struct script off = {.row = leads, .rows = 2, .verdict = DNS_SECURE, .provisioned = "evil.example"};

	(void)state;
	assert_int_equal(s.asked, 1);
	assert_string_equal(s.outside, "");
	script_run(&off, &open, "+4989111", &chain); // only where the operator has named that tree
	assert_string_equal(off.outside, "1.1.1.9.8.9.4.e164.arpa");
	assert_int_equal(chain.answer.outcome, LOOKUP_FOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(forged_answer), cmocka_unit_test(costly_pattern),
		cmocka_unit_test(endless_chain), cmocka_unit_test(led_outside)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
