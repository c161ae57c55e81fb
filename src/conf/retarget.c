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

static void add(const struct snapshot *s, struct peer *p, const struct conf_name *n, struct address a)
{
	if (a.port == 0)
		a.port = transport_port((enum transport)n->transport);
	if (conf_target_fault(p, &a, is_own(s, &a)) == NULL)
		conf_target_add(p, n->transport, &a);
}

static void add_name(const struct snapshot *s, struct peer *p, const struct conf_name *n, conf_resolver resolver, void *ctx)
{
	struct address found[CONF_RESOLVED_MAX];
	uint32_t count = 0;

	memset(found, 0, sizeof(found));
	if (!is_ok(resolver(ctx, n->host, n->port, (enum transport)n->transport, found, CONF_RESOLVED_MAX, &count)))
		return;
	for (uint32_t i = 0; i < count && i < CONF_RESOLVED_MAX; i++)
		add(s, p, n, found[i]);
}

static bool same_targets(const struct peer *a, const struct peer *b)
{
	bool same = a->target_count == b->target_count;

	for (uint32_t i = 0; same && i < a->target_count && i < PEER_TARGETS_MAX; i++)
		same = a->target[i].transport == b->target[i].transport &&
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
			if (n->host[0] == '\0')
				add(s, p, n, n->address);
			else
				add_name(s, p, n, resolver, ctx);
		}
		changed |= !same_targets(before, p);
	}
	return changed;
}
