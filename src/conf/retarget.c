// SPDX-License-Identifier: Apache-2.0
// Names of targets whose addresses have changed, between reloads: only the targets of their peers are made anew. What
// may be a target is decided as at the load (LRF-I1, LRF-I2).
#include "conf/steps.h"

bool conf_is_socket_of(const struct listener *l, const struct address *a)
{
	for (uint32_t k = 0; k < l->sip_count; k++) {
		if (address_equal(&l->sip[k].address, a) ||
			(l->sip[k].address.port == a->port && address_same_host(&l->advertise, a)))
			return true;
	}
	return false;
}

static bool is_own(const struct snapshot *s, const struct address *a)
{
	for (uint32_t i = 0; i < s->listener_count; i++) {
		if (conf_is_socket_of(&s->listener[i], a))
			return true;
	}
	return false;
}

// Those of WAY that P may have, to the front: how many.
static uint32_t usable(const struct snapshot *s, const struct peer *p, const struct locate_want *want, struct way *way, uint32_t count)
{
	uint32_t used = 0;

	for (uint32_t i = 0; i < count && i < WAYS_MAX; i++) {
		if (way[i].address.port == 0)
			way[i].address.port = transport_port((enum transport)way[i].transport);
		if (conf_way_fault(p, want, &way[i], is_own(s, &way[i].address)) == NULL)
			way[used++] = way[i];
	}
	return used;
}

uint32_t conf_slot_ways(const struct snapshot *s, peer_id id, const struct locate_want *want, const struct way *way, uint32_t count)
{
	const struct peer *p = snapshot_peer(s, id);
	struct way copy[WAYS_MAX];

	count = count < WAYS_MAX ? count : WAYS_MAX;
	memcpy(copy, way, count * sizeof(*way));
	return p != NULL ? usable(s, p, want, copy, count) : 0;
}

static void add(const struct snapshot *s, struct peer *p, const struct conf_name *n, struct way *way, uint32_t count)
{
	conf_targets_add(p, way, usable(s, p, &n->want, way, count));
}

static void add_name(const struct snapshot *s, struct peer *p, const struct conf_name *n, conf_resolver resolver, void *ctx)
{
	struct way found[WAYS_MAX];
	uint32_t count = 0;

	memset(found, 0, sizeof(found));
	if (is_ok(resolver(ctx, &n->want, found, WAYS_MAX, &count)))
		add(s, p, n, found, count);
}

static bool same_targets(const struct peer *a, const struct peer *b)
{
	bool same = a->target_count == b->target_count;

	for (uint32_t i = 0; same && i < a->target_count && i < PEER_TARGETS_MAX; i++)
		same = a->target[i].transport == b->target[i].transport && a->target[i].origin == b->target[i].origin && a->target[i].priority == b->target[i].priority &&
		       a->target[i].weight == b->target[i].weight &&
		       address_equal(&a->target[i].address, &b->target[i].address);
	return same;
}

bool conf_retarget(const struct conf_result *r, struct snapshot *s, conf_resolver resolver, void *ctx)
{
	bool changed = false;

	for (uint32_t i = 0; i < r->private.name_count;) {
		const struct conf_name *n = &r->private.name[i];
		const struct peer *before = snapshot_peer(r->snapshot, n->peer);
		struct peer *p = (struct peer *)(uintptr_t)snapshot_peer(s, n->peer);
		if (before == NULL || p == NULL)
			return changed;
		p->target_count = 0;
		memset(p->target, 0, sizeof(p->target));
		for (peer_id peer = n->peer; i < r->private.name_count && r->private.name[i].peer == peer; i++) {
			n = &r->private.name[i];
			if (n->want.domain[0] == '\0' && n->address.family == 0)
				continue; // a free place on demand
			if (n->want.domain[0] == '\0')
				add(s, p, n, &(struct way){.transport = n->want.transport, .address = n->address}, 1);
			else
				add_name(s, p, n, resolver, ctx);
		}
		changed |= !same_targets(before, p);
	}
	return changed;
}
