// SPDX-License-Identifier: Apache-2.0
// Arena: cut from the front, given back as a whole. Each piece is zeroed when it is cut, not when the arena
// is reset: a message that needs little pays little.
#include "base/arena.h"

#include "base/memory.h"

#include <stdbool.h>
#include <string.h>

enum { ARENA_ALIGN = 16 }; // [octets] the strictest alignment of any C object on x86-64 and arm64

result arena_init(struct arena *a, size_t size)
{
	*a = (struct arena){0};
	void *block = memory_alloc(size);
	REQUIRE(block != NULL, E_NO_MEMORY);
	arena_init_block(a, block, size);
	return OK;
}

void arena_init_block(struct arena *a, void *block, size_t size)
{
	*a = (struct arena){.block = block, .size = size};
}

void arena_free(struct arena *a)
{
	memory_free(a->block);
	*a = (struct arena){0};
}

void *arena_alloc(struct arena *a, size_t n)
{
	uintptr_t at = (uintptr_t)a->block + a->used;
	size_t pad = (ARENA_ALIGN - at % ARENA_ALIGN) % ARENA_ALIGN;
	size_t room = a->size - a->used;

	if (a->block == NULL || pad > room || n > room - pad)
		return NULL;
	void *piece = a->block + a->used + pad;
	a->used += pad + n;
	if (a->used > a->peak)
		a->peak = a->used;
	return memset(piece, 0, n);
}

void arena_reset(struct arena *a)
{
	a->used = 0;
}
