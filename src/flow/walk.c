// SPDX-License-Identifier: Apache-2.0
// Walk a message through its lists: note and count each verdict, honour waivers and shadow, act on the last one.
#include "flow/walk.h"

#include "flow/state.h"

static void count(_Atomic uint64_t *c)
{
	atomic_fetch_add_explicit(c, 1, memory_order_relaxed);
}

static uint32_t elapsed_us(const struct passage *p)
{
	const struct flow_port *port = &p->flow->config.port;
	uint64_t at = port->clock != NULL ? port->clock(port->ctx) : p->now->mono_us;
	return at > p->now->mono_us ? (uint32_t)(at - p->now->mono_us) : 0;
}

static void mark(struct passage *p, const struct step *s, const struct verdict *v, bool shadow)
{
	if (p->told)
		trail_add(&p->trail, (uint8_t)s->id, v, shadow, elapsed_us(p));
}

// Is the step's control waived for this peer today, or only watched?
static bool overruled(const struct passage *p, const struct step *s, bool *shadow)
{
	if (s->control >= CONTROL_COUNT || p->policy == NULL)
		return false;
	*shadow = p->policy->shadow[s->control] != 0;
	return *shadow || peer_waiver_state(p->policy, (enum control)s->control, p->now->wall_ms) == 1;
}

static void count_verdict(struct passage *p, const struct step *s, bool shadow)
{
	struct flow_counters *c = &p->flow->counters;
	count(shadow ? &c->step[s->id].shadowed : &c->step[s->id].refused);
	if (p->peer < PEERS_MAX && c->refused_by_peer != NULL)
		atomic_fetch_add_explicit(&c->refused_by_peer[p->peer][s->id], 1, memory_order_relaxed);
}

// A step that a test switched off (flow_gate_off): true when the walk can go on without what the step would have found.
static bool switched_off(struct passage *p, const struct step *s)
{
	const struct snapshot *snap = flow_snapshot(p->flow);
	if (!p->flow->gate_off[s->id])
		return false;
	for (peer_id id = 0; s->id == STEP_SOURCE && p->policy == NULL && id < snap->peer_count; id++) {
		const struct peer *peer = snapshot_peer(snap, id);
		if (peer == NULL || peer->zone != p->origin->zone)
			continue;
		p->peer = id;
		p->policy = peer;
	}
	bool stands = s->id == STEP_SYNTAX || s->id == STEP_RESPONSE_TOKEN || s->id == STEP_DIALOG_TOKEN;
	return !stands && (s->id != STEP_PEER || p->policy != NULL);
}

static struct verdict walk_list(struct passage *p, const struct step_list *list)
{
	for (uint32_t i = 0; i < list->count; i++) {
		const struct step *s = &list->step[i];
		struct verdict v = s->gate(p);
		bool shadow = false;
		bool refused = v.action == VERDICT_DROP || v.action == VERDICT_REPLY || v.action == VERDICT_CLOSE;
		bool go_on = refused && (overruled(p, s, &shadow) || switched_off(p, s));
		mark(p, s, &v, go_on);
		if (refused && !p->dry)
			count_verdict(p, s, go_on);
		else if (!p->dry)
			count(&p->flow->counters.step[s->id].passed);
		if (v.action != VERDICT_PASS && !go_on)
			return v;
	}
	return PASS;
}

static bool in_dialog(const struct sip_msg *m)
{
	return !span_empty(m->to_tag);
}

struct verdict walk_message(struct passage *p)
{
	struct verdict v = walk_list(p, &steps_every_message);
	if (v.action != VERDICT_PASS)
		return v;
	const struct sip_msg *m = p->msg;
	if (!m->is_request)
		return walk_list(p, &steps_response);
	if (in_dialog(m))
		return walk_list(p, &steps_in_dialog);
	return walk_list(p, m->method == SIP_INVITE ? &steps_invite : &steps_standalone);
}
