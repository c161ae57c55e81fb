// SPDX-License-Identifier: Apache-2.0
// Answers over time: fresh, stale within the bound, gone; failures and bogus answers replace nothing.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/memory.h"
#include "dns/cache.h"
#include "packets.h"

enum { DAY_S = 86400 };

static struct dns_answer answer(const char *name, uint32_t ttl_s, uint8_t last)
{
	struct dns_answer a = {.question = question(name, DNS_A), .outcome = DNS_FOUND, .ttl_s = ttl_s, .count = 1, .used = 4,
		.record = {{0, 4}}, .octets = {192, 0, 2, last}};

	return a;
}

static enum dns_cache_state get(struct dns_cache *c, const char *name, uint32_t stale_s, uint64_t now_us, struct dns_answer *out)
{
	struct dns_question q = question(name, DNS_A);

	return dns_cache_get(c, &q, stale_s, now_us, out);
}

static void through_its_life(void **state)
{
	struct dns_cache *c;
	struct dns_answer a = answer("b.example", 60, 1), out;

	(void)state;
	assert_true(is_ok(dns_cache_new(&c, 4)));
	assert_int_equal(get(c, "b.example", DAY_S, 0, &out), DNS_CACHE_NONE);
	dns_cache_put(c, &a, 10 * SECOND);
	assert_int_equal(get(c, "b.example", DAY_S, 10 * SECOND, &out), DNS_CACHE_FRESH);
	assert_int_equal(out.ttl_s, 60);
	assert_int_equal(dns_record(&out, 0).at[3], 1);
	assert_int_equal(get(c, "b.example", DAY_S, 70 * SECOND - 1, &out), DNS_CACHE_FRESH);
	assert_int_equal(out.ttl_s, 1);
	assert_false(out.stale);
	assert_int_equal(get(c, "b.example", DAY_S, 70 * SECOND, &out), DNS_CACHE_STALE);
	assert_true(out.stale);
	assert_int_equal(out.ttl_s, DNS_STALE_TTL_S);
	assert_int_equal(get(c, "b.example", DAY_S, (70 + DAY_S) * SECOND - 1, &out), DNS_CACHE_STALE);
	assert_int_equal(get(c, "b.example", DAY_S, (70 + DAY_S) * SECOND, &out), DNS_CACHE_NONE);
	assert_int_equal(get(c, "b.example", 0, 70 * SECOND, &out), DNS_CACHE_NONE); // switched off
	struct dns_question other = question("b.example", DNS_AAAA);
	assert_int_equal(dns_cache_get(c, &other, DAY_S, 10 * SECOND, &out), DNS_CACHE_NONE);
	dns_cache_free(c);
	dns_cache_free(NULL);
}

static void failures_replace_nothing(void **state)
{
	struct dns_cache *c;
	struct dns_answer good = answer("b.example", 60, 1), out;

	(void)state;
	assert_true(is_ok(dns_cache_new(&c, 4)));
	dns_cache_put(c, &good, 0);
	for (unsigned outcome = DNS_FOUND; outcome <= DNS_REFUSED; outcome++) {
		struct dns_answer bad = answer("b.example", 60, 66);
		bad.outcome = (uint8_t)outcome;
		bad.verdict = outcome <= DNS_NXDOMAIN ? DNS_BOGUS : DNS_SECURE;
		dns_cache_put(c, &bad, SECOND);
	}
	struct dns_answer old = answer("b.example", 60, 67);
	old.stale = 1;
	dns_cache_put(c, &old, SECOND);
	assert_int_equal(get(c, "b.example", DAY_S, SECOND, &out), DNS_CACHE_FRESH);
	assert_int_equal(dns_record(&out, 0).at[3], 1);
	struct dns_answer denied = {.question = good.question, .outcome = DNS_NXDOMAIN, .ttl_s = 60};
	dns_cache_put(c, &denied, SECOND); // a lawful answer: it replaces
	assert_int_equal(get(c, "b.example", DAY_S, SECOND, &out), DNS_CACHE_FRESH);
	assert_int_equal(out.outcome, DNS_NXDOMAIN);
	assert_int_equal(dns_cache_count(c), 1);
	dns_cache_clear(c);
	assert_int_equal(dns_cache_count(c), 0);
	dns_cache_free(c);
}

static void servers_are_left_alone_for_a_while(void **state)
{
	struct dns_cache *c;
	struct dns_answer a = answer("b.example", 1, 1);

	(void)state;
	assert_true(is_ok(dns_cache_new(&c, 4)));
	dns_cache_failed(c, &a.question, SECOND); // nothing is known of it
	assert_false(dns_cache_rests(c, &a.question, SECOND));
	dns_cache_put(c, &a, 0);
	assert_false(dns_cache_rests(c, &a.question, 2 * SECOND));
	dns_cache_failed(c, &a.question, 2 * SECOND);
	assert_true(dns_cache_rests(c, &a.question, 2 * SECOND));
	assert_false(dns_cache_rests(c, &a.question, (2 + DNS_STALE_REST_S) * SECOND));
	dns_cache_put(c, &a, 3 * SECOND); // success
	assert_false(dns_cache_rests(c, &a.question, 3 * SECOND));
	dns_cache_free(c);
}

static void the_one_used_longest_ago_goes_first(void **state)
{
	struct dns_cache *c;
	struct dns_answer out;
	char name[32];

	(void)state;
	assert_true(is_ok(dns_cache_new(&c, 8)));
	for (uint8_t i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "n%u.example", i);
		struct dns_answer a = answer(name, 60, i);
		dns_cache_put(c, &a, 0);
		get(c, "n0.example", DAY_S, 0, &out); // used all the time
		assert_true(dns_cache_count(c) <= 8);
	}
	assert_int_equal(get(c, "n0.example", DAY_S, 0, &out), DNS_CACHE_FRESH);
	assert_int_equal(get(c, "n92.example", DAY_S, 0, &out), DNS_CACHE_NONE);
	assert_int_equal(get(c, "n93.example", DAY_S, 0, &out), DNS_CACHE_FRESH);
	assert_int_equal(get(c, "n99.example", DAY_S, 0, &out), DNS_CACHE_FRESH);
	dns_cache_free(c);
}

static void no_memory(void **state)
{
	struct dns_cache *c = NULL;
	struct dns_answer a = answer("b.example", 60, 1), out;

	(void)state;
	memory_fail_nth(1);
	assert_int_equal(dns_cache_new(&c, 8).error, E_NO_MEMORY);
	memory_fail_nth(2);
	assert_int_equal(dns_cache_new(&c, 8).error, E_NO_MEMORY);
	memory_fail_nth(0);
	assert_true(is_ok(dns_cache_new(&c, 8)));
	memory_fail_nth(1);
	dns_cache_put(c, &a, 0);
	memory_fail_nth(0);
	assert_int_equal(get(c, "b.example", DAY_S, 0, &out), DNS_CACHE_NONE);
	dns_cache_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(through_its_life),
		cmocka_unit_test(failures_replace_nothing),
		cmocka_unit_test(servers_are_left_alone_for_a_while),
		cmocka_unit_test(the_one_used_longest_ago_goes_first),
		cmocka_unit_test(no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
