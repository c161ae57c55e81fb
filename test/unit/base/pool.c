// SPDX-License-Identifier: Apache-2.0
// The pool: limit and limit + 1, stale references, wiping, claims after a restart, iteration, no memory.
#include "base/memory.h"
#include "base/pool.h"
#include "unit.h"

#include <string.h>

enum { MAX = 1000, SIZE = 300 };

static struct pool *pool_of(size_t size, uint32_t max)
{
	struct pool *p = NULL;
	assert_ok(pool_new(&p, size, max));
	return p;
}

static void limit_and_one_more(void **state)
{
	UNUSED(state);
	static struct pool_ref ref[MAX + 1];
	struct pool *p = pool_of(SIZE, MAX);
	void *o;
	for (uint32_t i = 0; i < MAX; i++) {
		assert_ok(pool_get(p, &o, &ref[i]));
		assert_int_equal((uintptr_t)o % 16, 0);
		for (int k = 0; k < SIZE; k++)
			assert_int_equal(((uint8_t *)o)[k], 0);
		memset(o, 0xaa, SIZE);
	}
	assert_error(pool_get(p, &o, &ref[MAX]), E_FULL);
	assert_null(o);
	assert_null(pool_find(p, ref[MAX]));
	assert_int_equal(pool_count(p), MAX);
	pool_put(p, ref[500]);
	assert_ok(pool_get(p, &o, &ref[MAX]));
	assert_int_equal(ref[MAX].slot, ref[500].slot);
	for (int k = 0; k < SIZE; k++)
		assert_int_equal(((uint8_t *)o)[k], 0); // MF-C4: wiped when it was given back
	pool_free(p);
	pool_free(NULL);
}

// SF-I1: a reference from an ended call, replayed at its successor in the same slot.
static void stale_references_find_nothing(void **state)
{
	UNUSED(state);
	struct pool *p = pool_of(SIZE, MAX);
	struct pool_ref old, fresh;
	void *o;
	assert_ok(pool_get(p, &o, &old));
	assert_ptr_equal(pool_find(p, old), o);
	pool_put(p, old);
	assert_null(pool_find(p, old));
	assert_ok(pool_get(p, &o, &fresh));
	assert_int_equal(fresh.slot, old.slot);
	assert_null(pool_find(p, old));
	pool_put(p, old); // a second give-back must not free the new owner's object
	assert_ptr_equal(pool_find(p, fresh), o);
	assert_null(pool_find(p, (struct pool_ref){MAX, fresh.generation}));
	assert_null(pool_find(p, (struct pool_ref){MAX - 1, fresh.generation}));
	assert_null(pool_find(p, (struct pool_ref){UINT32_MAX, 1}));
	assert_null(pool_find(p, (struct pool_ref){fresh.slot, 0}));
	pool_free(p);
}

// SF-I1: references from before a restart must not name objects made after it: generations begin at random.
static void generations_differ_between_runs(void **state)
{
	UNUSED(state);
	uint32_t first = 0, same = 0;
	for (int run = 0; run < 20; run++) {
		struct pool *p = pool_of(SIZE, MAX);
		struct pool_ref ref;
		void *o;
		assert_ok(pool_get(p, &o, &ref));
		assert_int_not_equal(ref.generation, 0);
		same += run > 0 && ref.generation == first;
		first = ref.generation;
		pool_free(p);
	}
	assert_true(same < 3);
}

static void claims_restore_what_was(void **state)
{
	UNUSED(state);
	struct pool *p = pool_of(SIZE, MAX);
	struct pool_ref ref = {777, UINT32_MAX}, other;
	void *o, *found;
	assert_ok(pool_claim(p, ref, &o));
	assert_ptr_equal(pool_find(p, ref), o);
	assert_error(pool_claim(p, ref, &found), E_DUPLICATE);
	assert_error(pool_claim(p, (struct pool_ref){MAX, 1}, &found), E_FULL);
	assert_error(pool_claim(p, (struct pool_ref){1, 0}, &found), E_FULL);
	for (uint32_t i = 1; i < MAX; i++) { // every other slot is still given out, once
		assert_ok(pool_get(p, &found, &other));
		assert_int_not_equal(other.slot, ref.slot);
	}
	assert_error(pool_get(p, &found, &other), E_FULL);
	pool_put(p, ref);
	assert_ok(pool_get(p, &found, &other));
	assert_int_equal(other.slot, ref.slot);
	assert_int_equal(other.generation, 1); // it wraps past 0
	pool_free(p);
}

static void random_walk_against_a_model(void **state)
{
	UNUSED(state);
	static struct pool_ref ref[MAX];
	static void *object[MAX];
	uint64_t seed = 11;
	uint32_t live = 0, seen = 0, slot = 0;
	struct pool *p = pool_of(40, MAX);
	struct pool_ref r;
	for (uint32_t s = 0; s < 100000; s++) {
		uint32_t i = (uint32_t)(unit_random(&seed) % MAX);
		if (object[i] == NULL) {
			assert_ok(pool_get(p, &object[i], &ref[i]));
			live++;
		} else {
			assert_ptr_equal(pool_find(p, ref[i]), object[i]);
			pool_put(p, ref[i]);
			assert_null(pool_find(p, ref[i]));
			object[i] = NULL;
			live--;
		}
		assert_int_equal(pool_count(p), live);
	}
	for (void *o; (o = pool_next(p, &slot, &r)) != NULL; slot++, seen++)
		assert_ptr_equal(pool_find(p, r), o);
	assert_int_equal(seen, live);
	pool_free(p);
}

static void each_allocation_fails(void **state)
{
	UNUSED(state);
	struct pool *p = NULL;
	struct pool_ref ref;
	void *o;
	for (uint64_t n = 1; n <= 2; n++) {
		memory_fail_nth(n);
		assert_error(pool_new(&p, SIZE, MAX), E_NO_MEMORY);
		assert_null(p);
	}
	p = pool_of(SIZE, MAX);
	memory_fail_nth(1);
	assert_error(pool_get(p, &o, &ref), E_NO_MEMORY);
	memory_fail_nth(1);
	assert_error(pool_claim(p, (struct pool_ref){5, 5}, &o), E_NO_MEMORY);
	assert_int_equal(pool_count(p), 0);
	assert_ok(pool_get(p, &o, &ref));
	pool_free(p);
	assert_error(pool_new(&p, 0, MAX), E_FULL);
	assert_error(pool_new(&p, SIZE, 0), E_FULL);
	assert_error(pool_new(&p, SIZE, UINT32_MAX), E_FULL);
}

static void large_objects_have_their_own_chunk(void **state)
{
	UNUSED(state);
	struct pool *p = pool_of(200000, 3);
	struct pool_ref ref[4];
	void *o;
	for (int i = 0; i < 3; i++) {
		assert_ok(pool_get(p, &o, &ref[i]));
		memset(o, 1, 200000);
	}
	assert_error(pool_get(p, &o, &ref[3]), E_FULL);
	pool_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(limit_and_one_more),
		cmocka_unit_test(stale_references_find_nothing),
		cmocka_unit_test(generations_differ_between_runs),
		cmocka_unit_test(claims_restore_what_was),
		cmocka_unit_test(random_walk_against_a_model),
		cmocka_unit_test(each_allocation_fails),
		cmocka_unit_test(large_objects_have_their_own_chunk),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
