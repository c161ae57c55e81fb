// SPDX-License-Identifier: Apache-2.0
// Longest-prefix look-up of called numbers over the `calls_to` lists of all peers.
#ifndef REGISTRY_NUMBER_INDEX_H
#define REGISTRY_NUMBER_INDEX_H

#include "registry/address_index.h"

struct number_entry {
	const char *digits; // in the snapshot; "" means any
	peer_id peer;
	uint32_t outer; // index of the nearest shorter prefix, INDEX_NONE at the top
};

struct number_index {
	struct number_entry *entry; // sorted by digits; equals: lowest peer last
	uint32_t count;
};

// Build from all peers of S, which must outlive the index. E_NO_MEMORY.
MUST_USE result number_index_build(struct number_index *x, const struct snapshot *s);
void number_index_free(struct number_index *x);
// The entry with the longest prefix of NUMBER, INDEX_NONE when there is none; follow `outer` for shorter
// ones.
uint32_t number_index_find(const struct number_index *x, const char *number);

#endif
