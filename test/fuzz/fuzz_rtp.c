// SPDX-License-Identifier: Apache-2.0
// Fuzz target: RTP and RTCP. The first octet chooses the stream's form; the rest is datagrams, each behind
// two octets of length and direction, that walk the parsers and all the gates of an engine without sockets.
//
// What must hold: a packet that passed is no longer than its buffer, goes to an agreed address, is
// well-formed where it is clear, and carries its tag where it is protected. A property that fails traps.
#include "mf/engine.h"
#include "mf/srtp.h"
#include "wire/rtp/classify.h"
#include "wire/rtp/rtcp.h"

#include <stddef.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CAP = RTP_DATAGRAM_MAX + SRTP_TRAILER_MAX, DATAGRAMS_MAX = 64 };

struct lab {
	struct mf_engine *engine;
	uint32_t stream;
	struct address pair[2];
	struct mf_listener listener;
	struct media_plan plan;
};

static void must(bool held)
{
	if (!held)
		__builtin_trap();
}

static void parsers(const uint8_t *buf, uint32_t n)
{
	struct rtp_header h;
	struct rtp_element e;
	struct rtcp_packet p;
	struct rtcp_block b;
	uint32_t at = 0, ssrc, packets = 0;

	(void)datagram_classify(buf, n);
	if (is_ok(rtp_header_parse(buf, n, RTP_CLEAR, &h))) {
		must(h.payload.from <= h.payload.to && h.payload.to + h.padding == n);
		must(h.extension.to <= h.payload.from);
		for (at = h.extension.from; is_ok(rtp_element_next(buf, n, &h, &at, &e));)
			must(e.value.to <= h.extension.to);
	}
	if (!is_ok(rtcp_check(buf, n, RTCP_REDUCED)))
		return;
	for (at = 0; is_ok(rtcp_packet_next(buf, n, &at, &p)); packets++) {
		must(p.body.from <= p.body.to && p.body.to <= n);
		for (uint32_t i = 0; i < 32; i++) {
			must(is_ok(rtcp_bye_source(buf, n, &p, i, &ssrc)) ==
				(p.type == RTCP_BYE && i < p.count));
			must(is_ok(rtcp_report_block(buf, n, &p, i, &b)) ==
				((p.type == RTCP_SR || p.type == RTCP_RR) && i < p.count));
		}
	}
	must(at == n && packets <= RTCP_PACKETS_MAX);
}

static void port_h(void *ctx, const struct mf_port_change *c)
{
	((struct lab *)ctx)->stream = c->stream;
}

static struct media_key key_make(uint8_t form)
{
	struct media_key k = {.suite = (uint8_t)(form % SUITE_COUNT)};

	k.len = srtp_suite_master_len(k.suite);
	if (form & 0x10) { // an MKI stands in each packet
		k.mki_len = form & 8 ? MEDIA_MKI_MAX : 4;
		k.mki = 1;
	}
	return k;
}

static void plan_make(struct media_plan *plan, uint8_t form)
{
	struct media_stream *s = &plan->stream[0];

	plan->count = 1;
	s->active = 1;
	s->keying = form & 0x80 ? KEYING_ADD : KEYING_PASS;
	s->opaque = form >> 6 & 1;
	s->rtcp_reduced = form >> 5 & 1;
	s->kind = (form & 0x1f) == 0x1f;
	for (uint8_t side = 0; side < 2; side++) {
		s->side[side].remote_rtp = (struct address){4, 0, 4000, {192, 0, 2, side}};
		s->side[side].remote_rtcp = (struct address){4, 0, 4001, {192, 0, 2, side}};
		s->side[side].rtcp_mux = side;
		s->side[side].may_send = 1;
	}
	s->side[1].in = key_make(form & 0x1f);
	s->side[1].out = key_make(form & 7);
}

static void lab_open(struct lab *l, uint8_t form, const struct now *now)
{
	struct mf_engine_config c = {
		.sessions_max = 1, .streams_max = 1, .listener = &l->listener, .listener_count = 1};
	struct ipc_media m = {.version = IPC_MEDIA_VERSION, .type = IPC_MEDIA_CREATE};

	c.hooks.port = port_h;
	c.hooks.ctx = l;
	l->pair[0] = (struct address){4, 0, 20000, {127, 0, 0, 1}};
	l->pair[1] = (struct address){4, 0, 20002, {127, 0, 0, 1}};
	l->listener = (struct mf_listener){l->pair, 2};
	plan_make(&l->plan, form);
	m.u.plan = l->plan;
	must(is_ok(mf_engine_new(&l->engine, &c, now)));
	mf_engine_message(l->engine, 0, &m, now);
	must(mf_engine_sessions(l->engine) == 1);
}

static void passed_check(const struct lab *l, const struct mf_datagram *d)
{
	const struct media_stream *s = &l->plan.stream[0];
	const struct media_side *to = &s->side[d->out_side];

	must(d->len <= d->cap && d->out_side != d->side);
	must(address_equal(&d->to, d->out_rtcp ? &to->remote_rtcp : &to->remote_rtp));
	if (s->kind != 0 || s->opaque || s->keying != KEYING_ADD || d->out_side != 0)
		return;
	if (datagram_classify(d->buf, d->len) == DATAGRAM_RTCP)
		must(is_ok(rtcp_check(d->buf, d->len, s->rtcp_reduced ? RTCP_REDUCED : RTCP_COMPOUND)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct now now = {.mono_us = SECOND};
	struct lab l = {0};
	size_t at = 1;

	if (size < 1)
		return 0;
	lab_open(&l, data[0], &now);
	for (uint32_t i = 0; i < DATAGRAMS_MAX && size - at >= 2; i++) {
		uint8_t buf[CAP], flags = data[at + 1];
		uint32_t n = data[at] | (uint32_t)(flags & 7) << 8;
		struct mf_datagram d = {.stream = l.stream,
			.side = flags >> 7,
			.rtcp = flags >> 6 & 1,
			.buf = buf,
			.cap = CAP};
		at += 2;
		n = n > size - at ? (uint32_t)(size - at) : n;
		n = n > RTP_DATAGRAM_MAX ? RTP_DATAGRAM_MAX : n;
		memcpy(buf, data + at, n);
		at += n;
		parsers(buf, n);
		d.len = n;
		d.from = d.rtcp && !d.side ? l.plan.stream[0].side[0].remote_rtcp
					   : l.plan.stream[0].side[d.side].remote_rtp;
		now.mono_us += 20 * MS;
		if (mf_packet(l.engine, &d, &now) == MF_PASSED)
			passed_check(&l, &d);
	}
	mf_engine_free(l.engine);
	return 0;
}
