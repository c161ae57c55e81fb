// SPDX-License-Identifier: Apache-2.0
// The heap: zeroed, overflow-checked, failing on demand exactly once.
#include "base/memory.h"
#include "unit.h"

static void memory_is_zeroed(void **state)
{
	UNUSED(state);
	uint8_t *p = memory_alloc(1000);
	assert_non_null(p);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(p[i], 0);
	memory_free(p);
	p = memory_alloc(0);
	assert_non_null(p);
	memory_free(p);
	memory_free(NULL);
}

static void products_do_not_wrap(void **state)
{
	UNUSED(state);
	assert_null(memory_array(SIZE_MAX / 2 + 2, 2));
	assert_null(memory_array(SIZE_MAX, SIZE_MAX));
	void *p = memory_array(3, 5);
	assert_non_null(p);
	memory_free(p);
}

static void nth_allocation_fails_once(void **state)
{
	UNUSED(state);
	uint64_t before = memory_alloc_count();
	memory_fail_nth(3);
	for (int i = 1; i <= 5; i++) {
		void *p = memory_alloc(8);
		assert_int_equal(p == NULL, i == 3);
		memory_free(p);
	}
	assert_int_equal(memory_alloc_count() - before, 5);
	memory_fail_nth(1);
	memory_fail_nth(0);
	void *p = memory_alloc(8);
	assert_non_null(p);
	memory_free(p);
}

static void wiping_overwrites(void **state)
{
	UNUSED(state);
	uint8_t key[16] = {1, 2, 3};
	key[15] = 9;
	memory_wipe(key, sizeof(key) - 1);
	for (int i = 0; i < 15; i++)
		assert_int_equal(key[i], 0);
	assert_int_equal(key[15], 9);
	memory_wipe(NULL, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_is_zeroed),
		cmocka_unit_test(products_do_not_wrap),
		cmocka_unit_test(nth_allocation_fails_once),
		cmocka_unit_test(wiping_overwrites),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
