// SPDX-License-Identifier: Apache-2.0
// Sealed tokens: round trip, every changed bit, wrong kind, stale keys, random texts (SF-I1, SF-I5 to SF-I8).
#include "sf/token.h"

#include "base/memory.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>
#include <ctype.h>
#include <sodium.h>

static const struct sf_token sample = {SF_TOKEN_TAG, 3, 15, 65534, {SF_TOKEN_SLOT_MAX - 1, 0xfedcba98}};

static struct sf_token_keys *keys_of(uint32_t live, uint8_t current)
{
	struct sf_token_key key[SF_TOKEN_KEYS_MAX] = {0};
	struct sf_token_keys *k = NULL;

	for (uint32_t i = 0; i < SF_TOKEN_KEYS_MAX; i++) {
		key[i].live = (live >> i & 1) != 0;
		memset(key[i].key, (int)i + 1, SF_TOKEN_KEY_LEN);
	}
	assert_true(is_ok(sf_token_keys_new(&k, key, current)));
	return k;
}

static enum error open_error(struct sf_token_keys *k, const char *text, enum sf_token_kind kind)
{
	struct sf_token t;

	return sf_token_open(k, bytes_make(text, SF_TOKEN_LEN), kind, &t).error;
}

static void round_trip(void **state)
{
	UNUSED(state);
	struct sf_token_keys *k = keys_of(0xffffffff, 31);
	char text[SF_TOKEN_LEN], again[SF_TOKEN_LEN];
	for (uint32_t i = 0; i < 2000; i++) {
		struct sf_token t = {.kind = (uint8_t)(1 + i % 4),
			.worker = (uint8_t)i,
			.leg = (uint8_t)(i % 16),
			.peer = (peer_id)(i * 31),
			.ref = {i * 8191 % SF_TOKEN_SLOT_MAX, i * 2654435761u + 1}};
		struct sf_token back;
		sf_token_seal(k, &t, text);
		sf_token_seal(k, &t, again);
		assert_memory_equal(text, again, SF_TOKEN_LEN);
		for (uint32_t c = 0; c < SF_TOKEN_LEN; c++)
			assert_true((text[c] >= 'a' && text[c] <= 'z') || (text[c] >= '2' && text[c] <= '7'));
		assert_true(is_ok(sf_token_open(k, bytes_make(text, SF_TOKEN_LEN), t.kind, &back)));
		assert_int_equal(back.kind, t.kind);
		assert_int_equal(back.worker, t.worker);
		assert_int_equal(back.leg, t.leg);
		assert_int_equal(back.peer, t.peer);
		assert_int_equal(back.ref.slot, t.ref.slot);
		assert_int_equal(back.ref.generation, t.ref.generation);
	}
	sf_token_keys_free(k);
}

// Bit 5 of a letter is its case, which tokens may change on their way (RFC3261#7.3.1); any other bit makes it
// forged.
static void every_changed_bit_is_forged(void **state)
{
	UNUSED(state);
	struct sf_token_keys *k = keys_of(0xffffffff, 9);
	char text[SF_TOKEN_LEN];
	uint32_t forged = 0, of_case = 0;
	sf_token_seal(k, &sample, text);
	for (uint32_t bit = 0; bit < SF_TOKEN_LEN * 8; bit++) {
		char changed[SF_TOKEN_LEN];
		memcpy(changed, text, SF_TOKEN_LEN);
		changed[bit / 8] = (char)(changed[bit / 8] ^ (1 << bit % 8));
		bool is_case = bit % 8 == 5 && isalpha((unsigned char)text[bit / 8]);
		assert_int_equal(open_error(k, changed, SF_TOKEN_TAG), is_case ? E_OK : E_FORGED);
		forged += !is_case;
		of_case += is_case;
	}
	assert_int_equal(forged + of_case, SF_TOKEN_LEN * 8);
	sf_token_keys_free(k);
}

static void each_block_has_one_spelling(void **state)
{
	UNUSED(state);
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";
	struct sf_token_keys *k = keys_of(1, 0);
	char text[SF_TOKEN_LEN];
	uint32_t good = 0;
	sf_token_seal(k, &sample, text);
	for (uint32_t i = 0; i < 32; i++) { // the last octet bears three bits
		text[SF_TOKEN_LEN - 1] = letters[i];
		good += open_error(k, text, SF_TOKEN_TAG) == E_OK;
	}
	assert_int_equal(good, 1);
	sf_token_keys_free(k);
}

static void wrong_kind_or_length_is_forged(void **state)
{
	UNUSED(state);
	struct sf_token_keys *k = keys_of(1, 0);
	char text[SF_TOKEN_LEN + 1] = {0};
	struct sf_token t;
	sf_token_seal(k, &sample, text);
	for (int kind = 0; kind <= 15; kind++)
		assert_int_equal(open_error(k, text, (enum sf_token_kind)kind),
			kind == SF_TOKEN_TAG ? E_OK : E_FORGED);
	for (size_t n = 0; n <= SF_TOKEN_LEN + 1; n++)
		assert_int_equal(sf_token_open(k, bytes_make(text, n), SF_TOKEN_TAG, &t).error,
			n == SF_TOKEN_LEN ? E_OK : E_FORGED);
	struct sf_token none = sample;
	none.ref.generation = 0; // names no object
	sf_token_seal(k, &none, text);
	assert_int_equal(open_error(k, text, SF_TOKEN_TAG), E_FORGED);
	sf_token_keys_free(k);
}

static void stale_keys_are_forged_and_old_live_keys_open(void **state)
{
	UNUSED(state);
	struct sf_token_keys *before = keys_of(0x01, 0), *both = keys_of(0x03, 1), *after = keys_of(0x02, 1);
	char old[SF_TOKEN_LEN], young[SF_TOKEN_LEN];
	sf_token_seal(before, &sample, old);
	sf_token_seal(both, &sample, young);
	assert_int_equal(open_error(both, old, SF_TOKEN_TAG), E_OK);
	assert_int_equal(open_error(both, young, SF_TOKEN_TAG), E_OK);
	assert_int_equal(open_error(after, old, SF_TOKEN_TAG), E_FORGED);
	assert_int_equal(open_error(before, young, SF_TOKEN_TAG), E_FORGED);
	old[0] = young[0]; // the text of one key under the name of the other
	assert_int_equal(open_error(both, old, SF_TOKEN_TAG), E_FORGED);
	sf_token_keys_free(before);
	sf_token_keys_free(both);
	sf_token_keys_free(after);
}

// A new key: both open until the place of the old one is taken; what the old one sealed is forged then.
static void keys_rotate(void **state)
{
	UNUSED(state);
	static const uint8_t young[SF_TOKEN_KEY_LEN] = {7}, younger[SF_TOKEN_KEY_LEN] = {8};
	struct sf_token_keys *k = keys_of(0x01, 0), *other = keys_of(0x01, 0);
	char old[SF_TOKEN_LEN], next[SF_TOKEN_LEN];
	sf_token_seal(k, &sample, old);
	assert_int_equal(sf_token_keys_use(k, 1).error, E_CONFIG); // not known yet
	assert_int_equal(sf_token_keys_put(k, 0, young).error, E_CONFIG); // it seals
	assert_int_equal(sf_token_keys_put(k, SF_TOKEN_KEYS_MAX, young).error, E_CONFIG);
	assert_true(is_ok(sf_token_keys_put(k, 1, young)));
	assert_true(is_ok(sf_token_keys_put(other, 1, young)));
	sf_token_seal(k, &sample, next);
	assert_memory_equal(next, old, SF_TOKEN_LEN); // not in use yet
	assert_true(is_ok(sf_token_keys_use(k, 1)));
	sf_token_seal(k, &sample, next);
	assert_int_equal(sf_token_key_of(bytes_make(old, SF_TOKEN_LEN)), 0);
	assert_int_equal(sf_token_key_of(bytes_make(next, SF_TOKEN_LEN)), 1);
	assert_int_equal(open_error(k, old, SF_TOKEN_TAG), E_OK);
	assert_int_equal(open_error(k, next, SF_TOKEN_TAG), E_OK);
	assert_int_equal(open_error(other, next, SF_TOKEN_TAG), E_OK); // another worker, which still seals with the old one
	assert_true(is_ok(sf_token_keys_put(k, 0, younger)));
	assert_int_equal(open_error(k, old, SF_TOKEN_TAG), E_FORGED);
	assert_int_equal(sf_token_key_of(bytes_make(next, SF_TOKEN_LEN - 1)), SF_TOKEN_KEYS_MAX);
	assert_int_equal(sf_token_key_of(BYTES("1234567890123456789012345678")), SF_TOKEN_KEYS_MAX);
	sf_token_keys_free(k);
	sf_token_keys_free(other);
}

static void random_texts_never_open(void **state)
{
	UNUSED(state);
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";
	struct sf_token_keys *k = keys_of(0xffffffff, 0);
	char text[SF_TOKEN_LEN];
	for (uint32_t i = 0; i < 100000; i++) {
		randombytes_buf(text, sizeof(text));
		for (uint32_t c = 0; c < SF_TOKEN_LEN; c++)
			text[c] = letters[text[c] & 31];
		text[SF_TOKEN_LEN - 1] = letters[text[SF_TOKEN_LEN - 1] & 4 ? 4 : 0]; // canonical
		for (int kind = SF_TOKEN_BRANCH; kind <= SF_TOKEN_CONTACT; kind++)
			assert_int_equal(open_error(k, text, (enum sf_token_kind)kind), E_FORGED);
	}
	sf_token_keys_free(k);
}

static void bad_keys_and_no_memory(void **state)
{
	UNUSED(state);
	struct sf_token_key key[SF_TOKEN_KEYS_MAX] = {[2] = {.live = 1}};
	struct sf_token_keys *k = NULL;
	assert_int_equal(sf_token_keys_new(&k, key, 1).error, E_CONFIG);
	assert_int_equal(sf_token_keys_new(&k, key, SF_TOKEN_KEYS_MAX).error, E_CONFIG);
	memory_fail_nth(1);
	assert_int_equal(sf_token_keys_new(&k, key, 2).error, E_NO_MEMORY);
	assert_null(k);
	sf_token_keys_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trip),
		cmocka_unit_test(every_changed_bit_is_forged),
		cmocka_unit_test(each_block_has_one_spelling),
		cmocka_unit_test(wrong_kind_or_length_is_forged),
		cmocka_unit_test(stale_keys_are_forged_and_old_live_keys_open),
		cmocka_unit_test(keys_rotate),
		cmocka_unit_test(random_texts_never_open),
		cmocka_unit_test(bad_keys_and_no_memory),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests_name("sf token", tests, NULL, NULL);
}
