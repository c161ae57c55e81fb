// SPDX-License-Identifier: Apache-2.0
// Places for ended calls: sizes and numbers stand apart from the records, so that a new process reads a few pages only.
#include "main/ended.h"

#include <stdlib.h>
#include <string.h>

enum { INDEX_SLOTS = 64 }; // slots of the memfd in front of the records

_Static_assert(sizeof(struct ended_memory) <= (uint64_t)(ENDED_MAX + INDEX_SLOTS) * ENDED_RECORD_OCTETS, "it fits the memfd");
_Static_assert(ENDED_MAX % 64 == 0, "whole words");

result ended_create(int *fd)
{
	return records_create("sallyport-ended", ENDED_MAX + INDEX_SLOTS, ENDED_RECORD_OCTETS, fd);
}

result ended_map(struct ended *e, int fd)
{
	size_t size;
	TRY(records_map(fd, &e->records));
	e->memory = records_block(e->records, &size);
	return size >= sizeof(*e->memory) ? OK : FAIL(E_CONFIG);
}

void ended_unmap(struct ended *e)
{
	records_unmap(e->records);
	e->records = NULL;
}

static bool is_whole(const struct ended *e, uint32_t place)
{
	const struct ipc_admin *m = ended_message(e, place);
	uint32_t size = ended_size(e, place), head = IPC_ADMIN_HEAD + offsetof(struct ipc_admin_record, stream);
	return size >= head && size <= ENDED_RECORD_OCTETS && m->version == IPC_ADMIN_VERSION && m->type == IPC_ADMIN_RECORD;
}

static int by_number(const void *x, const void *y, void *ctx)
{
	const struct ended_memory *m = ctx;
	uint32_t a, b;
	memcpy(&a, x, sizeof(a));
	memcpy(&b, y, sizeof(b));
	uint32_t i = m->entry[a].number, k = m->entry[b].number;
	if (i == 0 || k == 0)
		return i == k ? 0 : i == 0 ? 1 : -1;
	return (int32_t)(i - k) < 0 ? -1 : i != k; // numbers may wrap
}

uint32_t ended_restore(struct ended *e, uint32_t place[ENDED_MAX], uint32_t *damaged)
{
	uint32_t n = 0;
	*damaged = 0;
	for (uint32_t i = 0; i < ENDED_MAX; i++) {
		if (ended_size(e, i) == 0) {
			e->memory->entry[i].number = 0;
			continue;
		}
		atomic_fetch_or(&e->used[i / 64], UINT64_C(1) << i % 64);
		if (is_whole(e, i)) {
			place[n++] = i;
			continue;
		}
		(*damaged)++;
		ended_free(e, i);
	}
	qsort_r(place, n, sizeof(place[0]), by_number, e->memory);
	return n;
}

static int by_call(const void *x, const void *y)
{
	struct ended_ref a, b;
	memcpy(&a, x, sizeof(a));
	memcpy(&b, y, sizeof(b));
	if (a.worker != b.worker)
		return a.worker < b.worker ? -1 : 1;
	if (a.call.slot != b.call.slot)
		return a.call.slot < b.call.slot ? -1 : 1;
	return a.call.generation < b.call.generation ? -1 : a.call.generation != b.call.generation;
}

void ended_calls(const struct ended *e, const uint32_t *place, uint32_t n, struct ended_ref *out)
{
	for (uint32_t i = 0; i < n; i++) {
		const struct ipc_admin_call *c = &ended_message(e, place[i])->u.record.call;
		out[i] = (struct ended_ref){c->worker, c->ref};
	}
	qsort(out, n, sizeof(*out), by_call);
}

bool ended_has(const struct ended_ref *calls, uint32_t n, const struct ended_ref *which)
{
	return n > 0 && bsearch(which, calls, n, sizeof(*calls), by_call) != NULL;
}

// The lowest free one: few pages are ever touched.
uint32_t ended_take(struct ended *e, uint32_t hint)
{
	for (uint32_t k = 0; k < ENDED_MAX / 64; k++) {
		uint32_t at = (hint + k) % (ENDED_MAX / 64);
		_Atomic uint64_t *word = &e->used[at];
		uint64_t have = atomic_load_explicit(word, memory_order_relaxed);
		while (have != UINT64_MAX) {
			uint32_t bit = (uint32_t)__builtin_ctzll(~have);
			if (atomic_compare_exchange_weak_explicit(
				    word, &have, have | UINT64_C(1) << bit, memory_order_acquire, memory_order_relaxed))
				return at * 64 + bit;
		}
	}
	return ENDED_NONE;
}

struct ipc_admin *ended_message(const struct ended *e, uint32_t place)
{
	return (struct ipc_admin *)(void *)e->memory->record[place];
}

void ended_whole(struct ended *e, uint32_t place, uint32_t size)
{
	atomic_store_explicit(&e->memory->entry[place].size, size, memory_order_release);
}

uint32_t ended_size(const struct ended *e, uint32_t place)
{
	return atomic_load_explicit(&e->memory->entry[place].size, memory_order_acquire);
}

uint32_t ended_number(struct ended *e, uint32_t place)
{
	struct ended_entry *entry = &e->memory->entry[place];
	if (entry->number != 0)
		return entry->number;
	uint32_t next = atomic_load(&e->memory->last_number) + 1;
	next += next == 0; // 0 stands for none
	atomic_store(&e->memory->last_number, next); // first: a crash in between leaves a gap, never the same number twice
	entry->number = next;
	return next;
}

void ended_free(struct ended *e, uint32_t place)
{
	struct ended_entry *entry = &e->memory->entry[place];
	uint32_t size = ended_size(e, place);
	atomic_store_explicit(&entry->size, 0, memory_order_release);
	entry->number = 0;
	memset(e->memory->record[place], 0, size < ENDED_RECORD_OCTETS ? size : ENDED_RECORD_OCTETS);
	atomic_fetch_and_explicit(&e->used[place / 64], ~(UINT64_C(1) << place % 64), memory_order_release);
}
