// SPDX-License-Identifier: Apache-2.0
// Compound RTCP: the rules of RFC3550#6.1 and RFC3550#A.2 one by one, every packet type, and the walk.
#include "../mf/unit_mf.h"

#include "wire/rtp/rtcp.h"

#define RR "80c90001 00000001 "

struct row {
	const char *what, *octets;
	enum error compound, reduced;
};

static const struct row rows[] = {
	{"empty RR alone", RR, E_OK, E_OK},
	{"RR, SDES with CNAME", RR "81ca0003 00000001 01034142 43000000", E_OK, E_OK},
	{"RR, SDES ending in a full zero word", RR "81ca0003 00000001 01024142 00000000", E_OK, E_OK},
	{"RR, SDES of two chunks", RR "82ca0004 00000001 01004142 00000002 01004142", E_SYNTAX, E_SYNTAX},
	{"RR, SDES of two chunks, lawful", RR "82ca0004 00000001 01000000 00000002 01000000", E_OK, E_OK},
	{"RR, SDES without chunks", RR "80ca0000", E_OK, E_OK},
	{"RR, SDES with octets behind its chunks", RR "81ca0003 00000001 01000000 00000000", E_SYNTAX,
		E_SYNTAX},
	{"RR, BYE", RR "81cb0001 00000001", E_OK, E_OK},
	{"RR, BYE with reason", RR "81cb0002 00000001 03414243", E_OK, E_OK},
	{"RR, BYE of nobody", RR "80cb0000", E_OK, E_OK},
	{"RR, BYE with reason beyond its end", RR "81cb0002 00000001 04414243", E_SYNTAX, E_SYNTAX},
	{"RR, APP", RR "80cc0002 00000001 41424344", E_OK, E_OK},
	{"RR, APP without name", RR "80cc0001 00000001", E_SYNTAX, E_SYNTAX},
	{"RR, RTPFB", RR "81cd0003 00000001 00000002 00000000", E_OK, E_OK},
	{"RTPFB alone", "81cd0003 00000001 00000002 00000000", E_SYNTAX, E_OK},
	{"PSFB alone", "81ce0002 00000001 00000002", E_SYNTAX, E_OK},
	{"RR, XR with a block", RR "80cf0004 00000001 04000002 00000000 00000000", E_OK, E_OK},
	{"RR, XR with an empty block", RR "80cf0002 00000001 04000000", E_OK, E_OK},
	{"RR, XR with a block cut short", RR "80cf0002 00000001 04000001", E_SYNTAX, E_SYNTAX},
	{"RR, a type not known", RR "80d00001 00000000", E_OK, E_OK},
	{"BYE first", "81cb0001 00000001", E_SYNTAX, E_OK},
	{"SDES first", "81ca0002 00000001 01000000", E_SYNTAX, E_OK},
	{"a type outside 192..223 first", "80000001 00000001", E_SYNTAX, E_SYNTAX},
	{"version 1 first", "40c90001 00000001", E_SYNTAX, E_SYNTAX},
	{"version 3 second", RR "c0cb0000", E_SYNTAX, E_SYNTAX},
	{"length one word too long", "80c90002 00000001", E_SYNTAX, E_SYNTAX},
	{"length one word too short", "80c90000 00000001", E_SYNTAX, E_SYNTAX},
	{"octets behind the last packet", RR "80", E_SYNTAX, E_SYNTAX},
	{"shorter than 8", "80c90000", E_SYNTAX, E_SYNTAX},
	{"padded RR alone", "a0c90002 00000001 00000004", E_OK, E_OK},
	{"padding in the last", RR "a1cb0002 00000001 00000004", E_OK, E_OK},
	{"padding in the first of two", "a0c90002 00000001 00000004 80cb0000", E_SYNTAX, E_SYNTAX},
	{"padding of 0", "a0c90002 00000001 00000000", E_SYNTAX, E_SYNTAX},
	{"padding of 3", "a0c90002 00000001 00000003", E_SYNTAX, E_SYNTAX},
	{"padding over the body", "a0c90002 00000001 0000000c", E_SYNTAX, E_SYNTAX},
	{"padding over the SSRC", "a0c90002 00000001 00000008", E_SYNTAX, E_SYNTAX},
	{"RR that says one block and has none", "81c90001 00000001", E_SYNTAX, E_SYNTAX},
	{"SR too short", "80c80005 00000001 00000000 00000000 00000000 00000000", E_SYNTAX, E_SYNTAX},
};

static void compound_rules(void **state)
{
	uint8_t buf[128];

	(void)state;
	for (uint32_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint32_t n = hex(rows[i].octets, buf);
		if (rtcp_check(buf, n, RTCP_COMPOUND).error != rows[i].compound)
			fail_msg("compound: %s", rows[i].what);
		if (rtcp_check(buf, n, RTCP_REDUCED).error != rows[i].reduced)
			fail_msg("reduced: %s", rows[i].what);
	}
}

// An SDES chunk of N items that say nothing, behind an empty receiver report.
static uint32_t sdes(uint8_t *buf, uint32_t n)
{
	uint32_t len = hex("80c90001 00000001 81ca0000 00000001", buf), words;

	for (uint32_t i = 0; i < n; i++) {
		buf[len++] = 8; // PRIV, of length 0
		buf[len++] = 0;
	}
	do
		buf[len++] = 0;
	while (len % 4 != 0);
	words = (len - 8) / 4 - 1;
	buf[10] = (uint8_t)(words >> 8);
	buf[11] = (uint8_t)words;
	return len;
}

static uint32_t xr(uint8_t *buf, uint32_t n)
{
	uint32_t len = hex("80c90001 00000001 80cf0000 00000001", buf);

	for (uint32_t i = 0; i < n; i++)
		len += hex("04000000", buf + len);
	buf[10] = (uint8_t)((n + 1) >> 8);
	buf[11] = (uint8_t)(n + 1);
	return len;
}

static void items(void **state)
{
	uint8_t buf[4 * RTCP_ITEMS_MAX + 64];

	(void)state;
	assert_int_equal(rtcp_check(buf, sdes(buf, RTCP_ITEMS_MAX), RTCP_COMPOUND).error, E_OK);
	assert_int_equal(rtcp_check(buf, sdes(buf, RTCP_ITEMS_MAX + 1), RTCP_COMPOUND).error, E_TOO_MANY);
	assert_int_equal(rtcp_check(buf, xr(buf, RTCP_ITEMS_MAX), RTCP_COMPOUND).error, E_OK);
	assert_int_equal(rtcp_check(buf, xr(buf, RTCP_ITEMS_MAX + 1), RTCP_COMPOUND).error, E_TOO_MANY);
}

static void counts(void **state)
{
	uint8_t buf[4 * RTCP_PACKETS_MAX + 8];
	uint32_t n;

	(void)state;
	for (uint32_t packets = RTCP_PACKETS_MAX; packets <= RTCP_PACKETS_MAX + 1; packets++) {
		n = hex(RR, buf);
		for (uint32_t i = 1; i < packets; i++, n += 4)
			hex("80cb0000", buf + n);
		assert_error(
			rtcp_check(buf, n, RTCP_COMPOUND), packets > RTCP_PACKETS_MAX ? E_TOO_MANY : E_OK);
	}
	static uint8_t big[RTP_DATAGRAM_MAX + 4];
	assert_error(rtcp_check(big, RTP_DATAGRAM_MAX + 4, RTCP_COMPOUND), E_TOO_LONG);
}

static void walk(void **state)
{
	uint8_t buf[256];
	uint32_t at = 0, ssrc, stamp, n;
	struct rtcp_packet p;
	struct rtcp_block b;

	(void)state;
	n = hex("81c8000c 0000000a 11112222 33334444 00000000 00000000 00000000 "
		"0000000b 80fffffe 00010203 00000040 22223333 00010000 "
		"82cb0002 0000000a 0000000c",
		buf);
	assert_ok(rtcp_check(buf, n, RTCP_COMPOUND));
	assert_ok(rtcp_packet_next(buf, n, &at, &p));
	assert_int_equal(p.type, RTCP_SR);
	assert_ok(rtcp_sr_stamp(buf, n, &p, &stamp));
	assert_int_equal(stamp, 0x22223333);
	assert_ok(rtcp_report_block(buf, n, &p, 0, &b));
	assert_int_equal(b.ssrc, 11);
	assert_int_equal(b.fraction_lost, 0x80);
	assert_int_equal(b.lost, -2);
	assert_int_equal(b.highest, 0x10203);
	assert_int_equal(b.jitter, 0x40);
	assert_int_equal(b.last_sr, 0x22223333);
	assert_int_equal(b.delay, 0x10000);
	assert_error(rtcp_report_block(buf, n, &p, 1, &b), E_NOT_FOUND);
	assert_error(rtcp_bye_source(buf, n, &p, 0, &ssrc), E_SYNTAX);
	assert_ok(rtcp_packet_next(buf, n, &at, &p));
	assert_ok(rtcp_bye_source(buf, n, &p, 0, &ssrc));
	assert_int_equal(ssrc, 10);
	assert_ok(rtcp_bye_source(buf, n, &p, 1, &ssrc));
	assert_int_equal(ssrc, 12);
	assert_error(rtcp_bye_source(buf, n, &p, 2, &ssrc), E_NOT_FOUND);
	assert_error(rtcp_report_block(buf, n, &p, 0, &b), E_SYNTAX);
	assert_error(rtcp_sr_stamp(buf, n, &p, &stamp), E_SYNTAX);
	assert_error(rtcp_packet_next(buf, n, &at, &p), E_NOT_FOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(compound_rules), cmocka_unit_test(counts), cmocka_unit_test(items), cmocka_unit_test(walk)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
