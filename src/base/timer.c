// SPDX-License-Identifier: Apache-2.0
// Hierarchical timer wheel. Ten levels of 64 slots; a slot of level n spans 64^n milliseconds, so that ten
// levels hold any 64-bit time in microseconds and nothing is ever out of range.
//
// A timer stands at the level of the highest 6-bit digit in which its tick differs from the wheel's. There
// its digit is larger than the wheel's, so the lowest bit of the lowest level's bitmap is the next work to
// do: the wheel jumps from one occupied slot to the next and never steps through empty time. A slot of level
// 0 fires; a higher slot is dealt out to the levels below it.
//
// Timers armed for a time that has passed wait in a list of their own for the next run, so that a handler
// which re-arms itself for "now" cannot keep a run from ending.
#include "base/timer.h"

#include "base/memory.h"

enum {
	DIGIT_BITS = 6,
	SLOTS = 1 << DIGIT_BITS,
	LEVELS = 10, // 10 * 6 bits > 55 bits, the milliseconds in 2^64 microseconds
	WHEEL_LISTS = LEVELS * SLOTS,
	LIST_DUE = WHEEL_LISTS, // armed for the past: fires at the next run
	LIST_FIRING,            // taken out of its slot, being fired
	LISTS,
};

struct timer_wheel {
	uint64_t tick;         // [ms] where the wheel stands
	uint64_t now_tick;     // [ms] the time of the last run; tick <= now_tick
	uint32_t levels;       // bit n: level n is not empty
	uint64_t used[LEVELS]; // bit s of used[n]: slot s of level n is not empty
	struct timer list[LISTS];
};

static void list_init(struct timer *head)
{
	head->next = head->prev = head;
}

static void list_append(struct timer *head, struct timer *t)
{
	t->prev = head->prev;
	t->next = head;
	head->prev->next = t;
	head->prev = t;
}

// Move all of FROM to the end of TO.
static void list_move(struct timer *to, struct timer *from)
{
	if (from->next == from)
		return;
	from->next->prev = to->prev;
	to->prev->next = from->next;
	from->prev->next = to;
	to->prev = from->prev;
	list_init(from);
}

result timer_wheel_new(struct timer_wheel **out, uint64_t now_us)
{
	struct timer_wheel *w = memory_alloc(sizeof(*w));

	*out = w;
	REQUIRE(w != NULL, E_NO_MEMORY);
	w->tick = w->now_tick = now_us / MS;
	for (uint32_t i = 0; i < LISTS; i++)
		list_init(&w->list[i]);
	return OK;
}

void timer_wheel_free(struct timer_wheel *w)
{
	memory_free(w);
}

// The tick at which a timer fires: never early, so rounded up.
static uint64_t timer_tick(const struct timer *t)
{
	return t->at_us / MS + (t->at_us % MS != 0);
}

static void wheel_place(struct timer_wheel *w, struct timer *t)
{
	uint64_t tick = timer_tick(t);
	uint64_t differ = tick ^ w->tick;
	uint32_t level = differ == 0 ? 0 : (63 - (uint32_t)__builtin_clzll(differ)) / DIGIT_BITS;
	uint32_t slot = (uint32_t)(tick >> (level * DIGIT_BITS)) & (SLOTS - 1);

	list_append(&w->list[level * SLOTS + slot], t);
	w->used[level] |= 1ull << slot;
	w->levels |= 1u << level;
}

static void slot_clear(struct timer_wheel *w, uint32_t level, uint32_t slot)
{
	w->used[level] &= ~(1ull << slot);
	if (w->used[level] == 0)
		w->levels &= ~(1u << level);
}

void timer_arm(struct timer_wheel *w, struct timer *t, uint64_t at_us, timer_h fire)
{
	timer_cancel(w, t);
	t->at_us = at_us;
	t->fire = fire;
	if (timer_tick(t) <= w->now_tick)
		list_append(&w->list[LIST_DUE], t);
	else
		wheel_place(w, t);
}

static void timer_unlink(struct timer *t)
{
	t->prev->next = t->next;
	t->next->prev = t->prev;
	t->next = t->prev = NULL;
}

void timer_cancel(struct timer_wheel *w, struct timer *t)
{
	if (!timer_armed(t))
		return;
	struct timer *head = t->next == t->prev ? t->next : NULL; // the only one: both sides are the head
	timer_unlink(t);
	if (head == NULL)
		return;
	uint32_t index = (uint32_t)(head - w->list);
	if (index < WHEEL_LISTS)
		slot_clear(w, index / SLOTS, index % SLOTS);
}

// The earliest occupied slot and the tick at which it begins. False when the wheel is empty.
static bool wheel_earliest(const struct timer_wheel *w, uint32_t *level, uint32_t *slot, uint64_t *tick)
{
	if (w->levels == 0)
		return false;
	*level = (uint32_t)__builtin_ctz(w->levels);
	*slot = (uint32_t)__builtin_ctzll(w->used[*level]);
	uint32_t shift = *level * DIGIT_BITS;
	uint64_t above = w->tick >> shift >> DIGIT_BITS;
	*tick = (above << DIGIT_BITS | *slot) << shift;
	return true;
}

static void fire_list(struct timer_wheel *w, const struct now *now)
{
	struct timer *firing = &w->list[LIST_FIRING];

	while (firing->next != firing) {
		struct timer *t = firing->next;
		timer_unlink(t);
		t->fire(t, now);
	}
}

// Deal the timers of a slot out to the levels below.
static void wheel_cascade(struct timer_wheel *w, struct timer *head)
{
	while (head->next != head) {
		struct timer *t = head->next;
		timer_unlink(t);
		wheel_place(w, t);
	}
}

void timer_wheel_run(struct timer_wheel *w, const struct now *now)
{
	uint64_t tick, until = now->mono_us / MS;
	uint32_t level, slot;

	if (until < w->now_tick)
		until = w->now_tick;
	w->now_tick = until;
	list_move(&w->list[LIST_FIRING], &w->list[LIST_DUE]);
	fire_list(w, now);
	while (wheel_earliest(w, &level, &slot, &tick) && tick <= until) {
		struct timer *head = &w->list[level * SLOTS + slot];
		w->tick = tick;
		slot_clear(w, level, slot);
		if (level > 0) {
			wheel_cascade(w, head);
			continue;
		}
		list_move(&w->list[LIST_FIRING], head);
		fire_list(w, now);
	}
	w->tick = until;
}

uint64_t timer_wheel_next(const struct timer_wheel *w)
{
	uint64_t tick;
	uint32_t level, slot;

	if (w->list[LIST_DUE].next != &w->list[LIST_DUE])
		return 0;
	if (!wheel_earliest(w, &level, &slot, &tick))
		return NO_DEADLINE;
	return tick > NO_DEADLINE / MS ? NO_DEADLINE : tick * MS;
}
