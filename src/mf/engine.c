// SPDX-License-Identifier: Apache-2.0
// The engine: made and ended here; messages of the signaller are checked and applied by one handler per type.
#include "mf/engine_state.h"

#include "base/memory.h"

_Static_assert((int)MF_GATE_COUNT <= (int)MEDIA_GATES_MAX, "a counter per gate");

const char *mf_gate_name(enum mf_gate g)
{
	static const char *const names[MF_GATE_COUNT] = {"passed", "session", "source", "syntax", "payload",
		"auth", "replay", "ssrc", "sequence", "bye", "rate", "protect", "remote"};

	return (unsigned)g < MF_GATE_COUNT ? names[g] : "?";
}

static struct pool_ref local_ref(struct session_ref ref)
{
	return (struct pool_ref){ref.slot & SLOT_LOCAL_MASK, ref.generation};
}

struct mf_session *mf_session_find(struct mf_engine *e, struct session_ref ref)
{
	if (ref.slot >> SLOT_WORKER_SHIFT != e->config.worker)
		return NULL;
	return pool_find(e->sessions, local_ref(ref));
}

void mf_session_answer(struct mf_engine *e, const struct mf_session *s, struct ipc_media *m)
{
	m->version = IPC_MEDIA_VERSION;
	m->session = s->ref;
	m->call_slot = s->call_slot;
	m->call_generation = s->call_generation;
	if (e->config.hooks.answer != NULL)
		e->config.hooks.answer(e->config.hooks.ctx, s->owner, m);
}

void mf_session_end(struct mf_engine *e, struct mf_session *s, const struct now *now)
{
	struct pool_ref ref = local_ref(s->ref);

	timer_cancel(e->wheel, &s->silence);
	for (uint32_t i = 0; i < s->count; i++)
		if (s->stream[i] != MF_SLOT_NONE)
			mf_stream_end(e, s->stream[i], now);
	pool_put(e->sessions, ref);
	e->counters.ended++;
}

struct ask { // one message being handled
	struct mf_engine *e;
	uint32_t owner;
	const struct ipc_media *m;
	const struct now *now;
};

static void fail_answer(const struct ask *a, enum ipc_media_cause cause)
{
	struct ipc_media m = {
		.version = IPC_MEDIA_VERSION, .type = IPC_MEDIA_FAILED, .request = a->m->request};

	m.session = a->m->session;
	m.call_slot = a->m->call_slot;
	m.call_generation = a->m->call_generation;
	m.cause = (uint16_t)cause;
	if (a->e->config.hooks.answer != NULL)
		a->e->config.hooks.answer(a->e->config.hooks.ctx, a->owner, &m);
}

static bool plan_lawful(const struct ask *a)
{
	const struct media_plan *plan = &a->m->u.plan;

	if (plan->count == 0 || plan->count > MEDIA_STREAMS_MAX)
		return false;
	for (uint32_t i = 0; i < plan->count; i++)
		if (!is_ok(mf_plan_check(&plan->stream[i])))
			return false;
	return true;
}

static struct mf_session *session_new(const struct ask *a)
{
	struct mf_engine *e = a->e;
	struct mf_session *s;
	struct pool_ref ref;

	if (!is_ok(pool_get(e->sessions, (void **)&s, &ref)))
		return NULL;
	s->engine = e;
	s->ref = (struct session_ref){
		ref.slot | (uint32_t)e->config.worker << SLOT_WORKER_SHIFT, ref.generation};
	s->call_slot = a->m->call_slot;
	s->call_generation = a->m->call_generation;
	s->owner = (uint8_t)a->owner;
	s->listener[0] = a->m->listener[0];
	s->listener[1] = a->m->listener[1];
	s->silence_one_way_s = a->m->silence_one_way_s;
	s->silence_both_s = a->m->silence_both_s;
	e->counters.sessions++;
	return s;
}

static void ports_answer(const struct ask *a, const struct mf_session *s)
{
	struct ipc_media m = {.type = IPC_MEDIA_CREATED, .request = a->m->request};

	m.u.ports.count = s->count;
	for (uint32_t i = 0; i < s->count; i++) {
		const struct mf_record *r;
		if (s->stream[i] == MF_SLOT_NONE)
			continue;
		r = &a->e->store.record[s->stream[i]];
		m.u.ports.rtp[i][0] = r->local[0];
		m.u.ports.rtp[i][1] = r->local[1];
	}
	mf_session_answer(a->e, s, &m);
}

// Open the streams from s->count up to the plan's; on failure those opened here end again.
static result streams_add(const struct ask *a, struct mf_session *s)
{
	const struct media_plan *plan = &a->m->u.plan;
	uint8_t had = s->count;
	result r = OK;

	s->count = plan->count > had ? plan->count : had;
	for (uint32_t i = had; i < s->count; i++)
		s->stream[i] = MF_SLOT_NONE;
	for (uint32_t i = had; i < s->count && is_ok(r); i++)
		r = mf_stream_open(a->e, s, i, &plan->stream[i], a->now);
	if (is_ok(r))
		return r;
	for (uint32_t i = had; i < s->count; i++)
		if (s->stream[i] != MF_SLOT_NONE)
			mf_stream_end(a->e, s->stream[i], a->now);
	s->count = had;
	return r;
}

static void create_h(const struct ask *a)
{
	bool extend = a->m->session.generation != 0;
	struct mf_session *s;
	result r;

	if (!plan_lawful(a) || a->m->listener[0] >= a->e->config.listener_count ||
		a->m->listener[1] >= a->e->config.listener_count) {
		a->e->counters.messages_bad++;
		fail_answer(a, IPC_MEDIA_CAUSE_PLAN);
		return;
	}
	s = extend ? mf_session_find(a->e, a->m->session) : session_new(a);
	if (s == NULL) {
		fail_answer(a, extend ? IPC_MEDIA_CAUSE_UNKNOWN : IPC_MEDIA_CAUSE_FULL);
		return;
	}
	r = streams_add(a, s);
	if (!is_ok(r)) {
		fail_answer(a, r.error == E_FULL ? IPC_MEDIA_CAUSE_PORTS : IPC_MEDIA_CAUSE_FULL);
		if (!extend)
			mf_session_end(a->e, s, a->now);
		return;
	}
	mf_silence_arm(s, a->now);
	ports_answer(a, s);
}

static void update_h(const struct ask *a)
{
	struct mf_session *s = mf_session_find(a->e, a->m->session);
	const struct media_plan *plan = &a->m->u.plan;

	if (s == NULL || !plan_lawful(a)) {
		a->e->counters.messages_bad++;
		return;
	}
	if (a->m->silence_one_way_s != 0 || a->m->silence_both_s != 0) {
		s->silence_one_way_s = a->m->silence_one_way_s;
		s->silence_both_s = a->m->silence_both_s;
	}
	for (uint32_t i = 0; i < s->count; i++) {
		static const struct media_stream off; // not in the plan any more
		if (s->stream[i] == MF_SLOT_NONE)
			continue;
		// out of memory leaves the stream inactive: it refuses and counts, which QUERY shows
		IGNORE_RESULT(mf_stream_update(
			a->e, s->stream[i], i < plan->count ? &plan->stream[i] : &off, a->now));
	}
	mf_silence_arm(s, a->now);
}

static void stats_answer(const struct ask *a, const struct mf_session *s)
{
	struct ipc_media m = {.type = IPC_MEDIA_STATS, .request = a->m->request};

	for (uint32_t i = 0; i < s->count; i++)
		for (uint32_t side = 0; side < 2 && s->stream[i] != MF_SLOT_NONE; side++)
			m.u.stats[i][side] = mf_stream_stats(&a->e->stream[s->stream[i]], side);
	mf_session_answer(a->e, s, &m);
}

static void query_h(const struct ask *a)
{
	struct mf_session *s = mf_session_find(a->e, a->m->session);

	if (s == NULL)
		fail_answer(a, IPC_MEDIA_CAUSE_UNKNOWN);
	else
		stats_answer(a, s);
}

static void delete_h(const struct ask *a)
{
	struct mf_session *s = mf_session_find(a->e, a->m->session);

	query_h(a);
	if (s != NULL)
		mf_session_end(a->e, s, a->now);
}

static void lease_message_h(const struct ask *a)
{
	UNUSED(a); // every message renews the lease
}

static void count_h(const struct ask *a)
{
	struct ipc_media m = {
		.version = IPC_MEDIA_VERSION, .type = IPC_MEDIA_COUNTERS, .request = a->m->request};

	m.session.slot = (uint32_t)a->e->config.worker << SLOT_WORKER_SHIFT;
	m.u.counters = a->e->counters;
	m.u.counters.sessions_now = mf_engine_sessions(a->e);
	for (uint32_t i = 0; i < a->e->config.listener_count; i++)
		m.u.counters.ports_now += mf_ports_used(a->e->ports[i]);
	if (a->e->config.hooks.answer != NULL)
		a->e->config.hooks.answer(a->e->config.hooks.ctx, a->owner, &m);
}

void mf_engine_message(struct mf_engine *e, uint32_t owner, const struct ipc_media *m, const struct now *now)
{
	static void (*const handlers[])(const struct ask *) = {
		[IPC_MEDIA_CREATE] = create_h,
		[IPC_MEDIA_UPDATE] = update_h,
		[IPC_MEDIA_DELETE] = delete_h,
		[IPC_MEDIA_QUERY] = query_h,
		[IPC_MEDIA_LEASE] = lease_message_h,
		[IPC_MEDIA_COUNT] = count_h,
	};
	struct ask a = {e, owner, m, now};

	if (owner >= MF_OWNERS_MAX || m->version != IPC_MEDIA_VERSION || m->type >= ARRAY_LEN(handlers) ||
		handlers[m->type] == NULL) {
		e->counters.messages_bad++;
		return;
	}
	e->lease_us[owner] = now->mono_us;
	handlers[m->type](&a);
}

uint64_t mf_engine_deadline(const struct mf_engine *e)
{
	return timer_wheel_next(e->wheel);
}

void mf_engine_run(struct mf_engine *e, const struct now *now)
{
	timer_wheel_run(e->wheel, now);
}

const struct media_counters *mf_engine_counters(const struct mf_engine *e)
{
	return &e->counters;
}

uint32_t mf_engine_sessions(const struct mf_engine *e)
{
	return pool_count(e->sessions);
}

void mf_engine_gate_off(struct mf_engine *e, enum mf_gate gate)
{
	e->gates_off |= 1u << gate;
}

void mf_engine_quarantine(struct mf_engine *e, uint32_t quarantine_s, const struct now *now)
{
	for (uint32_t i = 0; i < e->config.listener_count; i++)
		mf_ports_quarantine(e->ports[i], quarantine_s * SECOND, now->mono_us);
}

void mf_engine_quarantine_off(struct mf_engine *e)
{
	for (uint32_t i = 0; i < e->config.listener_count; i++)
		mf_ports_quarantine_off(e->ports[i]);
}
