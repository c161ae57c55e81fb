// SPDX-License-Identifier: Apache-2.0
// The two clocks. Timers use the monotonic one only, so that a wall clock set back or forth by an attacker
// moves no deadline (BE-6). CLOCK_MONOTONIC stands still while the machine sleeps: a border element does not.
// Civil time is worked out here because the C library reads the time zone file on its first use, which a
// sandboxed process must not.
#include "base/clock.h"

#include <time.h>

enum { NS_PER_US = 1000, NS_PER_MS = 1000000, MS_PER_S = 1000 };

struct now clock_now(void)
{
	struct timespec mono = {0}, wall = {0};

	// Neither call can fail with these clocks and a valid pointer (clock_gettime(2)).
	(void)clock_gettime(CLOCK_MONOTONIC, &mono);
	(void)clock_gettime(CLOCK_REALTIME, &wall);
	return (struct now){
		.mono_us = (uint64_t)mono.tv_sec * SECOND + (uint64_t)mono.tv_nsec / NS_PER_US,
		.wall_ms = (uint64_t)wall.tv_sec * MS_PER_S + (uint64_t)wall.tv_nsec / NS_PER_MS,
	};
}

// Days since 1970-01-01 to year, month and day. Years are counted from March, so that the leap day comes last
// and a month begins at (153 * month + 2) / 5 days; 719468 days lie between 0000-03-01 and 1970-01-01.
static void utc_date(uint64_t days, struct utc *out)
{
	static const uint64_t EPOCH = 719468, ERA = 146097; // [days] an era is 400 years
	uint64_t of_era = (days + EPOCH) % ERA;
	uint64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	uint64_t of_year = of_era - (365 * year + year / 4 - year / 100);
	uint64_t month = (5 * of_year + 2) / 153; // 0 = March

	out->day = (uint8_t)(of_year - (153 * month + 2) / 5 + 1);
	out->month = (uint8_t)(month < 10 ? month + 3 : month - 9);
	out->year = (uint32_t)((days + EPOCH) / ERA * 400 + year + (month >= 10));
	out->weekday = (uint8_t)((days + 4) % 7); // 1970-01-01 was a Thursday
}

struct utc utc_of(uint64_t wall_ms)
{
	uint64_t seconds = wall_ms / MS_PER_S;
	struct utc utc = {
		.hour = (uint8_t)(seconds / 3600 % 24),
		.minute = (uint8_t)(seconds / 60 % 60),
		.second = (uint8_t)(seconds % 60),
		.ms = (uint16_t)(wall_ms % MS_PER_S),
	};

	utc_date(seconds / 86400, &utc);
	return utc;
}

static char *digits(char *out, uint32_t v, int n)
{
	for (int i = n; i-- > 0; v /= 10)
		out[i] = (char)('0' + v % 10);
	return out + n;
}

static char *part(char *out, uint32_t v, int n, char behind)
{
	out = digits(out, v, n);
	*out = behind;
	return out + 1;
}

char *utc_text(uint64_t wall_ms, char out[UTC_TEXT_MAX])
{
	struct utc t = utc_of(wall_ms);
	char *at = part(out, t.year, 4, '-'); // a year behind 9999 shows its last four digits
	at = part(at, t.month, 2, '-');
	at = part(at, t.day, 2, 'T');
	at = part(at, t.hour, 2, ':');
	at = part(at, t.minute, 2, ':');
	at = part(at, t.second, 2, '.');
	at = part(at, t.ms, 3, 'Z');
	*at = '\0';
	return out;
}
