// SPDX-License-Identifier: Apache-2.0
// Making a block: rows are collected, sorted if they did not come so, and laid out.
#include "registry/ranges_inside.h"

#include "base/memory.h"

#include <stdlib.h>

enum { ROOM_LEAST = 1024 };

struct ranges_builder {
	struct range *range;
	uint32_t count, room;
	bool sorted;
};

result ranges_builder_new(struct ranges_builder **out, uint32_t room)
{
	struct ranges_builder *b = memory_alloc(sizeof(*b));
	REQUIRE(b != NULL, E_NO_MEMORY);
	b->room = room > ROOM_LEAST ? (room < RANGES_MAX ? room : RANGES_MAX) : ROOM_LEAST;
	b->sorted = true;
	b->range = memory_array(b->room, sizeof(*b->range));
	if (b->range == NULL) {
		memory_free(b);
		return FAIL(E_NO_MEMORY);
	}
	*out = b;
	return OK;
}

void ranges_builder_free(struct ranges_builder *b)
{
	if (b == NULL)
		return;
	memory_free(b->range);
	memory_free(b);
}

static result grow(struct ranges_builder *b)
{
	uint32_t room = b->room > RANGES_MAX / 2 ? RANGES_MAX : 2 * b->room;
	REQUIRE(b->count < RANGES_MAX, E_FULL);
	struct range *more = memory_array(room, sizeof(*more));
	REQUIRE(more != NULL, E_NO_MEMORY);
	memcpy(more, b->range, b->count * sizeof(*more));
	memory_free(b->range);
	b->range = more;
	b->room = room;
	return OK;
}

result ranges_builder_add(struct ranges_builder *b, const struct range *r)
{
	REQUIRE(r->key != 0, E_SYNTAX);
	if (b->count > 0 && r->key <= b->range[b->count - 1].key)
		b->sorted = false;
	if (b->count == b->room)
		TRY(grow(b));
	b->range[b->count++] = *r;
	return OK;
}

// Merge sort: equals stay in their order, so that the last of them counts.
static result sort(struct ranges_builder *b)
{
	struct range *from = b->range, *to = memory_array(b->room, sizeof(*to));
	REQUIRE(to != NULL, E_NO_MEMORY);
	for (uint64_t width = 1; width < b->count; width *= 2) {
		for (uint64_t left = 0; left < b->count; left += 2 * width) {
			uint64_t middle = left + width < b->count ? left + width : b->count;
			uint64_t end = left + 2 * width < b->count ? left + 2 * width : b->count;
			uint64_t i = left, k = middle;
			for (uint64_t n = left; n < end; n++)
				to[n] = i < middle && (k >= end || from[i].key <= from[k].key) ? from[i++] : from[k++];
		}
		struct range *swap = from;
		from = to;
		to = swap;
	}
	b->range = from;
	memory_free(to);
	uint32_t kept = 0;
	for (uint32_t i = 0; i < b->count; i++)
		if (i + 1 == b->count || b->range[i].key != b->range[i + 1].key)
			b->range[kept++] = b->range[i];
	b->count = kept;
	b->sorted = true;
	return OK;
}

static uint64_t aligned(uint64_t n)
{
	return (n + 7) & ~7ull;
}

static struct ranges layout(uint32_t n)
{
	struct ranges r = {.magic = RANGES_MAGIC, .version = RANGES_VERSION, .count = n};
	r.key_at = aligned(sizeof(r));
	r.rn_at = r.key_at + 8ull * n;
	r.outer_at = r.rn_at + 8ull * n;
	r.target_at = aligned(r.outer_at + 4ull * n);
	r.bucket_at = aligned(r.target_at + 4ull * n);
	r.size = r.bucket_at + 4ull * RANGES_BUCKETS;
	return r;
}

result ranges_builder_size(struct ranges_builder *b, size_t *size)
{
	if (!b->sorted)
		TRY(sort(b));
	*size = layout(b->count).size;
	return OK;
}

static void write_buckets(uint32_t *bucket, const range_key *key, uint32_t n)
{
	uint32_t at = 0;
	for (uint32_t i = 0; i < RANGES_BUCKETS; i++) {
		while (at < n && ranges_bucket(key[at]) < i)
			at++;
		bucket[i] = at;
	}
}

void ranges_builder_write(struct ranges_builder *b, void *out)
{
	struct ranges *r = out;
	memset(out, 0, layout(b->count).size);
	*r = layout(b->count);
	range_key *key = (range_key *)((uint8_t *)out + r->key_at), *rn = (range_key *)((uint8_t *)out + r->rn_at);
	uint32_t *outer = (uint32_t *)((uint8_t *)out + r->outer_at), *target = (uint32_t *)((uint8_t *)out + r->target_at);
	for (uint32_t i = 0; i < b->count; i++) {
		uint32_t around = i == 0 ? RANGES_NONE : i - 1;
		key[i] = b->range[i].key;
		rn[i] = b->range[i].rn;
		target[i] = b->range[i].target;
		while (around != RANGES_NONE && (range_key_exact(key[around]) || !range_key_holds(key[around], key[i] & ~15ull)))
			around = outer[around];
		outer[i] = around;
	}
	write_buckets((uint32_t *)((uint8_t *)out + r->bucket_at), key, b->count);
	ranges_digest(r, r->digest);
}
