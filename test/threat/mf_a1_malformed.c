// SPDX-License-Identifier: Apache-2.0
// MF-A1: malformed RTP, RTCP, STUN and DTLS towards the users behind the element.
#include "mf_threat.h"

struct bad {
	const char *what;
	bool rtcp;
	const char *octets;
};

static const struct bad bad[] = {
	{"empty", false, ""},
	{"one octet", false, "80"},
	{"header cut short", false, "8008000100000001000000"},
	{"version 1", false, "400800010000000100000001 00"},
	{"version 3", false, "c00800010000000100000001 00"},
	{"CSRC list beyond the end", false, "8f0800010000000100000001 00000000"},
	{"extension header beyond the end", false, "900800010000000100000001 bede"},
	{"extension beyond the end", false, "900800010000000100000001 bede0002 00000000"},
	{"one-byte element beyond the extension", false, "900800010000000100000001 bede0001 1f000000 00"},
	{"two-byte element beyond the extension", false, "900800010000000100000001 10000001 01ff0000 00"},
	{"padding of 0", false, "a00800010000000100000001 00"},
	{"padding beyond the packet", false, "a00800010000000100000001 05"},
	{"RTCP on the RTP port", false, "80c8000600000001 0000000000000000 00000000 0000000000000000"},
	{"STUN binding request", false, "000100002112a442000000000000000000000000"},
	{"DTLS ClientHello", false, "16feff0000000000000000000c 010000000000000000000000"},
	{"TURN channel", false, "4000000461626364"},
	{"RTP on the RTCP port", true, "800800010000000100000001 00"},
	{"RTCP shorter than 8", true, "80c90000"},
	{"RTCP length beyond the end", true, "80c9000200000001"},
	{"RTCP beginning with BYE", true, "81cb000100000001"},
	{"RTCP beginning with SDES", true, "81ca0003 00000001 01024142 00000000"},
	{"receiver report without its block", true, "81c9000100000001"},
	{"rest behind the last packet", true, "80c9000100000001 000000"},
	{"second packet of version 0", true, "80c9000100000001 00cb000100000001"},
	{"padding in the first of two", true, "a0c9000200000001 00000004 80cb0000"},
	{"BYE with fewer sources than it says", true, "80c9000100000001 82cb000100000001"},
	{"SDES item beyond the chunk", true, "80c9000100000001 81ca0002 00000001 01ff4142"},
	{"SDES chunk without end", true, "80c9000100000001 81ca0002 00000001 01024142"},
	{"BYE reason beyond the end", true, "80c9000100000001 81cb0002 00000001 ff414243"},
	{"XR block beyond the end", true, "80c9000100000001 80cf0002 00000001 04000005"},
	{"feedback without media source", true, "80c9000100000001 81cd0001 00000001"},
};

static void table(bool gate)
{
	struct media_plan plan;
	uint8_t buf[LAB_CAP];
	uint32_t passed = 0;
	struct lab l;

	lab_open(&l);
	plan = lab_plan(&l);
	plan.stream[0].side[0].payload_count = 0;
	lab_create(&l, &plan);
	if (!gate)
		for (enum mf_gate g = MF_GATE_SYNTAX; g < MF_GATE_REMOTE; g++)
			mf_engine_gate_off(l.engine, g);
	for (uint32_t i = 0; i < ARRAY_LEN(bad); i++) {
		enum mf_gate g;
		memset(buf, 0, sizeof(buf));
		g = lab_send(&l, 0, bad[i].rtcp, buf, hex(bad[i].octets, buf));
		if (gate && g != MF_GATE_SYNTAX)
			fail_msg("%s: %s", bad[i].what, mf_gate_name(g));
		passed += g == MF_PASSED;
	}
	assert_int_equal(passed, gate ? 0 : ARRAY_LEN(bad));
	lab_close(&l);
}

static void malformed(void **state)
{
	(void)state;
	table(false);
	table(true);
}

// The longest lawful datagram passes, one octet more does not.
static void size(void **state)
{
	struct media_plan plan;
	uint8_t buf[LAB_CAP];
	struct lab l;

	(void)state;
	lab_open(&l);
	plan = lab_plan(&l);
	lab_create(&l, &plan);
	rtp_make(buf, 8, 1, 1, 1, RTP_DATAGRAM_MAX + 1 - 12);
	assert_int_equal(lab_send(&l, 0, false, buf, RTP_DATAGRAM_MAX), MF_PASSED);
	assert_int_equal(lab_send(&l, 0, false, buf, RTP_DATAGRAM_MAX + 1), MF_GATE_SYNTAX);
	lab_close(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(malformed), cmocka_unit_test(size)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
