// SPDX-License-Identifier: Apache-2.0
// By which hops is the responsible peer reached, and who comes next if he is not? LRF-I2, LRF-I3, LRF-A3.
#include "flow/gates.h"
#include "flow/state.h"
#include "lrf/select.h"
#include "luf/luf.h"

#include <string.h>

// What stands in Request-URI and To towards the far side: its domain, or its first target's address.
static void plan_host(const char *domain, const struct hop *first, struct leg_peer *out)
{
	char text[ADDRESS_TEXT_MAX];
	if (domain[0] != '\0')
		text_copy(out->ruri_host, sizeof(out->ruri_host), domain, strlen(domain));
	else
		text_copy(out->ruri_host, sizeof(out->ruri_host), text, address_host_text(&first->remote, text));
}

// sips asks for TLS on every hop: a clear one is no way (LRF-I3, RFC3261#26.2.2). Hops before FROM are kept.
static void keep_secure(struct sed *sed, uint8_t from)
{
	uint8_t kept = from;
	for (uint8_t i = from; i < sed->count; i++)
		if (transport_is_secure(sed->hop[i].transport))
			sed->hop[kept++] = sed->hop[i];
	sed->count = kept;
}

// The user part towards the far side: as it came, or the number with what portability says (RFC4694#5).
static void plan_user(struct passage *p)
{
	const struct query *q = &p->query;
	const struct target *t = &p->target;
	char *out = p->plan.ruri_user;
	size_t room = sizeof(p->plan.ruri_user);
	if (q->number[0] == '\0' || (t->npdi == q->npdi && strcmp(t->rn, q->rn) == 0)) {
		text_copy(out, room, q->user, strlen(q->user));
		return;
	}
	size_t n = strlen(q->number);
	text_copy(out, room, q->number, n);
	if (t->npdi) {
		text_copy(out + n, room - n, ";npdi", 5);
		n += 5;
	}
	if (t->rn[0] != '\0') {
		text_copy(out + n, room - n, ";rn=", 4);
		text_copy(out + n + 4, room - n - 4, t->rn, strlen(t->rn));
	}
}

// The hops of ID behind those that the plan has, if there are any and there is room for them.
static result plan_peer(struct passage *p, peer_id id, const char *domain)
{
	struct flow *f = p->flow;
	struct leg_plan *plan = &p->plan;
	struct leg_peer *out = &plan->peer[plan->peer_count];
	const struct peer *to = snapshot_peer(flow_snapshot(f), id);
	uint8_t from = plan->sed.count;
	TRY(lrf_route_also(f->registry, f->dead_targets, id, f->seed, p->now, &plan->sed));
	if (plan->sips)
		keep_secure(&plan->sed, from);
	if (to == NULL || plan->sed.count == from)
		return OK;
	*out = (struct leg_peer){.peer = id, .hops_end = plan->sed.count, .ring_timeout_s = to->ring_timeout_s};
	plan_host(domain, &plan->sed.hop[from], out);
	plan->peer_count++;
	return OK;
}

// A group leads to several peers, one after the other.
static result plan_group(struct passage *p, uint8_t *found)
{
	struct flow *f = p->flow;
	peer_id id[ROUTE_PEERS_MAX];
	result last = FAIL(E_NOT_FOUND);
	*found = lrf_select(f->registry, f->dead_targets, p->target.group, &p->query, f->seed, p->now, id);
	for (uint8_t i = 0; i < *found; i++) {
		result r = plan_peer(p, id[i], luf_domain(f->registry, &p->query, id[i]));
		last = is_ok(last) ? last : r;
	}
	if (p->plan.peer_count == 0)
		return last;
	struct target *t = &p->target;
	t->peer = p->plan.peer[0].peer;
	const char *domain = luf_domain(f->registry, &p->query, t->peer);
	text_copy(t->domain, sizeof(t->domain), domain, strlen(domain));
	return OK;
}

struct verdict gate_route(struct passage *p)
{
	struct leg_plan *plan = &p->plan;
	uint8_t found = 1;
	plan->sed.count = plan->peer_count = 0;
	plan->sips = p->query.kind == URI_KIND_SIPS;
	result r = p->target.group != GROUP_NONE ? plan_group(p, &found) : plan_peer(p, p->target.peer, p->target.domain);
	p->flow->seed++;
	if (found == 0)
		return REPLY(404, "Not Found"); // nobody, or not for this peer (LUF-C1)
	if (!is_ok(r))
		return (struct verdict){VERDICT_REPLY, 503, "No Route", 0};
	if (plan->peer_count == 0)
		return REPLY(480, "SIPS Not Allowed"); // RFC5630#5.2
	plan->sed.peer = plan->peer[0].peer;
	plan_user(p);
	uint8_t origin = plan->sed.hop[0].origin; // told by `explain` where it is not the configuration's own
	return (struct verdict){.action = VERDICT_PASS, .reason = origin != HOP_CONFIGURED ? hop_origin_name(origin) : NULL};
}
