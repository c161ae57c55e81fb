// SPDX-License-Identifier: Apache-2.0
// A media engine without sockets for the attacks on the Media Function. Each attack runs twice: with its gate
// off it must succeed, with it on it must fail; a test that cannot fail proves nothing.
#ifndef TEST_THREAT_MF_THREAT_H
#define TEST_THREAT_MF_THREAT_H

#include "../unit/mf/unit_mf.h"

#include "mf/engine.h"
#include "mf/srtp.h"
#include "mf/store.h"

enum { LAB_PAIRS = 64, LAB_CAP = RTP_DATAGRAM_MAX + SRTP_TRAILER_MAX };

struct lab {
	struct address pair[LAB_PAIRS];
	struct mf_listener listener[1];
	struct mf_engine *engine;
	struct now now;
	struct ipc_media last; // answer
	uint32_t answers;
	uint32_t stream; // slot of the stream opened last
	uint32_t opened, closed;
	struct address user[2];
};

static inline struct address lab_address(uint8_t host, uint16_t port)
{
	return (struct address){.family = 4, .port = port, .ip = {192, 0, 2, host}};
}

static inline void lab_port_h(void *ctx, const struct mf_port_change *c)
{
	struct lab *l = ctx;

	l->stream = c->stream;
	c->open ? l->opened++ : l->closed++;
}

static inline void lab_answer_h(void *ctx, uint32_t owner, const struct ipc_media *m)
{
	struct lab *l = ctx;

	(void)owner;
	l->last = *m;
	l->answers++;
}

static inline void lab_open_with(struct lab *l, uint32_t lease_s, void *store, size_t store_size)
{
	struct mf_engine_config c = {.sessions_max = 32,
		.streams_max = 64,
		.quarantine_s = 30,
		.lease_s = lease_s,
		.listener = l->listener,
		.listener_count = 1,
		.store = store,
		.store_size = store_size};

	c.hooks.port = lab_port_h;
	c.hooks.answer = lab_answer_h;
	c.hooks.ctx = l;
	for (uint16_t i = 0; i < LAB_PAIRS; i++)
		l->pair[i] = lab_address(100, (uint16_t)(20000 + 2 * i));
	l->listener[0] = (struct mf_listener){l->pair, LAB_PAIRS};
	l->now.mono_us = 1000 * SECOND;
	l->user[0] = lab_address(1, 4000);
	l->user[1] = lab_address(2, 5000);
	assert_ok(mf_engine_new(&l->engine, &c, &l->now));
}

static inline void lab_open(struct lab *l)
{
	memset(l, 0, sizeof(*l));
	lab_open_with(l, 0, NULL, 0);
}

static inline void lab_close(struct lab *l)
{
	mf_engine_free(l->engine);
}

// One RTP stream between the two users, payload type 8 agreed, RTCP on the next port.
static inline struct media_plan lab_plan(const struct lab *l)
{
	struct media_plan plan = {.count = 1};

	plan.stream[0].active = 1;
	plan.stream[0].keying = KEYING_PASS;
	for (uint32_t side = 0; side < 2; side++) {
		struct media_side *m = &plan.stream[0].side[side];
		m->remote_rtp = m->remote_rtcp = l->user[side];
		m->remote_rtcp.port++;
		m->may_send = 1;
		m->payload_count = 1;
		m->payload[0] = 8;
	}
	return plan;
}

static inline struct session_ref lab_create(struct lab *l, const struct media_plan *plan)
{
	struct ipc_media m = {.version = IPC_MEDIA_VERSION, .type = IPC_MEDIA_CREATE};

	m.u.plan = *plan;
	mf_engine_message(l->engine, 0, &m, &l->now);
	return l->last.session;
}

static inline void lab_tell(struct lab *l, enum ipc_media_type type, struct session_ref ref)
{
	struct ipc_media m = {.version = IPC_MEDIA_VERSION, .type = (uint16_t)type, .session = ref};

	mf_engine_message(l->engine, 0, &m, &l->now);
}

static inline void lab_update(struct lab *l, struct session_ref ref, const struct media_plan *plan)
{
	struct ipc_media m = {.version = IPC_MEDIA_VERSION, .type = IPC_MEDIA_UPDATE, .session = ref};

	m.u.plan = *plan;
	mf_engine_message(l->engine, 0, &m, &l->now);
}

// One datagram of N octets (in a buffer of LAB_CAP) from FROM to our port of SIDE.
static inline enum mf_gate lab_send_from(
	struct lab *l, struct address from, uint8_t side, bool rtcp, uint8_t *buf, uint32_t *n)
{
	struct mf_datagram d = {.stream = l->stream,
		.side = side,
		.rtcp = rtcp,
		.from = from,
		.buf = buf,
		.len = *n,
		.cap = LAB_CAP};
	enum mf_gate g = mf_packet(l->engine, &d, &l->now);

	*n = d.len;
	return g;
}

// ... from the agreed address of that side.
static inline enum mf_gate lab_send(struct lab *l, uint8_t side, bool rtcp, uint8_t *buf, uint32_t n)
{
	struct address from = l->user[side];

	from.port = (uint16_t)(from.port + rtcp);
	return lab_send_from(l, from, side, rtcp, buf, &n);
}

static inline enum mf_gate lab_rtp(struct lab *l, uint8_t side, uint16_t seq, uint32_t ssrc)
{
	uint8_t buf[LAB_CAP];

	l->now.mono_us += 20 * MS;
	return lab_send(l, side, false, buf, rtp_make(buf, 8, seq, seq * 160u, ssrc, 160));
}

static inline struct media_key lab_key(uint8_t suite, uint8_t seed)
{
	struct media_key k = {.suite = suite, .len = srtp_suite_master_len(suite)};

	for (uint32_t i = 0; i < k.len; i++)
		k.master[i] = (uint8_t)(i * 7 + seed);
	return k;
}

#endif
