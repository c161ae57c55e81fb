// SPDX-License-Identifier: Apache-2.0
// Sessions in the media process: asked for, updated, ended; and the table behind them.
#include "base/memory.h"
#include "flow/media.h"
#include "flow/state.h"

#include <stdio.h>

result flow_media_new(struct flow_media_table **out, uint32_t max_calls)
{
	struct flow_media_table *t = memory_alloc(sizeof(*t));
	REQUIRE(t != NULL, E_NO_MEMORY);
	// Branches are bounded by those of the Signalling Function (sf.c: parts_new). They share the session of the first one,
	// unless the called side makes the offers: each branch then has its own.
	uint32_t forks = max_calls / FLOW_FORK_SESSIONS + SF_BRANCHES_MAX;
	result r = pool_new(&t->branches, sizeof(struct flow_media), max_calls * 2 + SF_BRANCHES_MAX);
	if (is_ok(r))
		r = pool_new(&t->sessions, sizeof(struct media_session), max_calls + forks + FLOW_SPARE_SESSIONS);
	if (is_ok(r))
		r = share_new(&t->fork_share, forks, PEERS_MAX);
	if (!is_ok(r)) {
		flow_media_free(t);
		return r;
	}
	*out = t;
	return OK;
}

static void hide_text(struct flow_media_table *t, const char *text)
{
	if (text[0] == '\0' || t->hidden_count >= PLAN_HIDDEN_MAX)
		return;
	char *copy = t->hidden_text[t->hidden_count];
	if ((size_t)snprintf(copy, ADDRESS_TEXT_MAX, "%s", text) < ADDRESS_TEXT_MAX)
		t->hidden[t->hidden_count++] = bytes_of_string(copy);
}

static void hide_peer(struct flow_media_table *t, const struct peer *p)
{
	hide_text(t, p->reach_domain);
	for (uint32_t i = 0; i < p->address_count && t->hidden_net_count < PLAN_HIDDEN_MAX; i++)
		t->hidden_net[t->hidden_net_count++] = p->address[i];
	for (uint32_t i = 0; i < p->media_address_count && t->hidden_net_count < PLAN_HIDDEN_MAX; i++)
		t->hidden_net[t->hidden_net_count++] = p->media_address[i];
}

static void hide_address(struct flow_media_table *t, const struct address *a)
{
	if (a->family == 0 || t->hidden_net_count >= PLAN_HIDDEN_MAX)
		return;
	struct prefix *p = &t->hidden_net[t->hidden_net_count++];
	*p = (struct prefix){.family = a->family, .bits = a->family == 4 ? 32 : 128};
	memcpy(p->ip, a->ip, sizeof(p->ip));
}

void flow_media_hide(struct flow_media_table *t, const struct snapshot *s)
{
	t->hidden_count = t->hidden_net_count = 0;
	for (listener_id i = 0; i < s->listener_count; i++) {
		const struct listener *l = &s->listener[i];
		if (l->zone >= s->zone_count || !s->zone[l->zone].is_core)
			continue;
		hide_address(t, &l->media);
		for (uint8_t k = 0; k < l->sip_count; k++)
			hide_address(t, &l->sip[k].address);
	}
	for (peer_id id = 0; id < s->peer_count; id++) {
		const struct peer *p = snapshot_peer(s, id);
		if (p != NULL && p->zone < s->zone_count && s->zone[p->zone].is_core)
			hide_peer(t, p);
	}
}

static struct ipc_media message_make(struct flow *f, enum ipc_media_type type)
{
	const struct settings *s = &flow_snapshot(f)->settings;
	return (struct ipc_media){
		.version = IPC_MEDIA_VERSION,
		.type = (uint16_t)type,
		.silence_one_way_s = (uint16_t)s->silence_one_way_s,
		.silence_both_s = (uint16_t)s->silence_both_s,
	};
}

static result say(struct flow *f, const struct ipc_media *m)
{
	return f->config.port.media(f->config.port.ctx, m);
}

// A session is found again by the reference that travels in `request`: slot, and the low bits of the generation.
static uint32_t request_of(struct pool_ref ref)
{
	return (ref.slot & 0xffffff) | (ref.generation & 0xff) << 24;
}

static struct media_session *session_by_request(struct flow *f, uint32_t request)
{
	uint32_t slot = request & 0xffffff;
	struct pool_ref ref;
	struct media_session *s = pool_next(f->media->sessions, &slot, &ref);
	return s != NULL && slot == (request & 0xffffff) && request_of(ref) == request ? s : NULL;
}

result media_session_ask(struct flow *f, const struct sf_call_info *info, uint8_t branch, uint8_t streams,
	struct media_session **out)
{
	void *object;
	struct pool_ref ref;
	bool forked = branch > 0 && info->state < SF_CALL_CONFIRMED;
	if (forked)
		REQUIRE(share_left(&f->media->fork_share, info->peer[1], flow_snapshot(f)->peer_count), E_FULL);
	TRY(pool_get(f->media->sessions, &object, &ref));
	struct media_session *s = object;
	*s = (struct media_session){.self = ref, .call = info->ref, .called = info->peer[1], .branch = branch, .refs = 1, .state = MEDIA_SESSION_ASKED,
		.listener = {info->listener[0], info->listener[1]}, .request = request_of(ref)};
	struct ipc_media m = message_make(f, IPC_MEDIA_CREATE);
	m.request = s->request;
	m.call_slot = info->ref.slot;
	m.call_generation = info->ref.generation;
	memcpy(m.listener, s->listener, sizeof(m.listener));
	m.u.plan.count = streams;
	result r = say(f, &m);
	if (!is_ok(r)) {
		pool_put(f->media->sessions, ref);
		return r;
	}
	s->forked = forked;
	if (forked)
		share_take(&f->media->fork_share, s->called);
	*out = s;
	return OK;
}

void media_session_update(struct flow *f, const struct media_session *s, const struct media_plan *plan)
{
	struct ipc_media m = message_make(f, IPC_MEDIA_UPDATE);
	m.session = s->session;
	m.request = s->request;
	m.call_slot = s->call.slot;
	m.call_generation = s->call.generation;
	memcpy(m.listener, s->listener, sizeof(m.listener));
	m.u.plan = *plan;
	IGNORE_RESULT(say(f, &m)); // a full channel is counted there; silence then ends the call
	memory_wipe(&m.u.plan, sizeof(m.u.plan));
}

static void session_delete(struct flow *f, struct session_ref session, uint32_t request)
{
	struct ipc_media m = message_make(f, IPC_MEDIA_DELETE);
	m.session = session;
	m.request = request;
	IGNORE_RESULT(say(f, &m)); // the lease ends what a lost message leaves behind
}

void media_session_fork_end(struct flow *f, struct media_session *s)
{
	if (s->forked)
		share_give(&f->media->fork_share, s->called);
	s->forked = false;
}

void media_session_release(struct flow *f, struct media_session *s, const struct media_plan *plan)
{
	if (--s->refs > 0)
		return;
	media_session_fork_end(f, s);
	if (s->state == MEDIA_SESSION_READY) {
		if (plan != NULL)
			media_ended_plan(f, s->session, plan);
		session_delete(f, s->session, s->request);
	}
	// Still asked for: the answer will find nobody and be deleted then.
	pool_put(f->media->sessions, s->self);
}

static void on_created(struct flow *f, const struct ipc_media *m, const struct now *now)
{
	struct media_session *s = session_by_request(f, m->request);
	if (s == NULL || s->state != MEDIA_SESSION_ASKED) {
		session_delete(f, m->session, m->request); // its call has gone meanwhile
		return;
	}
	s->session = m->session;
	s->ports = m->u.ports;
	s->state = MEDIA_SESSION_READY;
	struct sf_call *call = sf_call_at(f->sf, s->call);
	if (call == NULL)
		return;
	struct flow_media *media = sf_call_branch_media(call, s->branch);
	bool good = media != NULL && media->session == s && is_ok(plan_ports(media->plan, &s->ports));
	if (!good)
		s->state = MEDIA_SESSION_FAILED;
	sf_media_ready(f->sf, s->call, s->branch, good, now);
}

static void on_failed(struct flow *f, const struct ipc_media *m, const struct now *now)
{
	struct media_session *s = session_by_request(f, m->request);
	if (s == NULL || s->state != MEDIA_SESSION_ASKED)
		return;
	s->state = MEDIA_SESSION_FAILED;
	sf_media_ready(f->sf, s->call, s->branch, false, now);
}

static void on_silence(struct flow *f, const struct ipc_media *m, const struct now *now)
{
	struct pool_ref call = {m->call_slot, m->call_generation};
	sf_media_silent(f->sf, call, m->cause == IPC_MEDIA_SILENCE_BOTH, now);
}

void flow_media_message(struct flow *f, const struct ipc_media *m, const struct now *now)
{
	if (m->version != IPC_MEDIA_VERSION)
		return;
	switch (m->type) {
	case IPC_MEDIA_CREATED:
		on_created(f, m, now);
		break;
	case IPC_MEDIA_FAILED:
		on_failed(f, m, now);
		break;
	case IPC_MEDIA_STATS:
		media_ended_stats(f, m);
		break;
	case IPC_MEDIA_SILENCE:
		on_silence(f, m, now);
		break;
	default:
		break; // RESUMED: what was restored goes on; what was not falls silent and ends
	}
}

void flow_media_run(struct flow *f, const struct now *now)
{
	media_ended_run(f, now);
	if (pool_count(f->media->sessions) == 0 || now->mono_us < f->media->lease_at_us)
		return;
	struct ipc_media m = message_make(f, IPC_MEDIA_LEASE);
	IGNORE_RESULT(say(f, &m)); // the next one comes before the lease ends
	f->media->lease_at_us = now->mono_us + FLOW_LEASE_US;
}
