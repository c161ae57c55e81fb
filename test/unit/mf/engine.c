// SPDX-License-Identifier: Apache-2.0
// The engine's messages: create, extend, update, query, delete; bad ones; memory; taking over after a crash.
#include "../../threat/mf_threat.h"

#include <stdlib.h>

static struct media_plan secured_plan(const struct lab *l)
{
	struct media_plan plan = lab_plan(l);

	plan.stream[0].keying = KEYING_ADD;
	plan.stream[0].side[1].out = lab_key(SUITE_AEAD_AES_128_GCM, 1);
	plan.stream[0].side[1].in = lab_key(SUITE_AEAD_AES_128_GCM, 2);
	return plan;
}

static void create_and_delete(void **state)
{
	struct media_plan plan;
	struct session_ref ref;
	struct lab l;

	(void)state;
	lab_open(&l);
	plan = lab_plan(&l);
	plan.count = 3;
	plan.stream[1] = plan.stream[2] = plan.stream[0];
	ref = lab_create(&l, &plan);
	assert_int_equal(l.last.type, IPC_MEDIA_CREATED);
	assert_int_equal(l.last.u.ports.count, 3);
	assert_int_equal(l.opened, 6);
	for (uint32_t i = 0; i < 3; i++)
		for (uint32_t side = 0; side < 2; side++)
			assert_true(l.last.u.ports.rtp[i][side].port >= 20000);
	assert_int_equal(lab_rtp(&l, 0, 1, 5), MF_PASSED);
	lab_tell(&l, IPC_MEDIA_QUERY, ref);
	assert_int_equal(l.last.type, IPC_MEDIA_STATS);
	assert_int_equal(l.last.u.stats[2][0].packets, 1); // l.stream is the one opened last
	assert_int_equal(l.last.u.stats[2][0].octets, 160);
	lab_tell(&l, IPC_MEDIA_DELETE, ref);
	assert_int_equal(l.last.type, IPC_MEDIA_STATS);
	assert_int_equal(l.closed, 6);
	assert_int_equal(mf_engine_sessions(l.engine), 0);
	assert_int_equal(lab_rtp(&l, 0, 2, 5), MF_GATE_SESSION); // nothing after delete
	lab_tell(&l, IPC_MEDIA_DELETE, ref);
	assert_int_equal(l.last.type, IPC_MEDIA_FAILED);
	assert_int_equal(l.last.cause, IPC_MEDIA_CAUSE_UNKNOWN);
	lab_close(&l);
}

static void extend(void **state)
{
	struct ipc_media m = {.version = IPC_MEDIA_VERSION, .type = IPC_MEDIA_CREATE, .request = 5};
	struct address first;
	struct lab l;

	(void)state;
	lab_open(&l);
	m.u.plan = lab_plan(&l);
	m.session = lab_create(&l, &m.u.plan);
	first = l.last.u.ports.rtp[0][0];
	m.u.plan.count = 2;
	m.u.plan.stream[1] = m.u.plan.stream[0];
	mf_engine_message(l.engine, 0, &m, &l.now);
	assert_int_equal(l.last.type, IPC_MEDIA_CREATED);
	assert_int_equal(l.last.request, 5);
	assert_int_equal(l.last.u.ports.count, 2);
	assert_true(address_equal(&first, &l.last.u.ports.rtp[0][0])); // the old one stays
	assert_int_equal(mf_engine_sessions(l.engine), 1);
	m.session.generation++;
	mf_engine_message(l.engine, 0, &m, &l.now);
	assert_int_equal(l.last.cause, IPC_MEDIA_CAUSE_UNKNOWN);
	lab_close(&l);
}

static void update(void **state)
{
	struct media_plan plan;
	struct session_ref ref;
	struct address moved = lab_address(9, 7000);
	uint8_t buf[LAB_CAP];
	struct lab l;
	uint32_t n;

	(void)state;
	lab_open(&l);
	plan = lab_plan(&l);
	ref = lab_create(&l, &plan);
	assert_int_equal(lab_rtp(&l, 0, 1, 5), MF_PASSED);
	plan.stream[0].side[0].remote_rtp = moved;
	lab_update(&l, ref, &plan);
	assert_int_equal(lab_rtp(&l, 0, 2, 5), MF_GATE_SOURCE); // the old address is no longer agreed
	n = rtp_make(buf, 8, 3, 0, 5, 160);
	assert_int_equal(lab_send_from(&l, moved, 0, false, buf, &n), MF_PASSED);
	plan.stream[0].active = 0;
	lab_update(&l, ref, &plan);
	assert_int_equal(lab_send_from(&l, moved, 0, false, buf, &n), MF_GATE_SESSION);
	plan.stream[0].active = 1;
	plan.stream[0].keying = KEYING_REFUSE;
	lab_update(&l, ref, &plan);
	assert_int_equal(lab_send_from(&l, moved, 0, false, buf, &n), MF_GATE_SESSION);
	lab_close(&l);
}

// A re-INVITE that changes but the identifier of a key, or has none any more: the same key goes on.
static void update_renames_keys(void **state)
{
	struct media_plan plan;
	struct session_ref ref;
	uint8_t buf[LAB_CAP];
	struct lab l;

	(void)state;
	lab_open(&l);
	plan = secured_plan(&l);
	ref = lab_create(&l, &plan);
	assert_int_equal(lab_rtp(&l, 0, 65535, 5), MF_PASSED);
	assert_int_equal(lab_rtp(&l, 0, 0, 5), MF_PASSED);
	for (uint8_t len = 0; len <= 4; len = (uint8_t)(len + 2)) {
		plan.stream[0].side[1].out.mki_len = len;
		plan.stream[0].side[1].out.mki = len == 0 ? 0 : 0x1234;
		lab_update(&l, ref, &plan);
		assert_int_equal(lab_rtp(&l, 0, len, 5), MF_GATE_PROTECT); // it was sent
		uint32_t n = rtp_make(buf, 8, (uint16_t)(len + 2), 0, 5, 160), clear = n;
		assert_int_equal(lab_send_from(&l, l.user[0], 0, false, buf, &n), MF_PASSED);
		assert_int_equal(n, clear + 16 + len);
		if (len > 0)
			assert_memory_equal(buf + n - 2, "\x12\x34", 2);
	}
	lab_close(&l);
}

// A re-INVITE with the same keys must not begin them anew: the same index would be used twice.
static void update_keeps_keys(void **state)
{
	struct media_plan plan;
	struct session_ref ref;
	struct lab l;

	(void)state;
	lab_open(&l);
	plan = secured_plan(&l);
	ref = lab_create(&l, &plan);
	assert_int_equal(lab_rtp(&l, 0, 1, 5), MF_PASSED);
	lab_update(&l, ref, &plan);
	assert_int_equal(lab_rtp(&l, 0, 1, 5), MF_GATE_PROTECT);
	assert_int_equal(lab_rtp(&l, 0, 2, 5), MF_PASSED);
	plan.stream[0].side[1].out =
		lab_key(SUITE_AEAD_AES_128_GCM, 77); // another key begins at its beginning
	lab_update(&l, ref, &plan);
	assert_int_equal(lab_rtp(&l, 0, 1, 5), MF_PASSED);
	lab_close(&l);
}

static void bad_messages(void **state)
{
	struct ipc_media m = {.version = IPC_MEDIA_VERSION, .type = IPC_MEDIA_CREATE}, good;
	struct lab l;

	(void)state;
	lab_open(&l);
	m.u.plan = lab_plan(&l);
	good = m;
#define REFUSED(change)                                                                                      \
	do {                                                                                                 \
		m = good;                                                                                    \
		change;                                                                                      \
		mf_engine_message(l.engine, 0, &m, &l.now);                                                  \
		assert_int_equal(l.last.type, IPC_MEDIA_FAILED);                                             \
		assert_int_equal(l.last.cause, IPC_MEDIA_CAUSE_PLAN);                                        \
		assert_int_equal(mf_engine_sessions(l.engine), 0);                                           \
	} while (0)
	REFUSED(m.u.plan.count = 0);
	REFUSED(m.u.plan.count = MEDIA_STREAMS_MAX + 1);
	REFUSED(m.listener[1] = 1);
	REFUSED(m.u.plan.stream[0].kind = 3);
	REFUSED(m.u.plan.stream[0].keying = KEYING_REFUSE + 1);
	REFUSED(m.u.plan.stream[0].side[1].payload_count = MEDIA_PAYLOADS_MAX + 1);
	REFUSED(m.u.plan.stream[0].side[1].payload[0] = 128);
	REFUSED(m.u.plan.stream[0].side[0].source_count = MEDIA_PREFIXES_MAX + 1);
	REFUSED(m.u.plan.stream[0].side[0].source_count = 1); // a prefix of no family
	REFUSED(m.u.plan.stream[0].side[0].remote_rtp.family = 5);
	REFUSED(m.u.plan.stream[0].side[0].remote_rtp.port = 0);
	REFUSED(m.u.plan.stream[0].side[0].in.suite = SUITE_COUNT);
	REFUSED(m.u.plan.stream[0].side[0].out = lab_key(SUITE_AEAD_AES_256_GCM, 1);
		m.u.plan.stream[0].side[0].out.len--);
	uint64_t before = mf_engine_counters(l.engine)->messages_bad;
	uint32_t answers = l.answers;
	m = good;
	m.version++;
	mf_engine_message(l.engine, 0, &m, &l.now);
	m = good;
	m.type = 99;
	mf_engine_message(l.engine, 0, &m, &l.now);
	m.type = 0;
	mf_engine_message(l.engine, 0, &m, &l.now);
	m.type = IPC_MEDIA_CREATED; // only media says that
	mf_engine_message(l.engine, 0, &m, &l.now);
	mf_engine_message(l.engine, MF_OWNERS_MAX, &good, &l.now);
	assert_int_equal(mf_engine_counters(l.engine)->messages_bad, before + 5);
	assert_int_equal(l.answers, answers);
	lab_close(&l);
}

// Each allocation of a secured session fails once: a named answer, everything given back, the next attempt
// succeeds.
static void no_memory(void **state)
{
	uint64_t before, needed;
	struct media_plan plan;
	struct session_ref ref;
	struct lab l;

	(void)state;
	lab_open(&l);
	plan = secured_plan(&l);
	ref = lab_create(&l, &plan); // chunks of the pools are there from now on
	lab_tell(&l, IPC_MEDIA_DELETE, ref);
	before = memory_alloc_count();
	ref = lab_create(&l, &plan);
	needed = memory_alloc_count() - before;
	lab_tell(&l, IPC_MEDIA_DELETE, ref);
	assert_int_equal(needed, 2);
	for (uint64_t nth = 1; nth <= needed; nth++) {
		memory_fail_nth(nth);
		lab_create(&l, &plan);
		assert_int_equal(l.last.type, IPC_MEDIA_FAILED);
		assert_int_equal(l.last.cause, IPC_MEDIA_CAUSE_FULL);
		assert_int_equal(mf_engine_sessions(l.engine), 0);
		l.now.mono_us += 31 * SECOND;
	}
	memory_fail_nth(0);
	for (uint32_t i = 0; i < 32; i++)
		lab_create(&l, &plan); // nothing had leaked
	assert_int_equal(mf_engine_sessions(l.engine), 32);
	lab_close(&l);
}

static void no_memory_at_start(void **state)
{
	struct mf_engine_config c = {.sessions_max = 4, .streams_max = 4};
	struct now now = {0};
	struct mf_engine *e = NULL;
	uint64_t nth = 1;

	(void)state;
	for (; e == NULL && nth < 50; nth++) {
		memory_fail_nth(nth);
		result r = mf_engine_new(&e, &c, &now);
		if (!is_ok(r))
			assert_error(r, E_NO_MEMORY);
	}
	memory_fail_nth(0);
	assert_true(nth > 5);
	mf_engine_free(e);
	c.sessions_max = MF_SESSIONS_MAX + 1;
	assert_error(mf_engine_new(&e, &c, &now), E_CONFIG);
	c.sessions_max = 4;
	c.worker = MF_WORKERS_MAX;
	assert_error(mf_engine_new(&e, &c, &now), E_CONFIG);
}

static void counters(void **state)
{
	struct ipc_media m = {.version = IPC_MEDIA_VERSION, .type = IPC_MEDIA_COUNT, .request = 3};
	struct media_plan plan;
	struct lab l;

	(void)state;
	lab_open(&l);
	plan = lab_plan(&l);
	lab_create(&l, &plan);
	assert_int_equal(lab_rtp(&l, 0, 1, 5), MF_PASSED);
	assert_int_equal(lab_rtp(&l, 0, 30000, 5), MF_GATE_SEQUENCE);
	mf_engine_message(l.engine, 0, &m, &l.now);
	assert_int_equal(l.last.type, IPC_MEDIA_COUNTERS);
	assert_int_equal(l.last.request, 3);
	assert_int_equal(l.last.u.counters.passed, 1);
	assert_int_equal(l.last.u.counters.sessions, 1);
	assert_int_equal(l.last.u.counters.sessions_now, 1);
	assert_int_equal(l.last.u.counters.ports_now, 2 * plan.count); // a pair on either side
	assert_int_equal(l.last.u.counters.refused[MF_GATE_SEQUENCE], 1);
	assert_string_equal(mf_gate_name(MF_GATE_SEQUENCE), "sequence");
	assert_string_equal(mf_gate_name(MF_GATE_COUNT), "?");
	lab_close(&l);
}

struct block {
	void *at;
	size_t size;
};

static struct block block_make(void)
{
	struct block b = {NULL, mf_store_size(64)};

	b.at = aligned_alloc(16, (b.size + 15) / 16 * 16);
	memset(b.at, 0, b.size);
	return b;
}

// The process dies without a word; the next one gets the block.
static void crash(struct lab *l, const struct block *b)
{
	struct now now = l->now;

	lab_close(l); // frees memory, touches nothing of the block
	memset(l, 0, sizeof(*l));
	lab_open_with(l, 0, b->at, b->size);
	l->now = now;
}

static void restore(void **state)
{
	struct block b = block_make();
	struct media_plan plan;
	struct session_ref clear, secured;
	uint32_t secured_stream;
	struct address port;
	struct lab l;

	(void)state;
	memset(&l, 0, sizeof(l));
	lab_open_with(&l, 0, b.at, b.size);
	plan = lab_plan(&l);
	clear = lab_create(&l, &plan);
	port = l.last.u.ports.rtp[0][1];
	plan = secured_plan(&l);
	secured = lab_create(&l, &plan);
	secured_stream = l.stream;
	for (uint32_t i = 65530; i < 65545; i++)
		assert_int_equal(lab_rtp(&l, 0, (uint16_t)i, 5), MF_PASSED);
	crash(&l, &b);
	assert_int_equal(mf_engine_restore(l.engine, &l.now), 2);
	assert_int_equal(l.opened, 4);
	assert_int_equal(mf_engine_counters(l.engine)->records_bad, 0);
	l.stream = secured_stream;
	assert_int_equal(lab_rtp(&l, 0, (uint16_t)65544, 5), MF_GATE_PROTECT); // was sent before the crash
	assert_int_equal(lab_rtp(&l, 0, (uint16_t)65545, 5), MF_PASSED);
	lab_tell(&l, IPC_MEDIA_QUERY, clear);
	assert_int_equal(l.last.type, IPC_MEDIA_STATS);
	for (uint32_t i = 0; i < 20; i++) { // its port is not given to anybody else
		plan = lab_plan(&l);
		lab_create(&l, &plan);
		assert_false(address_equal(&port, &l.last.u.ports.rtp[0][0]));
		assert_false(address_equal(&port, &l.last.u.ports.rtp[0][1]));
	}
	lab_tell(&l, IPC_MEDIA_DELETE, secured);
	crash(&l, &b);
	assert_int_equal(mf_engine_restore(l.engine, &l.now), 21); // the deleted one does not come back
	lab_close(&l);
	free(b.at);
}

static void restore_bad(void **state)
{
	struct block b = block_make();
	struct media_plan plan;
	struct lab l;

	(void)state;
	memset(&l, 0, sizeof(l));
	lab_open_with(&l, 0, b.at, b.size);
	plan = lab_plan(&l);
	plan.count = 2;
	plan.stream[1] = plan.stream[0];
	lab_create(&l, &plan);
	lab_create(&l, &plan);
	struct mf_store s;
	bool found;
	assert_ok(mf_store_open(&s, b.at, b.size, 64, &found));
	s.record[0].plan.side[0].remote_rtp.port ^= 1; // damaged
	struct mf_record r = s.record[2];
	r.session.slot |= 5u << 24; // whole, but of another worker
	mf_store_write(&s, 2, &r);
	r = s.record[3];
	r.local[0] = s.record[1].local[0]; // whole, but its port is taken
	mf_store_write(&s, 3, &r);
	crash(&l, &b);
	mf_engine_restore(l.engine, &l.now);
	assert_int_equal(mf_engine_counters(l.engine)->records_bad, 3);
	assert_int_equal(mf_engine_sessions(l.engine), 1);
	crash(&l, &b);
	mf_engine_restore(l.engine, &l.now);
	assert_int_equal(mf_engine_counters(l.engine)->records_bad, 0); // they are gone
	lab_close(&l);
	free(b.at);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(create_and_delete), cmocka_unit_test(extend),
		cmocka_unit_test(update), cmocka_unit_test(update_keeps_keys), cmocka_unit_test(update_renames_keys), cmocka_unit_test(bad_messages),
		cmocka_unit_test(no_memory), cmocka_unit_test(counters), cmocka_unit_test(no_memory_at_start),
		cmocka_unit_test(restore), cmocka_unit_test(restore_bad)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
