// SPDX-License-Identifier: Apache-2.0
// The heap, in one place, so that tests can fail the n-th allocation.
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

#include <stddef.h>
#include <stdint.h>

// N zeroed octets, or NULL. Free with memory_free.
void *memory_alloc(size_t n);
// COUNT * SIZE zeroed octets, or NULL (also when the product overflows).
void *memory_array(size_t count, size_t size);
void memory_free(void *p);
// Overwrite N octets in a way that the compiler keeps (keys).
void memory_wipe(void *p, size_t n);

// Tests: let the allocation with number N from now on fail (1 = the next), once; 0 switches it off.
void memory_fail_nth(uint64_t n);
// Tests: allocations asked for since the start of the process.
uint64_t memory_alloc_count(void);

#endif
