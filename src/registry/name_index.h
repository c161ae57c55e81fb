// SPDX-License-Identifier: Apache-2.0
// Look-up of peers by a name: their own, their TLS names (per zone), their domain.
#ifndef REGISTRY_NAME_INDEX_H
#define REGISTRY_NAME_INDEX_H

#include "registry/snapshot.h"

enum name_kind { NAME_PEER, NAME_TLS, NAME_DOMAIN };
enum { NAME_KEY_MAX = DOMAIN_MAX + 2 }; // kind, zone, name

struct name_entry {
	peer_id peer;
	uint8_t key[2]; // kind and zone; the name follows in `name`
	const char *name;
	struct name_entry *next; // the next peer with the same domain
};

struct name_index {
	struct table *table;
	struct name_entry *entry;
	uint32_t count;
};

// Build from all peers of S, which must outlive the index. E_NO_MEMORY, E_DUPLICATE when two peers share
// their own name, or a TLS name in one zone.
MUST_USE result name_index_build(struct name_index *x, const struct snapshot *s);
void name_index_free(struct name_index *x);
// The first entry for NAME (any case); ZONE counts for NAME_TLS only. NULL when there is none.
const struct name_entry *name_index_find(
	const struct name_index *x, enum name_kind kind, zone_id zone, struct bytes name);

#endif
