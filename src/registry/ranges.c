// SPDX-License-Identifier: Apache-2.0
// Reading a block: a table by the first five digits leads to a few hundred keys, halving to one, outer links to the shorter ones.
#include "registry/ranges_inside.h"

#include <sodium.h>

range_key range_key_of(const char *number, bool exact)
{
	range_key key = 0;
	size_t n = strnlen(number, NUMBER_MAX);
	if (number[0] != '+' || n < 2 || n > 1 + RANGES_DIGITS_MAX)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if (number[i] < '0' || number[i] > '9')
			return 0;
		key |= (range_key)(number[i] - '0' + 1) << (64 - 4 * i);
	}
	return key | exact;
}

uint32_t range_key_digits(range_key key)
{
	key &= ~15ull;
	return key == 0 ? 0 : 16 - (uint32_t)__builtin_ctzll(key) / 4;
}

void range_key_text(range_key key, char out[NUMBER_MAX])
{
	uint32_t n = 0, digits = range_key_digits(key);
	if (digits > 0)
		out[n++] = '+';
	for (uint32_t i = 1; i <= digits && i <= RANGES_DIGITS_MAX; i++) {
		uint32_t d = (uint32_t)(key >> (64 - 4 * i)) & 15;
		out[n++] = (char)('0' + (d > 0 && d <= 10 ? d - 1 : 0));
	}
	out[n] = '\0';
}

// --- the block

static const range_key *keys(const struct ranges *r)
{
	return (const range_key *)((const uint8_t *)r + r->key_at);
}

static const uint32_t *words(const struct ranges *r, uint64_t at)
{
	return (const uint32_t *)((const uint8_t *)r + at);
}

static bool place(const struct ranges *r, uint64_t at, uint64_t octets)
{
	return at % 8 == 0 && at >= sizeof(*r) && at <= r->size && octets <= r->size - at;
}

void ranges_digest(const struct ranges *r, uint8_t out[RANGES_DIGEST_LEN])
{
	crypto_generichash(out, RANGES_DIGEST_LEN, (const uint8_t *)r + sizeof(*r), r->size - sizeof(*r), NULL, 0);
}

static result check_order(const struct ranges *r)
{
	const range_key *k = keys(r);
	const uint32_t *outer = words(r, r->outer_at), *bucket = words(r, r->bucket_at);
	for (uint32_t i = 0; i < r->count; i++) {
		REQUIRE(i == 0 || k[i - 1] < k[i], E_CONFIG);
		REQUIRE(outer[i] == RANGES_NONE || outer[i] < i, E_CONFIG);
	}
	for (uint32_t i = 0; i < RANGES_BUCKETS; i++)
		REQUIRE(bucket[i] <= r->count && (i == 0 || bucket[i - 1] <= bucket[i]), E_CONFIG);
	return OK;
}

result ranges_check(const void *block, size_t size, bool deep)
{
	const struct ranges *r = block;
	uint8_t digest[RANGES_DIGEST_LEN];
	REQUIRE(size >= sizeof(*r) && r->magic == RANGES_MAGIC && r->version == RANGES_VERSION && r->size == size, E_CONFIG);
	REQUIRE(r->count <= RANGES_MAX, E_CONFIG);
	REQUIRE(place(r, r->key_at, 8ull * r->count) && place(r, r->rn_at, 8ull * r->count) && place(r, r->outer_at, 4ull * r->count) &&
			place(r, r->target_at, 4ull * r->count) && place(r, r->bucket_at, 4ull * RANGES_BUCKETS), E_CONFIG);
	if (!deep)
		return OK;
	ranges_digest(r, digest);
	REQUIRE(memcmp(digest, r->digest, sizeof(digest)) == 0, E_CONFIG);
	return check_order(r);
}

uint32_t ranges_count(const struct ranges *r)
{
	return r->count;
}

bool ranges_at(const struct ranges *r, uint32_t i, struct range *out)
{
	if (i >= r->count)
		return false;
	*out = (struct range){keys(r)[i], words(r, r->target_at)[i], ((const range_key *)((const uint8_t *)r + r->rn_at))[i]};
	return true;
}

// How many keys are not after LIMIT.
static uint32_t upper(const struct ranges *r, range_key limit)
{
	const range_key *k = keys(r);
	const uint32_t *bucket = words(r, r->bucket_at);
	uint32_t b = ranges_bucket(limit), low = bucket[b], high = b + 1 < RANGES_BUCKETS ? bucket[b + 1] : r->count;
	low = low < r->count ? low : r->count;
	high = high < r->count ? high : r->count;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (k[middle] <= limit)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

// I, or the next around it that holds NUMBER. Outer links lead to smaller indices and shorter prefixes: it ends.
static uint32_t climb(const struct ranges *r, uint32_t i, range_key number)
{
	const range_key *k = keys(r);
	const uint32_t *outer = words(r, r->outer_at);
	for (uint32_t step = 0; step < RANGES_NEST_MAX; step++) {
		if (i >= r->count || range_key_holds(k[i], number))
			return i < r->count ? i : RANGES_NONE;
		i = outer[i];
	}
	return RANGES_NONE;
}

uint32_t ranges_find(const struct ranges *r, range_key number)
{
	uint32_t after = number == 0 ? 0 : upper(r, number | 1);
	return after == 0 ? RANGES_NONE : climb(r, after - 1, number);
}

uint32_t ranges_outer(const struct ranges *r, uint32_t i, range_key number)
{
	return i < r->count ? climb(r, words(r, r->outer_at)[i], number) : RANGES_NONE;
}
