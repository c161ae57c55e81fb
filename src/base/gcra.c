// SPDX-License-Identifier: Apache-2.0
// GCRA, the virtual scheduling form (ITU-T I.371 annex A): an event conforms when it does not come more than
// the tolerance before its theoretical arrival time. One 64-bit word of state and one compare-and-swap, so
// that workers share a peer's budget without a lock (SF-A1).
//
// Intervals are whole microseconds, rounded up: a limit may admit a trifle less than configured, never more.
#include "base/gcra.h"

#include "base/clock.h"

static const uint64_t NEVER = UINT64_MAX; // [us] the interval of rate 0

static uint64_t add_sat(uint64_t a, uint64_t b)
{
	return b > UINT64_MAX - a ? UINT64_MAX : a + b;
}

struct gcra_rate gcra_rate_make(uint32_t per_second, uint32_t burst)
{
	if (per_second == 0)
		return (struct gcra_rate){.interval_us = NEVER, .burst_us = 0};
	uint64_t interval = (SECOND + per_second - 1) / per_second;
	uint64_t tolerance = burst > 1 ? (uint64_t)(burst - 1) * interval : 0;
	return (struct gcra_rate){.interval_us = interval, .burst_us = tolerance};
}

static bool conforms(uint64_t arrival_us, struct gcra_rate rate, uint64_t now_us)
{
	if (rate.interval_us == NEVER)
		return false;
	return arrival_us <= add_sat(now_us, rate.burst_us);
}

bool gcra_admit(struct gcra *g, struct gcra_rate rate, uint64_t now_us)
{
	if (rate.interval_us == 0)
		return true;
	uint64_t arrival = atomic_load_explicit(&g->arrival_us, memory_order_relaxed);
	uint64_t next;
	do {
		if (!conforms(arrival, rate, now_us))
			return false;
		next = add_sat(arrival > now_us ? arrival : now_us, rate.interval_us);
	} while (!atomic_compare_exchange_weak_explicit(
		&g->arrival_us, &arrival, next, memory_order_relaxed, memory_order_relaxed));
	return true;
}

bool gcra_would_admit(const struct gcra *g, struct gcra_rate rate, uint64_t now_us)
{
	if (rate.interval_us == 0)
		return true;
	return conforms(atomic_load_explicit(&g->arrival_us, memory_order_relaxed), rate, now_us);
}
