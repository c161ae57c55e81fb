// SPDX-License-Identifier: Apache-2.0
// An engine's beginning, its end, and its taking over of what an earlier process left in the store.
#include "mf/engine_state.h"

#include "base/memory.h"

static result tables_make(struct mf_engine *e, const struct now *now)
{
	const struct mf_engine_config *c = &e->config;

	TRY(mf_store_open(&e->store, c->store, c->store_size, c->streams_max, &e->store_found));
	TRY(mf_srtp_work_new(&e->work));
	TRY(timer_wheel_new(&e->wheel, now->mono_us));
	TRY(pool_new(&e->sessions, sizeof(struct mf_session), c->sessions_max));
	e->stream = memory_array(c->streams_max, sizeof(*e->stream));
	e->stream_free = memory_array(c->streams_max, sizeof(*e->stream_free));
	REQUIRE(e->stream != NULL && e->stream_free != NULL, E_NO_MEMORY);
	for (uint32_t i = c->streams_max; i > 0; i--)
		e->stream_free[e->stream_free_count++] = i - 1; // slot 0 first
	for (uint32_t i = 0; i < c->listener_count; i++)
		TRY(mf_ports_new(
			&e->ports[i], e->listener[i].pair, e->listener[i].count, c->quarantine_s * SECOND));
	return OK;
}

result mf_engine_new(struct mf_engine **out, const struct mf_engine_config *config, const struct now *now)
{
	struct mf_engine *e;
	result r;

	*out = NULL;
	REQUIRE(config->worker < MF_WORKERS_MAX && config->listener_count <= MF_LISTENERS_MAX, E_CONFIG);
	REQUIRE(config->sessions_max > 0 && config->sessions_max <= MF_SESSIONS_MAX, E_CONFIG);
	REQUIRE(config->streams_max > 0 && config->streams_max <= MF_SESSIONS_MAX, E_CONFIG);
	e = memory_alloc(sizeof(*e));
	REQUIRE(e != NULL, E_NO_MEMORY);
	e->config = *config;
	for (uint32_t i = 0; i < config->listener_count; i++)
		e->listener[i] = config->listener[i];
	e->config.listener = e->listener;
	r = tables_make(e, now);
	if (!is_ok(r)) {
		mf_engine_free(e);
		return r;
	}
	e->lease.engine = e;
	for (uint32_t i = 0; i < MF_OWNERS_MAX; i++)
		e->lease_us[i] = now->mono_us;
	mf_lease_arm(e, now);
	*out = e;
	return OK;
}

void mf_engine_free(struct mf_engine *e)
{
	if (e == NULL)
		return;
	for (uint32_t i = 0; e->stream != NULL && i < e->config.streams_max; i++)
		if (e->stream[i].used)
			mf_stream_close(&e->stream[i]);
	for (uint32_t i = 0; i < e->config.listener_count; i++)
		mf_ports_free(e->ports[i]);
	memory_free(e->stream);
	memory_free(e->stream_free);
	timer_wheel_free(e->wheel); // before the sessions, which hold timers
	pool_free(e->sessions);
	mf_srtp_work_free(e->work);
	mf_store_close(&e->store);
	memory_free(e);
}

static bool record_lawful(const struct mf_engine *e, const struct mf_record *r)
{
	return r->session.slot >> SLOT_WORKER_SHIFT == e->config.worker && r->owner < MF_OWNERS_MAX &&
	       r->count <= MEDIA_STREAMS_MAX && r->index < r->count &&
	       r->listener[0] < e->config.listener_count && r->listener[1] < e->config.listener_count &&
	       is_ok(mf_plan_check(&r->plan));
}

static struct mf_session *session_claim(struct mf_engine *e, const struct mf_record *r)
{
	struct pool_ref ref = {r->session.slot & SLOT_LOCAL_MASK, r->session.generation};
	struct mf_session *s = mf_session_find(e, r->session);

	if (s != NULL)
		return s;
	if (!is_ok(pool_claim(e->sessions, ref, (void **)&s)))
		return NULL;
	s->engine = e;
	s->ref = r->session;
	s->call_slot = r->call_slot;
	s->call_generation = r->call_generation;
	s->owner = r->owner;
	s->silence_one_way_s = r->silence_one_way_s;
	s->silence_both_s = r->silence_both_s;
	s->listener[0] = r->listener[0];
	s->listener[1] = r->listener[1];
	for (uint32_t i = 0; i < MEDIA_STREAMS_MAX; i++)
		s->stream[i] = MF_SLOT_NONE;
	e->counters.restored++;
	return s;
}

static result ports_claim(struct mf_engine *e, const struct mf_record *r, struct mf_stream *t)
{
	for (uint32_t i = 0; i < 2; i++) {
		result got;
		t->side[i].listener = r->listener[i];
		got = mf_ports_claim(e->ports[r->listener[i]], &r->local[i], &t->side[i].pair);
		if (!is_ok(got)) {
			if (i == 1)
				mf_ports_release(e->ports[r->listener[0]], t->side[0].pair, 0);
			return got;
		}
	}
	return OK;
}

static result stream_restore(struct mf_engine *e, uint32_t slot, const struct now *now)
{
	const struct mf_record *r = &e->store.record[slot];
	struct mf_stream *t = &e->stream[slot];
	struct mf_session *s;

	TRY(mf_store_check(&e->store, slot));
	REQUIRE(record_lawful(e, r), E_SYNTAX);
	s = session_claim(e, r);
	REQUIRE(s != NULL, E_FULL);
	REQUIRE(s->stream[r->index] == MF_SLOT_NONE, E_DUPLICATE);
	TRY(ports_claim(e, r, t));
	t->used = true;
	t->index = r->index;
	t->session = r->session;
	s->stream[r->index] = slot;
	if (r->count > s->count)
		s->count = r->count;
	mf_silence_arm(s, now);
	return mf_stream_apply(t, &e->store, slot, NULL, e->work, true, now->mono_us);
}

// Forget what cannot be taken over; a session left without any stream ends.
static void restore_drop(struct mf_engine *e, uint32_t slot, const struct now *now)
{
	struct mf_session *s = e->stream[slot].used ? mf_session_find(e, e->stream[slot].session) : NULL;

	e->counters.records_bad++;
	if (s != NULL) {
		s->stream[e->stream[slot].index] = MF_SLOT_NONE;
		for (uint32_t i = 0; i < 2; i++)
			mf_ports_release(e->ports[e->stream[slot].side[i].listener],
				e->stream[slot].side[i].pair, now->mono_us);
	}
	mf_store_clear(&e->store, slot);
	mf_stream_close(&e->stream[slot]);
}

static void empty_sessions_end(struct mf_engine *e, const struct now *now)
{
	struct mf_session *s;
	struct pool_ref ref;

	for (uint32_t slot = 0; (s = pool_next(e->sessions, &slot, &ref)) != NULL; slot++) {
		bool any = false;
		for (uint32_t i = 0; i < s->count; i++)
			any |= s->stream[i] != MF_SLOT_NONE;
		if (!any)
			mf_session_end(e, s, now);
	}
}

uint32_t mf_engine_restore(struct mf_engine *e, const struct now *now)
{
	uint32_t high = e->store_found ? mf_store_high(&e->store) : 0;

	e->stream_free_count = 0;
	for (uint32_t i = e->config.streams_max; i > 0; i--) {
		uint32_t slot = i - 1;
		result r = slot < high ? stream_restore(e, slot, now) : FAIL(E_NOT_FOUND);
		if (is_ok(r)) {
			mf_port_tell(e, slot, 0, true);
			mf_port_tell(e, slot, 1, true);
			continue;
		}
		if (r.error != E_NOT_FOUND)
			restore_drop(e, slot, now);
		e->stream_free[e->stream_free_count++] = slot;
	}
	empty_sessions_end(e, now);
	return pool_count(e->sessions);
}
