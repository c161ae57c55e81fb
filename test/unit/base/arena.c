// SPDX-License-Identifier: Apache-2.0
// The arena: alignment, its exact limit, reset, peak, and no memory.
#include "base/arena.h"
#include "base/memory.h"
#include "unit.h"

#include <stdalign.h>
#include <string.h>

static void pieces_are_aligned_and_zeroed(void **state)
{
	UNUSED(state);
	alignas(16) uint8_t block[256];
	struct arena a;
	memset(block, 0xee, sizeof(block));
	arena_init_block(&a, block + 1, sizeof(block) - 1);
	for (int i = 0; i < 5; i++) {
		uint8_t *p = arena_alloc(&a, 17);
		assert_non_null(p);
		assert_int_equal((uintptr_t)p % 16, 0);
		for (int k = 0; k < 17; k++)
			assert_int_equal(p[k], 0);
	}
}

static void limit_and_one_more(void **state)
{
	UNUSED(state);
	alignas(16) uint8_t block[64];
	struct arena a;
	arena_init_block(&a, block, sizeof(block));
	assert_null(arena_alloc(&a, 65));
	assert_ptr_equal(arena_alloc(&a, 64), block);
	assert_null(arena_alloc(&a, 1));
	assert_non_null(arena_alloc(&a, 0));
	arena_reset(&a);
	assert_int_equal(a.used, 0);
	assert_int_equal(a.peak, 64);
	assert_non_null(arena_alloc(&a, 48));
	assert_null(arena_alloc(&a, 17));
	assert_non_null(arena_alloc(&a, 16));
	arena_reset(&a);
	assert_non_null(arena_alloc(&a, 1));
	assert_null(arena_alloc(&a, 49)); // 48 are left behind the alignment
	assert_non_null(arena_alloc(&a, 48));
	assert_null(arena_alloc(&a, SIZE_MAX));
	assert_null(arena_alloc(&a, SIZE_MAX - 8));
}

static void heap_and_failure(void **state)
{
	UNUSED(state);
	struct arena a;
	memory_fail_nth(1);
	assert_error(arena_init(&a, 100), E_NO_MEMORY);
	assert_null(arena_alloc(&a, 1));
	arena_free(&a);
	assert_ok(arena_init(&a, 100));
	assert_non_null(arena_alloc(&a, 96));
	arena_free(&a);
	assert_null(arena_alloc(&a, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_are_aligned_and_zeroed),
		cmocka_unit_test(limit_and_one_more),
		cmocka_unit_test(heap_and_failure),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
