// SPDX-License-Identifier: Apache-2.0
// The wheel against a model: every timer fires once, not early, at most a millisecond late, in order; a
// cancelled one never. A million timers; re-arming and cancelling from handlers; no memory.
#include "base/memory.h"
#include "base/timer.h"
#include "unit.h"

enum { MANY = 1000000, ROUNDS = 400, TOUCHED_PER_ROUND = 2000 };

struct probe {
	struct timer timer;
	uint64_t expect_us; // 0: must not fire
	uint32_t fired;
	struct timer_wheel *wheel;
	struct probe *other;
	uint64_t again_us; // re-arm for this time when fired; 0: do not
};

static struct timer_wheel *wheel_at(uint64_t us)
{
	struct timer_wheel *w = NULL;
	assert_ok(timer_wheel_new(&w, us));
	return w;
}

static void run_at(struct timer_wheel *w, uint64_t us)
{
	struct now now = {.mono_us = us};
	timer_wheel_run(w, &now);
}

static void probe_h(struct timer *t, const struct now *now)
{
	struct probe *p = (struct probe *)t;
	UNUSED(now);
	assert_false(timer_armed(t));
	p->fired++;
	if (p->other != NULL)
		timer_cancel(p->wheel, &p->other->timer);
	if (p->again_us != 0)
		timer_arm(p->wheel, t, p->again_us, probe_h);
}

static void never_early_at_most_a_millisecond_late(void **state)
{
	UNUSED(state);
	struct timer_wheel *w = wheel_at(5000);
	struct probe p = {0};
	timer_arm(w, &p.timer, 7001, probe_h);
	assert_true(timer_armed(&p.timer));
	run_at(w, 7999);
	assert_int_equal(p.fired, 0);
	assert_int_equal(timer_wheel_next(w), 8000);
	run_at(w, 8000);
	assert_int_equal(p.fired, 1);
	assert_int_equal(timer_wheel_next(w), NO_DEADLINE);
	timer_arm(w, &p.timer, 9000, probe_h);
	run_at(w, 8999);
	assert_int_equal(p.fired, 1);
	run_at(w, 9000);
	assert_int_equal(p.fired, 2);
	timer_wheel_free(w);
}

static void the_past_fires_at_the_next_run(void **state)
{
	UNUSED(state);
	struct timer_wheel *w = wheel_at(SECOND);
	struct probe p = {.wheel = w, .again_us = 1};
	timer_arm(w, &p.timer, 3, probe_h);
	assert_int_equal(timer_wheel_next(w), 0);
	run_at(w, SECOND);
	assert_int_equal(p.fired, 1); // it re-armed itself for the past: not again in this run
	run_at(w, SECOND);
	assert_int_equal(p.fired, 2);
	p.again_us = 0;
	run_at(w, SECOND - 5000); // a clock that went back fires what is due and nothing else
	assert_int_equal(p.fired, 3);
	assert_int_equal(timer_wheel_next(w), NO_DEADLINE);
	timer_wheel_free(w);
}

static void handlers_may_cancel_their_neighbours(void **state)
{
	UNUSED(state);
	struct timer_wheel *w = wheel_at(0);
	struct probe a = {.wheel = w}, b = {.wheel = w};
	a.other = &b;
	timer_arm(w, &a.timer, 10 * MS, probe_h);
	timer_arm(w, &b.timer, 10 * MS, probe_h);
	run_at(w, 20 * MS);
	assert_int_equal(a.fired, 1);
	assert_int_equal(b.fired, 0);
	assert_false(timer_armed(&b.timer));
	timer_cancel(w, &b.timer); // harmless
	timer_wheel_free(w);
}

static void far_times_and_no_deadline(void **state)
{
	UNUSED(state);
	static const uint64_t TIMES[] = {64 * MS, 4095 * MS, 4096 * MS, 86400 * SECOND, 400 * 86400 * SECOND,
		UINT64_MAX / 2, UINT64_MAX - 1, UINT64_MAX};
	for (size_t i = 0; i < ARRAY_LEN(TIMES); i++) {
		struct timer_wheel *w = wheel_at(63 * MS);
		struct probe p = {0};
		timer_arm(w, &p.timer, TIMES[i], probe_h);
		assert_true(timer_wheel_next(w) <= TIMES[i]);
		run_at(w, TIMES[i] - 1);
		assert_int_equal(p.fired, 0);
		if (TIMES[i] < UINT64_MAX / 2) {
			run_at(w, TIMES[i] + MS);
			assert_int_equal(p.fired, 1);
		}
		timer_cancel(w, &p.timer);
		assert_int_equal(timer_wheel_next(w), NO_DEADLINE);
		timer_wheel_free(w);
	}
}

// BE-6: whoever moves the wall clock, by years and in both directions, moves no timer.
static void the_wall_clock_moves_nothing(void **state)
{
	UNUSED(state);
	static const uint64_t WALLS[] = {1790000000000, 0, 4000000000000, 1, UINT64_MAX};
	struct timer_wheel *w = wheel_at(SECOND);
	struct probe p = {0};
	timer_arm(w, &p.timer, 2 * SECOND, probe_h);
	for (uint64_t i = 0; i < ARRAY_LEN(WALLS); i++) {
		struct now now = {.mono_us = SECOND + i * MS, .wall_ms = WALLS[i]};
		timer_wheel_run(w, &now);
		assert_int_equal(p.fired, 0);
		assert_true(timer_wheel_next(w) <= 2 * SECOND);
	}
	struct now due = {.mono_us = 2 * SECOND, .wall_ms = 0};
	timer_wheel_run(w, &due);
	assert_int_equal(p.fired, 1);
	timer_wheel_free(w);
}

static uint64_t last_tick; // of the order test: ticks never go back within a run

static void model_h(struct timer *t, const struct now *now)
{
	struct probe *p = (struct probe *)t;
	uint64_t tick = (p->expect_us + MS - 1) / MS;
	assert_true(p->expect_us != 0);
	assert_true(now->mono_us / MS >= tick);
	assert_true(tick >= last_tick);
	last_tick = tick;
	p->expect_us = 0;
	p->fired++;
}

// What the model expects: nothing overdue stands, and `next` is neither late nor useless.
static void model_check(const struct probe *probe, const struct timer_wheel *w, uint64_t now_us)
{
	uint64_t earliest = UINT64_MAX;
	for (uint32_t i = 0; i < MANY; i++) {
		uint64_t at = probe[i].expect_us;
		assert_int_equal(timer_armed(&probe[i].timer), at != 0);
		if (at != 0 && at < earliest)
			earliest = at;
	}
	assert_true((earliest + MS - 1) / MS > now_us / MS);
	assert_true(timer_wheel_next(w) <= (earliest + MS - 1) / MS * MS);
	assert_true(timer_wheel_next(w) > now_us / MS * MS);
}

static void million_timers_against_a_model(void **state)
{
	UNUSED(state);
	uint64_t seed = 42, now_us = 123456789;
	struct timer_wheel *w = wheel_at(now_us);
	struct probe *probe = memory_array(MANY, sizeof(*probe));
	assert_non_null(probe);
	for (uint32_t i = 0; i < MANY; i++) {
		probe[i].expect_us = now_us + MS + unit_random(&seed) % (600 * SECOND);
		timer_arm(w, &probe[i].timer, probe[i].expect_us, model_h);
	}
	for (uint32_t round = 0; round < ROUNDS; round++) {
		for (uint32_t k = 0; k < TOUCHED_PER_ROUND; k++) {
			struct probe *p = &probe[unit_random(&seed) % MANY];
			uint64_t kind = unit_random(&seed) % 4, span = kind == 0   ? 100 * MS
								       : kind == 1 ? 32 * SECOND
										   : 3600 * SECOND;
			p->expect_us = kind == 3 ? 0 : now_us + MS + unit_random(&seed) % span;
			if (kind == 3)
				timer_cancel(w, &p->timer);
			else
				timer_arm(w, &p->timer, p->expect_us, model_h);
		}
		now_us += unit_random(&seed) % (3 * SECOND);
		last_tick = 0;
		run_at(w, now_us);
		if (round % 100 == 0)
			model_check(probe, w, now_us);
	}
	run_at(w, now_us + 7200 * SECOND);
	for (uint32_t i = 0; i < MANY; i++)
		assert_int_equal(probe[i].expect_us, 0);
	assert_int_equal(timer_wheel_next(w), NO_DEADLINE);
	memory_free(probe);
	timer_wheel_free(w);
}

static void no_memory(void **state)
{
	UNUSED(state);
	struct timer_wheel *w = NULL;
	memory_fail_nth(1);
	assert_error(timer_wheel_new(&w, 0), E_NO_MEMORY);
	assert_null(w);
	timer_wheel_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(never_early_at_most_a_millisecond_late),
		cmocka_unit_test(the_past_fires_at_the_next_run),
		cmocka_unit_test(handlers_may_cancel_their_neighbours),
		cmocka_unit_test(far_times_and_no_deadline),
		cmocka_unit_test(the_wall_clock_moves_nothing),
		cmocka_unit_test(million_timers_against_a_model),
		cmocka_unit_test(no_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
