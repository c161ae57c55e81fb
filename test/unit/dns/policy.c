// SPDX-License-Identifier: Apache-2.0
// Names that may be asked for, and what must hold of their answers.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "dns/policy.h"
#include "packets.h"

static bool admits(const struct dns_settings *s, const char *name)
{
	struct dns_question q = question(name, DNS_A);
	const char *why;

	return dns_policy_admits(s, &q, &why);
}

static void names(void **state)
{
	static const char *const bad[] = {"", ".", "a..b", ".a", "a.", "A.example", "a b", "a\\.b", "a\"b", "b\xc3\xa4.example", "a*b", "*.example", "a/b",
		"a23456789012345678901234567890123456789012345678901234567890abcd.example"};
	static const char *const good[] = {"a", "_sips._tcp.b.example", "1.2.3.e164.arpa", "xn--a-0ga.example",
		"a23456789012345678901234567890123456789012345678901234567890abc.example"};
	struct dns_settings all = {.only_count = 0};
	struct dns_question q = {.type = DNS_A};
	const char *why;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(admits(&all, bad[i]));
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(admits(&all, good[i]));
	for (size_t i = 0; i < sizeof(q.name); i++)
		q.name[i] = i % 2 == 0 ? 'a' : '.'; // without an end
	assert_false(dns_policy_admits(&all, &q, &why));
}

// The attack: a number's question to a tree that is not ours; without `only` it leaves.
static void only(void **state)
{
	struct dns_settings s = {.only_count = 2, .only = {"e164.arpa", "b.example"}}, open = {.only_count = 0};
	struct dns_question q = question("9.8.7.e164.evil.example", DNS_NAPTR);
	const char *why;

	(void)state;
	assert_true(dns_policy_admits(&open, &q, &why));
	assert_false(dns_policy_admits(&s, &q, &why));
	assert_non_null(strstr(why, "dns.only"));
	assert_true(admits(&s, "4.3.2.1.e164.arpa"));
	assert_true(admits(&s, "b.example"));
	assert_true(admits(&s, "_sip._udp.b.example"));
	assert_false(admits(&s, "xb.example")); // a label's edge
	assert_false(admits(&s, "example"));
}

static void longest_suffix(void **state)
{
	struct dns_settings s = {.policy_count = 3,
		.policy = {{DNSSEC_OFF, ""}, {DNSSEC_REQUIRED, "b.example"}, {DNSSEC_OPPORTUNISTIC, "x.b.example"}}};
	struct dns_settings none = {.policy_count = 0};

	(void)state;
	assert_int_equal(dns_policy_of(&none, "b.example"), DNSSEC_OPPORTUNISTIC);
	assert_int_equal(dns_policy_of(&s, "c.example"), DNSSEC_OFF);
	assert_int_equal(dns_policy_of(&s, "b.example"), DNSSEC_REQUIRED);
	assert_int_equal(dns_policy_of(&s, "y.b.example"), DNSSEC_REQUIRED);
	assert_int_equal(dns_policy_of(&s, "yb.example"), DNSSEC_OFF);
	assert_int_equal(dns_policy_of(&s, "a.x.b.example"), DNSSEC_OPPORTUNISTIC);
}

// The attack: an answer without signatures for a tree that must have them (LUF-I2). It passes where the policy does not ask.
static void unsigned_where_it_must_be(void **state)
{
	struct dns_settings s = {.policy_count = 1, .policy = {{DNSSEC_REQUIRED, "e164.arpa"}}}, off = {.policy_count = 0};
	struct dns_answer forged = {.question = question("1.e164.arpa", DNS_NAPTR), .outcome = DNS_FOUND, .verdict = DNS_INSECURE,
		.count = 1, .used = 4, .record = {{0, 4}}};
	struct dns_answer a = forged;

	(void)state;
	dns_policy_apply(&off, &a);
	assert_int_equal(a.count, 1);
	dns_policy_apply(&s, &a);
	assert_int_equal(a.outcome, DNS_REFUSED);
	assert_int_equal(a.count, 0);
	assert_int_equal(dns_record(&a, 0).len, 0);
	assert_non_null(strstr(a.reason, "dns.policy"));
	assert_string_equal(a.question.name, "1.e164.arpa");
	a = forged;
	a.verdict = DNS_SECURE;
	dns_policy_apply(&s, &a);
	assert_int_equal(a.count, 1);
	a = (struct dns_answer){.question = forged.question, .outcome = DNS_NXDOMAIN}; // "there is none" is forged as easily
	dns_policy_apply(&s, &a);
	assert_int_equal(a.outcome, DNS_REFUSED);
	a = (struct dns_answer){.question = forged.question, .outcome = DNS_TIMEOUT}; // a failure stays what it is
	dns_policy_apply(&s, &a);
	assert_int_equal(a.outcome, DNS_TIMEOUT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(only),
		cmocka_unit_test(longest_suffix),
		cmocka_unit_test(unsigned_where_it_must_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
