// SPDX-License-Identifier: Apache-2.0
// Harvesting: what is throttled and what is not, for how long, and what leaks meanwhile (LUF-C1).
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "luf/harvest.h"

#include <stdio.h>

static struct now at = {.mono_us = 1000000};
static uint64_t seed = 5;

static uint32_t below(uint32_t n)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)((seed >> 33) % n);
}

static bool ask(struct luf_harvest *h, uint32_t number, bool found, bool every)
{
	char text[NUMBER_MAX];
	snprintf(text, sizeof(text), "+4989%07u", number);
	if (!luf_harvest_admits(h, &at))
		return false;
	luf_harvest_note(h, text, found, every, &at);
	return true;
}

static void people_are_not_throttled(void **state)
{
	struct luf_harvest h = {0};

	(void)state;
	for (uint32_t i = 0; i < 100000; i++) // one in ten is wrong: more than real traffic has
		assert_true(ask(&h, below(10000000), below(10) != 0, true));
	for (uint32_t i = 0; i < 1000; i++) // a switchboard's numbers one after the other, as calls that are found
		assert_true(ask(&h, i, true, false));
	luf_harvest_note(&h, "sip", false, true, &at); // no number
}

static void at_the_bounds(void **state)
{
	struct luf_harvest h = {0};

	(void)state;
	for (uint32_t i = 0; i < HARVEST_WINDOW; i++) // one miss less than is allowed
		assert_true(ask(&h, i * 1000, i >= HARVEST_MISSES - 1, true));
	assert_true(ask(&h, 9000000, true, true));
	memset(&h, 0, sizeof(h));
	for (uint32_t i = 0; i < HARVEST_WINDOW; i++)
		assert_true(ask(&h, i * 1000, i >= HARVEST_MISSES, true));
	assert_false(ask(&h, 9000000, true, true));
	memset(&h, 0, sizeof(h));
	for (uint32_t i = 0; i <= HARVEST_RUN; i++) // the first is nobody's neighbour
		assert_true(ask(&h, i * HARVEST_STEP, true, true));
	assert_false(ask(&h, 9000000, true, true));
	memset(&h, 0, sizeof(h));
	for (uint32_t i = 0; i < 100; i++)
		assert_true(ask(&h, i * (HARVEST_STEP + 1), true, true));
}

// Each number twice, or two blocks in turns: still one after the other.
static void rows_are_seen_through_a_mixture(void **state)
{
	struct luf_harvest h = {0};
	uint32_t n = 0;

	(void)state;
	for (n = 0; n < 1000 && ask(&h, n / 2, true, true); n++)
		;
	assert_in_range(n, HARVEST_RUN, 4 * HARVEST_RUN);
	for (uint32_t blocks = 2; blocks <= HARVEST_LANES; blocks++) {
		memset(&h, 0, sizeof(h));
		for (n = 0; n < 1000 && ask(&h, n % blocks * 100000 + n / blocks, true, true); n++)
			;
		assert_in_range(n, HARVEST_RUN, (HARVEST_RUN + 1) * HARVEST_LANES);
	}
}

// One switchboard of 1000 numbers is looked up at random, among others: nobody is throttled.
static void a_busy_block_is_no_harvest(void **state)
{
	struct luf_harvest h = {0};

	(void)state;
	for (uint32_t i = 0; i < 1000000; i++)
		assert_true(ask(&h, below(2) == 0 ? below(1000) : below(10000000), true, true));
}

static void longer_each_time_and_then_free(void **state)
{
	struct luf_harvest h = {0};
	uint64_t begun;

	(void)state;
	for (uint32_t round = 0, expect = HARVEST_FIRST_S; round < 8; round++) {
		begun = at.mono_us;
		for (uint32_t i = 0; ask(&h, i, false, true); i++)
			assert_in_range(i, 0, HARVEST_RUN);
		assert_int_equal(h.until_us - begun, expect * SECOND);
		at.mono_us = h.until_us;
		expect = expect * 2 < HARVEST_LONGEST_S ? expect * 2 : HARVEST_LONGEST_S;
	}
	for (uint32_t i = 0; i < 1000; i++)
		assert_true(ask(&h, below(10000000), true, true));
}

// What going through a block of 10 000 numbers at 50 a second tells: all of it without the limit, one in thirty with it.
static void what_leaks(void **state)
{
	struct luf_harvest h = {0};
	uint32_t learnt = 0;

	(void)state;
	for (uint32_t i = 0; i < 10000; i++, at.mono_us += 20000) // 50 a second
		learnt += ask(&h, i, i % 10 == 0, true);
	assert_in_range(learnt, 1, 300);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(people_are_not_throttled), cmocka_unit_test(at_the_bounds),
		cmocka_unit_test(rows_are_seen_through_a_mixture), cmocka_unit_test(a_busy_block_is_no_harvest),
		cmocka_unit_test(longer_each_time_and_then_free), cmocka_unit_test(what_leaks)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
