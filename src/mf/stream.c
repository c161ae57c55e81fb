// SPDX-License-Identifier: Apache-2.0
// From the plan to what a packet needs.
#include "mf/stream.h"

#include "base/memory.h"

enum { BANDWIDTH_MARGIN_PERCENT = 125 }; // RTCP, padding and bursts of an encoder; refined by the media issue

static bool address_lawful(const struct address *a)
{
	return a->family == 0 || ((a->family == 4 || a->family == 6) && a->port != 0);
}

static bool key_lawful(const struct media_key *k)
{
	return k->suite == SUITE_NONE || (k->suite < SUITE_COUNT && k->mki_len <= MEDIA_MKI_MAX &&
						 k->len == srtp_suite_master_len(k->suite));
}

static result side_check(const struct media_side *m)
{
	REQUIRE(m->source_count <= MEDIA_PREFIXES_MAX && m->payload_count <= MEDIA_PAYLOADS_MAX, E_SYNTAX);
	REQUIRE(address_lawful(&m->remote_rtp) && address_lawful(&m->remote_rtcp), E_SYNTAX);
	REQUIRE(key_lawful(&m->in) && key_lawful(&m->out), E_SYNTAX);
	for (uint32_t i = 0; i < m->source_count; i++) {
		const struct prefix *p = &m->source[i];
		REQUIRE((p->family == 4 && p->bits <= 32) || (p->family == 6 && p->bits <= 128), E_SYNTAX);
	}
	for (uint32_t i = 0; i < m->payload_count; i++)
		REQUIRE(m->payload[i] < 128, E_SYNTAX);
	return OK;
}

result mf_plan_check(const struct media_stream *plan)
{
	REQUIRE(plan->kind <= MF_KIND_OTHER && plan->keying <= KEYING_REFUSE, E_SYNTAX);
	TRY(side_check(&plan->side[0]));
	return side_check(&plan->side[1]);
}

static void side_apply(struct mf_side *d, const struct media_side *m, uint64_t now_us)
{
	uint64_t bps = (uint64_t)m->bandwidth_bps * BANDWIDTH_MARGIN_PERCENT / 100;

	d->remote[0] = m->remote_rtp;
	d->remote[1] = m->rtcp_mux ? m->remote_rtp : m->remote_rtcp;
	d->rtcp_mux = m->rtcp_mux != 0;
	d->any_source = m->any_source != 0;
	if (m->may_send && !d->may_send)
		d->life_us = now_us; // silence counts from here
	d->may_send = m->may_send != 0;
	d->any_payload = m->payload_count == 0;
	d->payload[0] = d->payload[1] = 0;
	for (uint32_t i = 0; i < m->payload_count; i++)
		d->payload[m->payload[i] / 64 & 1] |= 1ull << m->payload[i] % 64;
	d->octet_ns = bps == 0 ? 0 : 8 * SECOND_NS / bps + 1;
}

// The master key identifier is no part of the key: no tag covers it, whoever replays a packet writes another one (MF-I4).
static bool key_same(const struct media_key *a, const struct media_key *b)
{
	return a->suite == b->suite && a->len == b->len && memcmp(a->master, b->master, a->len) == 0;
}

struct key_change {
	struct mf_srtp **at;
	const struct media_key *before, *after;
	struct srtp_keep *keep;
	enum srtp_way way;
};

static result key_apply(const struct key_change *c, struct srtp_work *work, bool restore)
{
	uint32_t bad = 0;

	if (!restore && *c->at != NULL && c->before != NULL && key_same(c->before, c->after))
		return mf_srtp_rename(*c->at, c->after); // starting anew would repeat indices under the same key
	if (*c->at != NULL) {
		mf_srtp_free(*c->at);
		*c->at = NULL;
		memory_wipe(c->keep, SRTP_SOURCES_MAX * sizeof(*c->keep));
	}
	if (c->after->suite == SUITE_NONE)
		return OK;
	return mf_srtp_new(c->at, work, c->after, c->way, c->keep, restore, &bad);
}

result mf_stream_apply(struct mf_stream *s, struct mf_store *store, uint32_t slot,
	const struct media_stream *before, struct srtp_work *work, bool restore, uint64_t now_us)
{
	const struct media_stream *plan = &store->record[slot].plan;
	bool transform = plan->keying != KEYING_PASS;
	static const struct media_key none = {.suite = SUITE_NONE};

	s->plan = plan;
	s->active = false;
	s->kind = plan->kind;
	s->keying = plan->keying;
	s->opaque = plan->opaque != 0;
	s->rtcp_reduced = plan->rtcp_reduced != 0;
	for (uint32_t i = 0; i < 2; i++) {
		const struct media_side *old = before == NULL ? NULL : &before->side[i];
		struct key_change in = {&s->side[i].in, old == NULL ? NULL : &old->in, &plan->side[i].in,
			store->keep[slot].source[i][SRTP_IN], SRTP_IN};
		struct key_change out = {&s->side[i].out, old == NULL ? NULL : &old->out,
			transform ? &plan->side[i].out : &none, store->keep[slot].source[i][SRTP_OUT],
			SRTP_OUT};

		side_apply(&s->side[i], &plan->side[i], now_us);
		TRY(key_apply(&in, work, restore));
		TRY(key_apply(&out, work, restore));
	}
	s->active = plan->active != 0 && plan->keying != KEYING_REFUSE;
	return OK;
}

void mf_stream_close(struct mf_stream *s)
{
	for (uint32_t i = 0; i < 2; i++) {
		mf_srtp_free(s->side[i].in);
		mf_srtp_free(s->side[i].out);
	}
	memory_wipe(s, sizeof(*s));
}

struct media_stats mf_stream_stats(const struct mf_stream *s, uint32_t side)
{
	struct media_stats m = s->side[side].stats;

	m.lost = s->flow[side].lost;
	m.jitter_us = mf_flow_jitter_us(&s->flow[side]);
	m.rtt_us = s->flow[side].rtt_us;
	return m;
}
