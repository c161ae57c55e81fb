// SPDX-License-Identifier: Apache-2.0
// Hash table keyed by SipHash under a per-process secret, for tables that a stranger can fill.
//
// Maps octets to a pointer. The table stores the 64-bit keyed hash and the value; the owner's `match`
// compares the key itself, so keys are not copied. Bounded: an insert beyond `max` is E_FULL.
#ifndef BASE_TABLE_H
#define BASE_TABLE_H

#include "base/result.h"
#include "base/span.h"

enum { TABLE_SECRET_LEN = 16 };

typedef bool (*table_match)(const void *value, struct bytes key);

struct table; // opaque

// A table for at most MAX values; grows by doubling, never shrinks. E_NO_MEMORY.
MUST_USE result table_new(struct table **out, const uint8_t secret[TABLE_SECRET_LEN], uint32_t max, table_match match);
void table_free(struct table *t);
// Add; the caller keeps VALUE alive until removed. E_DUPLICATE, E_FULL, E_NO_MEMORY.
MUST_USE result table_put(struct table *t, struct bytes key, void *value);
void *table_get(const struct table *t, struct bytes key); // NULL when absent
void *table_remove(struct table *t, struct bytes key);    // the removed value, NULL when absent

// The keyed hash alone (SipHash-2-4), for choosing an owner among workers.
uint64_t keyed_hash(const uint8_t secret[TABLE_SECRET_LEN], struct bytes key);

#endif
