// SPDX-License-Identifier: Apache-2.0
// The walk of a packet: keying pass, add and convert; RTCP on its own port and multiplexed; streams that are
// not RTP.
#include "../../threat/mf_threat.h"

struct user { // a user agent that secures its side
	struct srtp_work *work;
	struct mf_srtp *out, *in;
};

static struct user user_make(uint8_t suite, uint8_t out_seed, uint8_t in_seed)
{
	struct media_key out = lab_key(suite, out_seed), in = lab_key(suite, in_seed);
	uint32_t bad = 0;
	struct user u;

	assert_ok(mf_srtp_work_new(&u.work));
	assert_ok(mf_srtp_new(&u.out, u.work, &out, SRTP_OUT, NULL, false, &bad));
	assert_ok(mf_srtp_new(&u.in, u.work, &in, SRTP_IN, NULL, false, &bad));
	return u;
}

static void user_free(struct user *u)
{
	mf_srtp_free(u->out);
	mf_srtp_free(u->in);
	mf_srtp_work_free(u->work);
}

static enum mf_gate send_len(struct lab *l, uint8_t side, bool rtcp, uint8_t *buf, uint32_t *n)
{
	struct address from = l->user[side];

	from.port = (uint16_t)(from.port + rtcp);
	return lab_send_from(l, from, side, rtcp, buf, n);
}

static uint32_t seal(struct user *u, uint8_t *buf, uint32_t n)
{
	struct rtp_header h;

	assert_ok(rtp_header_parse(buf, n, RTP_CLEAR, &h));
	assert_ok(mf_srtp_protect(u->out, buf, &n, LAB_CAP, &h));
	return n;
}

static uint32_t unseal(struct user *u, uint8_t *buf, uint32_t n)
{
	struct rtp_header h;

	assert_ok(rtp_header_parse(buf, n, RTP_PROTECTED, &h));
	assert_ok(mf_srtp_unprotect(u->in, buf, &n, &h));
	return n;
}

// Plain on side 0, SRTP on side 1, RTP and RTCP, both ways.
static void add_one(uint8_t suite)
{
	uint8_t buf[LAB_CAP], clear[LAB_CAP];
	struct user u = user_make(suite, 2, 1);
	struct media_plan plan;
	uint32_t n, c;
	struct lab l;

	lab_open(&l);
	plan = lab_plan(&l);
	plan.stream[0].keying = KEYING_ADD;
	plan.stream[0].side[1].out = lab_key(suite, 1);
	plan.stream[0].side[1].in = lab_key(suite, 2);
	lab_create(&l, &plan);
	c = rtp_make(clear, 8, 7, 1, 5, 160);
	memcpy(buf, clear, n = c);
	assert_int_equal(send_len(&l, 0, false, buf, &n), MF_PASSED);
	assert_int_equal(n, c + srtp_suite_row(suite)->rtp_tag);
	assert_memory_not_equal(buf + 12, clear + 12, 160);
	assert_int_equal(unseal(&u, buf, n), c);
	assert_memory_equal(buf, clear, c);
	n = seal(&u, buf, c);
	assert_int_equal(send_len(&l, 1, false, buf, &n), MF_PASSED);
	assert_int_equal(n, c);
	assert_memory_equal(buf, clear, c);
	c = rtcp_make_sr(clear, 5);
	memcpy(buf, clear, n = c);
	assert_int_equal(send_len(&l, 0, true, buf, &n), MF_PASSED);
	assert_ok(mf_srtcp_unprotect(u.in, buf, &n));
	assert_memory_equal(buf, clear, c);
	assert_ok(mf_srtcp_protect(u.out, buf, &n, sizeof(buf)));
	assert_int_equal(send_len(&l, 1, true, buf, &n), MF_PASSED);
	assert_int_equal(n, c);
	assert_memory_equal(buf, clear, c);
	lab_close(&l);
	user_free(&u);
}

static void add(void **state)
{
	(void)state;
	for (uint8_t suite = 1; suite < SUITE_COUNT; suite++)
		add_one(suite);
}

// The users' own keys: checked in passing, not one octet changed, even where the plan names a key to send
// with.
static void pass(void **state)
{
	uint8_t buf[LAB_CAP], copy[LAB_CAP];
	struct user u = user_make(SUITE_AES_CM_128_HMAC_SHA1_80, 2, 1);
	struct media_plan plan;
	struct lab l;
	uint32_t n, len;

	(void)state;
	lab_open(&l);
	plan = lab_plan(&l);
	plan.stream[0].side[1].in = lab_key(SUITE_AES_CM_128_HMAC_SHA1_80, 2);
	plan.stream[0].side[0].out = lab_key(SUITE_AES_CM_128_HMAC_SHA1_80, 2);
	lab_create(&l, &plan);
	n = len = seal(&u, buf, rtp_make(buf, 8, 7, 1, 5, 160));
	memcpy(copy, buf, n);
	assert_int_equal(send_len(&l, 1, false, buf, &n), MF_PASSED);
	assert_int_equal(n, len);
	assert_memory_equal(buf, copy, n);
	n = rtcp_make_sr(buf, 5);
	assert_ok(mf_srtcp_protect(u.out, buf, &n, sizeof(buf)));
	memcpy(copy, buf, n);
	assert_int_equal(send_len(&l, 1, true, buf, &n), MF_PASSED);
	assert_memory_equal(buf, copy, n);
	lab_close(&l);
	user_free(&u);
}

static void convert(void **state)
{
	uint8_t buf[LAB_CAP], clear[LAB_CAP];
	struct user a = user_make(SUITE_AEAD_AES_256_GCM, 2, 1),
		    b = user_make(SUITE_AES_CM_128_HMAC_SHA1_32, 4, 3);
	struct media_plan plan;
	uint32_t n, c;
	struct lab l;

	(void)state;
	lab_open(&l);
	plan = lab_plan(&l);
	plan.stream[0].keying = KEYING_CONVERT;
	plan.stream[0].side[0].in = lab_key(SUITE_AEAD_AES_256_GCM, 2);
	plan.stream[0].side[1].out = lab_key(SUITE_AES_CM_128_HMAC_SHA1_32, 3);
	lab_create(&l, &plan);
	c = rtp_make(clear, 8, 7, 1, 5, 160);
	memcpy(buf, clear, c);
	n = seal(&a, buf, c);
	assert_int_equal(send_len(&l, 0, false, buf, &n), MF_PASSED);
	assert_int_equal(unseal(&b, buf, n), c);
	assert_memory_equal(buf, clear, c);
	lab_close(&l);
	user_free(&a);
	user_free(&b);
}

// Without room for the tag the packet is lost, never sent in clear.
static void no_room(void **state)
{
	uint8_t buf[LAB_CAP];
	struct media_plan plan;
	struct lab l;

	(void)state;
	lab_open(&l);
	plan = lab_plan(&l);
	plan.stream[0].keying = KEYING_ADD;
	plan.stream[0].side[1].out = lab_key(SUITE_AEAD_AES_128_GCM, 1);
	lab_create(&l, &plan);
	mf_engine_gate_off(l.engine, MF_GATE_PROTECT);
	uint32_t n = rtp_make(buf, 8, 7, 1, 5, 160);
	struct mf_datagram d = {.stream = l.stream, .from = l.user[0], .buf = buf, .len = n, .cap = n + 15};
	assert_int_equal(mf_packet(l.engine, &d, &l.now), MF_GATE_PROTECT);
	lab_close(&l);
}

// A secured side of which only one key is agreed so far: nothing in clear from it or to it (MF-C1, MF-C2).
static void half_keyed(void **state)
{
	uint8_t buf[LAB_CAP];
	struct media_plan plan;
	struct lab l;

	(void)state;
	lab_open(&l);
	plan = lab_plan(&l);
	plan.stream[0].keying = KEYING_ADD;
	plan.stream[0].side[1].out = lab_key(SUITE_AEAD_AES_128_GCM, 1);
	lab_create(&l, &plan);
	assert_int_equal(lab_send(&l, 1, false, buf, rtp_make(buf, 8, 7, 1, 5, 160)), MF_GATE_AUTH);
	assert_int_equal(lab_send(&l, 1, true, buf, rtcp_make_sr(buf, 5)), MF_GATE_AUTH);
	plan.stream[0].side[1].in = lab_key(SUITE_AEAD_AES_128_GCM, 2);
	plan.stream[0].side[1].out.suite = SUITE_NONE;
	lab_create(&l, &plan);
	assert_int_equal(lab_send(&l, 0, false, buf, rtp_make(buf, 8, 7, 1, 5, 160)), MF_GATE_PROTECT);
	assert_int_equal(lab_send(&l, 0, true, buf, rtcp_make_sr(buf, 5)), MF_GATE_PROTECT);
	lab_close(&l);
}

static struct mf_datagram route(struct lab *l, uint8_t side, bool rtcp, uint8_t *buf, uint32_t n)
{
	struct mf_datagram d = {.stream = l->stream,
		.side = side,
		.rtcp = rtcp,
		.from = l->user[side],
		.buf = buf,
		.len = n,
		.cap = LAB_CAP};

	d.from.port = (uint16_t)(d.from.port + rtcp);
	assert_int_equal(mf_packet(l->engine, &d, &l->now), MF_PASSED);
	return d;
}

// Side 0 multiplexes (RFC 5761), side 1 does not.
static void mux(void **state)
{
	struct media_plan plan;
	struct mf_datagram d;
	uint8_t buf[LAB_CAP];
	struct lab l;

	(void)state;
	lab_open(&l);
	plan = lab_plan(&l);
	plan.stream[0].side[0].rtcp_mux = 1;
	lab_create(&l, &plan);
	d = route(&l, 0, false, buf, rtcp_make_sr(buf, 5));
	assert_true(d.out_side == 1 && d.out_rtcp);
	assert_int_equal(d.to.port, l.user[1].port + 1);
	d = route(&l, 1, true, buf, rtcp_make_sr(buf, 6));
	assert_true(d.out_side == 0 && !d.out_rtcp);
	assert_int_equal(d.to.port, l.user[0].port);
	assert_int_equal(
		lab_send(&l, 1, false, buf, rtcp_make_sr(buf, 6)), MF_GATE_SYNTAX); // not multiplexed there
	lab_close(&l);
}

static void reduced(void **state)
{
	struct media_plan plan;
	uint8_t buf[LAB_CAP];
	struct lab l;
	uint32_t n;

	(void)state;
	lab_open(&l);
	plan = lab_plan(&l);
	for (uint8_t on = 0; on < 2; on++) {
		plan.stream[0].rtcp_reduced = on;
		lab_create(&l, &plan);
		n = hex("81ce0002 00000001 00000002", buf);
		assert_int_equal(lab_send(&l, 0, true, buf, n), on ? MF_PASSED : MF_GATE_SYNTAX);
	}
	lab_close(&l);
}

// DTLS-SRTP between the users: handshake and encrypted packets pass, headers are still checked.
static void opaque(void **state)
{
	static const char *const hello = "16feff0000000000000000000c 010000000000000000000000";
	struct media_plan plan;
	uint8_t buf[LAB_CAP];
	struct lab l;

	(void)state;
	lab_open(&l);
	plan = lab_plan(&l);
	lab_create(&l, &plan);
	assert_int_equal(lab_send(&l, 0, false, buf, hex(hello, buf)), MF_GATE_SYNTAX);
	plan.stream[0].opaque = 1;
	lab_create(&l, &plan);
	assert_int_equal(lab_send(&l, 0, false, buf, hex(hello, buf)), MF_PASSED);
	assert_int_equal(lab_rtp(&l, 0, 1, 1), MF_PASSED);
	uint32_t n = hex("80c90001 00000001 9182736455 8000000001020304050607080910",
		buf); // SRTCP of a key unknown to us
	assert_int_equal(lab_send(&l, 0, true, buf, n), MF_PASSED);
	assert_int_equal(lab_send(&l, 0, false, buf, rtp_make(buf, 96, 1, 1, 1, 100)), MF_GATE_PAYLOAD);
	assert_int_equal(lab_send(&l, 0, false, buf, hex("4000000461626364", buf)), MF_GATE_SYNTAX);
	lab_close(&l);
}

static void udptl(void **state)
{
	struct media_plan plan;
	uint8_t buf[LAB_CAP];
	struct lab l;

	(void)state;
	lab_open(&l);
	plan = lab_plan(&l);
	plan.stream[0].kind = 1;
	lab_create(&l, &plan);
	assert_int_equal(lab_send(&l, 0, false, buf, hex("000106c0018000", buf)), MF_PASSED);
	assert_int_equal(lab_send(&l, 0, false, buf, 0), MF_GATE_SYNTAX);
	uint32_t n = 10;
	assert_int_equal(lab_send_from(&l, lab_address(66, 1), 0, false, buf, &n), MF_GATE_SOURCE);
	lab_close(&l);
}

// A report answers the SR that we passed on: the round trip between the reporter and us.
static void round_trip(void **state)
{
	struct media_plan plan;
	struct session_ref ref;
	uint8_t buf[LAB_CAP];
	struct lab l;
	uint32_t n;

	(void)state;
	lab_open(&l);
	plan = lab_plan(&l);
	ref = lab_create(&l, &plan);
	n = hex("80c80006 0000000a 11112222 33334444 00000000 00000000 00000000", buf);
	assert_int_equal(lab_send(&l, 0, true, buf, n), MF_PASSED);
	l.now.mono_us += 540 * MS; // 40 ms on the way, held for half a second
	n = hex("81c90007 0000000b 0000000a 00000000 00000000 00000000 22223333 00008000", buf);
	assert_int_equal(lab_send(&l, 1, true, buf, n), MF_PASSED);
	lab_tell(&l, IPC_MEDIA_QUERY, ref);
	assert_int_equal(l.last.u.stats[0][1].rtt_us, 40 * MS);
	assert_int_equal(l.last.u.stats[0][0].rtt_us, 0);
	lab_close(&l);
}

// Padding that is only seen after decryption.
static void hidden_padding(void **state)
{
	struct user u = user_make(SUITE_AEAD_AES_128_GCM, 2, 1);
	struct media_plan plan;
	uint8_t buf[LAB_CAP];
	struct rtp_header h;
	struct lab l;
	uint32_t n;

	(void)state;
	lab_open(&l);
	plan = lab_plan(&l);
	plan.stream[0].keying = KEYING_ADD;
	plan.stream[0].side[1].in = lab_key(SUITE_AEAD_AES_128_GCM, 2);
	lab_create(&l, &plan);
	n = rtp_make(buf, 8, 1, 1, 1, 20);
	buf[0] |= 0x20;
	buf[n - 1] = 21; // one more than there is
	assert_ok(rtp_header_parse(buf, n, RTP_PROTECTED, &h));
	assert_ok(mf_srtp_protect(u.out, buf, &n, sizeof(buf), &h));
	assert_int_equal(lab_send(&l, 1, false, buf, n), MF_GATE_AUTH);
	lab_close(&l);
	user_free(&u);
}

static void strange_slots(void **state)
{
	uint8_t buf[LAB_CAP];
	struct lab l;

	(void)state;
	lab_open(&l);
	for (uint32_t i = 0; i < 3; i++) {
		struct mf_datagram d = {.stream = (uint32_t[]){0, 64, UINT32_MAX}[i],
			.from = l.user[0],
			.buf = buf,
			.len = 12,
			.cap = LAB_CAP};
		assert_int_equal(mf_packet(l.engine, &d, &l.now), MF_GATE_SESSION);
	}
	struct mf_datagram d = {.side = 2, .from = l.user[0], .buf = buf, .len = 12, .cap = LAB_CAP};
	assert_int_equal(mf_packet(l.engine, &d, &l.now), MF_GATE_SESSION);
	lab_close(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(add), cmocka_unit_test(pass),
		cmocka_unit_test(convert), cmocka_unit_test(no_room), cmocka_unit_test(half_keyed),
		cmocka_unit_test(mux), cmocka_unit_test(reduced), cmocka_unit_test(opaque),
		cmocka_unit_test(udptl), cmocka_unit_test(round_trip), cmocka_unit_test(hidden_padding),
		cmocka_unit_test(strange_slots)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
