// SPDX-License-Identifier: Apache-2.0
// Streams of a session: a slot, a port pair on each side, a record; opened, changed and ended as one.
#include "mf/engine_state.h"

#include "base/memory.h"

void mf_port_tell(struct mf_engine *e, uint32_t slot, uint32_t side, bool open)
{
	const struct mf_side *s = &e->stream[slot].side[side];
	struct mf_port_change change = {s->listener, s->pair, slot, (uint8_t)side, open};

	if (e->config.hooks.port != NULL)
		e->config.hooks.port(e->config.hooks.ctx, &change);
}

static void record_fill(struct mf_engine *e, const struct mf_session *s, const struct mf_stream *t,
	const struct media_stream *plan, struct mf_record *r)
{
	memset(r, 0, sizeof(*r)); // padding too: the check covers it
	r->version = MF_RECORD_VERSION;
	r->owner = s->owner;
	r->count = s->count;
	r->index = t->index;
	r->session = s->ref;
	r->call_slot = s->call_slot;
	r->call_generation = s->call_generation;
	r->silence_one_way_s = s->silence_one_way_s;
	r->silence_both_s = s->silence_both_s;
	memcpy(&r->plan, plan, sizeof(r->plan));
	for (uint32_t i = 0; i < 2; i++) {
		r->listener[i] = t->side[i].listener;
		r->local[i] = *mf_ports_address(e->ports[t->side[i].listener], t->side[i].pair);
	}
}

static result ports_take(
	struct mf_engine *e, const struct mf_session *s, struct mf_stream *t, const struct now *now)
{
	uint32_t first, second;

	TRY(mf_ports_take(e->ports[s->listener[0]], now->mono_us, &first));
	result r = mf_ports_take(e->ports[s->listener[1]], now->mono_us, &second);
	if (!is_ok(r)) {
		mf_ports_release(e->ports[s->listener[0]], first, now->mono_us);
		return r;
	}
	t->side[0].listener = s->listener[0];
	t->side[0].pair = first;
	t->side[1].listener = s->listener[1];
	t->side[1].pair = second;
	return OK;
}

result mf_stream_update(
	struct mf_engine *e, uint32_t slot, const struct media_stream *plan, const struct now *now)
{
	struct mf_stream *t = &e->stream[slot];
	const struct mf_session *s = mf_session_find(e, t->session);
	struct media_stream before;
	struct mf_record r;
	result done;

	REQUIRE(s != NULL, E_IMPOSSIBLE);
	memcpy(&before, &e->store.record[slot].plan, sizeof(before));
	record_fill(e, s, t, plan, &r);
	mf_store_write(&e->store, slot, &r);
	done = mf_stream_apply(
		t, &e->store, slot, t->plan == NULL ? NULL : &before, e->work, false, now->mono_us);
	memory_wipe(&r, sizeof(r)); // keys (MF-C4)
	memory_wipe(&before, sizeof(before));
	return done;
}

result mf_stream_open(struct mf_engine *e, struct mf_session *s, uint32_t index,
	const struct media_stream *plan, const struct now *now)
{
	struct mf_stream *t;
	uint32_t slot;

	REQUIRE(e->stream_free_count > 0, E_NO_MEMORY);
	slot = e->stream_free[e->stream_free_count - 1];
	t = &e->stream[slot];
	TRY(ports_take(e, s, t, now));
	e->stream_free_count--;
	t->used = true;
	t->index = (uint8_t)index;
	t->session = s->ref;
	s->stream[index] = slot;
	result r = mf_stream_update(e, slot, plan, now);
	if (!is_ok(r)) {
		s->stream[index] = MF_SLOT_NONE;
		mf_stream_end(e, slot, now);
		return r;
	}
	mf_port_tell(e, slot, 0, true);
	mf_port_tell(e, slot, 1, true);
	return OK;
}

void mf_stream_end(struct mf_engine *e, uint32_t slot, const struct now *now)
{
	struct mf_stream *t = &e->stream[slot];

	for (uint32_t i = 0; i < 2; i++) {
		mf_port_tell(e, slot, i, false);
		mf_ports_release(e->ports[t->side[i].listener], t->side[i].pair, now->mono_us);
	}
	mf_store_clear(&e->store, slot);
	mf_stream_close(t);
	e->stream_free[e->stream_free_count++] = slot;
}
