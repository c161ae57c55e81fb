// SPDX-License-Identifier: Apache-2.0
// GCRA against its reference (the continuous leaky bucket of ITU-T I.371), its edges, and two threads at one
// word.
#include "base/clock.h"
#include "base/gcra.h"
#include "unit.h"

#include <pthread.h>

static void burst_and_one_more(void **state)
{
	UNUSED(state);
	struct gcra g = {0};
	struct gcra_rate r = gcra_rate_make(10, 5);
	uint64_t t = 77 * SECOND;
	assert_int_equal(r.interval_us, 100000);
	for (int i = 0; i < 5; i++)
		assert_true(gcra_admit(&g, r, t));
	assert_false(gcra_admit(&g, r, t));
	assert_false(gcra_admit(&g, r, t + 99999));
	assert_true(gcra_would_admit(&g, r, t + 100000));
	assert_true(gcra_would_admit(&g, r, t + 100000)); // asking costs nothing
	assert_true(gcra_admit(&g, r, t + 100000));
	assert_false(gcra_admit(&g, r, t + 100000));
}

static void edges(void **state)
{
	UNUSED(state);
	struct gcra g = {0};
	assert_false(gcra_admit(&g, gcra_rate_make(0, 100), SECOND));
	assert_false(gcra_would_admit(&g, gcra_rate_make(0, 0), UINT64_MAX));
	for (int i = 0; i < 1000; i++)
		assert_true(gcra_admit(&g, (struct gcra_rate){0}, SECOND)); // interval 0: unlimited
	struct gcra_rate fast = gcra_rate_make(UINT32_MAX, 1); // faster than a microsecond is not unlimited
	assert_int_equal(fast.interval_us, 1);
	assert_true(gcra_admit(&g, fast, SECOND));
	assert_false(gcra_admit(&g, fast, SECOND));
	struct gcra_rate one = gcra_rate_make(1, 0); // burst 0 counts as 1
	struct gcra h = {0};
	assert_true(gcra_admit(&h, one, SECOND));
	assert_false(gcra_admit(&h, one, 2 * SECOND - 1));
	assert_true(gcra_admit(&h, one, 2 * SECOND));
	assert_true(gcra_admit(&h, gcra_rate_make(1, UINT32_MAX), UINT64_MAX)); // sums do not wrap
}

// The continuous-state leaky bucket: level drains with time, conforming when it is not above the tolerance.
static bool bucket_admit(double *level, uint64_t *last_us, struct gcra_rate r, uint64_t now_us)
{
	double drained = *level - (double)(now_us - *last_us);
	double now = drained > 0 ? drained : 0;
	if (now > (double)r.burst_us)
		return false;
	*level = now + (double)r.interval_us;
	*last_us = now_us;
	return true;
}

static void equals_the_leaky_bucket(void **state)
{
	UNUSED(state);
	static const uint32_t RATES[][2] = {{1, 1}, {10, 3}, {50, 50}, {1000, 20}, {3000, 7}, {100000, 1000}};
	uint64_t seed = 3;
	for (size_t k = 0; k < ARRAY_LEN(RATES); k++) {
		struct gcra_rate r = gcra_rate_make(RATES[k][0], RATES[k][1]);
		struct gcra g = {0};
		uint64_t now = SECOND, last = 0, admitted = 0;
		double level = 0;
		for (int i = 0; i < 100000; i++) {
			now += unit_random(&seed) % (r.interval_us + r.interval_us / 4 + 2);
			bool expect = bucket_admit(&level, &last, r, now);
			assert_int_equal(gcra_would_admit(&g, r, now), expect);
			assert_int_equal(gcra_admit(&g, r, now), expect);
			admitted += expect;
		}
		assert_true(admitted <= (now - SECOND) * RATES[k][0] / SECOND + RATES[k][1]);
		assert_true(admitted > 10000);
	}
}

enum { THREADS = 2, TRIES = 200000 };
struct racer {
	struct gcra *gcra;
	struct gcra_rate rate;
	uint64_t admitted;
};

static void *race(void *arg)
{
	struct racer *r = arg;
	for (uint64_t i = 0; i < TRIES; i++)
		r->admitted += gcra_admit(r->gcra, r->rate, SECOND + i); // 0.2 s of pretended time
	return NULL;
}

// SF-A1: a flood that arrives on two workers at once does not get the budget twice.
static void two_threads_share_one_budget(void **state)
{
	UNUSED(state);
	struct gcra g = {0};
	struct racer racer[THREADS];
	pthread_t thread[THREADS];
	uint64_t sum = 0;
	for (int i = 0; i < THREADS; i++) {
		racer[i] = (struct racer){&g, gcra_rate_make(100000, 1000), 0};
		assert_int_equal(pthread_create(&thread[i], NULL, race, &racer[i]), 0);
	}
	for (int i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(thread[i], NULL), 0);
		sum += racer[i].admitted;
	}
	// 0.2 s at 100 000 per second and the burst: not one more, whoever came first.
	assert_true(sum <= 20000 + 1000);
	assert_true(sum >= 20000);
}

struct counter {
	struct gcra *gcra;
	pthread_barrier_t *start;
};

static void *count_up(void *arg)
{
	struct counter *c = arg;
	(void)pthread_barrier_wait(c->start);
	for (uint64_t i = 0; i < TRIES; i++)
		if (!gcra_admit(c->gcra, gcra_rate_make(1, UINT32_MAX), SECOND))
			return c;
	return NULL;
}

// Every admission of either thread is accounted: with a budget that never runs out, the sum is exact.
static void no_admission_is_lost(void **state)
{
	UNUSED(state);
	struct gcra g = {0};
	pthread_t thread[THREADS];
	pthread_barrier_t start;
	struct counter c = {&g, &start};
	void *refused = NULL;
	assert_int_equal(pthread_barrier_init(&start, NULL, THREADS), 0);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, count_up, &c), 0);
	for (int i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(thread[i], &refused), 0);
		assert_null(refused);
	}
	assert_true(g.arrival_us == SECOND + (uint64_t)THREADS * TRIES * SECOND);
	(void)pthread_barrier_destroy(&start);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(burst_and_one_more),
		cmocka_unit_test(edges),
		cmocka_unit_test(equals_the_leaky_bucket),
		cmocka_unit_test(two_threads_share_one_budget),
		cmocka_unit_test(no_admission_is_lost),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
