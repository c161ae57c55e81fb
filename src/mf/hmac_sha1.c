// SPDX-License-Identifier: Apache-2.0
// See the header for why SHA-1 is called directly.
#include "mf/hmac_sha1.h"

#include "base/memory.h"

enum { BLOCK = 64 }; // SHA-1 block [octets]

static void pad_hash(SHA_CTX *c, const uint8_t *key, uint8_t pad)
{
	uint8_t block[BLOCK];

	memset(block, pad, sizeof(block));
	for (uint32_t i = 0; i < HMAC_SHA1_KEY_LEN; i++)
		block[i] ^= key[i];
	SHA1_Init(c);
	SHA1_Update(c, block, sizeof(block));
	memory_wipe(block, sizeof(block));
}

void hmac_sha1_set(struct hmac_sha1 *h, const uint8_t key[HMAC_SHA1_KEY_LEN])
{
	pad_hash(&h->inner, key, 0x36);
	pad_hash(&h->outer, key, 0x5c);
}

void hmac_sha1_compute(const struct hmac_sha1 *h, struct bytes a, struct bytes b, uint8_t out[HMAC_SHA1_LEN])
{
	SHA_CTX c = h->inner;

	SHA1_Update(&c, a.at, a.len);
	SHA1_Update(&c, b.at, b.len);
	SHA1_Final(out, &c);
	c = h->outer;
	SHA1_Update(&c, out, HMAC_SHA1_LEN);
	SHA1_Final(out, &c);
}
