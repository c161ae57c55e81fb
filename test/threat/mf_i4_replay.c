// SPDX-License-Identifier: Apache-2.0
// MF-I4: recorded SRTP and SRTCP packets are sent again, at once, in bursts, and after the window has moved
// on.
#include "mf_threat.h"

enum { RECORDED = 300 };

struct tape {
	uint8_t packet[RECORDED][256];
	uint32_t len[RECORDED];
	uint8_t report[256];
	uint32_t report_len;
};

static void tape_make(struct tape *t, const struct media_key *key)
{
	struct srtp_work *work;
	struct mf_srtp *out;
	struct rtp_header h;
	uint32_t bad = 0;

	assert_ok(mf_srtp_work_new(&work));
	assert_ok(mf_srtp_new(&out, work, key, SRTP_OUT, NULL, false, &bad));
	for (uint32_t i = 0; i < RECORDED; i++) {
		t->len[i] = rtp_make(t->packet[i], 8, (uint16_t)(65400 + i), i * 160u, 0xfeed, 160);
		assert_ok(rtp_header_parse(t->packet[i], t->len[i], RTP_CLEAR, &h));
		assert_ok(mf_srtp_protect(out, t->packet[i], &t->len[i], sizeof(t->packet[i]), &h));
	}
	t->report_len = rtcp_make_sr(t->report, 0xfeed);
	assert_ok(mf_srtcp_protect(out, t->report, &t->report_len, sizeof(t->report)));
	mf_srtp_free(out);
	mf_srtp_work_free(work);
}

static enum mf_gate play(struct lab *l, const struct tape *t, uint32_t i)
{
	uint8_t buf[LAB_CAP];

	l->now.mono_us += 20 * MS;
	memcpy(buf, t->packet[i], t->len[i]);
	return lab_send(l, 0, false, buf, t->len[i]);
}

static enum mf_gate play_report(struct lab *l, const struct tape *t)
{
	uint8_t buf[LAB_CAP];

	memcpy(buf, t->report, t->report_len);
	return lab_send(l, 0, true, buf, t->report_len);
}

static void replay(bool gate, uint8_t suite)
{
	struct media_key key = lab_key(suite, 9);
	struct media_plan plan;
	uint32_t again = 0;
	struct tape t;
	struct lab l;

	tape_make(&t, &key);
	lab_open(&l);
	plan = lab_plan(&l);
	plan.stream[0].side[0].in = key;
	lab_create(&l, &plan);
	if (!gate)
		mf_engine_gate_off(l.engine, MF_GATE_REPLAY);
	for (uint32_t i = 0; i < RECORDED; i++)
		assert_int_equal(play(&l, &t, i), MF_PASSED);
	for (uint32_t i = 0; i < RECORDED; i++)
		again += play(&l, &t, i) == MF_PASSED;
	assert_int_equal(again, gate ? 0 : RECORDED);
	assert_int_equal(play_report(&l, &t), MF_PASSED);
	assert_int_equal(play_report(&l, &t), gate ? MF_GATE_REPLAY : MF_PASSED);
	lab_close(&l);
}

static void all_suites(void **state)
{
	(void)state;
	for (uint8_t suite = 1; suite < SUITE_COUNT; suite++) {
		replay(false, suite);
		replay(true, suite);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(all_suites)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
