// SPDX-License-Identifier: Apache-2.0
// MF-A4: exhaustion of ports and sessions, and sessions that hang because the signaller died or nobody
// speaks.
#include "mf_threat.h"

static void lab_open_leased(struct lab *l, uint32_t lease_s)
{
	memset(l, 0, sizeof(*l));
	lab_open_with(l, lease_s, NULL, 0);
}

static void pass(struct lab *l, uint32_t seconds)
{
	for (uint32_t i = 0; i < seconds; i++) {
		l->now.mono_us += SECOND;
		mf_engine_run(l->engine, &l->now);
	}
}

// The signaller is gone: with leases its sessions end, without they would hang for ever.
static void leases(void **state)
{
	struct media_plan plan;
	struct lab l;

	(void)state;
	for (uint32_t lease_s = 0; lease_s <= 90; lease_s += 90) {
		lab_open_leased(&l, lease_s);
		plan = lab_plan(&l);
		struct session_ref ref = lab_create(&l, &plan);
		pass(&l, 80);
		lab_tell(&l, IPC_MEDIA_LEASE, ref);
		pass(&l, 80);
		assert_int_equal(mf_engine_sessions(l.engine), 1);
		pass(&l, 20);
		assert_int_equal(mf_engine_sessions(l.engine), lease_s == 0 ? 1 : 0);
		assert_int_equal(l.closed, lease_s == 0 ? 0 : 2);
		lab_close(&l);
	}
}

// 32 pairs on one listener for both sides, so 32 sessions of one stream; the next is refused by name, nothing
// leaks.
static void ports(void **state)
{
	struct session_ref ref[33];
	struct media_plan plan;
	struct lab l;

	(void)state;
	lab_open(&l);
	plan = lab_plan(&l);
	for (uint32_t i = 0; i < 32; i++) {
		ref[i] = lab_create(&l, &plan);
		assert_int_equal(l.last.type, IPC_MEDIA_CREATED);
	}
	lab_create(&l, &plan);
	assert_int_equal(l.last.type, IPC_MEDIA_FAILED);
	assert_int_equal(l.last.cause, IPC_MEDIA_CAUSE_FULL);
	lab_tell(&l, IPC_MEDIA_DELETE, ref[0]);
	lab_create(&l, &plan); // a session is free, its ports rest
	assert_int_equal(l.last.type, IPC_MEDIA_FAILED);
	assert_int_equal(l.last.cause, IPC_MEDIA_CAUSE_PORTS);
	pass(&l, 31);
	lab_create(&l, &plan);
	assert_int_equal(l.last.type, IPC_MEDIA_CREATED);
	assert_int_equal(mf_engine_sessions(l.engine), 32);
	lab_close(&l);
}

static void talk(struct lab *l, uint32_t seconds, bool caller, bool called)
{
	static uint16_t seq;

	for (uint32_t i = 0; i < seconds; i++) {
		seq++;
		if (caller)
			lab_rtp(l, 0, seq, 1);
		if (called)
			lab_rtp(l, 1, seq, 2);
		pass(l, 1);
	}
}

static void silence_make(struct lab *l, uint8_t caller_may, uint8_t called_may)
{
	struct ipc_media m = {.version = IPC_MEDIA_VERSION,
		.type = IPC_MEDIA_CREATE,
		.silence_one_way_s = 120,
		.silence_both_s = 300};

	lab_open(l);
	m.u.plan = lab_plan(l);
	m.u.plan.stream[0].side[0].may_send = caller_may;
	m.u.plan.stream[0].side[1].may_send = called_may;
	mf_engine_message(l->engine, 0, &m, &l->now);
	l->answers = 0;
}

static void silence(void **state)
{
	struct lab l;

	(void)state;
	silence_make(&l, 1, 1);
	talk(&l, 100, true, false);
	assert_int_equal(l.answers, 0);
	talk(&l, 22, true, false); // the called side has been silent for more than 120 s
	assert_int_equal(l.answers, 1);
	assert_int_equal(l.last.type, IPC_MEDIA_SILENCE);
	assert_int_equal(l.last.cause, IPC_MEDIA_SILENCE_ONE_WAY);
	talk(&l, 200, true, true);
	assert_int_equal(l.answers, 1); // told once, and over
	talk(&l, 290, false, false);
	assert_int_equal(l.answers, 2); // one way again
	talk(&l, 12, false, false);
	assert_int_equal(l.answers, 3);
	assert_int_equal(l.last.cause, IPC_MEDIA_SILENCE_BOTH);
	lab_close(&l);
}

// On hold nobody has to speak; RTCP is life.
static void lawful_silence(void **state)
{
	uint8_t buf[LAB_CAP];
	struct lab l;

	(void)state;
	silence_make(&l, 0, 0);
	talk(&l, 400, false, false);
	assert_int_equal(l.answers, 0);
	lab_close(&l);
	silence_make(&l, 1, 0); // one way by agreement
	talk(&l, 400, true, false);
	assert_int_equal(l.answers, 0);
	lab_close(&l);
	silence_make(&l, 1, 1);
	for (uint32_t i = 0; i < 80; i++) {
		for (uint8_t side = 0; side < 2; side++)
			assert_int_equal(lab_send(&l, side, true, buf, rtcp_make_sr(buf, 5)), MF_PASSED);
		pass(&l, 5);
	}
	assert_int_equal(l.answers, 0);
	lab_close(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(leases), cmocka_unit_test(ports),
		cmocka_unit_test(silence), cmocka_unit_test(lawful_silence)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
