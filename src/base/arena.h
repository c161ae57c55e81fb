// SPDX-License-Identifier: Apache-2.0
// Arena: memory that lives as long as one message.
//
// A fixed block is cut from the front and given back as a whole; nothing is freed singly. A hot path
// allocates here and nowhere else. Running out is an error path, tested by failing the n-th allocation.
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/result.h"

#include <stddef.h>
#include <stdint.h>

struct arena {
	uint8_t *block;
	size_t size; // [octets]
	size_t used; // [octets]
	size_t peak; // [octets] highest use since init
};

// Take SIZE octets from the heap for the arena. E_NO_MEMORY.
MUST_USE result arena_init(struct arena *a, size_t size);
// Use a block that the caller owns and keeps alive.
void arena_init_block(struct arena *a, void *block, size_t size);
void arena_free(struct arena *a);
// N zeroed octets aligned to 16, or NULL when the arena is full.
void *arena_alloc(struct arena *a, size_t n);
// Forget everything.
void arena_reset(struct arena *a);

#endif
