// SPDX-License-Identifier: Apache-2.0
// One turn after the other.
//
// The timer is only set again when a deadline comes earlier than the one armed: deadlines move away all the
// time (a retransmission timer per message), and a needless wake-up now and then is cheaper than a heap
// operation each turn.
#include "net/loop.h"

#include <string.h>
#include <sys/time.h>

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct loop *l = arg;
	UNUSED(fd);
	UNUSED(what);
	l->armed_us = NO_DEADLINE;
	loop_enter(l);
}

static void on_wake(evutil_socket_t fd, short what, void *arg)
{
	struct loop *l = arg;
	UNUSED(fd);
	UNUSED(what);
	mailbox_clear(&l->mailbox);
	loop_enter(l);
}

static struct event_base *make_base(void)
{
	struct event_config *c = event_config_new();
	if (c == NULL)
		return NULL;
	struct event_base *base = NULL;
	if (event_config_set_flag(c, EVENT_BASE_FLAG_NOLOCK) == 0 &&
		event_config_avoid_method(c, "select") == 0 && event_config_avoid_method(c, "poll") == 0)
		base = event_base_new_with_config(c);
	event_config_free(c);
	return base;
}

result loop_init(struct loop *l, struct net_counters *counters, struct holder *holder)
{
	memset(l, 0, sizeof(*l));
	l->counters = counters;
	l->holder = holder;
	l->armed_us = NO_DEADLINE;
	l->now = clock_now();
	l->mailbox.wake_fd = -1;
	TRY(mailbox_init(&l->mailbox, MAILBOX_MAX));
	result r = timer_wheel_new(&l->wheel, l->now.mono_us);
	l->base = is_ok(r) ? make_base() : NULL;
	l->timer = l->base != NULL ? event_new(l->base, -1, 0, on_timer, l) : NULL;
	l->wake = l->timer != NULL ? event_new(l->base, l->mailbox.wake_fd, EV_READ | EV_PERSIST, on_wake, l)
				   : NULL;
	if (l->wake == NULL || event_add(l->wake, NULL) != 0) {
		loop_end(l);
		return is_ok(r) ? FAIL(E_NO_MEMORY) : r;
	}
	return OK;
}

bool loop_drain(struct loop *l)
{
	bool some = false;
	while (l->wheel != NULL && mailbox_drain(&l->mailbox, MAILBOX_BATCH, l) > 0)
		some = true;
	return some;
}

void loop_end(struct loop *l)
{
	loop_drain(l);
	if (l->wake != NULL)
		event_free(l->wake);
	if (l->timer != NULL)
		event_free(l->timer);
	if (l->base != NULL)
		event_base_free(l->base);
	timer_wheel_free(l->wheel);
	mailbox_end(&l->mailbox);
	l->wake = l->timer = NULL;
	l->base = NULL;
	l->wheel = NULL;
}

void loop_set_protocol(struct loop *l, const struct loop_protocol *p)
{
	l->protocol = *p;
}

result loop_add_hook(struct loop *l, loop_hook run, void *ctx)
{
	REQUIRE(l->hooks < LOOP_HOOKS_MAX, E_FULL);
	l->hook[l->hooks].run = run;
	l->hook[l->hooks++].ctx = ctx;
	return OK;
}

const struct now *loop_enter(struct loop *l)
{
	if (!l->in_turn) {
		l->in_turn = true;
		l->now = clock_now();
		holder_read_begin();
	}
	return &l->now;
}

static uint64_t protocol_deadline(struct loop *l)
{
	return l->protocol.deadline != NULL ? l->protocol.deadline(l->protocol.ctx) : NO_DEADLINE;
}

static void fire(struct loop *l)
{
	if (timer_wheel_next(l->wheel) <= l->now.mono_us)
		timer_wheel_run(l->wheel, &l->now);
	if (protocol_deadline(l) <= l->now.mono_us)
		l->protocol.expire(l->protocol.ctx, &l->now);
}

static void finish_turn(struct loop *l)
{
	fire(l);
	for (uint32_t i = 0; i < l->hooks; i++)
		l->hook[i].run(l->hook[i].ctx);
	holder_read_end(l->holder);
	l->in_turn = false;
	net_count(l->counters, NET_LOOP_TURNS, 1);
}

static void arm(struct loop *l, uint64_t at_us)
{
	if (at_us >= l->armed_us)
		return;
	uint64_t now_us = l->now.mono_us;
	uint64_t wait_us = at_us > now_us ? at_us - now_us : 0;
	struct timeval tv = {(time_t)(wait_us / SECOND), (suseconds_t)(wait_us % SECOND)};
	if (event_add(l->timer, &tv) == 0)
		l->armed_us = at_us;
	else
		net_count(l->counters, NET_NO_MEMORY, 1);
}

void loop_turn(struct loop *l, uint64_t max_us)
{
	uint64_t next = timer_wheel_next(l->wheel);
	uint64_t theirs = protocol_deadline(l);
	arm(l, theirs < next ? theirs : next);
	if (max_us != NO_DEADLINE)
		arm(l, clock_now().mono_us + max_us);
	bool sleep = mailbox_sleep(&l->mailbox);
	if (event_base_loop(l->base, sleep ? EVLOOP_ONCE : EVLOOP_ONCE | EVLOOP_NONBLOCK) < 0)
		net_count(l->counters, NET_IMPOSSIBLE, 1);
	mailbox_awake(&l->mailbox);
	loop_enter(l);
	mailbox_drain(&l->mailbox, MAILBOX_BATCH, l);
	finish_turn(l);
}

void loop_run(struct loop *l)
{
	holder_thread_begin();
	while (!atomic_load_explicit(&l->stop, memory_order_relaxed))
		loop_turn(l, NO_DEADLINE);
	holder_thread_end();
}

void loop_stop(struct loop *l)
{
	atomic_store_explicit(&l->stop, true, memory_order_release);
	mailbox_ring(&l->mailbox);
}

result loop_post(struct loop *l, struct mail *m, struct net_counters *counters)
{
	bool woke = false;
	result r = mailbox_post(&l->mailbox, m, &woke);
	if (!is_ok(r)) {
		net_count(counters, NET_MAIL_FULL, 1);
		return r;
	}
	net_count(counters, NET_MAIL_POSTED, 1);
	if (woke)
		net_count(counters, NET_MAIL_WAKEUPS, 1);
	return OK;
}
