// SPDX-License-Identifier: Apache-2.0
// Longest-prefix look-up of signalling addresses, per zone.
//
// Prefixes are nested or apart, never half over one another. So in a list sorted by first address and
// length, everything that holds A encloses the last entry not after A: one binary search, then a climb
// along `outer`. No allocation on look-up, and the cost does not depend on how the ranges are chosen.
#include "registry/address_index.h"
#include "base/memory.h"

#include <stdlib.h>

static int order_value(uint32_t a, uint32_t b)
{
	return a < b ? -1 : a > b;
}

// Order by place: zone, family, first address, length.
static int order_place(const struct address_entry *a, const struct address_entry *b)
{
	int order = order_value(a->zone, b->zone);

	if (order == 0)
		order = order_value(a->prefix.family, b->prefix.family);
	if (order == 0)
		order = memcmp(a->prefix.ip, b->prefix.ip, sizeof(a->prefix.ip));
	return order != 0 ? order : order_value(a->prefix.bits, b->prefix.bits);
}

static int order_entries(const void *left, const void *right)
{
	const struct address_entry *a = left, *b = right;
	int order = order_place(a, b);

	if (order == 0)
		order = order_value(b->lower_rank, a->lower_rank);
	return order != 0 ? order : order_value(b->peer, a->peer);
}

static bool entry_holds(const struct address_entry *e, zone_id zone, uint8_t family, const uint8_t ip[16])
{
	uint32_t whole = e->prefix.bits / 8, rest = e->prefix.bits % 8;

	if (e->zone != zone || e->prefix.family != family || memcmp(e->prefix.ip, ip, whole) != 0)
		return false;
	return rest == 0 || ((e->prefix.ip[whole] ^ ip[whole]) >> (8 - rest)) == 0;
}

static uint32_t climb(
	const struct address_index *x, uint32_t i, zone_id zone, uint8_t family, const uint8_t ip[16])
{
	while (i != INDEX_NONE && !entry_holds(&x->entry[i], zone, family, ip))
		i = x->entry[i].outer;
	return i;
}

static void link_outer(struct address_index *x)
{
	for (uint32_t i = 0; i < x->count; i++) {
		struct address_entry *e = &x->entry[i];
		e->outer = i == 0 ? INDEX_NONE : climb(x, i - 1, e->zone, e->prefix.family, e->prefix.ip);
	}
}

static uint32_t count_prefixes(const struct snapshot *s)
{
	uint32_t n = 0;

	for (uint32_t id = 0; id < s->peer_count; id++) {
		const struct peer *p = snapshot_peer(s, (peer_id)id);
		n += p != NULL ? p->address_count : 0;
	}
	return n;
}

static void add_peer(struct address_index *x, peer_id id, const struct peer *p)
{
	for (uint32_t i = 0; i < p->address_count; i++) {
		x->entry[x->count++] = (struct address_entry){
			.zone = p->zone, .lower_rank = p->removed, .peer = id, .prefix = p->address[i]};
	}
}

result address_index_build(struct address_index *x, const struct snapshot *s)
{
	uint32_t n = count_prefixes(s);

	x->count = 0;
	x->entry = memory_array(n + 1, sizeof(*x->entry));
	REQUIRE(x->entry != NULL, E_NO_MEMORY);
	for (uint32_t id = 0; id < s->peer_count; id++) {
		const struct peer *p = snapshot_peer(s, (peer_id)id);
		if (p != NULL)
			add_peer(x, (peer_id)id, p);
	}
	qsort(x->entry, x->count, sizeof(*x->entry), order_entries);
	link_outer(x);
	return OK;
}

void address_index_free(struct address_index *x)
{
	memory_free(x->entry);
	x->entry = NULL;
	x->count = 0;
}

uint32_t address_index_find(const struct address_index *x, zone_id zone, const struct address *a)
{
	struct address_entry key = {.zone = zone, .prefix = {.family = a->family, .bits = 128}};
	uint32_t low = 0, high = x->count;

	memcpy(key.prefix.ip, a->ip, sizeof(key.prefix.ip));
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (order_place(&x->entry[middle], &key) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low == 0 ? INDEX_NONE : climb(x, low - 1, zone, a->family, a->ip);
}
