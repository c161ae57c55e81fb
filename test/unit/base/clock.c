// SPDX-License-Identifier: Apache-2.0
// The clocks run forward and are in their units.
#include "base/clock.h"
#include "unit.h"

#include <time.h>

static void clocks_run(void **state)
{
	UNUSED(state);
	const struct timespec pause = {.tv_nsec = 3000000};
	struct now a = clock_now();
	assert_int_equal(nanosleep(&pause, NULL), 0);
	struct now b = clock_now();
	assert_true(b.mono_us - a.mono_us >= 3 * MS);
	assert_true(b.mono_us - a.mono_us < 60 * SECOND);
	assert_true(b.wall_ms > 1600000000000ull);  // after 2020
	assert_true(b.wall_ms < 10000000000000ull); // milliseconds, not microseconds
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(clocks_run)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
