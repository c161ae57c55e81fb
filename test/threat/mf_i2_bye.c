// SPDX-License-Identifier: Apache-2.0
// MF-I2: media torn down by a forged RTCP BYE. The attacker forges the agreed RTCP source and names the
// victim's source.
#include "mf_threat.h"

static uint32_t bye_make(uint8_t *buf, uint32_t sender, uint32_t victim)
{
	uint8_t compound[] = {0x80, 201, 0, 1, 0, 0, 0, 0, 0x81, 203, 0, 1, 0, 0, 0, 0};

	for (uint32_t i = 0; i < 4; i++) {
		compound[4 + i] = (uint8_t)(sender >> (24 - 8 * i));
		compound[12 + i] = (uint8_t)(victim >> (24 - 8 * i));
	}
	memcpy(buf, compound, sizeof(compound));
	return sizeof(compound);
}

// Clear RTP: side 1's source is named by side 0.
static void clear(bool gate)
{
	struct media_plan plan;
	uint8_t buf[LAB_CAP];
	struct lab l;

	lab_open(&l);
	plan = lab_plan(&l);
	lab_create(&l, &plan);
	if (!gate)
		mf_engine_gate_off(l.engine, MF_GATE_BYE);
	assert_int_equal(lab_rtp(&l, 0, 1, 0xa), MF_PASSED);
	assert_int_equal(lab_rtp(&l, 1, 1, 0xb), MF_PASSED);
	assert_int_equal(
		lab_send(&l, 0, true, buf, bye_make(buf, 0xbad, 0xb)), gate ? MF_GATE_BYE : MF_PASSED);
	assert_int_equal(
		lab_send(&l, 0, true, buf, bye_make(buf, 0xbad, 0xbad)), gate ? MF_GATE_BYE : MF_PASSED);
	assert_int_equal(lab_send(&l, 0, true, buf, bye_make(buf, 0xa, 0xa)), MF_PASSED); // its own: lawful
	lab_close(&l);
}

static void clear_rtcp(void **state)
{
	(void)state;
	clear(false);
	clear(true);
}

// From elsewhere, a BYE does not even reach that gate.
static void stranger(void **state)
{
	struct media_plan plan;
	uint8_t buf[LAB_CAP];
	struct lab l;
	uint32_t n;

	(void)state;
	lab_open(&l);
	plan = lab_plan(&l);
	lab_create(&l, &plan);
	assert_int_equal(lab_rtp(&l, 0, 1, 0xa), MF_PASSED);
	n = bye_make(buf, 0xa, 0xa);
	assert_int_equal(lab_send_from(&l, lab_address(66, 4001), 0, true, buf, &n), MF_GATE_SOURCE);
	lab_close(&l);
}

// Keys known: a BYE in clear or with a false tag is refused.
static void secured(bool gate)
{
	struct media_plan plan;
	uint8_t buf[LAB_CAP];
	struct lab l;
	uint32_t n;

	lab_open(&l);
	plan = lab_plan(&l);
	plan.stream[0].side[0].in = lab_key(SUITE_AES_CM_128_HMAC_SHA1_80, 3);
	lab_create(&l, &plan);
	if (!gate)
		mf_engine_gate_off(l.engine, MF_GATE_AUTH);
	n = bye_make(buf, 0xa, 0xa);
	assert_int_equal(lab_send(&l, 0, true, buf, n), gate ? MF_GATE_AUTH : MF_PASSED);
	memset(buf + n, 0x80, 14); // what looks like an index and a tag
	assert_int_equal(lab_send(&l, 0, true, buf, n + 14), gate ? MF_GATE_AUTH : MF_PASSED);
	lab_close(&l);
}

static void secure_rtcp(void **state)
{
	(void)state;
	secured(false);
	secured(true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clear_rtcp), cmocka_unit_test(stranger), cmocka_unit_test(secure_rtcp)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
