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

#endif
