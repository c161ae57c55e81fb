// SPDX-License-Identifier: Apache-2.0
// Longest-prefix look-up of signalling addresses, per zone.
#ifndef REGISTRY_ADDRESS_INDEX_H
#define REGISTRY_ADDRESS_INDEX_H

#include "registry/snapshot.h"

struct address_entry {
	zone_id zone;
	uint8_t lower_rank; // 1: the peer was removed; a configured one with the same prefix goes first
	peer_id peer;
	uint32_t outer; // index of the nearest entry that encloses this one, INDEX_NONE at the top
	struct prefix prefix;
};

#define INDEX_NONE UINT32_MAX

struct address_index {
	struct address_entry *entry; // sorted by zone, family, IP, bits; equals: the first choice last
	uint32_t count;
};

// Build from all peers of S. E_NO_MEMORY.
MUST_USE result address_index_build(struct address_index *x, const struct snapshot *s);
void address_index_free(struct address_index *x);
// The innermost entry of ZONE that holds A, INDEX_NONE when there is none.
uint32_t address_index_find(const struct address_index *x, zone_id zone, const struct address *a);

#endif
