// SPDX-License-Identifier: Apache-2.0
// MF-A2 and MF-A3: a side floods its stream, with small packets or with more bandwidth than was agreed. The
// other direction and other streams must not suffer.
#include "mf_threat.h"

static uint32_t flood(bool gate, uint32_t bandwidth_bps, uint32_t octets, uint32_t per_second)
{
	uint32_t passed = 0;
	struct media_plan plan;
	uint8_t buf[LAB_CAP];
	struct lab l;

	lab_open(&l);
	plan = lab_plan(&l);
	plan.stream[0].side[0].bandwidth_bps = bandwidth_bps;
	lab_create(&l, &plan);
	if (!gate)
		mf_engine_gate_off(l.engine, MF_GATE_RATE);
	for (uint32_t i = 0; i < 10 * per_second; i++) { // ten seconds
		l.now.mono_us += SECOND / per_second;
		passed +=
			lab_send(&l, 0, false, buf, rtp_make(buf, 8, (uint16_t)i, i, 7, octets)) == MF_PASSED;
		if (i % (per_second / 50) == 0) // the other side talks on
			assert_int_equal(
				lab_send(&l, 1, false, buf, rtp_make(buf, 8, (uint16_t)(i / 50), i, 8, 160)),
				MF_PASSED);
	}
	lab_close(&l);
	return passed;
}

static void packets(void **state)
{
	(void)state;
	uint32_t budget = 10 * MF_PACKETS_PER_SECOND + MF_PACKETS_BURST;

	assert_int_equal(flood(false, 0, 20, 10000), 100000);
	assert_true(flood(true, 0, 20, 10000) <= budget + 1);
	assert_int_equal(flood(true, 0, 160, 50), 500); // a call is not touched
}

static void bandwidth(void **state)
{
	(void)state;
	assert_int_equal(flood(false, 64000, 1000, 1000), 10000);
	assert_true(flood(true, 64000, 1000, 1000) <= 10 * 64000 / 8 * 5 / 4 / 1000 + 15);
	assert_int_equal(flood(true, 80000, 160, 50), 500); // G.711 with its overhead within b=AS:80
}

// A flood of forged packets costs the budget of nobody who authenticates.
static void forged_flood(void **state)
{
	struct media_key key = lab_key(SUITE_AEAD_AES_128_GCM, 1);
	uint8_t buf[LAB_CAP], good[LAB_CAP];
	struct media_plan plan;
	struct srtp_work *work;
	struct mf_srtp *out;
	uint32_t bad = 0;
	struct lab l;

	(void)state;
	lab_open(&l);
	assert_ok(mf_srtp_work_new(&work));
	assert_ok(mf_srtp_new(&out, work, &key, SRTP_OUT, NULL, false, &bad));
	plan = lab_plan(&l);
	plan.stream[0].side[0].in = key;
	lab_create(&l, &plan);
	for (uint32_t i = 0; i < 5000; i++) {
		l.now.mono_us += 200;
		assert_int_equal(
			lab_send(&l, 0, false, buf, rtp_make(buf, 8, (uint16_t)i, i, i, 160)), MF_GATE_AUTH);
		if (i % 100 != 0)
			continue;
		struct rtp_header h;
		uint32_t n = rtp_make(good, 8, (uint16_t)i, i, 7, 160);
		assert_ok(rtp_header_parse(good, n, RTP_CLEAR, &h));
		assert_ok(mf_srtp_protect(out, good, &n, sizeof(good), &h));
		assert_int_equal(lab_send(&l, 0, false, good, n), MF_PASSED);
	}
	mf_srtp_free(out);
	mf_srtp_work_free(work);
	lab_close(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets), cmocka_unit_test(bandwidth), cmocka_unit_test(forged_flood)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
