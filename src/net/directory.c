// SPDX-License-Identifier: Apache-2.0
// Entries in an array, chained by peer. A peer has a handful of connections, so a chain is short.
#include "net/directory.h"

#include "base/memory.h"

#include <pthread.h>

enum { BUCKETS = 1024 }; // peers of a large mesh

struct slot {
	struct directory_entry entry;
	uint32_t next; // in its chain or in the free list
};

struct directory {
	pthread_mutex_t lock;
	_Atomic uint64_t version;
	uint32_t free;
	uint32_t bucket[BUCKETS];
	struct slot *slot;
};

result directory_new(struct directory **out, uint32_t max)
{
	*out = NULL;
	struct directory *d = memory_alloc(sizeof(*d));
	REQUIRE(d != NULL, E_NO_MEMORY);
	d->slot = memory_array(max, sizeof(*d->slot));
	if (d->slot == NULL || max == 0 || pthread_mutex_init(&d->lock, NULL) != 0) {
		memory_free(d->slot);
		memory_free(d);
		return FAIL(E_NO_MEMORY);
	}
	for (uint32_t i = 0; i < BUCKETS; i++)
		d->bucket[i] = DIRECTORY_NONE;
	for (uint32_t i = 0; i < max; i++)
		d->slot[i].next = i + 1 < max ? i + 1 : DIRECTORY_NONE;
	*out = d;
	return OK;
}

void directory_free(struct directory *d)
{
	if (d == NULL)
		return;
	pthread_mutex_destroy(&d->lock);
	memory_free(d->slot);
	memory_free(d);
}

static void changed(struct directory *d)
{
	atomic_fetch_add_explicit(&d->version, 1, memory_order_release);
}

result directory_put(struct directory *d, const struct directory_entry *e, uint32_t *slot)
{
	pthread_mutex_lock(&d->lock);
	uint32_t i = d->free;
	if (i != DIRECTORY_NONE) {
		uint32_t *chain = &d->bucket[e->peer % BUCKETS];
		d->free = d->slot[i].next;
		d->slot[i].entry = *e;
		d->slot[i].next = *chain;
		*chain = i;
		changed(d);
	}
	pthread_mutex_unlock(&d->lock);
	*slot = i;
	return i != DIRECTORY_NONE ? OK : FAIL(E_FULL);
}

void directory_remove(struct directory *d, uint32_t slot)
{
	if (slot == DIRECTORY_NONE)
		return;
	pthread_mutex_lock(&d->lock);
	uint32_t *at = &d->bucket[d->slot[slot].entry.peer % BUCKETS];
	while (*at != DIRECTORY_NONE && *at != slot)
		at = &d->slot[*at].next;
	if (*at == slot) {
		*at = d->slot[slot].next;
		d->slot[slot].next = d->free;
		d->free = slot;
		changed(d);
	}
	pthread_mutex_unlock(&d->lock);
}

static bool leads_to(const struct directory_entry *e, const struct directory_entry *want)
{
	return e->peer == want->peer && e->transport == want->transport && e->listener == want->listener;
}

static enum directory_match match(const struct directory_entry *e, const struct directory_entry *want)
{
	if (address_equal(&e->remote, &want->remote))
		return DIRECTORY_EXACT;
	return e->accepted && address_same_host(&e->remote, &want->remote) ? DIRECTORY_HOST : DIRECTORY_ANY;
}

struct conn_ref directory_find(
	struct directory *d, const struct directory_entry *want, enum directory_match loosest)
{
	struct conn_ref found = {0};
	enum directory_match best = loosest + 1;
	pthread_mutex_lock(&d->lock);
	for (uint32_t i = d->bucket[want->peer % BUCKETS]; i != DIRECTORY_NONE; i = d->slot[i].next) {
		const struct directory_entry *e = &d->slot[i].entry;
		if (!leads_to(e, want) || match(e, want) >= best)
			continue;
		best = match(e, want);
		found = e->conn;
	}
	pthread_mutex_unlock(&d->lock);
	return found;
}

uint64_t directory_version(const struct directory *d)
{
	return atomic_load_explicit(&d->version, memory_order_acquire);
}
