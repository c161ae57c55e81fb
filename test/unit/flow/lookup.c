// SPDX-License-Identifier: Apache-2.0
// Kept answers and requests that wait: bounded, by querier, and gone when their time is over (LUF-C2, LRF-A1).
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/memory.h"
#include "flow/lookup.h"
#include "flow/state.h"

#include <stdio.h>

static const uint8_t secret[16] = "a secret to test";
static struct now at = {.mono_us = 1000000, .wall_ms = 1};
static uint32_t released;

static struct lookup_answer found(peer_id peer, uint32_t ttl_s)
{
	return (struct lookup_answer){.outcome = LOOKUP_FOUND, .peer = peer, .ttl_s = ttl_s, .rn = "+491"};
}

static void learn(struct flow_lookups *l, peer_id peer, const char *number, const struct lookup_answer *a, const struct now *now)
{
	const struct lookup_key k = lookup_key_make(peer, false, number);
	lookup_learn(l, &k, a, now);
}

static const struct lookup_kept *cached(const struct flow_lookups *l, peer_id peer, const char *number, const struct now *now)
{
	const struct lookup_key k = lookup_key_make(peer, false, number);
	return lookup_cached(l, &k, now);
}

static void an_answer_lives_its_time(void **state)
{
	struct flow_lookups *l;
	struct lookup_answer a = found(7, 60), later = {.outcome = LOOKUP_LATER}, zero = found(8, 0), long_one = found(9, UINT32_MAX);
	struct now then = at;

	(void)state;
	assert_true(is_ok(flow_lookups_new(&l, secret, 0)));
	learn(l, 1, "+4989", &a, &at);
	assert_int_equal(cached(l, 1, "+4989", &at)->peer, 7);
	assert_string_equal(cached(l, 1, "+4989", &at)->rn, "+491");
	assert_null(cached(l, 2, "+4989", &at)); // another querier, another view
	assert_null(cached(l, 1, "+498", &at));
	assert_null(cached(l, 1, "+49890", &at));
	then.mono_us += 60 * SECOND - 1;
	assert_non_null(cached(l, 1, "+4989", &then));
	then.mono_us++;
	assert_null(cached(l, 1, "+4989", &then));
	learn(l, 1, "+4989", &zero, &then); // the request that asked must find it
	assert_int_equal(cached(l, 1, "+4989", &then)->peer, 8);
	learn(l, 1, "+4989", &later, &then);
	then.mono_us += LOOKUP_LATER_S * SECOND;
	assert_null(cached(l, 1, "+4989", &then));
	learn(l, 1, "+4989", &long_one, &then); // a day at the most
	then.mono_us += DNS_TTL_MAX_S * SECOND;
	assert_null(cached(l, 1, "+4989", &then));
	flow_lookups_free(l);
}

static void the_oldest_gives_way(void **state)
{
	struct flow_lookups *l;
	char number[NUMBER_MAX];

	(void)state;
	assert_true(is_ok(flow_lookups_new(&l, secret, 0)));
	for (uint32_t i = 0; i <= LOOKUP_CACHE_MAX; i++) {
		struct lookup_answer a = found((peer_id)(i % 1000), 60);
		snprintf(number, sizeof(number), "+49%u", i);
		learn(l, 1, number, &a, &at);
	}
	assert_null(cached(l, 1, "+490", &at));
	assert_int_equal(cached(l, 1, "+491", &at)->peer, 1);
	assert_int_equal(cached(l, 1, number, &at)->peer, LOOKUP_CACHE_MAX % 1000);
	flow_lookups_clear(l);
	assert_null(cached(l, 1, "+491", &at));
	struct lookup_answer again = found(3, 60);
	learn(l, 1, "+491", &again, &at);
	assert_int_equal(cached(l, 1, "+491", &at)->peer, 3);
	flow_lookups_free(l);
}

static void released_h(struct flow *f, const struct lookup_held *m, const struct now *now)
{
	(void)f;
	(void)now;
	assert_int_equal(m->octets[0], 'I');
	released++;
}

static struct passage passage(peer_id peer, const uint8_t *octets, uint32_t size)
{
	static const struct origin nowhere = {.transport = TRANSPORT_UDP};
	return (struct passage){.peer = peer, .octets = octets, .size = size, .now = &at, .origin = &nowhere};
}

static void one_question_for_all_who_wait(void **state)
{
	struct flow f = {.seed = 0};
	struct passage p = passage(1, (const uint8_t *)"INVITE", 6), q = passage(2, (const uint8_t *)"INVITE", 6);
	uint32_t first, second, due;
	bool ask;
	struct lookup_key asked;
	struct now then = at;

	(void)state;
	assert_true(is_ok(flow_lookups_new(&f.lookups, secret, 0)));
	assert_int_equal(lookup_deadline(f.lookups), NO_DEADLINE);
	assert_true(is_ok(lookup_hold(f.lookups, &p, 11, "+4989", &first, &ask)) && ask);
	assert_true(is_ok(lookup_hold(f.lookups, &p, 12, "+4989", &second, &ask)) && !ask);
	assert_int_equal(first, second);
	assert_true(is_ok(lookup_hold(f.lookups, &q, 13, "+4989", &second, &ask)) && ask); // another view
	assert_int_not_equal(first, second);
	assert_true(lookup_holds(f.lookups, 12) && !lookup_holds(f.lookups, 14));
	assert_true(lookup_asked(f.lookups, second, &asked));
	assert_int_equal(asked.peer, 2);
	assert_string_equal(asked.number, "+4989");
	assert_int_equal(lookup_deadline(f.lookups), at.mono_us + LOOKUP_WAIT_MS * MS);
	assert_false(lookup_due(f.lookups, &then, &due));
	then.mono_us += LOOKUP_WAIT_MS * MS;
	assert_true(lookup_due(f.lookups, &then, &due));
	released = 0;
	lookup_release(&f, first, released_h, &at);
	assert_int_equal(released, 2);
	assert_false(lookup_asked(f.lookups, first, &asked));
	lookup_release_key(&f, 13, released_h, &at);
	assert_int_equal(released, 3);
	assert_false(lookup_any(f.lookups));
	flow_lookups_free(f.lookups);
}

// A peer that is told where a number is, and one that calls it, see different peers (LUF-C2): the answer to one question is none
// to the other, whether it is kept or on its way.
static void what_is_told_is_no_call(void **state)
{
	struct flow f = {.seed = 0};
	struct passage p = passage(1, (const uint8_t *)"INVITE", 6);
	const struct lookup_key call = lookup_key_make(1, false, "+4989"), tell = lookup_key_make(1, true, "+4989");
	const struct lookup_answer none = {.outcome = LOOKUP_NONE, .peer = PEER_NONE, .ttl_s = 60};
	struct lookup_key asked;
	uint32_t first, second;
	bool ask;

	(void)state;
	assert_true(is_ok(flow_lookups_new(&f.lookups, secret, 0)));
	lookup_learn(f.lookups, &tell, &none, &at);
	assert_non_null(lookup_cached(f.lookups, &tell, &at));
	assert_null(lookup_cached(f.lookups, &call, &at));
	assert_true(is_ok(lookup_hold(f.lookups, &p, 11, "+4989", &first, &ask)) && ask);
	p.query.tell = 1;
	assert_true(is_ok(lookup_hold(f.lookups, &p, 12, "+4989", &second, &ask)) && ask);
	assert_true(lookup_asked(f.lookups, second, &asked));
	assert_int_equal(asked.tell, 1);
	flow_lookups_free(f.lookups);
}

// LUF-A1: what waits is bounded in number and in octets.
static void what_waits_is_bounded(void **state)
{
	static uint8_t large[65536] = "I";
	struct flow f = {.seed = 0};
	struct passage small = passage(1, large, 6), big = passage(1, large, sizeof(large));
	uint32_t request, n;
	bool ask;

	(void)state;
	assert_true(is_ok(flow_lookups_new(&f.lookups, secret, 0)));
	for (n = 0; n < LOOKUP_HELD_PEER; n++) // one peer's share, and no more (LRF-A1)
		assert_true(is_ok(lookup_hold(f.lookups, &small, n, "+4989", &request, &ask)));
	assert_int_equal(lookup_hold(f.lookups, &small, n, "+4989", &request, &ask).error, E_FULL);
	for (; n < LOOKUP_HELD_MAX; n++) {
		small.peer = (peer_id)(2 + n / LOOKUP_HELD_PEER);
		assert_true(is_ok(lookup_hold(f.lookups, &small, n, "+4989", &request, &ask)));
	}
	small.peer = 99;
	assert_int_equal(lookup_hold(f.lookups, &small, n, "+4989", &request, &ask).error, E_FULL);
	for (n = 0; n < LOOKUP_HELD_MAX; n++)
		lookup_release_key(&f, n, NULL, &at);
	for (n = 0; n < LOOKUP_HELD_OCTETS / sizeof(large); n++)
		assert_true(is_ok(lookup_hold(f.lookups, &big, n, "+4989", &request, &ask)));
	small.peer = 1;
	assert_int_equal(lookup_hold(f.lookups, &small, n, "+4989", &request, &ask).error, E_FULL);
	flow_lookups_free(f.lookups); // with all that still waits
}

static void nth_allocation_fails(void **state)
{
	struct flow_lookups *l = NULL;
	struct passage p = passage(1, (const uint8_t *)"INVITE", 6);
	uint32_t n, request;
	bool ask;

	(void)state;
	for (n = 1; n < 10; n++) {
		memory_fail_nth(n);
		result r = flow_lookups_new(&l, secret, 0);
		memory_fail_nth(0);
		if (is_ok(r))
			break;
		assert_int_equal(r.error, E_NO_MEMORY);
	}
	assert_in_range(n, 3, 9);
	memory_fail_nth(1);
	assert_int_equal(lookup_hold(l, &p, 1, "+4989", &request, &ask).error, E_NO_MEMORY);
	memory_fail_nth(0);
	assert_false(lookup_any(l));
	flow_lookups_free(l);
}

// LUF-C2: a worker dies with a question under way; the next one asks another, and then the answer to the former comes over the same
// channel. Numbered from the same number on it is taken for the answer; numbered from anywhere it is nobody's.
static void an_answer_to_the_one_before(void **state)
{
	static struct origin origin;
	static const uint8_t octets[8];
	struct now now = {1000, 0};
	struct passage p = {.origin = &origin, .octets = octets, .size = sizeof(octets), .now = &now, .peer = 1};
	struct lookup_key asked;
	uint32_t before, request;
	bool ask;

	(void)state;
	for (uint32_t same = 0; same < 2; same++) {
		struct flow_lookups *dead, *next;
		assert_true(is_ok(flow_lookups_new(&dead, secret, 7)));
		assert_true(is_ok(flow_lookups_new(&next, secret, same ? 7 : 90000)));
		p.peer = 1;
		assert_true(is_ok(lookup_hold(dead, &p, 1, "+4989", &before, &ask)));
		p.peer = 2;
		assert_true(is_ok(lookup_hold(next, &p, 2, "+4930", &request, &ask)));
		assert_int_equal(lookup_asked(next, before, &asked), same);
		assert_true(lookup_asked(next, request, &asked));
		flow_lookups_free(dead);
		flow_lookups_free(next);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(an_answer_to_the_one_before), cmocka_unit_test(an_answer_lives_its_time), cmocka_unit_test(the_oldest_gives_way),
		cmocka_unit_test(one_question_for_all_who_wait), cmocka_unit_test(what_is_told_is_no_call),
		cmocka_unit_test(what_waits_is_bounded),
		cmocka_unit_test(nth_allocation_fails)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
