// SPDX-License-Identifier: Apache-2.0
// Hash table: open addressing, linear probing, no tombstones (a removal shifts its followers back).
//
// The hash is SipHash-2-4 under a secret of the process: a stranger who chooses Call-IDs or branches cannot
// make them collide (SF-A1). Full hashes are kept, so that `match` is called once in practice.
#include "base/table.h"

#include "base/memory.h"

#include <sodium.h>

_Static_assert(crypto_shorthash_KEYBYTES == TABLE_SECRET_LEN, "SipHash key");
_Static_assert(crypto_shorthash_BYTES == sizeof(uint64_t), "SipHash output");

enum { TABLE_FIRST = 16 }; // [cells] of a new table; a power of two

struct cell {
	uint64_t hash;
	void *value; // NULL: free
};

struct table {
	struct cell *cell;
	uint64_t mask; // number of cells - 1
	uint32_t count;
	uint32_t max;
	table_match match;
	uint8_t secret[TABLE_SECRET_LEN];
};

uint64_t keyed_hash(const uint8_t secret[TABLE_SECRET_LEN], struct bytes key)
{
	uint64_t hash = 0;

	// It only fails in the type: libsodium's SipHash always answers 0.
	(void)crypto_shorthash((unsigned char *)&hash, key.at, key.len, secret);
	return hash;
}

result table_new(struct table **out, const uint8_t secret[TABLE_SECRET_LEN], uint32_t max, table_match match)
{
	*out = NULL;
	struct table *t = memory_alloc(sizeof(*t));
	REQUIRE(t != NULL, E_NO_MEMORY);
	t->cell = memory_array(TABLE_FIRST, sizeof(*t->cell));
	if (t->cell == NULL) {
		memory_free(t);
		return FAIL(E_NO_MEMORY);
	}
	t->mask = TABLE_FIRST - 1;
	t->max = max;
	t->match = match;
	memcpy(t->secret, secret, sizeof(t->secret));
	*out = t;
	return OK;
}

void table_free(struct table *t)
{
	if (t == NULL)
		return;
	memory_free(t->cell);
	memory_wipe(t, sizeof(*t));
	memory_free(t);
}

// The cell that holds KEY, or the free cell where it would stand. There is always a free one.
static uint64_t table_seek(const struct table *t, uint64_t hash, struct bytes key)
{
	uint64_t i = hash & t->mask;

	while (t->cell[i].value != NULL) {
		if (t->cell[i].hash == hash && t->match(t->cell[i].value, key))
			return i;
		i = (i + 1) & t->mask;
	}
	return i;
}

static void cell_place(struct cell *cell, uint64_t mask, struct cell c)
{
	uint64_t i = c.hash & mask;

	while (cell[i].value != NULL)
		i = (i + 1) & mask;
	cell[i] = c;
}

static result table_grow(struct table *t)
{
	uint64_t cells = t->mask + 1;
	struct cell *grown = memory_array(cells * 2, sizeof(*grown));

	REQUIRE(grown != NULL, E_NO_MEMORY);
	for (uint64_t i = 0; i < cells; i++)
		if (t->cell[i].value != NULL)
			cell_place(grown, cells * 2 - 1, t->cell[i]);
	memory_free(t->cell);
	t->cell = grown;
	t->mask = cells * 2 - 1;
	return OK;
}

result table_put(struct table *t, struct bytes key, void *value)
{
	uint64_t hash = keyed_hash(t->secret, key);
	uint64_t i = table_seek(t, hash, key);

	REQUIRE(value != NULL, E_IMPOSSIBLE);
	REQUIRE(t->cell[i].value == NULL, E_DUPLICATE);
	REQUIRE(t->count < t->max, E_FULL);
	if (t->count + 1ull > (t->mask + 1) / 4 * 3) {
		TRY(table_grow(t));
		i = table_seek(t, hash, key);
	}
	t->cell[i] = (struct cell){hash, value};
	t->count++;
	return OK;
}

void *table_get(const struct table *t, struct bytes key)
{
	return t->cell[table_seek(t, keyed_hash(t->secret, key), key)].value;
}

// Close the gap at I: move back each follower that may stand nearer to its home.
static void table_close_gap(struct table *t, uint64_t i)
{
	uint64_t j = i;

	for (;;) {
		j = (j + 1) & t->mask;
		if (t->cell[j].value == NULL)
			break;
		uint64_t home = t->cell[j].hash & t->mask;
		if (((j - home) & t->mask) < ((j - i) & t->mask))
			continue; // its home lies after the gap
		t->cell[i] = t->cell[j];
		i = j;
	}
	t->cell[i] = (struct cell){0};
}

void *table_remove(struct table *t, struct bytes key)
{
	uint64_t i = table_seek(t, keyed_hash(t->secret, key), key);
	void *value = t->cell[i].value;

	if (value == NULL)
		return NULL;
	table_close_gap(t, i);
	t->count--;
	return value;
}
