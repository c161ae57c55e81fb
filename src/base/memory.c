// SPDX-License-Identifier: Apache-2.0
// The heap. Memory comes zeroed, so that no field is ever read before it is set, and an allocation can be
// made to fail by its number, so that every out-of-memory path is walked by a test.
//
// The two counters are process-wide by nature (tests only); they are atomics and no decision of the
// product depends on them. Nothing on a hot path comes here.
#include "base/memory.h"

#include <sodium.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

static _Atomic uint64_t alloc_count; // banned-ok: for tests, see above
static _Atomic uint64_t fail_at;     // banned-ok: for tests; the value of alloc_count that fails; 0 = none

static bool alloc_allowed(void)
{
	uint64_t n = atomic_fetch_add_explicit(&alloc_count, 1, memory_order_relaxed) + 1;
	uint64_t at = n;

	return !atomic_compare_exchange_strong_explicit(
		&fail_at, &at, 0, memory_order_relaxed, memory_order_relaxed);
}

void *memory_alloc(size_t n)
{
	return memory_array(1, n);
}

void *memory_array(size_t count, size_t size)
{
	size_t bytes = 0;

	if (!alloc_allowed() || __builtin_mul_overflow(count, size, &bytes))
		return NULL;
	return calloc(1, bytes == 0 ? 1 : bytes); // banned-ok: this is the one place
}

void memory_free(void *p)
{
	free(p);
}

void memory_wipe(void *p, size_t n)
{
	if (n > 0)
		sodium_memzero(p, n);
}

void memory_fail_nth(uint64_t n)
{
	uint64_t now = atomic_load_explicit(&alloc_count, memory_order_relaxed);

	atomic_store_explicit(&fail_at, n == 0 ? 0 : now + n, memory_order_relaxed);
}

uint64_t memory_alloc_count(void)
{
	return atomic_load_explicit(&alloc_count, memory_order_relaxed);
}
