// SPDX-License-Identifier: Apache-2.0
// The order of next hops: priorities strictly, weights by share, turns exactly, the dead last (RFC 2782, LRF-A3).
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "lrf/order.h"

static void priorities_and_dead(void **state)
{
	struct lrf_choice c[] = {{5, 0, false, 0}, {1, 0, true, 1}, {1, 0, false, 2}, {0, 0, true, 3}, {5, 0, false, 4}, {1, 0, false, 5}};
	static const uint8_t expect[] = {2, 5, 0, 4, 3, 1};

	(void)state;
	lrf_order(c, 6, 77);
	for (uint32_t i = 0; i < 6; i++)
		assert_int_equal(c[i].index, expect[i]);
	lrf_order(c, 0, 1);
	lrf_order(c, 1, 1);
}

static void turns(void **state)
{
	(void)state;
	for (uint32_t seed = 0; seed < 9; seed++) {
		struct lrf_choice c[] = {{0, 7, false, 0}, {0, 7, false, 1}, {0, 7, false, 2}};
		lrf_order(c, 3, seed);
		for (uint32_t i = 0; i < 3; i++)
			assert_int_equal(c[i].index, (seed + i) % 3);
	}
}

// 10 000 calls: shares of 10, 30 and 60 within 3 of a hundred; one of weight 0 now and then.
static void shares(void **state)
{
	uint32_t first[4] = {0};

	(void)state;
	for (uint32_t seed = 1; seed <= 10000; seed++) {
		struct lrf_choice c[] = {{0, 10, false, 0}, {0, 30, false, 1}, {0, 60, false, 2}, {0, 0, false, 3}, {9, 1, false, 4}};
		lrf_order(c, 5, seed);
		assert_int_equal(c[4].index, 4);
		first[c[0].index]++;
	}
	assert_in_range(first[0], 700, 1300);
	assert_in_range(first[1], 2700, 3300);
	assert_in_range(first[2], 5700, 6300);
	assert_in_range(first[3], 0, 300);
}

static void many(void **state)
{
	struct lrf_choice c[ROUTE_TARGETS_MAX];
	uint64_t seen = 0;

	(void)state;
	for (uint8_t i = 0; i < ROUTE_TARGETS_MAX; i++)
		c[i] = (struct lrf_choice){(uint16_t)(i % 4), (uint16_t)(65535 - i), i % 5 == 0, i};
	lrf_order(c, ROUTE_TARGETS_MAX, UINT32_MAX);
	for (uint8_t i = 0; i < ROUTE_TARGETS_MAX; i++)
		seen |= 1ull << c[i].index;
	assert_true(seen == UINT64_MAX); // none lost, none twice
	for (uint8_t i = 1; i < ROUTE_TARGETS_MAX; i++)
		assert_true(c[i - 1].dead < c[i].dead || (c[i - 1].dead == c[i].dead && c[i - 1].priority <= c[i].priority));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(priorities_and_dead), cmocka_unit_test(turns), cmocka_unit_test(shares),
		cmocka_unit_test(many)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
