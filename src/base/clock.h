// SPDX-License-Identifier: Apache-2.0
// Time. Protocol code never asks for it: `struct now` is handed in with each event.
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

struct now {
	uint64_t mono_us; // monotonic [us]: every timer and deadline; a set-back wall clock changes nothing (BE-6)
	uint64_t wall_ms; // since 1970-01-01 UTC [ms]: only written into records, dates and compared with waivers
};

#define NO_DEADLINE UINT64_MAX // [us] nothing is armed
#define MS (1000ull)           // one millisecond [us]
#define SECOND (1000000ull)    // one second [us]

// Read both clocks. Only src/net, src/guard, src/main and the log (for its time stamps) call this.
struct now clock_now(void);

enum { UTC_TEXT_MAX = 32 }; // "2026-01-31T23:59:59.999Z" + NUL, rounded up

struct utc { // civil time, proleptic Gregorian, no leap seconds
	uint32_t year;         // 1970..
	uint8_t month, day;    // 1..12, 1..31
	uint8_t weekday;       // 0 = Sunday
	uint8_t hour, minute, second;
	uint16_t ms;
};

// WALL_MS since 1970-01-01 UTC as civil time. Pure: no time zone file, no lock, safe inside every sandbox.
struct utc utc_of(uint64_t wall_ms);
// "2026-01-31T23:59:59.999Z" (RFC3339#5.6) into OUT, which holds UTC_TEXT_MAX; returns OUT.
char *utc_text(uint64_t wall_ms, char out[UTC_TEXT_MAX]);

#endif
