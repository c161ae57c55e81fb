// SPDX-License-Identifier: Apache-2.0
// The table: SipHash's own vector, limit and limit + 1, removal among collisions, a random walk against a
// model, and each allocation failing.
#include "base/memory.h"
#include "base/table.h"
#include "unit.h"

enum { KEYS = 5000, STEPS = 200000 };

struct entry {
	uint32_t key;
	bool in;
};

static const uint8_t SECRET[TABLE_SECRET_LEN] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

static bool entry_match(const void *value, struct bytes key)
{
	const struct entry *e = value;
	return key.len == sizeof(e->key) && memcmp(key.at, &e->key, sizeof(e->key)) == 0;
}

static struct bytes key_of(const struct entry *e)
{
	return bytes_make(&e->key, sizeof(e->key));
}

static void hash_is_siphash_2_4(void **state)
{
	UNUSED(state);
	uint8_t in[15];
	for (uint8_t i = 0; i < sizeof(in); i++)
		in[i] = i;
	// The example of the SipHash paper, appendix A.
	assert_true(keyed_hash(SECRET, bytes_make(in, sizeof(in))) == 0xa129ca6149be45e5ull);
	uint8_t other[TABLE_SECRET_LEN] = {9};
	assert_true(keyed_hash(other, bytes_make(in, sizeof(in))) != 0xa129ca6149be45e5ull);
}

static void limit_and_one_more(void **state)
{
	UNUSED(state);
	static struct entry e[101];
	struct table *t = NULL;
	assert_ok(table_new(&t, SECRET, 100, entry_match));
	for (uint32_t i = 0; i < 100; i++) {
		e[i].key = i;
		assert_ok(table_put(t, key_of(&e[i]), &e[i]));
	}
	e[100].key = 100;
	assert_error(table_put(t, key_of(&e[100]), &e[100]), E_FULL);
	assert_error(table_put(t, key_of(&e[7]), &e[100]), E_DUPLICATE);
	assert_error(table_put(t, key_of(&e[100]), NULL), E_IMPOSSIBLE);
	assert_ptr_equal(table_remove(t, key_of(&e[7])), &e[7]);
	assert_null(table_remove(t, key_of(&e[7])));
	assert_null(table_get(t, key_of(&e[7])));
	assert_ok(table_put(t, key_of(&e[100]), &e[100]));
	table_free(t);
	table_free(NULL);
}

static void random_walk_against_a_model(void **state)
{
	UNUSED(state);
	static struct entry e[KEYS];
	uint64_t seed = 7;
	struct table *t = NULL;
	assert_ok(table_new(&t, SECRET, KEYS, entry_match));
	for (uint32_t i = 0; i < KEYS; i++)
		e[i].key = i * 2654435761u;
	for (uint32_t s = 0; s < STEPS; s++) {
		struct entry *x = &e[unit_random(&seed) % KEYS];
		assert_ptr_equal(table_get(t, key_of(x)), x->in ? x : NULL);
		if (x->in)
			assert_ptr_equal(table_remove(t, key_of(x)), x);
		else
			assert_ok(table_put(t, key_of(x), x));
		x->in = !x->in;
	}
	for (uint32_t i = 0; i < KEYS; i++)
		assert_ptr_equal(table_get(t, key_of(&e[i])), e[i].in ? &e[i] : NULL);
	table_free(t);
}

// SF-A1: a stranger who knew the secret could choose keys that all want one cell of a table; the same keys under a
// secret that he does not know are spread.
static void chosen_keys_do_not_collide(void **state)
{
	UNUSED(state);
	enum { CHOSEN = 200, CELLS = 4096 };
	static const uint8_t UNKNOWN[TABLE_SECRET_LEN] = {0x5a, 0xa5, 3};
	static bool taken[CELLS];
	uint32_t chosen = 0, spread = 0;
	for (uint64_t key = 0; chosen < CHOSEN; key++) {
		struct bytes k = bytes_make(&key, sizeof(key));
		if (keyed_hash(SECRET, k) % CELLS != 0)
			continue;
		chosen++;
		uint64_t cell = keyed_hash(UNKNOWN, k) % CELLS;
		spread += !taken[cell];
		taken[cell] = true;
	}
	assert_true(spread > CHOSEN * 9 / 10);
}

static void each_allocation_fails(void **state)
{
	UNUSED(state);
	static struct entry e[13];
	struct table *t = NULL;
	for (uint64_t n = 1; n <= 2; n++) {
		memory_fail_nth(n);
		assert_error(table_new(&t, SECRET, 100, entry_match), E_NO_MEMORY);
		assert_null(t);
	}
	assert_ok(table_new(&t, SECRET, 100, entry_match));
	for (uint32_t i = 0; i < 13; i++)
		e[i].key = i;
	for (uint32_t i = 0; i < 12; i++)
		assert_ok(table_put(t, key_of(&e[i]), &e[i]));
	memory_fail_nth(1);
	assert_error(table_put(t, key_of(&e[12]), &e[12]), E_NO_MEMORY);
	assert_null(table_get(t, key_of(&e[12])));
	assert_ok(table_put(t, key_of(&e[12]), &e[12]));
	for (uint32_t i = 0; i < 13; i++)
		assert_ptr_equal(table_get(t, key_of(&e[i])), &e[i]);
	table_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hash_is_siphash_2_4),
		cmocka_unit_test(limit_and_one_more),
		cmocka_unit_test(random_walk_against_a_model),
		cmocka_unit_test(chosen_keys_do_not_collide),
		cmocka_unit_test(each_allocation_fails),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
