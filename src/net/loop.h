// SPDX-License-Identifier: Apache-2.0
// The event loop of one thread: descriptors, one deadline, one mailbox.
//
// A turn is: wait, handle what is ready, deliver mail, fire what is due, then run the end-of-turn hooks
// (which send what was queued, in batches). The clock is read once a turn, before the first handler, and the
// snapshot's read side is held from there to the end of the turn.
#ifndef NET_LOOP_H
#define NET_LOOP_H

#include "base/clock.h"
#include "base/timer.h"
#include "net/counters.h"
#include "net/holder.h"
#include "net/mailbox.h"

#include <event2/event.h>
#include <stdbool.h>

enum { LOOP_HOOKS_MAX = 8 };

struct loop_protocol { // what the layer above does with time; all may be NULL
	uint64_t (*deadline)(void *ctx);                      // when it next wants `expire` [us], or NO_DEADLINE
	void (*expire)(void *ctx, const struct now *now);     // that time has come
	void *ctx;
};

typedef void (*loop_hook)(void *ctx);

struct loop {
	struct event_base *base;
	struct event *timer, *wake;
	struct timer_wheel *wheel; // deadlines of connections
	struct mailbox mailbox;
	struct net_counters *counters;
	struct holder *holder;
	struct loop_protocol protocol;
	struct now now;
	uint64_t armed_us; // when `timer` fires, or NO_DEADLINE
	bool in_turn;      // clock read, read side held
	_Atomic bool stop;
	uint32_t hooks;
	struct {
		loop_hook run;
		void *ctx;
	} hook[LOOP_HOOKS_MAX];
};

// Make a loop. COUNTERS and HOLDER belong to the caller and outlive it. E_NO_MEMORY, E_SYSTEM.
MUST_USE result loop_init(struct loop *l, struct net_counters *counters, struct holder *holder);
// Free it; not while it runs. Mail that still waits is delivered first, so that nothing leaks.
void loop_end(struct loop *l);

// Was it told to stop? Mail then only has to be freed.
static inline bool loop_stopped(const struct loop *l)
{
	return atomic_load_explicit(&l->stop, memory_order_relaxed);
}

// While it does not run: deliver mail that waits; false when there was none.
bool loop_drain(struct loop *l);

// Who is asked for the protocol's deadline. Before loop_run.
void loop_set_protocol(struct loop *l, const struct loop_protocol *p);
// RUN(CTX) at the end of each turn, in the order of adding. E_FULL.
MUST_USE result loop_add_hook(struct loop *l, loop_hook run, void *ctx);

// Run on this thread until loop_stop.
void loop_run(struct loop *l);
// One turn; waits for at most MAX_US [us]. For tests.
void loop_turn(struct loop *l, uint64_t max_us);
// End loop_run after the turn; from any thread.
void loop_stop(struct loop *l);

// Every handler of a descriptor begins with this: it returns the time of the turn.
const struct now *loop_enter(struct loop *l);

// Any thread: hand mail to the loop's thread; counted in COUNTERS, those of the posting thread. E_FULL.
MUST_USE result loop_post(struct loop *l, struct mail *m, struct net_counters *counters);

#endif
