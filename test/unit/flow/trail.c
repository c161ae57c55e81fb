// SPDX-License-Identifier: Apache-2.0
// The trail of a call: bounded, and each reason with the mark that gave it.
#include "base/result.h"
#include "terms/verdict.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void reasons_stay_with_their_marks(void **state)
{
	struct trail t = {0};
	struct verdict pass = PASS, reply = REPLY(403, "no"), drop = DROP("gone");
	UNUSED(state);
	trail_add(&t, 1, &pass, false, 10);
	trail_add(&t, 2, &reply, true, 20);
	trail_add(&t, 3, &drop, false, 30);
	assert_int_equal(t.count, 3);
	assert_null(trail_reason(&t, 0));
	assert_string_equal(trail_reason(&t, 1), "no");
	assert_string_equal(trail_reason(&t, 2), "gone");
	assert_null(trail_reason(&t, 3));
	assert_int_equal(t.mark[1].shadow, 1);
	assert_int_equal(t.mark[1].status, 403);
	assert_int_equal(t.mark[2].action, VERDICT_DROP);
	assert_int_equal(t.mark[2].after_us, 30);
}

static void both_tables_are_bounded(void **state)
{
	struct trail t = {0};
	struct verdict drop = DROP("why");
	UNUSED(state);
	for (uint8_t i = 0; i < 2 * TRAIL_MAX; i++)
		trail_add(&t, i, &drop, false, i);
	assert_int_equal(t.count, TRAIL_MAX);
	assert_int_equal(t.reasons, TRAIL_REASONS);
	assert_string_equal(trail_reason(&t, TRAIL_REASONS - 1), "why");
	assert_null(trail_reason(&t, TRAIL_REASONS));
	assert_int_equal(t.mark[TRAIL_MAX - 1].step, TRAIL_MAX - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reasons_stay_with_their_marks),
		cmocka_unit_test(both_tables_are_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
