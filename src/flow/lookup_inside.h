// SPDX-License-Identifier: Apache-2.0
// What the look-ups of one worker consist of; private to src/flow/lookup*.c.
#ifndef FLOW_LOOKUP_INSIDE_H
#define FLOW_LOOKUP_INSIDE_H

#include "base/table.h"
#include "flow/lookup.h"

_Static_assert(sizeof(struct lookup_key) == sizeof(peer_id) + sizeof(uint16_t) + NUMBER_MAX, "a key without holes can be hashed");

struct lookup_entry { // of the cache
	struct lookup_key key;
	struct lookup_kept kept;
	uint64_t until_us;
};

struct held { // a request that waits
	uint32_t request;   // of the directory; several may wait for one
	uint64_t key, until_us;
	struct lookup_key asked;
	struct origin origin;
	uint32_t size;
	uint8_t *octets;    // NULL: a free place
};

struct flow_lookups {
	struct table *table;
	struct lookup_entry *entry; // LOOKUP_CACHE_MAX
	uint32_t used, next;        // of `entry`
	uint32_t request;           // numbered last
	uint32_t held_count;
	uint64_t held_octets;
	struct held held[LOOKUP_HELD_MAX];
};

MUST_USE result lookup_cache_new(struct flow_lookups *l, const uint8_t secret[16]);
void lookup_cache_free(struct flow_lookups *l);

#endif
