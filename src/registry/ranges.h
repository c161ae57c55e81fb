// SPDX-License-Identifier: Apache-2.0
// Ten million number ranges as one position-independent block, and the longest of them that holds a number.
//
// A number is a key of 64 bits: 15 digits of 4 bits (digit plus one, so that none is zero), the last 4 bits 0 for a prefix and 1 for one
// number alone. In the order of keys all ranges that hold a number enclose the last one not after it; each range knows the one
// that encloses it. The block is made by the directory, sealed, mapped by others: every index in it is checked on use.
#ifndef REGISTRY_RANGES_H
#define REGISTRY_RANGES_H

#include "base/result.h"
#include "terms/route.h"

enum {
	RANGES_MAX = 20000000,      // of one block: twice the largest registry that is planned for; below 0.5 GiB
	RANGES_DIGITS_MAX = 15,     // E.164
	RANGES_NONE = 0xffffffff,
};

typedef uint64_t range_key; // 0: none

// "+" and 1..15 digits; EXACT: that number alone. 0 for anything else.
range_key range_key_of(const char *number, bool exact);
// The text of digits that a key or routing number stands for: "+49", "" for 0. OUT holds NUMBER_MAX octets.
void range_key_text(range_key key, char out[NUMBER_MAX]);
uint32_t range_key_digits(range_key key); // how many

static inline bool range_key_exact(range_key key)
{
	return (key & 15) == 1;
}

// The key that holds everything that begins with the first N digits of KEY.
static inline range_key range_key_prefix(range_key key, uint32_t n)
{
	return n >= RANGES_DIGITS_MAX ? key & ~15ull : key & ~(~0ull >> (4 * n));
}

static inline bool range_key_holds(range_key range, range_key number)
{
	return range_key_exact(range) ? range == (number | 1) : range_key_prefix(number, range_key_digits(range)) == range;
}

struct range { // what is known of one
	range_key key;
	uint32_t target; // number of a group or peer (registry/groups.h)
	range_key rn;    // routing number, as a key; 0 none
};

struct ranges; // a block, read-only

// Is BLOCK of SIZE octets whole: this build's, its checksum right, keys in order? E_CONFIG. DEEP false: only sizes and places
// are looked at (a block that we sealed ourselves).
MUST_USE result ranges_check(const void *block, size_t size, bool deep);
uint32_t ranges_count(const struct ranges *r);
// The I-th in the order of keys. False beyond the last.
bool ranges_at(const struct ranges *r, uint32_t i, struct range *out);
// The longest range that holds NUMBER (a key): its index, RANGES_NONE; and the next that encloses I and holds it.
uint32_t ranges_find(const struct ranges *r, range_key number);
uint32_t ranges_outer(const struct ranges *r, uint32_t i, range_key number);

// --- making one

struct ranges_builder;
// ROOM: how many are expected, 0: not known.
MUST_USE result ranges_builder_new(struct ranges_builder **out, uint32_t room);
void ranges_builder_free(struct ranges_builder *b);
// Add one. Cheapest in the order of keys; of two with one key the last counts. E_FULL, E_NO_MEMORY.
MUST_USE result ranges_builder_add(struct ranges_builder *b, const struct range *r);
// Octets that the block will have.
MUST_USE result ranges_builder_size(struct ranges_builder *b, size_t *size); // E_NO_MEMORY
// Write the block to OUT of that size.
void ranges_builder_write(struct ranges_builder *b, void *out);

#endif
