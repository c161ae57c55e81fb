// SPDX-License-Identifier: Apache-2.0
// Provisioned targets -> ordered hops. Dead ones go last instead of away: if all are dead, all are tried.
#include "lrf/lrf.h"

#include "base/memory.h"
#include "lrf/order.h"
#include "registry/ldr.h"

struct dead {
	struct hop hop;
	uint64_t until_us;
};

struct way { // to a peer, before a listener is found for it
	uint8_t transport, origin;
	uint16_t priority, weight;
	struct address address;
};

struct lrf_memory {
	uint32_t count;
	struct dead dead[LRF_DEAD_MAX];
};

result lrf_memory_new(struct lrf_memory **out)
{
	*out = memory_alloc(sizeof(**out));
	return *out != NULL ? OK : FAIL(E_NO_MEMORY);
}

void lrf_memory_free(struct lrf_memory *m)
{
	memory_free(m);
}

void lrf_memory_clear(struct lrf_memory *m)
{
	m->count = 0;
}

static struct dead *dead_find(const struct lrf_memory *m, const struct hop *hop)
{
	for (uint32_t i = 0; i < m->count; i++) {
		const struct dead *d = &m->dead[i];
		if (d->hop.transport == hop->transport && address_equal(&d->hop.remote, &hop->remote))
			return (struct dead *)d;
	}
	return NULL;
}

static struct dead *dead_slot(struct lrf_memory *m)
{
	if (m->count < LRF_DEAD_MAX)
		return &m->dead[m->count++];
	struct dead *oldest = &m->dead[0];
	for (uint32_t i = 1; i < m->count; i++)
		if (m->dead[i].until_us < oldest->until_us)
			oldest = &m->dead[i];
	return oldest;
}

void lrf_hop_result(struct lrf_memory *m, const struct hop *hop, bool alive, const struct now *now)
{
	if (alive && m->count == 0)
		return;
	struct dead *d = dead_find(m, hop);
	if (alive) {
		if (d != NULL)
			*d = m->dead[--m->count];
		return;
	}
	if (d == NULL)
		d = dead_slot(m);
	*d = (struct dead){*hop, now->mono_us + LRF_DEAD_US};
	d->hop.conn = (struct conn_ref){0, 0, 0}; // whatever it was, it did not work
}

bool lrf_hop_dead_at(const struct lrf_memory *m, uint32_t i, struct hop *out)
{
	if (i >= m->count)
		return false;
	*out = m->dead[i].hop;
	return true;
}

bool lrf_hop_dead(const struct lrf_memory *m, const struct hop *hop, const struct now *now)
{
	const struct dead *d = m->count > 0 ? dead_find(m, hop) : NULL;
	return d != NULL && d->until_us > now->mono_us;
}

// The listener of ZONE that can send by TRANSPORT to an address of this family.
static bool listener_for(const struct snapshot *s, zone_id zone, uint8_t transport, uint8_t family, listener_id *out)
{
	for (uint8_t i = 0; i < s->listener_count; i++) {
		const struct listener *l = &s->listener[i];
		for (uint8_t k = 0; l->zone == zone && l->service == SERVICE_CALLS && k < l->sip_count; k++) {
			if (l->sip[k].transport != transport || l->sip[k].address.family != family)
				continue;
			*out = i;
			return true;
		}
	}
	return false;
}

static bool hop_make(const struct snapshot *s, peer_id id, const struct way *w, struct hop *out)
{
	const struct peer *p = snapshot_peer(s, id);
	if (p == NULL || (w->transport < p->reach_transport && transport_is_secure((enum transport)p->reach_transport)))
		return false; // LRF-I3: routing data never lowers the transport
	*out = (struct hop){.transport = (enum transport)w->transport, .origin = w->origin, .peer = id, .remote = w->address};
	return listener_for(s, p->zone, w->transport, w->address.family, &out->listener);
}

// The I-th SED record of the database: only within the peer's own ranges (LRF-I1, LRF-I2).
static bool recorded_way(const struct peer *p, const struct group_sed *s, struct way *out)
{
	*out = (struct way){s->transport, HOP_RECORDED, s->priority, s->weight, s->address};
	return s->transport < TRANSPORT_COUNT && s->address.port != 0 && prefixes_contain(p->address, p->address_count, &s->address);
}

// The ways to PEER: those of the database where it has any, else those of the configuration and of DNS.
static uint32_t ways(const struct registry *r, peer_id id, struct way out[PEER_TARGETS_MAX])
{
	const struct ldr *l = registry_ldr(r);
	const struct peer *p = snapshot_peer(registry_snapshot(r), id);
	const struct group_sed *sed = NULL;
	uint32_t recorded = l != NULL ? groups_seds(l->groups, registry_target_of(r, id), &sed) : 0, n = 0;
	for (uint32_t i = 0; i < recorded && i < PEER_TARGETS_MAX; i++)
		n += recorded_way(p, &sed[i], &out[n]);
	for (uint32_t i = 0; recorded == 0 && i < p->target_count && i < PEER_TARGETS_MAX; i++)
		out[n++] = (struct way){p->target[i].transport, p->target[i].origin, p->target[i].priority, p->target[i].weight, p->target[i].address};
	return n;
}

result lrf_route_also(const struct registry *r, const struct lrf_memory *m, peer_id peer, uint32_t seed, const struct now *now,
	struct sed *out)
{
	const struct snapshot *s = registry_snapshot(r);
	struct way way[PEER_TARGETS_MAX];
	struct hop hop[PEER_TARGETS_MAX];
	struct lrf_choice choice[PEER_TARGETS_MAX];
	uint8_t n = 0;
	REQUIRE(snapshot_peer(s, peer) != NULL, E_NOT_FOUND);
	uint32_t count = ways(r, peer, way);
	for (uint32_t i = 0; i < count; i++) {
		if (!hop_make(s, peer, &way[i], &hop[n]))
			continue;
		choice[n] = (struct lrf_choice){way[i].priority, way[i].weight, lrf_hop_dead(m, &hop[n], now), n};
		n++;
	}
	lrf_order(choice, n, seed);
	if (out->count == 0)
		out->peer = peer;
	for (uint8_t i = 0; i < n && out->count < ROUTE_TARGETS_MAX; i++)
		out->hop[out->count++] = hop[choice[i].index];
	return n > 0 ? OK : FAIL(E_NOT_FOUND);
}

result lrf_route(const struct registry *r, const struct lrf_memory *m, const struct target *target, uint32_t seed,
	const struct now *now, struct sed *out)
{
	out->count = 0;
	return lrf_route_also(r, m, target->peer, seed, now, out);
}
