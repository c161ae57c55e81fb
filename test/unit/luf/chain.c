// SPDX-License-Identifier: Apache-2.0
// Look-ups in ENUM against a scripted DNS: order, services, chains, verdicts, and whatever others publish (RFC 6116).
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "chain_rig.h"

static const struct luf_settings one = {.apex_count = 1, .apex = {{"e164.ssp-a.example", 1}}};
static const struct luf_settings two = {.apex_count = 2, .apex = {{"e164.ssp-a.example", 1}, {"i.example", 0}}};

#define NAME "1.1.1.9.8.9.4.e164.ssp-a.example"
#define OTHER "1.1.1.9.8.9.4.i.example"

static struct luf_chain chain;

static void run(const struct scripted *row, size_t rows, const struct luf_settings *s, uint8_t verdict, const char *provisioned)
{
	struct script script = {.row = row, .rows = rows, .verdict = verdict, .provisioned = provisioned};

	script_run(&script, s, "+4989111", &chain);
	assert_true(chain.done);
	assert_string_equal(script.outside, "");
	assert_in_range(chain.notes, 1, CHAIN_NOTES_MAX);
}
#define RUN(rows, settings, verdict, provisioned) run(rows, ARRAY_LEN(rows), settings, verdict, provisioned)

static void the_first_that_counts(void **state)
{
	static const struct scripted rows[] = {
		{NAME, 20, 1, "u", "E2U+sip", "!^.*$!sip:x@late.example!", ""},
		{NAME, 10, 30, "u", "E2U+sip", "!^(.*)$!sip:\\1@Far.Example:5061;user=phone!", ""},
		{NAME, 10, 20, "u", "E2U+sip", "!^(.*)$!sip:\\1@stranger.example!", ""},
		{NAME, 10, 10, "u", "E2U+web:http", "!^.*$!http://x/!", ""},
	};

	(void)state;
	RUN(rows, &one, DNS_SECURE, "far.example");
	assert_int_equal(chain.answer.outcome, LOOKUP_FOUND);
	assert_int_equal(chain.answer.verdict, DNS_SECURE);
	assert_string_equal(chain.answer.domain, "far.example");
	assert_string_equal(chain.answer.uri, "sip:+4989111@Far.Example:5061;user=phone");
	assert_string_equal(chain.answer.number, "+4989111");
	assert_int_equal(chain.answer.ttl_s, 300);
	RUN(rows, &one, DNS_SECURE, "stranger.example"); // it is provisioned now, and goes first
	assert_string_equal(chain.answer.domain, "stranger.example");
	RUN(rows, &one, DNS_SECURE, "nobody.example");
	assert_int_equal(chain.answer.outcome, LOOKUP_NONE);
	assert_string_equal(chain.answer.domain, "");
}

// LUF-I1: what comes out must be a URI of the service's kind, and its host a name.
static void outcomes_are_uris(void **state)
{
	static const char *const wrong[] = {"!^.*$!far.example!", "!^.*$!mailto:x@far.example!", "!^.*$!sip:!", "!^.*$!sip:x@!",
		"!^.*$!sip:x@far.example?Route=%3Csip:evil%3E!", "!^.*$!sip:x@far_example..!", "!^.*$!tel:+4989111!", "!^.*$!http://far.example!",
		"!^.*$!sip:x@far.example>!", "!^.*$!sip:x@[::1!"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		const struct scripted rows[] = {{NAME, 1, 1, "u", "E2U+sip", wrong[i], ""}};
		RUN(rows, &one, DNS_SECURE, "far.example");
		if (chain.answer.outcome != LOOKUP_NONE)
			fail_msg("%s was taken as %s", wrong[i], chain.answer.domain);
	}
}

static void ported_numbers(void **state)
{
	static const struct scripted good[] = {{NAME, 1, 1, "u", "E2U+pstn:tel", "!^(.*)$!tel:\\1;npdi;rn=+49-99123!", ""}};
	static const char *const wrong[] = {"tel:+4989111", "tel:+4989111;npdi", "tel:+4989111;rn=99123", "tel:+4989111;rn=+12345678901234567",
		"tel:+4989111;rn=+4a", "tel:+4989111;rn=+", "sip:+4989111;rn=+4999123@far.example", "tel:+4989111;rn=+491;rn=+492"};

	(void)state;
	RUN(good, &one, DNS_SECURE, "+4999123");
	assert_int_equal(chain.answer.outcome, LOOKUP_FOUND);
	assert_string_equal(chain.answer.rn, "+4999123");
	assert_int_equal(chain.answer.npdi, 1);
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		char rule[200];
		snprintf(rule, sizeof(rule), "!^.*$!%s!", wrong[i]);
		const struct scripted rows[] = {{NAME, 1, 1, "u", "E2U+pstn:tel", rule, ""}};
		RUN(rows, &one, DNS_SECURE, "+4999123");
		assert_int_equal(chain.answer.outcome, LOOKUP_NONE);
		assert_string_equal(chain.answer.rn, "");
	}
}

static void one_tree_after_the_other(void **state)
{
	static const struct scripted second[] = {{OTHER, 1, 1, "u", "E2U+sip", "!^.*$!sips:x@far.example!", ""}};
	static const struct scripted useless[] = {{NAME, 1, 1, "u", "E2U+web", "!^.*$!sip:x@far.example!", ""},
		{OTHER, 1, 1, "u", "E2U+sip", "!^.*$!sip:x@far.example!", ""}};
	const struct luf_settings none = {.apex_count = 0};

	(void)state;
	RUN(second, &two, DNS_SECURE, "far.example");
	assert_int_equal(chain.answer.outcome, LOOKUP_FOUND);
	RUN(second, &one, DNS_SECURE, "far.example");
	assert_int_equal(chain.answer.outcome, LOOKUP_NONE);
	RUN(useless, &two, DNS_SECURE, "far.example"); // the first tree has spoken
	assert_int_equal(chain.answer.outcome, LOOKUP_NONE);
	luf_chain_begin(&chain, &none, "+49", script_provisioned, NULL);
	assert_true(chain.done);
	assert_int_equal(chain.answer.outcome, LOOKUP_NONE);
	luf_chain_begin(&chain, &one, "no number", script_provisioned, NULL);
	assert_true(chain.done);
}

static void chains(void **state)
{
	static const struct scripted good[] = {{NAME, 1, 1, "", "", "", "a.e164.ssp-a.example"},
		{"a.e164.ssp-a.example", 1, 1, "", "", "", "b.i.example"},
		{"b.i.example", 1, 1, "u", "E2U+sip", "!^.*$!sip:x@far.example!", ""}};
	static const struct scripted dead_end[] = {{NAME, 1, 1, "", "", "", "z.e164.ssp-a.example"}};

	(void)state;
	RUN(good, &two, DNS_SECURE, "far.example");
	assert_int_equal(chain.answer.outcome, LOOKUP_FOUND);
	assert_int_equal(chain.hops, 2);
	RUN(dead_end, &two, DNS_SECURE, "far.example");
	assert_int_equal(chain.answer.outcome, LOOKUP_NONE);
}

static void servers_that_fail(void **state)
{
	static const struct {
		uint8_t outcome, verdict, expect;
	} row[] = {{DNS_SERVFAIL, DNS_INSECURE, LOOKUP_LATER}, {DNS_TIMEOUT, DNS_INSECURE, LOOKUP_LATER}, {DNS_REFUSED, DNS_INSECURE, LOOKUP_LATER},
		{DNS_SERVFAIL, DNS_BOGUS, LOOKUP_BOGUS}, {DNS_NXDOMAIN, DNS_INSECURE, LOOKUP_BOGUS}, {DNS_NODATA, DNS_INSECURE, LOOKUP_BOGUS},
		{DNS_NXDOMAIN, DNS_SECURE, LOOKUP_NONE}, {DNS_NODATA, DNS_SECURE, LOOKUP_NONE}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct script s = {.verdict = row[i].verdict, .outcome = row[i].outcome};
		script_run(&s, &one, "+4989111", &chain);
		if (!chain.done || chain.answer.outcome != row[i].expect)
			fail_msg("row %zu: %u", i, chain.answer.outcome);
		assert_int_equal(s.asked, 1); // nobody else is asked when one has failed
		assert_int_equal(chain.answer.verdict, row[i].verdict); // an answer that did not come proves nothing
	}
	luf_chain_begin(&chain, &one, "+4989111", script_provisioned, NULL);
	luf_chain_expire(&chain);
	assert_int_equal(chain.answer.outcome, LOOKUP_LATER);
	assert_int_equal(chain.answer.verdict, DNS_INSECURE);
	luf_chain_expire(&chain);
}

// Answers to other questions, twice, or after the end change nothing.
static void answers_of_nobody(void **state)
{
	static struct dns_answer a;
	struct dns_question q;

	(void)state;
	luf_chain_begin(&chain, &one, "+4989111", script_provisioned, NULL);
	luf_chain_answer(&chain, &a); // before it has asked
	assert_true(luf_chain_question(&chain, &q));
	assert_false(luf_chain_question(&chain, &q)); // one at a time
	a.question = q;
	a.question.type = DNS_A;
	luf_chain_answer(&chain, &a);
	snprintf(a.question.name, sizeof(a.question.name), "x.%.200s", q.name);
	a.question.type = DNS_NAPTR;
	luf_chain_answer(&chain, &a);
	assert_false(chain.done);
	a.question = q;
	a.outcome = DNS_NXDOMAIN;
	a.verdict = DNS_SECURE;
	luf_chain_answer(&chain, &a);
	assert_true(chain.done);
	a.verdict = DNS_BOGUS;
	luf_chain_answer(&chain, &a);
	assert_int_equal(chain.answer.outcome, LOOKUP_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(the_first_that_counts), cmocka_unit_test(outcomes_are_uris),
		cmocka_unit_test(ported_numbers), cmocka_unit_test(one_tree_after_the_other), cmocka_unit_test(chains),
		cmocka_unit_test(servers_that_fail), cmocka_unit_test(answers_of_nobody)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
