// SPDX-License-Identifier: Apache-2.0
// Shares of a table: one alone gets nearly all, many get theirs, and nobody is shut out by any number of others (SF-A5).
#include "base/memory.h"
#include "base/share.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

enum { MAX = 800, OWNERS = 10, EACH = MAX / SHARE_KEPT / OWNERS };

static uint32_t greedy(struct share *s, uint32_t owner, uint32_t owners)
{
	uint32_t n = 0;

	for (; share_left(s, owner, owners); n++)
		share_take(s, owner);
	return n;
}

static void one_alone(void **state)
{
	struct share s;

	(void)state;
	assert_true(is_ok(share_new(&s, MAX, 16)));
	assert_int_equal(greedy(&s, 3, OWNERS), MAX - (OWNERS - 1) * EACH);
	share_give(&s, 3);
	assert_true(share_left(&s, 3, OWNERS));
	share_free(&s);
	assert_true(is_ok(share_new(&s, MAX, 16)));
	assert_int_equal(greedy(&s, 0, 1), MAX); // nobody else is there
	assert_false(share_left(&s, 0, 1));
	share_free(&s);
}

static void all_others_together(void **state)
{
	struct share s;

	(void)state;
	assert_true(is_ok(share_new(&s, MAX, 16)));
	for (uint32_t owner = 0; owner + 1 < OWNERS; owner++)
		greedy(&s, owner, OWNERS);
	assert_int_equal(greedy(&s, OWNERS - 1, OWNERS), EACH);
	assert_int_equal(s.used, MAX);
	assert_int_equal(greedy(&s, 16, OWNERS), 0); // full is full, for us as well
	for (uint32_t owner = 0; owner < OWNERS; owner++)
		while (s.of[owner] > 0)
			share_give(&s, owner);
	assert_int_equal(s.used, 0);
	share_give(&s, 2); // one too many changes nothing
	assert_int_equal(s.used + s.of[2], 0);
	share_free(&s);
}

static void small_table(void **state)
{
	struct share s;

	(void)state;
	assert_true(is_ok(share_new(&s, 16, 64))); // two kept places, forty owners
	assert_int_equal(greedy(&s, 0, 40), 14);
	assert_int_equal(greedy(&s, 1, 40), 1);
	assert_int_equal(greedy(&s, 2, 40), 1);
	assert_int_equal(greedy(&s, 3, 40), 0);
	share_free(&s);
	assert_true(is_ok(share_new(&s, 4, 64))); // none kept
	assert_int_equal(greedy(&s, 0, 2), 4);
	share_free(&s);
	share_free(&s);
}

static void without_memory(void **state)
{
	struct share s;

	(void)state;
	memory_fail_nth(1);
	assert_int_equal(share_new(&s, 4, 64).error, E_NO_MEMORY);
	memory_fail_nth(0);
	share_free(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(one_alone), cmocka_unit_test(all_others_together),
		cmocka_unit_test(small_table), cmocka_unit_test(without_memory)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
