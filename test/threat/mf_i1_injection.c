// SPDX-License-Identifier: Apache-2.0
// MF-I1: media injected with plausible sequence numbers and timestamps. The attacker forges the agreed source
// address. With keys that are known (SDES passed end to end, or our own) nothing unauthenticated gets
// through; on clear RTP the attacker is held to the running sequence and to few sources.
#include "mf_threat.h"

static void keyed(bool gate, uint8_t suite, uint8_t keying)
{
	struct media_plan plan;
	uint8_t buf[LAB_CAP];
	uint32_t passed = 0;
	struct lab l;

	lab_open(&l);
	plan = lab_plan(&l);
	plan.stream[0].keying = keying;
	plan.stream[0].side[0].in = lab_key(suite, 1);
	lab_create(&l, &plan);
	if (!gate)
		mf_engine_gate_off(l.engine, MF_GATE_AUTH);
	for (uint16_t i = 0; i < 20; i++) { // sequence, time and source as the victim would have them
		l.now.mono_us += 20 * MS;
		passed +=
			lab_send(&l, 0, false, buf, rtp_make(buf, 8, i, i * 160u, 0xcafe, 180)) == MF_PASSED;
	}
	assert_int_equal(passed, gate ? 0 : 20);
	assert_int_equal(mf_engine_counters(l.engine)->refused[MF_GATE_AUTH], 20);
	lab_close(&l);
}

static void srtp_passed_through(void **state)
{
	(void)state;
	for (uint8_t suite = 1; suite < SUITE_COUNT; suite++) {
		keyed(false, suite, KEYING_PASS);
		keyed(true, suite, KEYING_PASS);
	}
}

// An MKI must not switch the check off: the attacker knows it from any packet that he has seen. A packet with another
// one, or none, is not for the key.
static uint32_t identified(bool gate, uint8_t suite, uint32_t shown)
{
	struct media_key key = lab_key(suite, 1);
	uint8_t buf[LAB_CAP], tag = srtp_suite_row(suite)->rtp_tag;
	struct media_plan plan;
	uint32_t passed = 0;
	struct lab l;

	key.mki_len = 4;
	key.mki = 0x01020304;
	lab_open(&l);
	plan = lab_plan(&l);
	plan.stream[0].side[0].in = key;
	lab_create(&l, &plan);
	if (!gate)
		mf_engine_gate_off(l.engine, MF_GATE_AUTH);
	for (uint16_t i = 0; i < 20; i++) {
		uint32_t n = rtp_make(buf, 8, i, i * 160u, 0xcafe, 180), at = n - 4u - (srtp_suite_row(suite)->aead ? 0u : tag);
		for (uint32_t k = 0; k < 4; k++)
			buf[at + k] = (uint8_t)(shown >> (3 - k) * 8);
		l.now.mono_us += 20 * MS;
		passed += lab_send(&l, 0, false, buf, n) == MF_PASSED;
	}
	assert_int_equal(mf_engine_counters(l.engine)->refused[MF_GATE_AUTH], 20);
	lab_close(&l);
	return passed;
}

static void srtp_with_mki(void **state)
{
	(void)state;
	for (uint8_t suite = 1; suite < SUITE_COUNT; suite++) {
		assert_int_equal(identified(false, suite, 0x01020304), 20);
		assert_int_equal(identified(true, suite, 0x01020304), 0);
		assert_int_equal(identified(true, suite, 0x01020305), 0);
	}
}

// What the true sender protects passes, and not a second time; nor with an MKI that an attacker changed.
static void srtp_with_mki_genuine(void **state)
{
	(void)state;
	for (uint8_t suite = 1; suite < SUITE_COUNT; suite++) {
		struct media_key key = lab_key(suite, 1);
		uint8_t buf[LAB_CAP], copy[LAB_CAP];
		struct media_plan plan;
		struct srtp_work *work;
		struct rtp_header h;
		struct mf_srtp *user;
		uint32_t bad = 0, n;
		struct lab l;

		key.mki_len = 2;
		key.mki = 77;
		lab_open(&l);
		plan = lab_plan(&l);
		plan.stream[0].side[0].in = key;
		lab_create(&l, &plan);
		assert_ok(mf_srtp_work_new(&work));
		assert_ok(mf_srtp_new(&user, work, &key, SRTP_OUT, NULL, false, &bad));
		n = rtp_make(buf, 8, 1, 160, 0xcafe, 160);
		assert_ok(rtp_header_parse(buf, n, RTP_CLEAR, &h));
		assert_ok(mf_srtp_protect(user, buf, &n, sizeof(buf), &h));
		memcpy(copy, buf, n);
		copy[n - 1 - (srtp_suite_row(suite)->aead ? 0 : srtp_suite_row(suite)->rtp_tag)] ^= 1;
		assert_int_equal(lab_send(&l, 0, false, copy, n), MF_GATE_AUTH);
		memcpy(copy, buf, n);
		assert_int_equal(lab_send(&l, 0, false, buf, n), MF_PASSED);
		assert_memory_equal(buf, copy, n); // untouched (R17)
		assert_int_equal(lab_send(&l, 0, false, buf, n), MF_GATE_REPLAY);
		mf_srtp_free(user);
		mf_srtp_work_free(work);
		lab_close(&l);
	}
}

static void srtp_ours(void **state)
{
	(void)state;
	for (uint8_t suite = 1; suite < SUITE_COUNT; suite++)
		keyed(true, suite, KEYING_ADD);
}

// Clear RTP, the victim talks; the attacker guesses sequence numbers at random.
static uint32_t guess(bool gate)
{
	uint32_t passed = 0, x = 12345;
	struct media_plan plan;
	struct lab l;

	lab_open(&l);
	plan = lab_plan(&l);
	lab_create(&l, &plan);
	if (!gate)
		mf_engine_gate_off(l.engine, MF_GATE_SEQUENCE);
	for (uint32_t i = 0; i < 400; i++) {
		assert_int_equal(lab_rtp(&l, 0, (uint16_t)(1000 + i), 0xcafe), MF_PASSED);
		x = x * 1664525u + 1013904223u;
		passed += lab_rtp(&l, 0, (uint16_t)(5000 + (x >> 8) % 58000), 0xcafe) == MF_PASSED;
	}
	lab_close(&l);
	return passed;
}

static void clear_sequence(void **state)
{
	(void)state;
	assert_int_equal(guess(true), 0);
	assert_true(guess(false) > 100);
}

// The attacker sends runs of packets with sequence numbers of his own, so that each confirms the one before
// (RFC3550#A.1 alone would let him take the stream over): not while the victim talks.
static uint32_t take_over(bool gate)
{
	uint32_t passed = 0;
	struct media_plan plan;
	struct lab l;

	lab_open(&l);
	plan = lab_plan(&l);
	lab_create(&l, &plan);
	if (!gate)
		mf_engine_gate_off(l.engine, MF_GATE_SEQUENCE);
	for (uint32_t i = 0; i < 100; i++) {
		uint8_t buf[LAB_CAP];
		assert_int_equal(lab_rtp(&l, 0, (uint16_t)(1000 + i), 0xcafe), MF_PASSED);
		for (uint32_t k = 0; k < 5; k++)
			passed += lab_send(&l, 0, false, buf,
					  rtp_make(buf, 8, (uint16_t)(30000 + 5 * i + k), 0, 0xcafe, 160)) ==
				  MF_PASSED;
	}
	lab_close(&l);
	return passed;
}

static void clear_take_over(void **state)
{
	(void)state;
	assert_int_equal(take_over(true), 0);
	assert_int_equal(take_over(false), 500);
}

// Clear RTP, the attacker brings a new source with each packet.
static uint32_t sources(bool gate)
{
	struct media_plan plan;
	uint32_t passed = 0;
	struct lab l;

	lab_open(&l);
	plan = lab_plan(&l);
	lab_create(&l, &plan);
	if (!gate)
		mf_engine_gate_off(l.engine, MF_GATE_SSRC);
	for (uint32_t i = 0; i < 400; i++) {
		assert_int_equal(lab_rtp(&l, 0, (uint16_t)(1000 + i), 0xcafe), MF_PASSED);
		passed += lab_rtp(&l, 0, (uint16_t)i, 0x10000 + i) == MF_PASSED;
	}
	lab_close(&l);
	return passed;
}

static void clear_sources(void **state)
{
	(void)state;
	assert_true(sources(true) <= 9); // the budget: 8 at once, and one in ten seconds
	assert_int_equal(sources(false), 400);
}

// A payload type that was never negotiated (also MF-A3).
static void payload(bool gate)
{
	struct media_plan plan;
	uint8_t buf[LAB_CAP];
	struct lab l;

	lab_open(&l);
	plan = lab_plan(&l);
	lab_create(&l, &plan);
	if (!gate)
		mf_engine_gate_off(l.engine, MF_GATE_PAYLOAD);
	assert_int_equal(lab_send(&l, 0, false, buf, rtp_make(buf, 96, 1, 1, 1, 160)),
		gate ? MF_GATE_PAYLOAD : MF_PASSED);
	lab_close(&l);
}

static void payload_type(void **state)
{
	(void)state;
	payload(false);
	payload(true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(srtp_passed_through),
		cmocka_unit_test(srtp_with_mki), cmocka_unit_test(srtp_with_mki_genuine), cmocka_unit_test(srtp_ours),
		cmocka_unit_test(clear_sequence), cmocka_unit_test(clear_take_over),
		cmocka_unit_test(clear_sources), cmocka_unit_test(payload_type)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
