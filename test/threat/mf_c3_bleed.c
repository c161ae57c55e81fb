// SPDX-License-Identifier: Apache-2.0
// MF-C3, RTP bleed: a stranger sends to a session's port, hoping that media is relayed from him, or that the
// element learns his address and sends him the other side's voice.
#include "mf_threat.h"

// Packets of the stranger that reached the victim, and whether the victim's voice then went to the stranger.
static void attack(struct lab *l, struct address stranger, uint32_t *relayed, bool *learned)
{
	struct address to;

	*relayed = 0;
	for (uint16_t i = 0; i < 50; i++) {
		uint8_t buf[LAB_CAP];
		uint32_t n = rtp_make(buf, 8, i, i * 160u, 0xbad, 160);
		l->now.mono_us += 20 * MS;
		*relayed += lab_send_from(l, stranger, 0, false, buf, &n) == MF_PASSED;
	}
	uint8_t buf[LAB_CAP];
	uint32_t n = rtp_make(buf, 8, 1, 160, 0xb0b, 160);
	struct mf_datagram d = {
		.stream = l->stream, .side = 1, .from = l->user[1], .buf = buf, .len = n, .cap = LAB_CAP};
	assert_int_equal(mf_packet(l->engine, &d, &l->now), MF_PASSED);
	to = d.to;
	*learned = !address_equal(&to, &l->user[0]);
}

static void bleed(bool gate, struct address stranger)
{
	struct media_plan plan;
	struct lab l;
	uint32_t relayed;
	bool learned;

	lab_open(&l);
	plan = lab_plan(&l);
	lab_create(&l, &plan);
	if (!gate)
		mf_engine_gate_off(l.engine, MF_GATE_SOURCE);
	attack(&l, stranger, &relayed, &learned);
	assert_int_equal(relayed, gate ? 0 : 50);
	assert_false(learned); // there is no learning to switch on
	assert_int_equal(mf_engine_counters(l.engine)->refused[MF_GATE_SOURCE], 50);
	lab_close(&l);
}

static void other_host(void **state)
{
	(void)state;
	bleed(false, lab_address(66, 4000));
	bleed(true, lab_address(66, 4000));
}

static void other_port(void **state)
{
	(void)state;
	bleed(false, lab_address(1, 4002));
	bleed(true, lab_address(1, 4002));
}

// Before the answer there is no agreed address: whoever is first gets nothing (the classic race).
static void before_agreement(void **state)
{
	struct media_plan plan;
	struct lab l;
	uint8_t buf[LAB_CAP];
	uint32_t n;

	(void)state;
	lab_open(&l);
	plan = lab_plan(&l);
	plan.stream[0].side[1].remote_rtp = plan.stream[0].side[1].remote_rtcp = (struct address){0};
	lab_create(&l, &plan);
	n = rtp_make(buf, 8, 1, 1, 0xbad, 160);
	assert_int_equal(lab_send_from(&l, lab_address(66, 9), 1, false, buf, &n), MF_GATE_SOURCE);
	assert_int_equal(lab_send(&l, 0, false, buf, n), MF_GATE_REMOTE); // and nothing is sent anywhere
	lab_close(&l);
}

// The waiver accepts from the peer's ranges, from nowhere else, and still sends only where agreed.
static void waiver(void **state)
{
	struct media_plan plan;
	struct lab l;
	uint8_t buf[LAB_CAP];
	uint32_t n;

	(void)state;
	lab_open(&l);
	plan = lab_plan(&l);
	plan.stream[0].side[0].any_source = 1;
	plan.stream[0].side[0].source_count = 1;
	plan.stream[0].side[0].source[0] = (struct prefix){4, 29, {192, 0, 2, 0}};
	lab_create(&l, &plan);
	n = rtp_make(buf, 8, 1, 1, 0x1, 160);
	assert_int_equal(lab_send_from(&l, lab_address(7, 999), 0, false, buf, &n), MF_PASSED);
	assert_int_equal(lab_send_from(&l, lab_address(8, 999), 0, false, buf, &n), MF_GATE_SOURCE);
	n = rtp_make(buf, 8, 1, 1, 0x2, 160);
	struct mf_datagram d = {
		.stream = l.stream, .side = 1, .from = l.user[1], .buf = buf, .len = n, .cap = LAB_CAP};
	assert_int_equal(mf_packet(l.engine, &d, &l.now), MF_PASSED);
	assert_true(address_equal(&d.to, &l.user[0]));
	lab_close(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(other_host), cmocka_unit_test(other_port),
		cmocka_unit_test(before_agreement), cmocka_unit_test(waiver)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
