// SPDX-License-Identifier: Apache-2.0
// Hierarchical timer wheel: 1 ms resolution, O(1) arm and cancel, a million timers.
//
// Timers are intrusive: the owner embeds `struct timer`. A fired or cancelled timer is unlinked before
// its handler runs, so a handler may re-arm it or free its owner.
#ifndef BASE_TIMER_H
#define BASE_TIMER_H

#include "base/clock.h"
#include "base/result.h"

#include <stddef.h>

struct timer;
typedef void (*timer_h)(struct timer *t, const struct now *now);

struct timer {
	struct timer *next, *prev; // both NULL: not armed
	uint64_t at_us;            // when it fires [us, monotonic]
	timer_h fire;
};

struct timer_wheel; // opaque

// A wheel whose time begins at NOW_US. E_NO_MEMORY.
MUST_USE result timer_wheel_new(struct timer_wheel **out, uint64_t now_us);
void timer_wheel_free(struct timer_wheel *w); // armed timers are forgotten, not fired

// Arm (or re-arm) T to call FIRE at AT_US or up to 1 ms later; a time in the past fires at the next run.
void timer_arm(struct timer_wheel *w, struct timer *t, uint64_t at_us, timer_h fire);
// Cancel; harmless when not armed.
void timer_cancel(struct timer_wheel *w, struct timer *t);
static inline bool timer_armed(const struct timer *t)
{
	return t->next != NULL;
}
// Fire all that are due at NOW, in order of time up to the resolution.
void timer_wheel_run(struct timer_wheel *w, const struct now *now);
// When the next run has work [us]: never later than the earliest timer, rounded up to the resolution; 0 when one
// is overdue, NO_DEADLINE when none is armed. O(1).
uint64_t timer_wheel_next(const struct timer_wheel *w);

#endif
