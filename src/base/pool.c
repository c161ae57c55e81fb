// SPDX-License-Identifier: Apache-2.0
// Object pool: chunks of slots, each slot a small header and the object; free slots form a doubly linked
// list, so that a particular slot can be claimed after a restart.
//
// Generations begin at a random number: a reference from before a restart does not name an object made after
// it (SF-I1). An object is wiped when it is given back, so that no key or number stays behind (MF-C4).
#include "base/pool.h"

#include "base/memory.h"

#include <sodium.h>

enum {
	CHUNK_OCTETS = 65536, // [octets] what a chunk aims at: few allocations, little waste in a small pool
	SLOT_ALIGN = 16,      // [octets]
};
static const uint32_t NONE = UINT32_MAX; // end of the free list

struct slot {
	uint32_t generation; // never 0
	uint32_t live;       // 1: given out
	uint32_t next, prev; // free list, when not live
			     // the object follows
};
_Static_assert(sizeof(struct slot) % SLOT_ALIGN == 0, "objects are aligned");

struct pool {
	size_t size;         // of an object [octets]
	size_t stride;       // slot header + object, aligned [octets]
	uint32_t max;        // slots
	uint32_t per_chunk;  // slots in a chunk
	uint32_t chunks;     // entries of chunk[]
	uint32_t next_chunk; // every chunk below it exists
	uint32_t free;       // first free slot, or NONE
	uint32_t count;      // live objects
	uint32_t generation; // of fresh slots
	uint8_t **chunk;     // NULL: not yet needed
};

result pool_new(struct pool **out, size_t size, uint32_t max)
{
	*out = NULL;
	REQUIRE(size > 0 && size <= UINT32_MAX && max > 0 && max < NONE, E_FULL);
	struct pool *p = memory_alloc(sizeof(*p));
	REQUIRE(p != NULL, E_NO_MEMORY);
	p->size = size;
	p->stride = (sizeof(struct slot) + size + SLOT_ALIGN - 1) / SLOT_ALIGN * SLOT_ALIGN;
	p->max = max;
	p->per_chunk = p->stride < CHUNK_OCTETS ? (uint32_t)(CHUNK_OCTETS / p->stride) : 1;
	if (p->per_chunk > max)
		p->per_chunk = max;
	p->chunks = (max - 1) / p->per_chunk + 1;
	p->free = NONE;
	p->generation = randombytes_uniform(UINT32_MAX) + 1;
	p->chunk = memory_array(p->chunks, sizeof(*p->chunk));
	if (p->chunk == NULL) {
		memory_free(p);
		return FAIL(E_NO_MEMORY);
	}
	*out = p;
	return OK;
}

void pool_free(struct pool *p)
{
	if (p == NULL)
		return;
	for (uint32_t c = 0; c < p->chunks; c++) {
		if (p->chunk[c] != NULL)
			memory_wipe(p->chunk[c], p->stride * p->per_chunk);
		memory_free(p->chunk[c]);
	}
	memory_free(p->chunk);
	memory_free(p);
}

// The header of slot N, NULL when its chunk does not exist.
static struct slot *slot_at(const struct pool *p, uint32_t n)
{
	if (n >= p->max || p->chunk[n / p->per_chunk] == NULL)
		return NULL;
	return (struct slot *)(void *)(p->chunk[n / p->per_chunk] + p->stride * (n % p->per_chunk));
}

static void *slot_object(struct slot *s)
{
	return s + 1;
}

static void free_push(struct pool *p, uint32_t n)
{
	struct slot *s = slot_at(p, n);

	s->live = 0;
	s->prev = NONE;
	s->next = p->free;
	if (p->free != NONE)
		slot_at(p, p->free)->prev = n;
	p->free = n;
}

static void free_take(struct pool *p, uint32_t n)
{
	struct slot *s = slot_at(p, n);

	if (s->prev != NONE)
		slot_at(p, s->prev)->next = s->next;
	else
		p->free = s->next;
	if (s->next != NONE)
		slot_at(p, s->next)->prev = s->prev;
	s->live = 1;
	s->next = s->prev = NONE;
	p->count++;
}

static result chunk_add(struct pool *p, uint32_t c)
{
	p->chunk[c] = memory_array(p->per_chunk, p->stride);
	REQUIRE(p->chunk[c] != NULL, E_NO_MEMORY);
	uint32_t first = c * p->per_chunk;
	uint32_t room = p->max - first;
	uint32_t n = room < p->per_chunk ? room : p->per_chunk;
	while (n-- > 0) { // backwards, so that the lowest slot is given out first
		slot_at(p, first + n)->generation = p->generation;
		free_push(p, first + n);
	}
	return OK;
}

result pool_get(struct pool *p, void **object, struct pool_ref *ref)
{
	*object = NULL;
	*ref = (struct pool_ref){0};
	REQUIRE(p->count < p->max, E_FULL);
	if (p->free == NONE) {
		while (p->next_chunk < p->chunks && p->chunk[p->next_chunk] != NULL)
			p->next_chunk++;
		REQUIRE(p->next_chunk < p->chunks, E_FULL);
		TRY(chunk_add(p, p->next_chunk));
	}
	uint32_t n = p->free;
	struct slot *s = slot_at(p, n);
	free_take(p, n);
	*object = slot_object(s);
	*ref = (struct pool_ref){n, s->generation};
	return OK;
}

result pool_claim(struct pool *p, struct pool_ref ref, void **object)
{
	*object = NULL;
	REQUIRE(ref.slot < p->max && ref.generation != 0, E_FULL);
	if (p->chunk[ref.slot / p->per_chunk] == NULL)
		TRY(chunk_add(p, ref.slot / p->per_chunk));
	struct slot *s = slot_at(p, ref.slot);
	REQUIRE(!s->live, E_DUPLICATE);
	free_take(p, ref.slot);
	s->generation = ref.generation;
	*object = slot_object(s);
	return OK;
}

static struct slot *slot_live(const struct pool *p, struct pool_ref ref)
{
	struct slot *s = slot_at(p, ref.slot);

	return s != NULL && s->live && s->generation == ref.generation ? s : NULL;
}

void pool_put(struct pool *p, struct pool_ref ref)
{
	struct slot *s = slot_live(p, ref);

	if (s == NULL)
		return; // stale: given back already
	memory_wipe(slot_object(s), p->size);
	s->generation = s->generation == UINT32_MAX ? 1 : s->generation + 1;
	p->count--;
	free_push(p, ref.slot);
}

void *pool_find(const struct pool *p, struct pool_ref ref)
{
	struct slot *s = slot_live(p, ref);

	return s == NULL ? NULL : slot_object(s);
}

uint32_t pool_count(const struct pool *p)
{
	return p->count;
}

void *pool_next(const struct pool *p, uint32_t *slot, struct pool_ref *ref)
{
	for (uint32_t n = *slot; n < p->max; n++) {
		struct slot *s = slot_at(p, n);
		if (s == NULL) {
			n += p->per_chunk - 1 - n % p->per_chunk; // nothing in this chunk
			continue;
		}
		if (!s->live)
			continue;
		*slot = n;
		*ref = (struct pool_ref){n, s->generation};
		return slot_object(s);
	}
	return NULL;
}
