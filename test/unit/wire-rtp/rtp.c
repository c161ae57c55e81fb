// SPDX-License-Identifier: Apache-2.0
// RTP header: fields, CSRC, extensions of both forms, padding; each limit and one beyond.
#include "../mf/unit_mf.h"

static result parse(const char *text, enum rtp_protection p, uint8_t *buf, struct rtp_header *h)
{
	return rtp_header_parse(buf, hex(text, buf), p, h);
}

static void fields(void **state)
{
	struct rtp_header h;
	uint8_t buf[64];

	(void)state;
	assert_ok(parse("82e01234 01020304 a1a2a3a4 00000001 00000002 aabbcc", RTP_CLEAR, buf, &h));
	assert_int_equal(h.marker, 1);
	assert_int_equal(h.payload_type, 0x60);
	assert_int_equal(h.sequence, 0x1234);
	assert_int_equal(h.timestamp, 0x01020304);
	assert_int_equal(h.ssrc, 0xa1a2a3a4);
	assert_int_equal(h.csrc_count, 2);
	assert_int_equal(h.csrc.from, 12);
	assert_int_equal(h.csrc.to, 20);
	assert_int_equal(h.payload.from, 20);
	assert_int_equal(h.payload.to, 23);
	assert_int_equal(h.padding, 0);
	assert_int_equal(h.has_extension, 0);
}

static void lengths(void **state)
{
	static uint8_t big[RTP_DATAGRAM_MAX + 1] = {0x80, 8};
	struct rtp_header h;
	uint8_t buf[64];

	(void)state;
	assert_ok(parse("800800010000000100000001", RTP_CLEAR, buf, &h)); // empty payload is lawful
	assert_error(rtp_header_parse(buf, 11, RTP_CLEAR, &h), E_SYNTAX);
	assert_error(rtp_header_parse(buf, 0, RTP_CLEAR, &h), E_SYNTAX);
	assert_ok(rtp_header_parse(big, RTP_DATAGRAM_MAX, RTP_CLEAR, &h));
	assert_error(rtp_header_parse(big, RTP_DATAGRAM_MAX + 1, RTP_CLEAR, &h), E_TOO_LONG);
	big[0] = 0x8f;
	assert_ok(rtp_header_parse(big, 12 + 60, RTP_CLEAR, &h));
	assert_error(rtp_header_parse(big, 12 + 59, RTP_CLEAR, &h), E_SYNTAX);
}

static void versions(void **state)
{
	struct rtp_header h;
	uint8_t buf[16] = {0};

	(void)state;
	for (uint32_t v = 0; v < 4; v++) {
		buf[0] = (uint8_t)(v << 6);
		assert_int_equal(is_ok(rtp_header_parse(buf, 12, RTP_CLEAR, &h)), v == 2);
	}
}

static void padding(void **state)
{
	struct rtp_header h;
	uint8_t buf[64];

	(void)state;
	assert_ok(parse("a00800010000000100000001 aabb0002", RTP_CLEAR, buf, &h));
	assert_int_equal(h.padding, 2);
	assert_int_equal(span_len(h.payload), 2);
	assert_ok(parse("a00800010000000100000001 00000004", RTP_CLEAR, buf, &h)); // all of it
	assert_error(parse("a00800010000000100000001 00000005", RTP_CLEAR, buf, &h), E_SYNTAX);
	assert_error(parse("a00800010000000100000001 00000000", RTP_CLEAR, buf, &h), E_SYNTAX);
	assert_error(parse("a00800010000000100000001", RTP_CLEAR, buf, &h), E_SYNTAX);
	assert_ok(parse(
		"a00800010000000100000001 00000005", RTP_PROTECTED, buf, &h)); // encrypted: not looked at
	assert_error(rtp_padding_check(buf, 16, &h), E_SYNTAX);
	buf[15] = 4;
	assert_ok(rtp_padding_check(buf, 16, &h));
	assert_error(rtp_padding_check(buf, 12, &h), E_SYNTAX);
}

// RFC8285#4.2: the example with padding between elements; id 15 stops.
static void one_byte_form(void **state)
{
	struct rtp_header h;
	struct rtp_element e;
	uint8_t buf[64];
	uint32_t at, n = hex("900800010000000100000001 bede0003 10aa21bb bb000033 cccccccc dd", buf);

	(void)state;
	assert_ok(rtp_header_parse(buf, n, RTP_CLEAR, &h));
	assert_int_equal(span_len(h.extension), 12);
	assert_int_equal(span_len(h.payload), 1);
	at = h.extension.from;
	assert_ok(rtp_element_next(buf, n, &h, &at, &e));
	assert_int_equal(e.id, 1);
	assert_int_equal(span_len(e.value), 1);
	assert_ok(rtp_element_next(buf, n, &h, &at, &e));
	assert_int_equal(e.id, 2);
	assert_int_equal(span_len(e.value), 2);
	assert_ok(rtp_element_next(buf, n, &h, &at, &e));
	assert_int_equal(e.id, 3);
	assert_int_equal(span_len(e.value), 4);
	assert_error(rtp_element_next(buf, n, &h, &at, &e), E_NOT_FOUND);
	assert_ok(parse("900800010000000100000001 bede0001 f1ffffff", RTP_CLEAR, buf,
		&h)); // 15: the rest is not read
	assert_error(parse("900800010000000100000001 bede0001 13aaaaaa", RTP_CLEAR, buf, &h), E_SYNTAX);
	assert_error(parse("900800010000000100000001 bede0001 01aaaaaa", RTP_CLEAR, buf, &h),
		E_SYNTAX); // id 0 with length
}

static void two_byte_form(void **state)
{
	struct rtp_header h;
	struct rtp_element e;
	uint8_t buf[64];
	uint32_t at, n = hex("900800010000000100000001 10000003 0100 0201bb 00 0304 cccccccc", buf);

	(void)state;
	assert_ok(rtp_header_parse(buf, n, RTP_CLEAR, &h));
	at = h.extension.from;
	assert_ok(rtp_element_next(buf, n, &h, &at, &e));
	assert_int_equal(e.id, 1);
	assert_int_equal(span_len(e.value), 0);
	assert_ok(rtp_element_next(buf, n, &h, &at, &e));
	assert_int_equal(e.id, 2);
	assert_ok(rtp_element_next(buf, n, &h, &at, &e));
	assert_int_equal(e.id, 3);
	assert_int_equal(span_len(e.value), 4);
	assert_error(parse("900800010000000100000001 100f0001 00000001", RTP_CLEAR, buf, &h), E_SYNTAX);
}

static void other_extensions(void **state)
{
	struct rtp_header h;
	struct rtp_element e;
	uint8_t buf[300];
	uint32_t at = 0, n;

	(void)state;
	assert_ok(parse("900800010000000100000001 12340001 ffffffff", RTP_CLEAR, buf,
		&h)); // of another profile: opaque
	assert_error(rtp_element_next(buf, 20, &h, &at, &e), E_NOT_FOUND);
	assert_ok(parse("900800010000000100000001 bede0000", RTP_CLEAR, buf, &h)); // empty
	assert_error(parse("900800010000000100000001 bede00", RTP_CLEAR, buf, &h), E_SYNTAX);
	assert_error(parse("900800010000000100000001 bede0001 000000", RTP_CLEAR, buf, &h), E_SYNTAX);
	assert_error(parse("900800010000000100000001 bedeffff 00000000", RTP_CLEAR, buf, &h), E_SYNTAX);
	for (uint32_t count = RTP_EXTENSIONS_MAX; count <= RTP_EXTENSIONS_MAX + 1; count++) {
		n = hex("900800010000000100000001 10000011", buf);
		memset(buf + n, 0, 68);
		for (uint32_t i = 0; i < count; i++)
			buf[n + 2 * i] = 1; // an empty element
		assert_error(rtp_header_parse(buf, n + 68, RTP_CLEAR, &h),
			count > RTP_EXTENSIONS_MAX ? E_TOO_MANY : E_OK);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(fields), cmocka_unit_test(lengths),
		cmocka_unit_test(versions), cmocka_unit_test(padding), cmocka_unit_test(one_byte_form),
		cmocka_unit_test(two_byte_form), cmocka_unit_test(other_extensions)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
