// SPDX-License-Identifier: Apache-2.0
// Silence and leases: what ends media that nobody uses any more (MF-A4).
//
// A direction counts only where the current plan says that its side may send; RTCP from the agreed source is
// life, and so is any stream of that side. One way silent is told once, until life returns; so are both ways.
#include "mf/engine_state.h"

enum { LEASE_CHECK_S = 5 }; // [s]

struct quiet { // of one side of a session
	bool counted;
	uint64_t since_us;
};

static struct quiet side_quiet(const struct mf_session *s, uint32_t side)
{
	struct quiet q = {false, 0};

	for (uint32_t i = 0; i < s->count; i++) {
		const struct mf_stream *t;
		if (s->stream[i] == MF_SLOT_NONE)
			continue;
		t = &s->engine->stream[s->stream[i]];
		if (!t->active || t->kind != MF_KIND_RTP || !t->side[side].may_send)
			continue;
		q.counted = true;
		if (t->side[side].life_us > q.since_us)
			q.since_us = t->side[side].life_us;
	}
	return q;
}

static void tell(struct mf_session *s, enum ipc_media_silence cause)
{
	struct ipc_media m = {.type = IPC_MEDIA_SILENCE, .cause = (uint16_t)cause};

	mf_session_answer(s->engine, s, &m);
}

// Has LIMIT_US passed since SINCE? Else note when it will have.
static bool due(uint64_t since_us, uint64_t limit_us, uint64_t now_us, uint64_t *next_us)
{
	if (limit_us == 0)
		return false;
	if (now_us >= since_us + limit_us)
		return true;
	if (since_us + limit_us < *next_us)
		*next_us = since_us + limit_us;
	return false;
}

static void silence_h(struct timer *timer, const struct now *now)
{
	struct mf_session *s = (struct mf_session *)(void *)timer;
	struct quiet q[2] = {side_quiet(s, 0), side_quiet(s, 1)};
	uint64_t one_us = s->silence_one_way_s * SECOND, both_us = s->silence_both_s * SECOND;
	uint64_t next_us = now->mono_us + (one_us == 0 ? both_us : one_us);
	uint64_t later = q[0].since_us > q[1].since_us ? q[0].since_us : q[1].since_us;
	bool one_way = false, both = false;

	for (uint32_t i = 0; i < 2; i++)
		one_way |= q[i].counted && due(q[i].since_us, one_us, now->mono_us, &next_us);
	if (q[0].counted && q[1].counted)
		both = due(later, both_us, now->mono_us, &next_us);
	if (one_way && !s->told_one_way)
		tell(s, IPC_MEDIA_SILENCE_ONE_WAY);
	if (both && !s->told_both)
		tell(s, IPC_MEDIA_SILENCE_BOTH);
	s->told_one_way = one_way;
	s->told_both = both;
	if (next_us <= now->mono_us)
		next_us = now->mono_us + SECOND;
	timer_arm(s->engine->wheel, &s->silence, next_us, silence_h);
}

void mf_silence_arm(struct mf_session *s, const struct now *now)
{
	uint32_t least = s->silence_one_way_s;

	if (least == 0 || (s->silence_both_s != 0 && s->silence_both_s < least))
		least = s->silence_both_s;
	if (least == 0)
		timer_cancel(s->engine->wheel, &s->silence);
	else
		timer_arm(s->engine->wheel, &s->silence, now->mono_us + least * SECOND, silence_h);
}

static bool lease_over(const struct mf_engine *e, uint32_t owner, const struct now *now)
{
	return now->mono_us > e->lease_us[owner] + e->config.lease_s * SECOND;
}

static void lease_h(struct timer *t, const struct now *now)
{
	struct mf_engine *e = ((__typeof__(((struct mf_engine *)NULL)->lease) *)(void *)t)->engine;
	struct mf_session *s;
	struct pool_ref ref;
	bool over = false;

	for (uint32_t i = 0; i < MF_OWNERS_MAX; i++)
		over |= lease_over(e, i, now);
	for (uint32_t slot = 0; over && (s = pool_next(e->sessions, &slot, &ref)) != NULL; slot++) {
		if (!lease_over(e, s->owner, now))
			continue;
		e->counters.leases_expired++;
		mf_session_end(e, s, now);
	}
	mf_lease_arm(e, now);
}

void mf_lease_arm(struct mf_engine *e, const struct now *now)
{
	if (e->config.lease_s != 0)
		timer_arm(e->wheel, &e->lease.timer, now->mono_us + LEASE_CHECK_S * SECOND, lease_h);
}
