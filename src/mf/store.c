// SPDX-License-Identifier: Apache-2.0
// The check is SipHash under a fixed key: it finds torn and stale records; nobody but this process can write
// the block.
#include "mf/store.h"

#include "base/memory.h"
#include "base/table.h"

enum { STORE_ALIGN = 16 };

#define STORE_MAGIC 0x53616c6c79504d46ull // "SallyPMF"

static const uint8_t check_key[TABLE_SECRET_LEN] = "media record v1";

struct header {
	uint64_t magic;
	uint32_t version, n;
	uint32_t record_size, keep_size;
	uint64_t journal_slot; // slot + 1 that the journal is being copied to; 0: none
	uint64_t high;         // slots from here on were never written: their pages need not be read
};

static size_t align(size_t n)
{
	return (n + STORE_ALIGN - 1) / STORE_ALIGN * STORE_ALIGN;
}

static size_t keep_offset(uint32_t n)
{
	return align(sizeof(struct header)) + align((n + 1) * sizeof(struct mf_record));
}

size_t mf_store_size(uint32_t n)
{
	return keep_offset(n) + n * sizeof(struct mf_keep);
}

static uint64_t check_of(const struct mf_record *r)
{
	size_t skip = offsetof(struct mf_record, version);

	return keyed_hash(check_key, bytes_make((const uint8_t *)r + skip, sizeof(*r) - skip)) | 1;
}

// A crash in the middle of a copy is mended from the journal.
static void journal_replay(struct mf_store *s, struct header *h)
{
	uint64_t slot = h->journal_slot;

	if (slot > 0 && slot <= s->n && s->journal->check == check_of(s->journal))
		memcpy(&s->record[slot - 1], s->journal, sizeof(*s->journal));
	h->journal_slot = 0;
	memory_wipe(s->journal, sizeof(*s->journal));
}

static bool header_fits(const struct header *h, uint32_t n)
{
	return h->magic == STORE_MAGIC && h->version == MF_RECORD_VERSION && h->n == n &&
	       h->record_size == sizeof(struct mf_record) && h->keep_size == sizeof(struct mf_keep);
}

static void layout(struct mf_store *s, void *block, uint32_t n)
{
	uint8_t *base = block;

	s->block = block;
	s->n = n;
	s->journal = (struct mf_record *)(void *)(base + align(sizeof(struct header)));
	s->record = s->journal + 1;
	s->keep = (struct mf_keep *)(void *)(base + keep_offset(n));
}

result mf_store_open(struct mf_store *s, void *block, size_t size, uint32_t n, bool *found)
{
	struct header *h;

	*s = (struct mf_store){.owned = block == NULL};
	*found = false;
	REQUIRE(block == NULL || size >= mf_store_size(n), E_TOO_LONG);
	if (block == NULL)
		block = memory_alloc(mf_store_size(n));
	REQUIRE(block != NULL, E_NO_MEMORY);
	layout(s, block, n);
	h = block;
	if (!s->owned && header_fits(h, n)) {
		journal_replay(s, h);
		*found = true;
		return OK;
	}
	if (!s->owned && h->magic != 0)
		memory_wipe(block, mf_store_size(n));
	*h = (struct header){
		STORE_MAGIC, MF_RECORD_VERSION, n, sizeof(struct mf_record), sizeof(struct mf_keep), 0, 0};
	return OK;
}

void mf_store_close(struct mf_store *s)
{
	if (s->owned && s->block != NULL) {
		memory_wipe(s->block, mf_store_size(s->n));
		memory_free(s->block);
	}
	*s = (struct mf_store){0};
}

uint32_t mf_store_high(const struct mf_store *s)
{
	const struct header *h = s->block;

	return h->high < s->n ? (uint32_t)h->high : s->n;
}

void mf_store_write(struct mf_store *s, uint32_t slot, const struct mf_record *r)
{
	struct header *h = s->block;

	memcpy(s->journal, r, sizeof(*r));
	s->journal->check = check_of(s->journal);
	if (slot >= h->high)
		h->high = slot + 1ull;
	__atomic_store_n(&h->journal_slot, slot + 1ull, __ATOMIC_SEQ_CST);
	memcpy(&s->record[slot], s->journal, sizeof(*s->journal));
	__atomic_store_n(&h->journal_slot, 0, __ATOMIC_SEQ_CST);
	memory_wipe(s->journal, sizeof(*s->journal)); // it holds keys
}

void mf_store_clear(struct mf_store *s, uint32_t slot)
{
	bool keyed = false;

	for (uint32_t side = 0; side < 2; side++)
		keyed |=
			s->record[slot].plan.side[side].in.suite || s->record[slot].plan.side[side].out.suite;
	memory_wipe(&s->record[slot], sizeof(s->record[slot]));
	if (keyed) // else its pages were never touched
		memory_wipe(&s->keep[slot], sizeof(s->keep[slot]));
}

result mf_store_check(const struct mf_store *s, uint32_t slot)
{
	const struct mf_record *r = &s->record[slot];

	REQUIRE(r->version != 0 || r->check != 0, E_NOT_FOUND);
	REQUIRE(r->version == MF_RECORD_VERSION && r->check == check_of(r), E_SYNTAX);
	return OK;
}
