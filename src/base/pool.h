// SPDX-License-Identifier: Apache-2.0
// Object pool: long-lived objects of one size, named by (slot, generation).
//
// A reference to a freed object is recognised by its generation, so tokens and messages from other
// processes may carry references without trust.
#ifndef BASE_POOL_H
#define BASE_POOL_H

#include "base/result.h"

#include <stddef.h>

struct pool_ref {
	uint32_t slot;
	uint32_t generation; // never 0 for a live object
};

struct pool; // opaque

// Objects of SIZE octets, at most MAX of them; memory is taken in chunks as needed. E_NO_MEMORY.
MUST_USE result pool_new(struct pool **out, size_t size, uint32_t max);
void pool_free(struct pool *p);
// A zeroed object and its reference. E_FULL, E_NO_MEMORY.
MUST_USE result pool_get(struct pool *p, void **object, struct pool_ref *ref);
// Take a particular slot and generation, to restore after a restart. E_DUPLICATE when taken, E_FULL beyond max.
MUST_USE result pool_claim(struct pool *p, struct pool_ref ref, void **object);
// Give back; the object is wiped.
void pool_put(struct pool *p, struct pool_ref ref);
void *pool_find(const struct pool *p, struct pool_ref ref); // NULL when stale or never given out
uint32_t pool_count(const struct pool *p);
// The first live object with slot >= *SLOT, and set *SLOT to its slot; NULL at the end. Add 1 to go on.
void *pool_next(const struct pool *p, uint32_t *slot, struct pool_ref *ref);

#endif
