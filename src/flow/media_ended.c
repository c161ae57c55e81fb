// SPDX-License-Identifier: Apache-2.0
// Ended calls and the figures of their media: whichever comes first waits, bounded in time and number, for the other.
#include "base/memory.h"
#include "flow/media.h"
#include "flow/state.h"

enum {
	ENDED_MAX = 8192,      // records waiting; more than that are written without figures
	ENDED_TEXT_MAX = 256,  // [octets] one Call-ID in a record; longer ones are cut
};

struct ended_call {
	struct ended_call *next;
	struct session_ref session;
	uint64_t until_us;
	bool has_info;
	struct call_ended record;
	char text[4][ENDED_TEXT_MAX]; // what record.info's texts point to
};

void flow_media_free(struct flow_media_table *t)
{
	if (t == NULL)
		return;
	while (t->first != NULL) {
		struct ended_call *e = t->first;
		t->first = e->next;
		memory_free(e);
	}
	pool_free(t->branches);
	pool_free(t->sessions);
	share_free(&t->fork_share);
	memory_free(t);
}

static struct ended_call *ended_find(struct flow_media_table *t, struct session_ref s)
{
	for (struct ended_call *e = t->first; e != NULL; e = e->next)
		if (e->session.slot == s.slot && e->session.generation == s.generation)
			return e;
	return NULL;
}

static struct ended_call *ended_get(struct flow *f, struct session_ref session)
{
	struct flow_media_table *t = f->media;
	struct ended_call *e = session.generation != 0 ? ended_find(t, session) : NULL;
	if (e != NULL || t->ended_count >= ENDED_MAX)
		return e;
	e = memory_alloc(sizeof(*e));
	if (e == NULL)
		return NULL;
	e->session = session;
	e->until_us = f->now->mono_us + FLOW_STATS_WAIT_US;
	if (t->last != NULL)
		t->last->next = e;
	else
		t->first = e;
	t->last = e;
	t->ended_count++;
	return e;
}

static void ended_remove(struct flow_media_table *t, struct ended_call *gone)
{
	struct ended_call **at = &t->first, *before = NULL;
	while (*at != NULL && *at != gone) {
		before = *at;
		at = &(*at)->next;
	}
	if (*at == NULL)
		return;
	*at = gone->next;
	if (t->last == gone)
		t->last = before;
	t->ended_count--;
	memory_free(gone);
}

// Only this worker writes them: no locked addition.
static void add(_Atomic uint64_t *to, uint64_t n)
{
	if (n > 0)
		atomic_store_explicit(to, atomic_load_explicit(to, memory_order_relaxed) + n, memory_order_relaxed);
}

static void peer_media_add(struct peer_media *p, const struct media_stats *m)
{
	const uint64_t dropped[PEER_MEDIA_GATES] = {m->dropped_source, m->dropped_syntax, m->dropped_payload, m->dropped_auth,
		m->dropped_replay, m->dropped_rate};
	add(&p->packets, m->packets);
	add(&p->octets, m->octets);
	add(&p->lost, m->lost);
	for (uint32_t i = 0; i < PEER_MEDIA_GATES; i++)
		add(&p->dropped[i], dropped[i]);
}

static void account(struct flow *f, const struct call_ended *c)
{
	for (uint8_t i = 0; c->has_stats && i < c->plan.count && i < MEDIA_STREAMS_MAX; i++)
		for (int side = 0; side < 2; side++)
			if (c->info.peer[side] < PEERS_MAX)
				peer_media_add(&f->counters.media_by_peer[c->info.peer[side]], &c->stats[i][side]);
}

static void emit(struct flow *f, struct ended_call *e)
{
	if (e->has_info)
		account(f, &e->record);
	if (e->has_info)
		f->config.port.ended(f->config.port.ctx, &e->record);
	ended_remove(f->media, e);
}

// Keys have no place in a record.
static void plan_without_keys(struct media_plan *to, const struct media_plan *from)
{
	*to = *from;
	for (uint8_t i = 0; i < MEDIA_STREAMS_MAX; i++)
		for (int side = 0; side < 2; side++) {
			memory_wipe(to->stream[i].side[side].in.master, MEDIA_KEY_MAX);
			memory_wipe(to->stream[i].side[side].out.master, MEDIA_KEY_MAX);
		}
}

void media_ended_plan(struct flow *f, struct session_ref session, const struct media_plan *plan)
{
	struct ended_call *e = ended_get(f, session);
	if (e != NULL)
		plan_without_keys(&e->record.plan, plan);
}

void media_ended_stats(struct flow *f, const struct ipc_media *m)
{
	struct ended_call *e = ended_find(f->media, m->session);
	if (e == NULL)
		return;
	e->record.has_stats = true;
	memcpy(e->record.stats, m->u.stats, sizeof(e->record.stats));
	if (e->has_info)
		emit(f, e);
}

static struct bytes text_keep(char *room, struct bytes from)
{
	size_t n = from.len < ENDED_TEXT_MAX ? from.len : ENDED_TEXT_MAX;
	if (n > 0)
		memcpy(room, from.at, n);
	return bytes_make(room, n);
}

static void info_keep(struct ended_call *e, const struct sf_call_info *info)
{
	struct sf_call_info *to = &e->record.info;
	*to = *info;
	to->call_id[0] = text_keep(e->text[0], info->call_id[0]);
	to->call_id[1] = text_keep(e->text[1], info->call_id[1]);
	to->from_number = text_keep(e->text[2], info->from_number);
	to->to_number = text_keep(e->text[3], info->to_number);
	if (info->trail != NULL)
		e->record.trail = *info->trail;
	to->trail = NULL;
	to->branch = NULL;
	e->has_info = true;
}

static void emit_now(struct flow *f, const struct sf_call_info *info)
{
	struct call_ended record = {.info = *info};
	if (info->trail != NULL)
		record.trail = *info->trail;
	f->config.port.ended(f->config.port.ctx, &record);
}

void flow_media_call_ended(struct flow *f, const struct sf_call_info *info, const struct now *now)
{
	UNUSED(now);
	struct session_ref session = {0, 0};
	if (info->branch != NULL)
		session = info->branch->session;
	struct ended_call *e = session.generation != 0 ? ended_get(f, session) : NULL;
	if (e == NULL) {
		emit_now(f, info);
		return;
	}
	info_keep(e, info);
	if (e->record.has_stats)
		emit(f, e);
	else if (f->config.port.ending != NULL)
		e->record.place = f->config.port.ending(f->config.port.ctx, &e->record);
}

void media_ended_run(struct flow *f, const struct now *now)
{
	while (f->media->first != NULL && f->media->first->until_us <= now->mono_us)
		emit(f, f->media->first);
}

void flow_media_flush(struct flow *f)
{
	while (f->media->first != NULL)
		emit(f, f->media->first);
}

uint64_t flow_media_deadline(const struct flow *f)
{
	uint64_t next = pool_count(f->media->sessions) > 0 ? f->media->lease_at_us : NO_DEADLINE;
	if (f->media->first != NULL && f->media->first->until_us < next)
		next = f->media->first->until_us;
	return next;
}
