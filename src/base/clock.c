// SPDX-License-Identifier: Apache-2.0
// The two clocks. Timers use the monotonic one only, so that a wall clock set back or forth by an attacker
// moves no deadline (BE-6). CLOCK_MONOTONIC stands still while the machine sleeps: a border element does not.
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
