// SPDX-License-Identifier: Apache-2.0
// Port pairs: bound, quarantine, claim, double release, memory.
#include "unit_mf.h"

#include "base/clock.h"
#include "mf/ports.h"

enum { N = 8 };

static struct address pairs[N];

static struct mf_ports *make(uint64_t quarantine_us)
{
	struct mf_ports *p;

	for (uint16_t i = 0; i < N; i++)
		pairs[i] = (struct address){
			.family = 4, .port = (uint16_t)(20000 + 2 * i), .ip = {192, 0, 2, 1}};
	assert_ok(mf_ports_new(&p, pairs, N, quarantine_us));
	return p;
}

static void bound(void **state)
{
	struct mf_ports *p = make(10 * SECOND);
	uint32_t pair, seen = 0;

	(void)state;
	for (uint32_t i = 0; i < N; i++) {
		assert_ok(mf_ports_take(p, 0, &pair));
		assert_true(pair < N && (seen >> pair & 1) == 0);
		seen |= 1u << pair;
	}
	assert_int_equal(mf_ports_used(p), N);
	assert_error(mf_ports_take(p, 0, &pair), E_FULL);
	mf_ports_free(p);
}

static void quarantine(void **state)
{
	struct mf_ports *p = make(10 * SECOND);
	uint32_t pair[N], again;

	(void)state;
	for (uint32_t i = 0; i < N; i++)
		assert_ok(mf_ports_take(p, 0, &pair[i]));
	mf_ports_release(p, pair[3], 5 * SECOND);
	mf_ports_release(p, pair[3], 5 * SECOND); // twice is once
	mf_ports_release(p, N + 5, 5 * SECOND);
	mf_ports_release(p, pair[4], 6 * SECOND);
	assert_int_equal(mf_ports_used(p), N - 2);
	assert_error(mf_ports_take(p, 15 * SECOND - 1, &again), E_FULL);
	assert_ok(mf_ports_take(p, 15 * SECOND, &again));
	assert_int_equal(again, pair[3]);
	assert_error(mf_ports_take(p, 15 * SECOND, &again), E_FULL);
	assert_ok(mf_ports_take(p, 16 * SECOND, &again));
	assert_int_equal(again, pair[4]);
	mf_ports_free(p);
}

// Another time counts for pairs that wait already, either way, and their order stays.
static void quarantine_changes(void **state)
{
	struct mf_ports *p = make(600 * SECOND);
	uint32_t pair[N], again;

	(void)state;
	for (uint32_t i = 0; i < N; i++)
		assert_ok(mf_ports_take(p, 0, &pair[i]));
	mf_ports_release(p, pair[0], 10 * SECOND);
	assert_error(mf_ports_take(p, 100 * SECOND, &again), E_FULL);
	mf_ports_quarantine(p, 30 * SECOND, 20 * SECOND);
	assert_error(mf_ports_take(p, 40 * SECOND - 1, &again), E_FULL);
	mf_ports_release(p, pair[1], 35 * SECOND);
	assert_ok(mf_ports_take(p, 40 * SECOND, &again));
	assert_int_equal(again, pair[0]);
	mf_ports_quarantine(p, 60 * SECOND, 41 * SECOND);
	assert_error(mf_ports_take(p, 95 * SECOND - 1, &again), E_FULL);
	assert_ok(mf_ports_take(p, 95 * SECOND, &again));
	assert_int_equal(again, pair[1]);
	mf_ports_release(p, pair[2], 100 * SECOND);
	mf_ports_quarantine(p, 600 * SECOND, 160 * SECOND); // it has waited for what it had to
	assert_ok(mf_ports_take(p, 161 * SECOND, &again));
	assert_int_equal(again, pair[2]);
	mf_ports_free(p);
}

static void claim(void **state)
{
	struct mf_ports *p = make(0);
	struct address none = {.family = 4, .port = 9};
	uint32_t pair;

	(void)state;
	assert_ok(mf_ports_claim(p, &pairs[5], &pair));
	assert_int_equal(pair, 5);
	assert_error(mf_ports_claim(p, &pairs[5], &pair), E_DUPLICATE);
	assert_error(mf_ports_claim(p, &none, &pair), E_NOT_FOUND);
	for (uint32_t i = 1; i < N; i++) {
		assert_ok(mf_ports_take(p, 0, &pair));
		assert_int_not_equal(pair, 5);
	}
	assert_error(mf_ports_take(p, 0, &pair), E_FULL);
	mf_ports_release(p, 5, 0); // no quarantine: free at once
	assert_ok(mf_ports_take(p, 0, &pair));
	assert_int_equal(pair, 5);
	mf_ports_free(p);
}

static void churn(void **state)
{
	struct mf_ports *p = make(3);
	uint32_t held[N], count = 0;

	(void)state;
	for (uint64_t now = 0; now < 20000; now++) { // the ring goes round many times
		if (now % 3 != 0 && is_ok(mf_ports_take(p, now, &held[count])))
			count++;
		else if (count > 0)
			mf_ports_release(p, held[--count], now);
		assert_int_equal(mf_ports_used(p), count);
	}
	mf_ports_free(p);
}

static void no_memory(void **state)
{
	struct mf_ports *p;

	(void)state;
	for (uint32_t i = 1; i <= 5; i++) {
		memory_fail_nth(i);
		assert_error(mf_ports_new(&p, pairs, N, 0), E_NO_MEMORY);
	}
	memory_fail_nth(0);
	assert_ok(mf_ports_new(&p, NULL, 0, 0)); // a listener without media
	uint32_t pair;
	assert_error(mf_ports_take(p, 0, &pair), E_FULL);
	mf_ports_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(bound), cmocka_unit_test(quarantine),
		cmocka_unit_test(quarantine_changes),
		cmocka_unit_test(claim), cmocka_unit_test(churn), cmocka_unit_test(no_memory)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
