// SPDX-License-Identifier: Apache-2.0
// Peering on demand (RFC6405): one row of the configuration, many places. Each place is a peer of its own, so that limits,
// counters, blocks and tokens are a domain's own. A place that a domain has taken is no other's as long as the system runs.
#include "conf/steps.h"

#include <stdio.h>

enum { SLOT_MARK = '~', SLOT_DIGITS = 5 }; // federation~1: no name that can be written, and safe in an URL

void conf_slot_name(const struct conf_peer *p, uint32_t slot, char out[NAME_MAX_LEN])
{
	memset(out, 0, NAME_MAX_LEN);
	if (slot == 0)
		memcpy(out, p->peer.name, NAME_MAX_LEN);
	else
		snprintf(out, NAME_MAX_LEN, "%.*s%c%u", NAME_MAX_LEN - SLOT_DIGITS - 2, p->peer.name, SLOT_MARK, (unsigned)(uint16_t)slot);
}

// ---- what is written

static void must_not(struct conf_load *c, const struct conf_peer *p, const char *map, const char *key, const char *path)
{
	if (conf_tree_find(conf_tree_find(p->node, map), key) != NULL)
		conf_error(c, conf_tree_place(p->node, path), "%s is told by each domain on demand; remove it, or remove on_demand", path);
}

static void check_twice(struct conf_load *c, const struct conf_peer *p, const struct conf_node *at)
{
	uint32_t count = 0;

	for (const struct conf_peer *q = c->draft.peer; q <= p; q++) {
		count += q->slots > 0;
		if (q != p && q->slots > 0 && q->peer.zone == p->peer.zone && strcmp(q->peer.demand_below, p->peer.demand_below) == 0)
			conf_error(c, at, "domains below %.100s are also peer %s's; one peer may have them", p->peer.demand_below, q->peer.name);
	}
	if (count == ON_DEMAND_MAX + 1)
		conf_error(c, at, "more than %d peers on demand; remove one", ON_DEMAND_MAX);
}

void conf_check_demand(struct conf_load *c, struct conf_peer *p)
{
	const struct conf_node *at = conf_tree_find(p->node, "on_demand");

	if (at == NULL) {
		p->slots = 0;
		return;
	}
	if (p->peer.demand_below[0] == '\0') {
		if (conf_tree_find(at, "below") == NULL)
			conf_error(c, at, "on_demand without a domain would be for everybody; add below: DOMAIN");
		p->slots = 0;
		return;
	}
	p->peer.vacant = 1; // each place, until it is taken
	must_not(c, p, "reach", "domain", "reach.domain");
	must_not(c, p, "reach", "targets", "reach.targets");
	must_not(c, p, "known_by", "tls_names", "known_by.tls_names");
	if (conf_tree_find(p->node, "portal") != NULL)
		conf_error(c, conf_tree_place(p->node, "portal"), "the portal serves peers by agreement alone; remove portal, or on_demand");
	if (p->peer.reach_transport != CONF_UNSET && p->peer.reach_transport != TRANSPORT_TLS)
		conf_error(c, conf_tree_place(p->node, "reach.transport"), "on demand only a certificate tells who it is; write transport: tls");
	if (p->trust_path[0] == '\0')
		conf_error(c, at, "on demand needs anchors that all domains have in common; add known_by.trust");
	if (conf_zone_is_core(c, p->peer.zone))
		conf_error(c, at, "a zone of the core has no peers on demand; name a peering zone");
	if (c->draft.anchors_len == 0)
		conf_error(c, at, "on demand needs signed DNS, and there are no trust anchors; see dns.trust_anchors");
	if (strlen(p->peer.name) > NAME_MAX_LEN - SLOT_DIGITS - 2)
		conf_error(c, conf_tree_place(p->node, "name"), "with on_demand a name has %d octets at most; shorten it", NAME_MAX_LEN - SLOT_DIGITS - 2);
	check_twice(c, p, at);
}

// ---- places that are taken, over a reload

// A row of its own goes before a place that the same domain has.
static bool is_configured(const struct conf_load *c, zone_id zone, const char *domain)
{
	for (uint32_t i = 0; i < c->draft.peer_count; i++) {
		const struct peer *p = &c->draft.peer[i].peer;
		if (strcmp(p->reach_domain, domain) == 0)
			return true;
		for (uint32_t k = 0; p->zone == zone && k < p->tls_name_count; k++)
			if (strcmp(p->tls_name[k] + (strncmp(p->tls_name[k], "sip:", 4) == 0 ? 4 : 0), domain) == 0)
				return true;
	}
	return false;
}

void conf_slot_take(struct peer *p, const char *domain)
{
	snprintf(p->reach_domain, sizeof(p->reach_domain), "%s", domain);
	memcpy(p->tls_name[0], p->reach_domain, sizeof(p->tls_name[0]));
	p->tls_name_count = 1;
	p->vacant = 0;
}

bool conf_slot_carry(const struct conf_load *c, struct peer *to, const struct peer *before)
{
	if (to->demand_below[0] == '\0' || before == NULL || before->reach_domain[0] == '\0')
		return true;
	if (before->removed || to->zone != before->zone || !peer_demands(to, before->reach_domain) ||
		is_configured(c, to->zone, before->reach_domain))
		return false;
	conf_slot_take(to, before->reach_domain);
	for (uint32_t i = 0; i < before->target_count && i < PEER_TARGETS_MAX; i++)
		if (conf_target_fault(to, &before->target[i].address, false) == NULL)
			to->target[to->target_count++] = before->target[i];
	return true;
}

struct conf_name *conf_slot_name_of(struct conf_result *r, peer_id id)
{
	for (uint32_t i = 0; i < r->private.name_count; i++)
		if (r->private.name[i].peer == id)
			return &r->private.name[i];
	return NULL;
}
