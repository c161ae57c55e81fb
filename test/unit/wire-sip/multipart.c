// SPDX-License-Identifier: Apache-2.0
// Multipart bodies: RFC2046#5.1.1's example, and what two readers could split differently (SF-I11).
#include "support.h"
#include "wire/sip/multipart.h"

static struct sip_multipart parts;

static enum error split(const char *type, const char *body)
{
	static char buf[8192];
	snprintf(buf, sizeof(buf), "%s%s", type, body);
	uint32_t t = (uint32_t)strlen(type), n = (uint32_t)strlen(buf);
	return sip_multipart_parse((uint8_t *)buf, n, (struct span){0, t}, (struct span){t, n}, &parts).error;
}

#define TYPE "multipart/mixed;boundary=\"simple boundary\""

static void example(void **state)
{
	UNUSED(state);
	assert_int_equal(split(TYPE, "This is the preamble.\r\n--simple boundary\r\n\r\nfirst\r\n--simple boundary\r\n"
				     "Content-type: text/plain; charset=us-ascii\r\nContent-Disposition: session;handling=optional\r\n"
				     "\r\nsecond\r\n\r\n--simple boundary--\r\n\r\nepilogue"),
		E_OK);
	assert_int_equal(parts.count, 2);
	assert_int_equal(span_len(parts.part[0].body), 5);
	assert_int_equal(span_len(parts.part[1].body), 8); // "second" and an empty line of its own
	assert_true(span_empty(parts.part[0].content_type));
	assert_false(span_empty(parts.part[1].content_type));
	assert_true(parts.part[0].handling_required);
	assert_false(parts.part[1].handling_required);
}

static void refused(void **state)
{
	static const struct {
		const char *type, *body;
	} rows[] = {
		{"multipart/mixed", "--a\r\n\r\nx\r\n--a--\r\n"},
		{"multipart/mixed;boundary=", "--\r\n\r\nx\r\n----\r\n"},
		{"multipart/mixed;boundary=\"\"", "--\r\n\r\nx\r\n----\r\n"},
		{"multipart/mixed;boundary=a;boundary=b", "--a\r\n\r\nx\r\n--a--\r\n"},
		{"multipart/mixed;boundary=\"a \"", "--a \r\n\r\nx\r\n--a --\r\n"},
		{"multipart/mixed;boundary=a", "--a\r\n\r\nx\r\n"},          // no end
		{"multipart/mixed;boundary=a", "--a--\r\n"},                 // no part
		{"multipart/mixed;boundary=a", "x"},
		{"multipart/mixed;boundary=a", ""},
		{"multipart/mixed;boundary=a", "--a\r\nno header\r\n\r\nx\r\n--a--\r\n"},
		{"multipart/mixed;boundary=a", "--a\r\nX: y\nZ: w\r\n\r\nx\r\n--a--\r\n"},
		{"multipart/mixed;boundary=a", "--a\r\nContent-Type: a/b\r\nContent-Type: c/d\r\n\r\nx\r\n--a--\r\n"},
		{"multipart/mixed;boundary=a", "--a\r\nContent-Type: a\r\n\r\nx\r\n--a--\r\n"},
		{"multipart/mixed;boundary=a", "--a\r\nContent-Disposition: session;handling=a;handling=b\r\n\r\nx\r\n--a--\r\n"},
	};
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (split(rows[i].type, rows[i].body) == E_OK)
			fail_msg("row %zu taken", i);
}

static void limits(void **state)
{
	char type[128] = "multipart/mixed;boundary=", body[2048];
	UNUSED(state);
	for (int extra = 0; extra <= 1; extra++) { // parts
		body[0] = '\0';
		for (int i = 0; i < MULTIPART_PARTS_MAX + extra; i++)
			memcpy(body + strlen(body), "--a\r\n\r\nx\r\n", 11);
		memcpy(body + strlen(body), "--a--", 6);
		assert_int_equal(split("multipart/mixed;boundary=a", body), extra == 0 ? E_OK : E_TOO_MANY);
	}
	char boundary[80];
	for (int extra = 0; extra <= 1; extra++) { // octets of the boundary
		memset(boundary, 'b', sizeof(boundary));
		boundary[MULTIPART_BOUNDARY_MAX + extra] = '\0';
		snprintf(type, sizeof(type), "multipart/mixed;boundary=%s", boundary);
		snprintf(body, sizeof(body), "--%s\r\n\r\nx\r\n--%s--\r\n", boundary, boundary);
		assert_int_equal(split(type, body), extra == 0 ? E_OK : E_SYNTAX);
	}
	// a longer word that begins with the boundary is no delimiter
	assert_int_equal(split("multipart/mixed;boundary=a", "--a\r\n\r\nx\r\n--ab\r\ny\r\n--a--"), E_OK);
	assert_int_equal(parts.count, 1);
}

static void types(void **state)
{
	UNUSED(state);
	assert_true(sip_content_type_is(TEXT("Application/SDP;a=b"), BYTES("application/sdp")));
	assert_true(sip_content_type_is(TEXT("application / sdp"), BYTES("application/sdp")));
	assert_false(sip_content_type_is(TEXT("application/sdpx"), BYTES("application/sdp")));
	assert_false(sip_content_type_is(TEXT("application/sd"), BYTES("application/sdp")));
	assert_false(sip_content_type_is(TEXT(""), BYTES("application/sdp")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(example), cmocka_unit_test(refused), cmocka_unit_test(limits),
		cmocka_unit_test(types)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
