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
		{"multipart/mixed;boundary=\" a\"", "-- a\r\n\r\nx\r\n-- a--\r\n"},
		{"multipart/mixed;boundary=a b", "--a b\r\n\r\nx\r\n--a b--\r\n"},
		{"multipart/mixed;boundary=a:b", "--a:b\r\n\r\nx\r\n--a:b--\r\n"}, // only in quotes
		{"multipart/mixed;boundary=\"a", "--a\r\n\r\nx\r\n--a--\r\n"},
		{"multipart/mixed;x=\"BOUNDARY =b\";boundary=a", "--a\r\n\r\nx\r\n--a--\r\n"},
		{"multipart/mixed;boundary*=b;boundary=a", "--a\r\n\r\nx\r\n--a--\r\n"},
		{"multipart/mixed;boundary=a", "--a\r\n\r\nx\r\n"},          // no end
		{"multipart/mixed;boundary=a", "--a--\r\n"},                 // no part
		{"multipart/mixed;boundary=a", "x"},
		{"multipart/mixed;boundary=a", ""},
		{"multipart/mixed;boundary=a", "--a\r\nno header\r\n\r\nx\r\n--a--\r\n"},
		{"multipart/mixed;boundary=a", "--a\r\nX: y\nZ: w\r\n\r\nx\r\n--a--\r\n"},
		{"multipart/mixed;boundary=a", "--a\r\nContent-Type: a/b\r\nContent-Type: c/d\r\n\r\nx\r\n--a--\r\n"},
		{"multipart/mixed;boundary=a", "--a\r\nContent-Type: a/b\r\nc: c/d\r\n\r\nx\r\n--a--\r\n"},
		{"multipart/mixed;boundary=a", "--a\r\nX: y\r\n c: c/d\r\n\r\nx\r\n--a--\r\n"}, // a fold that looks like a field
		{"multipart/mixed;boundary=a", "--a\r\nContent-Length: 1\r\nl: 2\r\n\r\nx\r\n--a--\r\n"},
		{"multipart/mixed;boundary=a", "--a\r\nX: y\rZ: w\r\n\r\nx\r\n--a--\r\n"},
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
}

// What others may take for a delimiter and we do not, wherever it stands.
static void ambiguous(void **state)
{
	static const struct {
		const char *type, *body;
		bool doubt;
	} rows[] = {
		{"multipart/mixed;boundary=a", "--a\r\n\r\nx\r\n--a--", false},
		{"multipart/mixed;boundary=a", "--a\r\n\r\nx - -a -- a\r\n--a--\r\n", false},
		{"multipart/mixed;boundary=a", "--a\r\n\r\nx\r\n--ab\r\ny\r\n--a--", true}, // RFC2046#5.1.1: a prefix is enough
		{"multipart/mixed;boundary=a", "x--a\r\n\r\n--a\r\n\r\nx\r\n--a--", true}, // preamble
		{"multipart/mixed;boundary=a", "--a\r\nX: --a\r\n\r\nx\r\n--a--", true},     // a part's header
		{"multipart/mixed;boundary=a", "--a\r\n\r\nx--a\r\n--a--", true},
		{"multipart/mixed;boundary=a", "--a\r\n\r\nx---a\r\n--a--", true},
		{"multipart/mixed;boundary=a", "--a\r\n\r\nx\n--a\n\r\n--a--", true},
		{"multipart/mixed;boundary=a", "--a\r\n\r\nx\r\n--A\r\n\r\n--a--", true},
		{"multipart/mixed;boundary=a", "--a\r\n\r\nx\r\n--\"a\"\r\n\r\n--a--", true},
		{"multipart/mixed;boundary=a", "--a\r\n\r\nx\r\n--a \r\n\r\n--a--", true},
		{"multipart/mixed;boundary=a", "--a\r\n\r\nx\r\n--a--\r\n--a\r\n", true}, // epilogue
		{"multipart/mixed;boundary=a", "--a\r\n\r\nx\r\n--a--\r\n--a", true},
		{"multipart/mixed;boundary=\"a b\"", "--a b\r\n\r\nx\r\n--a b--", false},
		{"multipart/mixed;boundary=\"a b\"", "--a b\r\n\r\nx --a\r\n--a b--", true},
		{"multipart/mixed;boundary=--a--b", "----a--b\r\n\r\n--a----a--\r\n----a--b--", false}, // begins anew within
		{"multipart/mixed;boundary=--a--b", "----a--b\r\n\r\n--a----a--a----a--b\r\n----a--b--", true},
	};
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (split(rows[i].type, rows[i].body) != E_OK || parts.ambiguous != rows[i].doubt)
			fail_msg("row %zu", i);
}

static uint32_t count_slowly(const char *body, const char *delimiter)
{
	uint32_t n = 0;
	for (; *body != '\0'; body++)
		n += strncmp(body, delimiter, strlen(delimiter)) == 0;
	return n;
}

// Texts of three octets only, so that the search falls back in every way.
static void ambiguous_at_random(void **state)
{
	char type[64], boundary[8], text[48], delimiter[16], body[128];
	uint32_t doubts = 0, random = 1;
	UNUSED(state);
	for (int round = 0; round < 100000; round++) {
		memset(boundary, 0, sizeof(boundary));
		memset(text, 0, sizeof(text));
		for (size_t i = 0; i < sizeof(text) - 1; i++) {
			random = random * 1103515245u + 12345u;
			text[i] = "-ab"[(random >> 16) % 3];
			if (i < 1 + (size_t)round % 6)
				boundary[i] = "ab-"[(random >> 20) % 3];
		}
		snprintf(type, sizeof(type), "multipart/mixed;boundary=%s", boundary);
		snprintf(delimiter, sizeof(delimiter), "--%s", boundary);
		snprintf(body, sizeof(body), "%s\r\n\r\n%s\r\n%s--", delimiter, text, delimiter);
		assert_int_equal(split(type, body), E_OK);
		assert_int_equal(parts.ambiguous, count_slowly(body, delimiter) != parts.count + 1);
		doubts += parts.ambiguous;
	}
	assert_in_range(doubts, 1000, 99000);
}

static void fields(void **state)
{
	UNUSED(state);
	assert_int_equal(split("multipart/mixed;boundary=a", "--a\r\nC: a/b;x=y;\r\n z=w\r\nE: identity\r\n"
							     "content-transfer-encoding : 8BIT \r\n\r\nx\r\n--a--"),
		E_OK);
	assert_int_equal(span_len(parts.part[0].content_type), 14);
	assert_false(parts.part[0].coded);
	static const char *const codings[] = {"E: gzip", "Content-Encoding: identity, gzip", "Content-Transfer-Encoding: base64",
		"CONTENT-TRANSFER-ENCODING:quoted-printable", "Content-Transfer-Encoding:", "Content-Transfer-Encoding: 7bit x"};
	for (size_t i = 0; i < ARRAY_LEN(codings); i++) {
		char body[256];
		snprintf(body, sizeof(body), "--a\r\n%s\r\n\r\nx\r\n--a--", codings[i]);
		assert_int_equal(split("multipart/mixed;boundary=a", body), E_OK);
		assert_true(parts.part[0].coded);
	}
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
		cmocka_unit_test(ambiguous), cmocka_unit_test(ambiguous_at_random),
		cmocka_unit_test(fields), cmocka_unit_test(types)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
