// SPDX-License-Identifier: Apache-2.0
// Requests that wait for the directory. One question is asked once, whoever waits for it (LRF-A1); a list of a few hundred is
// walked, because it is empty unless numbers come that nobody has called before.
#include "base/memory.h"
#include "flow/lookup_inside.h"
#include "flow/state.h"

result flow_lookups_new(struct flow_lookups **out, const uint8_t secret[16], uint32_t first)
{
	struct flow_lookups *l = memory_alloc(sizeof(*l));
	REQUIRE(l != NULL, E_NO_MEMORY);
	result r = lookup_cache_new(l, secret);
	if (!is_ok(r)) {
		flow_lookups_free(l);
		return r;
	}
	l->request = first;
	*out = l;
	return OK;
}

static void held_drop(struct flow_lookups *l, struct held *h)
{
	l->held_octets -= h->size;
	l->held_count--;
	memory_free(h->octets);
	h->octets = NULL;
}

void flow_lookups_free(struct flow_lookups *l)
{
	if (l == NULL)
		return;
	for (uint32_t i = 0; i < LOOKUP_HELD_MAX; i++)
		if (l->held[i].octets != NULL)
			held_drop(l, &l->held[i]);
	lookup_cache_free(l);
	memory_free(l);
}

bool lookup_any(const struct flow_lookups *l)
{
	return l->held_count > 0;
}

bool lookup_holds(const struct flow_lookups *l, uint64_t key)
{
	for (uint32_t i = 0; l->held_count > 0 && i < LOOKUP_HELD_MAX; i++)
		if (l->held[i].octets != NULL && l->held[i].key == key)
			return true;
	return false;
}

// The request under way for the same question; 0: none.
static uint32_t under_way(const struct flow_lookups *l, const struct lookup_key *k)
{
	for (uint32_t i = 0; l->held_count > 0 && i < LOOKUP_HELD_MAX; i++)
		if (l->held[i].octets != NULL && memcmp(&l->held[i].asked, k, sizeof(*k)) == 0)
			return l->held[i].request;
	return 0;
}

static struct held *free_place(struct flow_lookups *l)
{
	for (uint32_t i = 0; l->held_count < LOOKUP_HELD_MAX && i < LOOKUP_HELD_MAX; i++)
		if (l->held[i].octets == NULL)
			return &l->held[i];
	return NULL;
}

static uint32_t held_of(const struct flow_lookups *l, peer_id peer)
{
	uint32_t n = 0;
	for (uint32_t i = 0; l->held_count > 0 && i < LOOKUP_HELD_MAX; i++)
		n += l->held[i].octets != NULL && l->held[i].asked.peer == peer;
	return n;
}

result lookup_hold(struct flow_lookups *l, const struct passage *p, uint64_t key, const char *number, uint32_t *request, bool *ask)
{
	struct held *h = free_place(l);
	REQUIRE(h != NULL && l->held_octets + p->size <= LOOKUP_HELD_OCTETS, E_FULL);
	REQUIRE(held_of(l, p->peer) < LOOKUP_HELD_PEER, E_FULL);
	uint8_t *octets = memory_alloc(p->size);
	REQUIRE(octets != NULL, E_NO_MEMORY);
	struct lookup_key k = lookup_key_make(p->peer, p->query.tell != 0, number);
	*request = under_way(l, &k);
	*ask = *request == 0;
	if (*ask)
		*request = ++l->request != 0 ? l->request : ++l->request;
	memcpy(octets, p->octets, p->size);
	*h = (struct held){.request = *request, .key = key, .until_us = p->now->mono_us + LOOKUP_WAIT_MS * MS, .asked = k,
		.origin = *p->origin, .size = p->size, .octets = octets};
	l->held_count++;
	l->held_octets += p->size;
	return OK;
}

// The message leaves its place before it is handled: what it causes may hold others.
static void release(struct flow *f, struct held *h, lookup_held_h handler, const struct now *now)
{
	struct held taken = *h;
	struct lookup_held m = {.origin = taken.origin, .key = taken.key, .size = taken.size, .octets = taken.octets};
	f->lookups->held_octets -= h->size;
	f->lookups->held_count--;
	h->octets = NULL;
	if (handler != NULL)
		handler(f, &m, now);
	memory_free(taken.octets);
}

void lookup_release(struct flow *f, uint32_t request, lookup_held_h handler, const struct now *now)
{
	struct flow_lookups *l = f->lookups;
	for (uint32_t i = 0; l->held_count > 0 && i < LOOKUP_HELD_MAX; i++)
		if (l->held[i].octets != NULL && l->held[i].request == request)
			release(f, &l->held[i], handler, now);
}

void lookup_release_key(struct flow *f, uint64_t key, lookup_held_h handler, const struct now *now)
{
	struct flow_lookups *l = f->lookups;
	for (uint32_t i = 0; l->held_count > 0 && i < LOOKUP_HELD_MAX; i++)
		if (l->held[i].octets != NULL && l->held[i].key == key)
			release(f, &l->held[i], handler, now);
}

bool lookup_asked(const struct flow_lookups *l, uint32_t request, struct lookup_key *out)
{
	for (uint32_t i = 0; l->held_count > 0 && i < LOOKUP_HELD_MAX; i++) {
		const struct held *h = &l->held[i];
		if (h->octets == NULL || h->request != request)
			continue;
		*out = h->asked;
		return true;
	}
	return false;
}

bool lookup_due(const struct flow_lookups *l, const struct now *now, uint32_t *request)
{
	for (uint32_t i = 0; l->held_count > 0 && i < LOOKUP_HELD_MAX; i++) {
		if (l->held[i].octets == NULL || l->held[i].until_us > now->mono_us)
			continue;
		*request = l->held[i].request;
		return true;
	}
	return false;
}

uint64_t lookup_deadline(const struct flow_lookups *l)
{
	uint64_t first = NO_DEADLINE;
	for (uint32_t i = 0; l->held_count > 0 && i < LOOKUP_HELD_MAX; i++)
		if (l->held[i].octets != NULL && l->held[i].until_us < first)
			first = l->held[i].until_us;
	return first;
}
