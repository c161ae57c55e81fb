// SPDX-License-Identifier: Apache-2.0
// A group's routes are few: each is judged, those that are left are put in order.
#include "lrf/select.h"

#include "lrf/order.h"

static const char *key_of(const struct query *q)
{
	return q->rn[0] != '\0' ? q->rn : q->number;
}

// May the call of Q take this way now?
static bool open_for(const struct registry *r, const struct group_route *g, const struct query *q, const struct now *now, peer_id *peer)
{
	struct asker a = {q->from_peer, q->from_zone, q->tell != 0};
	*peer = registry_peer_of(r, g->peer);
	return *peer != PEER_NONE && *peer != q->from_peer && row_hours_hold(&g->hours, now->wall_ms) && registry_serves(r, *peer, &a) &&
	       registry_takes(r, *peer, key_of(q));
}

static bool all_dead(const struct registry *r, const struct lrf_memory *m, peer_id peer, const struct now *now)
{
	static _Thread_local struct sed sed; // large
	struct target t = {.peer = peer, .group = GROUP_NONE};
	if (!is_ok(lrf_route(r, m, &t, 0, now, &sed)))
		return true;
	return sed.count > 0 && lrf_hop_dead(m, &sed.hop[0], now); // the dead stand last: if the first is, all are
}

// Routes of equal priority are tried by cost: a number for each pair, in their order.
static void rank(struct lrf_choice *c, const struct group_route *g, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		uint16_t before = 0;
		for (uint32_t k = 0; k < n; k++) {
			const struct group_route *a = &g[c[k].index], *b = &g[c[i].index];
			before = (uint16_t)(before + (a->priority < b->priority || (a->priority == b->priority && a->cost < b->cost)));
		}
		c[i].priority = before;
	}
}

static bool has(const peer_id *id, uint8_t n, peer_id wanted)
{
	for (uint8_t i = 0; i < n; i++)
		if (id[i] == wanted)
			return true;
	return false;
}

uint8_t lrf_select(const struct registry *r, const struct lrf_memory *m, uint32_t target, const struct query *q, uint32_t seed,
	const struct now *now, peer_id out[ROUTE_PEERS_MAX])
{
	const struct ldr *l = registry_ldr(r);
	const struct group_route *g;
	struct lrf_choice c[GROUP_ROUTES_MAX];
	peer_id peer[GROUP_ROUTES_MAX];
	uint32_t n = 0, all = l != NULL ? groups_routes(l->groups, target, &g) : 0;
	uint8_t chosen = 0;
	for (uint8_t i = 0; i < all && i < GROUP_ROUTES_MAX; i++)
		if (open_for(r, &g[i], q, now, &peer[i]))
			c[n++] = (struct lrf_choice){.weight = g[i].weight, .dead = all > 1 && all_dead(r, m, peer[i], now), .index = i};
	rank(c, g, n);
	lrf_order(c, n, seed);
	for (uint32_t i = 0; i < n && chosen < ROUTE_PEERS_MAX; i++) // a peer may have several routes in a group: he is tried once
		if (!has(out, chosen, peer[c[i].index]))
			out[chosen++] = peer[c[i].index];
	return chosen;
}
