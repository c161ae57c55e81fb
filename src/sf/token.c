// SPDX-License-Identifier: Apache-2.0
// Sealed tokens: one AES-128 block, written as base32.
//
// Text:  one octet names the key (index 0..31), 26 octets carry the enciphered block (128 bits and two zero
// bits). Block: worker 8 | slot 24 | generation 32 | leg 4 | kind 4 | peer 16 | check 40, all check bits
// zero. AES is a permutation of blocks that nobody without the key can steer, so a made-up text opens to a
// random block and passes with probability 2^-40 for the check bits alone (SF-I1, SF-I5 to SF-I8).
//
// Each key has two kept EVP contexts; one block costs about 30 ns. A context is scratch space of OpenSSL too,
// so a set of keys belongs to one thread; workers make their own from the same octets.
#include "sf/token.h"

#include "base/memory.h"

#include <openssl/evp.h>

enum {
	BLOCK = 16,       // [octets]
	CHECK_AT = 11,    // first of the check octets
	TEXT_BITS = 5,    // of one octet of text
	LEG_MAX = 15,     // four bits
	NOT_BASE32 = 255, // no letter of the alphabet
};
_Static_assert(SF_TOKEN_KEYS_MAX == 1 << TEXT_BITS, "one octet of text names the key");
_Static_assert(SF_TOKEN_LEN == 1 + (BLOCK * 8 + TEXT_BITS - 1) / TEXT_BITS, "key and block");

struct sf_token_keys {
	uint8_t current;
	struct sf_token_key key[SF_TOKEN_KEYS_MAX];
	EVP_CIPHER_CTX *seal;                    // of the current key
	EVP_CIPHER_CTX *open[SF_TOKEN_KEYS_MAX]; // NULL: not live
};

static EVP_CIPHER_CTX *context_new(const uint8_t key[SF_TOKEN_KEY_LEN], int seal)
{
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();

	if (c == NULL)
		return NULL;
	if (EVP_CipherInit_ex2(c, EVP_aes_128_ecb(), key, NULL, seal, NULL) == 1 &&
		EVP_CIPHER_CTX_set_padding(c, 0) == 1)
		return c;
	EVP_CIPHER_CTX_free(c);
	return NULL;
}

static result keys_fill(struct sf_token_keys *k, const struct sf_token_key *key)
{
	for (uint32_t i = 0; i < SF_TOKEN_KEYS_MAX; i++) {
		if (!key[i].live)
			continue;
		k->open[i] = context_new(key[i].key, 0);
		REQUIRE(k->open[i] != NULL, E_NO_MEMORY);
	}
	k->seal = context_new(key[k->current].key, 1);
	REQUIRE(k->seal != NULL, E_NO_MEMORY);
	return OK;
}

result sf_token_keys_new(struct sf_token_keys **out, const struct sf_token_key *key, uint8_t current)
{
	*out = NULL;
	REQUIRE(current < SF_TOKEN_KEYS_MAX && key[current].live, E_CONFIG);
	struct sf_token_keys *k = memory_alloc(sizeof(*k));
	REQUIRE(k != NULL, E_NO_MEMORY);
	k->current = current;
	memcpy(k->key, key, sizeof(k->key));
	result r = keys_fill(k, key);
	if (!is_ok(r)) {
		sf_token_keys_free(k);
		return r;
	}
	*out = k;
	return OK;
}

void sf_token_keys_free(struct sf_token_keys *k)
{
	if (k == NULL)
		return;
	for (uint32_t i = 0; i < SF_TOKEN_KEYS_MAX; i++)
		EVP_CIPHER_CTX_free(k->open[i]); // wipes the key schedule
	EVP_CIPHER_CTX_free(k->seal);
	memory_wipe(k, sizeof(*k));
	memory_free(k);
}

result sf_token_keys_put(struct sf_token_keys *k, uint8_t index, const uint8_t key[SF_TOKEN_KEY_LEN])
{
	REQUIRE(index < SF_TOKEN_KEYS_MAX && index != k->current, E_CONFIG);
	EVP_CIPHER_CTX *c = context_new(key, 0);
	REQUIRE(c != NULL, E_NO_MEMORY);
	EVP_CIPHER_CTX_free(k->open[index]);
	k->open[index] = c;
	k->key[index].live = 1;
	memcpy(k->key[index].key, key, SF_TOKEN_KEY_LEN);
	return OK;
}

result sf_token_keys_use(struct sf_token_keys *k, uint8_t index)
{
	REQUIRE(index < SF_TOKEN_KEYS_MAX && k->key[index].live, E_CONFIG);
	EVP_CIPHER_CTX *c = context_new(k->key[index].key, 1);
	REQUIRE(c != NULL, E_NO_MEMORY);
	EVP_CIPHER_CTX_free(k->seal);
	k->seal = c;
	k->current = index;
	return OK;
}

static void block_write(const struct sf_token *t, uint8_t b[BLOCK])
{
	memset(b, 0, BLOCK);
	b[0] = t->worker;
	b[1] = (uint8_t)(t->ref.slot >> 16);
	b[2] = (uint8_t)(t->ref.slot >> 8);
	b[3] = (uint8_t)t->ref.slot;
	b[4] = (uint8_t)(t->ref.generation >> 24);
	b[5] = (uint8_t)(t->ref.generation >> 16);
	b[6] = (uint8_t)(t->ref.generation >> 8);
	b[7] = (uint8_t)t->ref.generation;
	b[8] = (uint8_t)((unsigned)(t->leg & LEG_MAX) << 4 | (t->kind & 0x0fu));
	b[9] = (uint8_t)(t->peer >> 8);
	b[10] = (uint8_t)t->peer;
}

static void block_read(const uint8_t b[BLOCK], struct sf_token *t)
{
	t->worker = b[0];
	t->ref.slot = (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
	t->ref.generation = (uint32_t)b[4] << 24 | (uint32_t)b[5] << 16 | (uint32_t)b[6] << 8 | b[7];
	t->leg = b[8] >> 4;
	t->kind = b[8] & 0x0f;
	t->peer = (peer_id)(b[9] << 8 | b[10]);
}

static const char alphabet[SF_TOKEN_KEYS_MAX + 1] = "abcdefghijklmnopqrstuvwxyz234567";

static void text_write(const uint8_t b[BLOCK], char out[SF_TOKEN_LEN - 1])
{
	uint32_t held = 0, bits = 0, n = 0;

	for (uint32_t i = 0; i < BLOCK; i++) {
		held = held << 8 | b[i];
		for (bits += 8; bits >= TEXT_BITS; bits -= TEXT_BITS)
			out[n++] = alphabet[held >> (bits - TEXT_BITS) & 31];
	}
	out[n] = alphabet[held << (TEXT_BITS - bits) & 31];
}

// The value of one octet of text in either case, NOT_BASE32 for any other octet.
static uint32_t text_value(uint8_t c)
{
	uint8_t lower = c | 0x20;

	if (lower >= 'a' && lower <= 'z')
		return (uint32_t)lower - 'a';
	if (c >= '2' && c <= '7')
		return (uint32_t)c - '2' + 26;
	return NOT_BASE32;
}

static bool text_read(const uint8_t text[SF_TOKEN_LEN - 1], uint8_t b[BLOCK])
{
	uint32_t held = 0, bits = 0, n = 0, bad = 0;

	for (uint32_t i = 0; i < SF_TOKEN_LEN - 1; i++) {
		uint32_t v = text_value(text[i]);
		bad |= v;
		held = held << TEXT_BITS | (v & 31);
		bits += TEXT_BITS;
		if (bits >= 8 && n < BLOCK) {
			bits -= 8;
			b[n++] = (uint8_t)(held >> bits);
		}
	}
	// The two bits left over are zero: each block has one spelling.
	return bad < 32 && (held & ((1u << bits) - 1)) == 0;
}

uint8_t sf_token_key_of(struct bytes text)
{
	uint32_t key = text.len >= SF_TOKEN_LEN ? text_value(text.at[0]) : NOT_BASE32;

	return key < SF_TOKEN_KEYS_MAX ? (uint8_t)key : SF_TOKEN_KEYS_MAX;
}

void sf_token_seal(struct sf_token_keys *k, const struct sf_token *t, char out[SF_TOKEN_LEN])
{
	uint8_t clear[BLOCK], sealed[BLOCK] = {0};
	int n = 0;

	block_write(t, clear);
	// One whole block without padding has no way to fail.
	(void)EVP_EncryptUpdate(k->seal, sealed, &n, clear, BLOCK);
	out[0] = alphabet[k->current];
	text_write(sealed, out + 1);
}

result sf_token_open(
	struct sf_token_keys *k, struct bytes text, enum sf_token_kind kind, struct sf_token *out)
{
	uint8_t sealed[BLOCK], clear[BLOCK];
	int n = 0;

	*out = (struct sf_token){0};
	REQUIRE(text.len == SF_TOKEN_LEN, E_FORGED);
	uint32_t key = text_value(text.at[0]);
	REQUIRE(key < SF_TOKEN_KEYS_MAX && k->open[key] != NULL, E_FORGED);
	REQUIRE(text_read(text.at + 1, sealed), E_FORGED);
	REQUIRE(EVP_DecryptUpdate(k->open[key], clear, &n, sealed, BLOCK) == 1 && n == BLOCK, E_FORGED);
	uint8_t bad = 0;
	for (uint32_t i = CHECK_AT; i < BLOCK; i++)
		bad |= clear[i];
	REQUIRE(bad == 0, E_FORGED);
	struct sf_token t;
	block_read(clear, &t);
	REQUIRE(t.kind == (uint8_t)kind && t.ref.generation != 0, E_FORGED);
	*out = t;
	return OK;
}
