// SPDX-License-Identifier: Apache-2.0
// At most 64 of them: simple sorting, no allocation.
#include "lrf/order.h"

// SplitMix64: not a secret, only spread.
static uint32_t next(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15ull);
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return (uint32_t)((z ^ (z >> 31)) >> 32);
}

static bool before(const struct lrf_choice *a, const struct lrf_choice *b)
{
	return a->dead != b->dead ? b->dead : a->priority < b->priority;
}

static bool alike(const struct lrf_choice *a, const struct lrf_choice *b)
{
	return a->dead == b->dead && a->priority == b->priority;
}

static void sort(struct lrf_choice *c, uint32_t n)
{
	for (uint32_t i = 1; i < n; i++) {
		struct lrf_choice taken = c[i];
		uint32_t to = i;
		for (; to > 0 && before(&taken, &c[to - 1]); to--)
			c[to] = c[to - 1];
		c[to] = taken;
	}
}

// Move the choice at FROM to the place AT before it; those between move back.
static void pull(struct lrf_choice *c, uint32_t at, uint32_t from)
{
	struct lrf_choice taken = c[from];
	for (; from > at; from--)
		c[from] = c[from - 1];
	c[at] = taken;
}

static void push_first(struct lrf_choice *c, uint32_t n)
{
	struct lrf_choice first = c[0];
	memmove(c, c + 1, (n - 1) * sizeof(*c));
	c[n - 1] = first;
}

// RFC 2782: a number up to the sum of weights; those of weight 0 stand first and are seldom met.
static uint32_t draw(const struct lrf_choice *c, uint32_t n, uint64_t *state)
{
	uint32_t sum = 0, passed = 0;
	for (uint32_t i = 0; i < n; i++)
		sum += c[i].weight;
	uint32_t at = (uint32_t)(((uint64_t)next(state) * (sum + 1ull)) >> 32);
	for (uint32_t i = 0; i < n; i++) {
		if (c[i].weight == 0 && at == 0)
			return i;
		passed += c[i].weight;
		if (c[i].weight > 0 && passed >= at)
			return i;
	}
	return 0;
}

static void order_equals(struct lrf_choice *c, uint32_t n, uint32_t seed, uint64_t *state)
{
	bool same = true;
	for (uint32_t i = 1; i < n; i++)
		same &= c[i].weight == c[0].weight;
	if (same && c[0].weight == 0)
		return;
	for (uint32_t i = seed % n; same && i > 0; i--) // turns: exact, where chance is only nearly so
		push_first(c, n);
	for (uint32_t i = 0; !same && i + 1 < n; i++)
		pull(c, i, i + draw(c + i, n - i, state));
}

void lrf_order(struct lrf_choice *c, uint32_t n, uint32_t seed)
{
	uint64_t state = seed;
	n = n < ROUTE_TARGETS_MAX ? n : ROUTE_TARGETS_MAX;
	sort(c, n);
	for (uint32_t i = 0, end; i < n; i = end) {
		for (end = i + 1; end < n && alike(&c[i], &c[end]); end++)
			;
		order_equals(c + i, end - i, seed, &state);
	}
}
