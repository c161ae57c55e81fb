// SPDX-License-Identifier: Apache-2.0
// The gates of one packet, in order, cheapest refusal first; the list at the end of the file is the whole
// walk. Each gate is counted, and can be switched off by tests only.
#include "mf/engine_state.h"

#include "wire/rtp/classify.h"
#include "wire/rtp/rtcp.h"

struct walk {
	struct mf_engine *e;
	struct mf_datagram *d;
	struct mf_stream *s;
	struct mf_side *from, *to;
	struct mf_flow *flow;
	struct mf_source *source; // RTP only
	struct rtp_header rtp;
	const struct now *now;
	enum datagram_kind kind;
	bool rtcp;   // it is RTCP, on whichever port
	bool opened; // its content is in clear now, and was so or has been authenticated
};

// Count a refusal; passes only when a test has switched the gate off.
static bool refuse(struct walk *w, enum mf_gate g)
{
	w->e->counters.refused[g]++;
	return (w->e->gates_off >> g & 1) == 0;
}

#define GATE(w, cond, g)                                                                                     \
	do {                                                                                                 \
		if (!(cond) && refuse((w), (g)))                                                             \
			return (g);                                                                          \
	} while (0)

// MF-C3: no learning. The agreed address, or by waiver the peer's media ranges.
static enum mf_gate gate_source(struct walk *w)
{
	const struct address *agreed = &w->from->remote[w->d->rtcp];
	const struct media_side *plan = &w->s->plan->side[w->d->side];
	bool good = agreed->family != 0 && address_equal(agreed, &w->d->from);

	if (!good && agreed->family != 0 && w->from->any_source)
		good = prefixes_contain(plan->source, plan->source_count, &w->d->from);
	if (!good)
		w->from->stats.dropped_source++;
	GATE(w, good, MF_GATE_SOURCE);
	return MF_PASSED;
}

static bool kind_lawful(const struct walk *w)
{
	if (w->s->kind != MF_KIND_RTP)
		return w->d->len > 0;
	if (w->kind == DATAGRAM_RTP)
		return !w->d->rtcp;
	if (w->kind == DATAGRAM_RTCP)
		return w->d->rtcp || w->from->rtcp_mux;
	return w->s->opaque &&
	       (w->kind == DATAGRAM_DTLS || w->kind == DATAGRAM_ZRTP || w->kind == DATAGRAM_STUN);
}

static bool rtcp_lawful(const struct walk *w)
{
	enum rtcp_form form = w->s->rtcp_reduced ? RTCP_REDUCED : RTCP_COMPOUND;
	const struct mf_datagram *d = w->d;

	if (w->from->in != NULL ||
		w->s->opaque) // encrypted: the header alone, as for any SRTCP (RFC3711#3.4)
		return d->len >= 8;
	return is_ok(rtcp_check(d->buf, d->len, form));
}

// MF-A1: only what the stream is for, and only in its strict form.
static enum mf_gate gate_syntax(struct walk *w)
{
	bool hidden = w->from->in != NULL || w->s->opaque, good;
	struct mf_datagram *d = w->d;

	w->kind = w->s->kind == MF_KIND_RTP ? datagram_classify(d->buf, d->len) : DATAGRAM_OTHER;
	w->rtcp = w->kind == DATAGRAM_RTCP;
	good = d->len <= RTP_DATAGRAM_MAX && kind_lawful(w);
	if (good && w->rtcp)
		good = rtcp_lawful(w);
	else if (good && w->kind == DATAGRAM_RTP)
		good = is_ok(rtp_header_parse(d->buf, d->len, hidden ? RTP_PROTECTED : RTP_CLEAR, &w->rtp));
	w->opened = !hidden;
	if (!good)
		w->from->stats.dropped_syntax++;
	GATE(w, good, MF_GATE_SYNTAX);
	return MF_PASSED;
}

static enum mf_gate gate_payload(struct walk *w)
{
	uint8_t type = w->rtp.payload_type;
	bool good = w->kind != DATAGRAM_RTP || w->from->any_payload ||
		    (w->from->payload[type / 64] >> type % 64 & 1);

	if (!good)
		w->from->stats.dropped_payload++;
	GATE(w, good, MF_GATE_PAYLOAD);
	return MF_PASSED;
}

static result unprotect(struct walk *w)
{
	struct mf_datagram *d = w->d;
	bool pass = w->s->keying == KEYING_PASS; // the users' own: checked, never touched (R17)

	if (w->rtcp && pass)
		return mf_srtcp_authenticate(w->from->in, d->buf, d->len);
	if (pass)
		return mf_srtp_authenticate(w->from->in, d->buf, d->len, &w->rtp);
	w->opened = true;
	if (w->rtcp)
		return mf_srtcp_unprotect(w->from->in, d->buf, &d->len);
	TRY(mf_srtp_unprotect(w->from->in, d->buf, &d->len, &w->rtp));
	w->rtp.payload.to = d->len;
	return rtp_padding_check(d->buf, d->len, &w->rtp);
}

// MF-I1, MF-I3, MF-I4: with a key that we know, nothing unauthenticated and nothing twice.
static enum mf_gate gate_srtp(struct walk *w)
{
	enum rtcp_form form = w->s->rtcp_reduced ? RTCP_REDUCED : RTCP_COMPOUND;
	result r;

	if (w->kind != DATAGRAM_RTP && !w->rtcp)
		return MF_PASSED;
	if (w->from->in == NULL &&
		w->from->out != NULL) { // a secured side whose key is not agreed yet (MF-C1)
		w->from->stats.dropped_auth++;
		GATE(w, false, MF_GATE_AUTH);
	}
	if (w->from->in == NULL)
		return MF_PASSED;
	r = unprotect(w);
	if (r.error == E_REPLAY || r.error == E_STALE) {
		w->from->stats.dropped_replay++;
		GATE(w, false, MF_GATE_REPLAY);
	} else if (!is_ok(r)) {
		w->from->stats.dropped_auth++;
		GATE(w, false, MF_GATE_AUTH);
	}
	if (w->rtcp && w->opened && !is_ok(rtcp_check(w->d->buf, w->d->len, form))) {
		w->from->stats.dropped_syntax++;
		GATE(w, false, MF_GATE_SYNTAX);
	}
	return MF_PASSED;
}

static enum mf_gate gate_ssrc(struct walk *w)
{
	result r;

	if (w->kind != DATAGRAM_RTP)
		return MF_PASSED;
	r = mf_flow_source(w->flow, w->rtp.ssrc, w->now->mono_us, &w->source);
	if (!is_ok(r))
		w->from->stats.dropped_source++;
	GATE(w, is_ok(r), MF_GATE_SSRC);
	return MF_PASSED;
}

static enum mf_gate gate_sequence(struct walk *w)
{
	result r;

	if (w->source == NULL || w->from->in != NULL)
		return MF_PASSED;
	r = mf_flow_sequence(w->source, w->rtp.sequence, w->now->mono_us);
	if (!is_ok(r))
		w->from->stats.dropped_replay++;
	GATE(w, is_ok(r), MF_GATE_SEQUENCE);
	return MF_PASSED;
}

static bool bye_lawful(struct walk *w)
{
	struct rtcp_packet p;
	uint32_t at = 0, ssrc;

	while (is_ok(rtcp_packet_next(w->d->buf, w->d->len, &at, &p)))
		for (uint32_t i = 0; p.type == RTCP_BYE && i < p.count; i++)
			if (!is_ok(rtcp_bye_source(w->d->buf, w->d->len, &p, i, &ssrc)) ||
				mf_flow_find(w->flow, ssrc) == NULL)
				return false;
	return true;
}

// MF-I2: a side may only take leave for sources that it has itself sent.
static enum mf_gate gate_bye(struct walk *w)
{
	bool good = !w->rtcp || !w->opened || bye_lawful(w);

	if (!good)
		w->from->stats.dropped_source++;
	GATE(w, good, MF_GATE_BYE);
	return MF_PASSED;
}

// MF-A2, MF-A3. After authentication, so that forged packets do not use up the budget of good ones.
static enum mf_gate gate_rate(struct walk *w)
{
	const uint64_t packet_ns = SECOND_NS / MF_PACKETS_PER_SECOND, now_ns = w->now->mono_us * 1000;
	enum { OVERHEAD = 28 }; // UDP and IPv4, as b= lines count (RFC8866#5.8)
	struct mf_side *f = w->from;
	bool good = mf_budget_take(&f->packets, packet_ns, MF_PACKETS_BURST * packet_ns, now_ns);

	if (good && f->octet_ns != 0)
		good = mf_budget_take(&f->octets, (w->d->len + OVERHEAD) * f->octet_ns, SECOND_NS, now_ns);
	if (!good)
		f->stats.dropped_rate++;
	GATE(w, good, MF_GATE_RATE);
	return MF_PASSED;
}

// The other side's report on what we passed on: round trip between it and us, without any clock of ours in
// NTP (RFC3550#6.4.1): when we sent the SR on, and how long the reporter held it.
static void report_read(struct walk *w, const struct rtcp_packet *p)
{
	struct mf_flow *other = &w->s->flow[!w->d->side];
	struct rtcp_block b;
	uint64_t held_us;

	for (uint32_t i = 0; i < p->count; i++) {
		if (!is_ok(rtcp_report_block(w->d->buf, w->d->len, p, i, &b)))
			return;
		held_us = (uint64_t)b.delay * 1000000 >> 16;
		if (b.last_sr != 0 && b.last_sr == other->sr_stamp &&
			w->now->mono_us - other->sr_us >= held_us)
			w->flow->rtt_us = (uint32_t)(w->now->mono_us - other->sr_us - held_us);
	}
}

static void rtcp_account(struct walk *w)
{
	struct rtcp_packet p;
	uint32_t at = 0;

	while (w->opened && is_ok(rtcp_packet_next(w->d->buf, w->d->len, &at, &p))) {
		if (is_ok(rtcp_sr_stamp(w->d->buf, w->d->len, &p, &w->flow->sr_stamp)))
			w->flow->sr_us = w->now->mono_us;
		if (p.type == RTCP_SR || p.type == RTCP_RR)
			report_read(w, &p);
	}
}

static enum mf_gate account(struct walk *w)
{
	w->from->life_us = w->now->mono_us;
	if (w->rtcp) {
		rtcp_account(w);
		return MF_PASSED;
	}
	w->from->stats.packets++;
	w->from->stats.octets += w->kind == DATAGRAM_RTP ? span_len(w->rtp.payload) : w->d->len;
	if (w->source != NULL)
		mf_flow_account(w->flow, w->source, &w->rtp, w->now->mono_us);
	return MF_PASSED;
}

static enum mf_gate gate_remote(struct walk *w)
{
	struct mf_datagram *d = w->d;

	d->out_side = !d->side;
	d->out_rtcp = (w->rtcp || d->rtcp) && !w->to->rtcp_mux;
	d->to = w->to->remote[d->out_rtcp];
	GATE(w, d->to.family != 0, MF_GATE_REMOTE);
	return d->to.family != 0 ? MF_PASSED : MF_GATE_REMOTE; // there is nowhere to send to, gate or no gate
}

static enum mf_gate gate_protect(struct walk *w)
{
	struct mf_datagram *d = w->d;
	result r = OK;

	if (w->kind != DATAGRAM_RTP && !w->rtcp)
		return MF_PASSED;
	if (w->to->out == NULL && w->to->in != NULL && w->s->keying != KEYING_PASS) {
		refuse(w, MF_GATE_PROTECT); // that side is secured: nothing to it in clear (MF-C1)
		return MF_GATE_PROTECT;
	}
	if (w->to->out == NULL)
		return MF_PASSED;
	r = w->rtcp ? mf_srtcp_protect(w->to->out, d->buf, &d->len, d->cap)
		    : mf_srtp_protect(w->to->out, d->buf, &d->len, d->cap, &w->rtp);
	if (!is_ok(r))
		refuse(w, MF_GATE_PROTECT);
	return is_ok(r) ? MF_PASSED : MF_GATE_PROTECT; // never in clear, gate or no gate (MF-C1)
}

static enum mf_gate (*const gates[])(struct walk *) = {
	gate_source,
	gate_syntax,
	gate_payload,
	gate_srtp,
	gate_ssrc,
	gate_sequence,
	gate_bye,
	gate_rate,
	account,
	gate_remote,
	gate_protect,
};

static bool walk_begin(struct walk *w, struct mf_engine *e, struct mf_datagram *d)
{
	if (d->stream >= e->config.streams_max || d->side > 1)
		return false;
	w->s = &e->stream[d->stream];
	w->from = &w->s->side[d->side];
	w->to = &w->s->side[!d->side];
	w->flow = &w->s->flow[d->side];
	return w->s->used && w->s->active;
}

enum mf_gate mf_packet(struct mf_engine *e, struct mf_datagram *d, const struct now *now)
{
	struct walk w;
	enum mf_gate g;

	w.e = e;
	w.d = d;
	w.now = now;
	w.source = NULL;
	if (!walk_begin(&w, e, d)) {
		e->counters.refused[MF_GATE_SESSION]++;
		return MF_GATE_SESSION;
	}
	for (uint32_t i = 0; i < ARRAY_LEN(gates); i++) {
		g = gates[i](&w);
		if (g != MF_PASSED)
			return g;
	}
	e->counters.passed++;
	return MF_PASSED;
}
