// SPDX-License-Identifier: Apache-2.0
// Open addressing with twice as many slots as there can be keys: a probe ends at an empty one.
#include "registry/overlay.h"

#include "base/memory.h"

#include <sodium.h>
#include <stdatomic.h>

enum { SLOTS = 2 * OVERLAY_MAX };

struct overlay {
	_Atomic uint32_t count;
	_Atomic uint32_t lengths; // bit d: some prefix of d digits; bit 16 + d: some number of d digits
	uint64_t secret;          // numbers are chosen by others: their places are not
	struct range_change *change; // OVERLAY_MAX
	_Atomic uint32_t *slot;   // 1 + index of the last change of a key; 0 empty
};

result overlay_new(struct overlay **out)
{
	struct overlay *o = memory_alloc(sizeof(*o));
	REQUIRE(o != NULL, E_NO_MEMORY);
	randombytes_buf(&o->secret, sizeof(o->secret));
	o->change = memory_array(OVERLAY_MAX, sizeof(*o->change));
	o->slot = memory_array(SLOTS, sizeof(*o->slot));
	if (o->change == NULL || o->slot == NULL) {
		overlay_free(o);
		return FAIL(E_NO_MEMORY);
	}
	*out = o;
	return OK;
}

void overlay_free(struct overlay *o)
{
	if (o == NULL)
		return;
	memory_free(o->change);
	memory_free((void *)o->slot);
	memory_free(o);
}

static uint32_t place(const struct overlay *o, range_key key)
{
	uint64_t z = (key ^ o->secret) * 0x9e3779b97f4a7c15ull;
	z = (z ^ (z >> 29)) * 0xbf58476d1ce4e5b9ull;
	return (uint32_t)((z ^ (z >> 32)) % SLOTS);
}

// The slot of KEY, or the empty one where it would stand.
static uint32_t find(const struct overlay *o, range_key key, uint32_t *index)
{
	uint32_t at = place(o, key);
	for (uint32_t i = 0; i < SLOTS; i++, at = (at + 1) % SLOTS) {
		uint32_t last = atomic_load_explicit(&o->slot[at], memory_order_acquire);
		*index = last;
		if (last == 0 || last > OVERLAY_MAX || o->change[last - 1].range.key == key)
			return at;
	}
	*index = 0;
	return SLOTS;
}

result overlay_put(struct overlay *o, const struct range_change *c)
{
	uint32_t n = atomic_load_explicit(&o->count, memory_order_relaxed), index;
	uint32_t bit = range_key_digits(c->range.key) + (range_key_exact(c->range.key) ? 16u : 0u);
	REQUIRE(c->range.key != 0, E_SYNTAX);
	REQUIRE(n < OVERLAY_MAX, E_FULL);
	uint32_t at = find(o, c->range.key, &index);
	REQUIRE(at < SLOTS, E_FULL);
	o->change[n] = *c;
	atomic_fetch_or_explicit(&o->lengths, 1u << bit, memory_order_relaxed);
	atomic_store_explicit(&o->slot[at], n + 1, memory_order_release);
	atomic_store_explicit(&o->count, n + 1, memory_order_release);
	return OK;
}

uint32_t overlay_count(const struct overlay *o)
{
	return atomic_load_explicit(&o->count, memory_order_acquire);
}

bool overlay_get(const struct overlay *o, range_key key, struct range_change *out)
{
	uint32_t index;
	find(o, key, &index);
	if (index == 0 || index > OVERLAY_MAX)
		return false;
	*out = o->change[index - 1];
	return true;
}

bool overlay_has(const struct overlay *o, uint32_t digits, bool exact)
{
	return (atomic_load_explicit(&o->lengths, memory_order_relaxed) & (1u << (digits + (exact ? 16u : 0u)))) != 0;
}
