// SPDX-License-Identifier: Apache-2.0
// The clocks run forward and are in their units; civil time equals the C library's.
#include "base/clock.h"
#include "unit.h"

#include <string.h>
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

static void civil_time_by_hand(void **state)
{
	UNUSED(state);
	static const struct {
		uint64_t ms;
		const char *text;
	} ROWS[] = {
		{0, "1970-01-01T00:00:00.000Z"},
		{951782399999, "2000-02-28T23:59:59.999Z"},
		{951782400000, "2000-02-29T00:00:00.000Z"},
		{951868800000, "2000-03-01T00:00:00.000Z"},
		{1798761599999, "2026-12-31T23:59:59.999Z"},
		{1798761600000, "2027-01-01T00:00:00.000Z"},
		{4107542400000, "2100-03-01T00:00:00.000Z"}, // 2100 is no leap year
		{253402300799999, "9999-12-31T23:59:59.999Z"},
	};
	char text[UTC_TEXT_MAX];
	for (size_t i = 0; i < ARRAY_LEN(ROWS); i++)
		assert_string_equal(utc_text(ROWS[i].ms, text), ROWS[i].text);
	assert_true(strlen(utc_text(UINT64_MAX, text)) < UTC_TEXT_MAX);
}

static void civil_time_equals_the_library(void **state)
{
	UNUSED(state);
	uint64_t seed = 5;
	for (int i = 0; i < 200000; i++) {
		time_t seconds = (time_t)(unit_random(&seed) % 253402300800ull);
		struct utc t = utc_of((uint64_t)seconds * 1000 + 7);
		struct tm tm;
		assert_non_null(gmtime_r(&seconds, &tm));
		assert_int_equal(t.year, tm.tm_year + 1900);
		assert_int_equal(t.month, tm.tm_mon + 1);
		assert_int_equal(t.day, tm.tm_mday);
		assert_int_equal(t.weekday, tm.tm_wday);
		assert_int_equal(t.hour * 3600 + t.minute * 60 + t.second,
			tm.tm_hour * 3600 + tm.tm_min * 60 + tm.tm_sec);
		assert_int_equal(t.ms, 7);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clocks_run),
		cmocka_unit_test(civil_time_by_hand),
		cmocka_unit_test(civil_time_equals_the_library),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
