// SPDX-License-Identifier: Apache-2.0
// One array holds the pairs in three runs: free (in random order by choice), and a ring of those in
// quarantine, oldest first, because all of them wait equally long, also after a change of the time. Every step is O(1).
#include "mf/ports.h"

#include "base/memory.h"

#include <sodium.h>

enum pair_state { PAIR_FREE = 0, PAIR_USED, PAIR_WAITING };

struct waiting {
	uint32_t pair;
	uint64_t since_us;
};

struct mf_ports {
	const struct address *address;
	uint32_t n;
	uint32_t *free_list;
	uint32_t *place; // of a free pair in free_list
	uint32_t free_count;
	struct waiting *ring;
	uint32_t ring_at, ring_count;
	uint8_t *state; // enum pair_state
	uint64_t quarantine_us;
	bool last_in_first_out; // tests
};

result mf_ports_new(struct mf_ports **out, const struct address *pairs, uint32_t n, uint64_t quarantine_us)
{
	struct mf_ports *p = memory_alloc(sizeof(*p));

	*out = NULL;
	REQUIRE(p != NULL, E_NO_MEMORY);
	p->address = pairs;
	p->n = n;
	p->quarantine_us = quarantine_us;
	p->free_list = memory_array(n, sizeof(*p->free_list));
	p->place = memory_array(n, sizeof(*p->place));
	p->ring = memory_array(n, sizeof(*p->ring));
	p->state = memory_alloc(n);
	if (p->free_list == NULL || p->place == NULL || p->ring == NULL || p->state == NULL) {
		mf_ports_free(p);
		return FAIL(E_NO_MEMORY);
	}
	for (uint32_t i = 0; i < n; i++)
		p->free_list[i] = p->place[i] = i;
	p->free_count = n;
	*out = p;
	return OK;
}

void mf_ports_free(struct mf_ports *p)
{
	if (p == NULL)
		return;
	memory_free(p->free_list);
	memory_free(p->place);
	memory_free(p->ring);
	memory_free(p->state);
	memory_free(p);
}

static void free_add(struct mf_ports *p, uint32_t pair)
{
	p->place[pair] = p->free_count;
	p->free_list[p->free_count++] = pair;
	p->state[pair] = PAIR_FREE;
}

static void free_remove(struct mf_ports *p, uint32_t pair)
{
	uint32_t at = p->place[pair], last = p->free_list[--p->free_count];

	p->free_list[at] = last;
	p->place[last] = at;
	p->state[pair] = PAIR_USED;
}

static void quarantine_end(struct mf_ports *p, uint64_t now_us)
{
	while (p->ring_count > 0 && p->ring[p->ring_at].since_us + p->quarantine_us <= now_us) {
		free_add(p, p->ring[p->ring_at].pair);
		p->ring_at = (p->ring_at + 1) % p->n;
		p->ring_count--;
	}
}

result mf_ports_take(struct mf_ports *p, uint64_t now_us, uint32_t *pair)
{
	*pair = 0;
	quarantine_end(p, now_us);
	REQUIRE(p->free_count > 0, E_FULL);
	*pair = p->free_list[p->last_in_first_out ? p->free_count - 1 : randombytes_uniform(p->free_count)];
	free_remove(p, *pair);
	return OK;
}

// Where a port range without gaps would have it; other lists are searched on from there.
static uint32_t place_guess(const struct mf_ports *p, const struct address *a)
{
	uint32_t step = p->n > 1 ? (uint16_t)(p->address[1].port - p->address[0].port) : 0;

	return step == 0 ? 0 : (uint16_t)(a->port - p->address[0].port) / step % p->n;
}

result mf_ports_claim(struct mf_ports *p, const struct address *a, uint32_t *pair)
{
	uint32_t at = p->n == 0 ? 0 : place_guess(p, a);

	*pair = 0;
	for (uint32_t i = 0; i < p->n; i++, at = (at + 1) % p->n) {
		if (!address_equal(&p->address[at], a))
			continue;
		REQUIRE(p->state[at] == PAIR_FREE, E_DUPLICATE);
		free_remove(p, at);
		*pair = at;
		return OK;
	}
	return FAIL(E_NOT_FOUND);
}

void mf_ports_release(struct mf_ports *p, uint32_t pair, uint64_t now_us)
{
	if (pair >= p->n || p->state[pair] != PAIR_USED)
		return;
	if (p->quarantine_us == 0) {
		free_add(p, pair);
		return;
	}
	p->state[pair] = PAIR_WAITING;
	p->ring[(p->ring_at + p->ring_count) % p->n] = (struct waiting){pair, now_us};
	p->ring_count++;
}

const struct address *mf_ports_address(const struct mf_ports *p, uint32_t pair)
{
	return &p->address[pair < p->n ? pair : 0];
}

uint32_t mf_ports_used(const struct mf_ports *p)
{
	return p->n - p->free_count - p->ring_count;
}

void mf_ports_quarantine(struct mf_ports *p, uint64_t quarantine_us, uint64_t now_us)
{
	quarantine_end(p, now_us);
	p->quarantine_us = quarantine_us;
}

void mf_ports_quarantine_off(struct mf_ports *p)
{
	p->quarantine_us = 0;
	p->last_in_first_out = true;
}
