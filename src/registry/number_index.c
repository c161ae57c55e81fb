// SPDX-License-Identifier: Apache-2.0
// Longest-prefix look-up of called numbers.
//
// The same idea as the address index: digit prefixes are nested or apart, so all prefixes of a number
// enclose the last entry not after it in the sorted list.
#include "registry/number_index.h"
#include "base/memory.h"

#include <stdlib.h>

static int order_entries(const void *left, const void *right)
{
	const struct number_entry *a = left, *b = right;
	int order = strcmp(a->digits, b->digits);

	if (order != 0)
		return order;
	return a->peer > b->peer ? -1 : a->peer < b->peer;
}

static uint32_t climb(const struct number_index *x, uint32_t i, const char *number)
{
	while (i != INDEX_NONE && strncmp(x->entry[i].digits, number, strlen(x->entry[i].digits)) != 0)
		i = x->entry[i].outer;
	return i;
}

// Those of a peer on demand may be anybody's below its domain: only a domain leads there.
static bool has_numbers(const struct peer *p)
{
	return p != NULL && p->demand_below[0] == '\0';
}

result number_index_build(struct number_index *x, const struct snapshot *s)
{
	uint32_t n = 0;

	for (uint32_t id = 0; id < s->peer_count; id++) {
		const struct peer *p = snapshot_peer(s, (peer_id)id);
		n += has_numbers(p) ? p->calls_to_count : 0;
	}
	x->count = 0;
	x->entry = memory_array(n + 1, sizeof(*x->entry));
	REQUIRE(x->entry != NULL, E_NO_MEMORY);
	for (uint32_t id = 0; id < s->peer_count; id++) {
		const struct peer *p = snapshot_peer(s, (peer_id)id);
		for (uint32_t i = 0; has_numbers(p) && i < p->calls_to_count; i++) {
			x->entry[x->count++] =
				(struct number_entry){.digits = p->calls_to[i].digits, .peer = (peer_id)id};
		}
	}
	qsort(x->entry, x->count, sizeof(*x->entry), order_entries);
	for (uint32_t i = 0; i < x->count; i++)
		x->entry[i].outer = i == 0 ? INDEX_NONE : climb(x, i - 1, x->entry[i].digits);
	return OK;
}

void number_index_free(struct number_index *x)
{
	memory_free(x->entry);
	x->entry = NULL;
	x->count = 0;
}

uint32_t number_index_find(const struct number_index *x, const char *number)
{
	uint32_t low = 0, high = x->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (strcmp(x->entry[middle].digits, number) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low == 0 ? INDEX_NONE : climb(x, low - 1, number);
}
