// SPDX-License-Identifier: Apache-2.0
// MF-I4: recorded SRTP and SRTCP packets are sent again, at once, in bursts, after the window has moved on, and with
// another master key identifier after a re-offer that changed nothing else.
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

// The packet under another identifier: no tag covers it.
static void relabel(uint8_t *buf, uint32_t *len, const struct media_key *from, const struct media_key *to, uint32_t tag)
{
	const struct srtp_suite *row = srtp_suite_row(to->suite);
	uint32_t behind = row->aead ? 0 : tag, at = *len - behind - from->mki_len;

	memmove(buf + at + to->mki_len, buf + at + from->mki_len, behind);
	for (uint32_t i = 0; i < to->mki_len; i++)
		buf[at + i] = (uint8_t)(to->mki >> (to->mki_len - 1u - i) * 8);
	*len = *len - from->mki_len + to->mki_len;
}

// All but the last packet have been heard, the sequence number has wrapped, then the key is agreed again under NEXT's name.
static void replay_renamed(bool gate, const struct media_key *first, const struct media_key *next)
{
	const struct srtp_suite *row = srtp_suite_row(first->suite);
	struct session_ref ref;
	struct media_plan plan;
	uint32_t again = 0;
	struct tape t;
	struct lab l;

	tape_make(&t, first);
	lab_open(&l);
	plan = lab_plan(&l);
	plan.stream[0].side[0].in = *first;
	ref = lab_create(&l, &plan);
	for (uint32_t i = 0; i < RECORDED - 1; i++)
		assert_int_equal(play(&l, &t, i), MF_PASSED);
	assert_int_equal(play_report(&l, &t), MF_PASSED);
	plan.stream[0].side[0].in = *next;
	lab_update(&l, ref, &plan);
	if (!gate)
		mf_engine_gate_off(l.engine, MF_GATE_REPLAY);
	for (uint32_t i = 0; i < RECORDED; i++)
		relabel(t.packet[i], &t.len[i], first, next, row->rtp_tag);
	relabel(t.report, &t.report_len, first, next, row->rtcp_tag);
	for (uint32_t i = 0; i < RECORDED - 1; i++)
		again += play(&l, &t, i) == MF_PASSED;
	assert_int_equal(again, gate ? 0 : RECORDED - 1);
	assert_int_equal(play_report(&l, &t), gate ? MF_GATE_REPLAY : MF_PASSED);
	assert_int_equal(play(&l, &t, RECORDED - 1), MF_PASSED); // the genuine one, after the wrap
	lab_close(&l);
}

static void renamed_key(void **state)
{
	(void)state;
	for (uint8_t suite = 1; suite < SUITE_COUNT; suite++) {
		struct media_key none = lab_key(suite, 9), one = none, other = none;
		one.mki_len = 1;
		one.mki = 1;
		other.mki_len = 4;
		other.mki = 0xa1b2c3d4;
		for (int gate = 0; gate <= 1; gate++) {
			replay_renamed(gate, &none, &one);
			replay_renamed(gate, &one, &other);
			replay_renamed(gate, &other, &none);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(all_suites), cmocka_unit_test(renamed_key)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
