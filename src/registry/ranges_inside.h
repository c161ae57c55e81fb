// SPDX-License-Identifier: Apache-2.0
// The layout of a block of ranges; private to src/registry/ranges*.c.
#ifndef REGISTRY_RANGES_INSIDE_H
#define REGISTRY_RANGES_INSIDE_H

#include "registry/ranges.h"

#include <string.h>

enum {
	RANGES_MAGIC = 0x53414c52,
	RANGES_VERSION = 1,
	RANGES_DIGEST_LEN = 32,
	RANGES_BUCKET_BITS = 20,                  // five digits
	RANGES_BUCKETS = 1 << RANGES_BUCKET_BITS, // 4 MiB of indices
	RANGES_NEST_MAX = 32,                     // 15 lengths and one number; a block that nests deeper is broken
};

struct ranges {
	uint32_t magic, version;
	uint64_t size;   // of all [octets]
	uint32_t count, reserved;
	uint64_t key_at, rn_at, outer_at, target_at, bucket_at; // from the start of the block [octets]
	uint8_t digest[RANGES_DIGEST_LEN]; // of all behind this head
};

// The first key of a bucket is that which BUCKET says; the next bucket's ends it.
static inline uint32_t ranges_bucket(range_key key)
{
	return (uint32_t)(key >> (64 - RANGES_BUCKET_BITS));
}

void ranges_digest(const struct ranges *r, uint8_t out[RANGES_DIGEST_LEN]);

#endif
