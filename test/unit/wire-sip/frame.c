// SPDX-License-Identifier: Apache-2.0
// Stream framing: every message of the corpus cut at every offset frames as in one piece; a Content-Length that two
// readers could take differently closes the connection (RFC3261#18.3, SF-I11).
#include "support.h"

static enum error frame(const char *text, uint32_t max, uint32_t *length)
{
	return sip_frame((const uint8_t *)text, (uint32_t)strlen(text), 0, max, length).error;
}

#define HEAD "INVITE sip:a@b.example SIP/2.0\r\nVia: SIP/2.0/TCP h.example;branch=z9hG4bK1\r\n"

static void length_forms(void **state)
{
	static const struct {
		const char *text;
		enum error want;
		uint32_t length;
	} rows[] = {
		{HEAD "Content-Length: 5\r\n\r\nabcde", E_OK, 102},
		{HEAD "l: 5\r\n\r\nabcdeINVITE", E_OK, 89},
		{HEAD "Content-Length : 0005\r\n\r\n", E_OK, 106},
		{HEAD "Content-Length:\r\n 5\r\n\r\n", E_OK, 104},
		{HEAD "Content-Length: 0\r\n\r\n", E_OK, 97},
		{HEAD "\r\n", E_FRAMING, 0},                                                 // absent
		{HEAD "Content-Length: 5\r\nContent-Length: 5\r\n\r\n", E_FRAMING, 0},       // twice
		{HEAD "Content-Length: 5\r\nl: 5\r\n\r\n", E_FRAMING, 0},                    // twice, once compact
		{HEAD "Content-Length: 5, 5\r\n\r\n", E_FRAMING, 0},
		{HEAD "Content-Length: +5\r\n\r\n", E_FRAMING, 0},                           // signed
		{HEAD "Content-Length: -5\r\n\r\n", E_FRAMING, 0},
		{HEAD "Content-Length: 0x5\r\n\r\n", E_FRAMING, 0},                          // hexadecimal
		{HEAD "Content-Length: a\r\n\r\n", E_FRAMING, 0},
		{HEAD "Content-Length: 5 5\r\n\r\n", E_FRAMING, 0},
		{HEAD "Content-Length: 5.0\r\n\r\n", E_FRAMING, 0},
		{HEAD "Content-Length: 5;a\r\n\r\n", E_FRAMING, 0},
		{HEAD "Content-Length:\r\n\r\n", E_FRAMING, 0},
		{HEAD "Content-Length: 4294967301\r\n\r\n", E_FRAMING, 0},                   // 2^32 + 5
		{HEAD "Content-Length: 18446744073709551621\r\n\r\n", E_FRAMING, 0},         // 2^64 + 5
		{HEAD "Content-Length: 36893488147419103237\r\n\r\n", E_FRAMING, 0},         // 2^65 + 5
		{HEAD "Content-Length: 65537\r\n\r\n", E_FRAMING, 0},                        // > max
		{HEAD "Content-Length: 65536\r\n\r\n", E_FRAMING, 0},                        // with its header > max
		{HEAD "Content-Length: 5\r\nX: a\nb\r\n\r\n", E_FRAMING, 0},                 // bare LF
		{HEAD "Content-Length: 5\r\nX: a\rb\r\n\r\n", E_FRAMING, 0},                 // bare CR
		{HEAD "Content-Length: 5\r\n\rX: a\r\n\r\n", E_FRAMING, 0},               // bare CR, where a line begins
		{HEAD "Content-Length: 5\r\n\nX: a\r\n\r\n", E_FRAMING, 0},               // bare LF there
		{HEAD "X: a\n\r\nContent-Length: 5\r\n\r\n", E_FRAMING, 0},               // no empty line: an LF before
		{HEAD "X: a\r\n\r", E_AGAIN, 0},
		{HEAD "X: a\rb\r\n\r", E_AGAIN, 0},                                        // no verdict before the header ends
		{HEAD "X\r\nContent-Length: 5\r\n\r\n", E_FRAMING, 0},                       // no colon
		{HEAD " Content-Length: 5\r\n\r\n", E_FRAMING, 0},                           // folded away
		{"\x16\x03\x01 hello", E_FRAMING, 0},                                        // a TLS record
		{HEAD "Content-Length: 5\r\n", E_AGAIN, 0},
		{"", E_AGAIN, 0},
	};
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint32_t length;
		enum error e = frame(rows[i].text, SIP_MESSAGE_MAX_STREAM, &length);
		if (e != rows[i].want || length != rows[i].length)
			fail_msg("row %zu: error %x, length %u", i, (unsigned)e, length);
	}
}

static void limit(void **state)
{
	const char *text = HEAD "Content-Length: 5\r\n\r\n"; // 97 octets, 102 with the body
	uint32_t length;
	UNUSED(state);
	assert_int_equal(frame(text, 102, &length), E_OK);
	assert_int_equal(length, 102);
	assert_int_equal(frame(text, 101, &length), E_FRAMING);
	assert_int_equal(frame(text, 96, &length), E_FRAMING); // the header alone is too long
	assert_int_equal(frame("INVITE sip:", 12, &length), E_AGAIN);
	assert_int_equal(frame("INVITE sip:a", 12, &length), E_FRAMING); // full, and no end in sight
}

// The answer for a message must not depend on how it arrived.
static void split_one(const char *name, const uint8_t *raw, uint32_t n)
{
	uint32_t whole, part, seen = 0;
	result r = sip_frame(raw, n, 0, SIP_MESSAGE_MAX_STREAM, &whole);
	bool decided = false;
	for (uint32_t i = 0; i <= n; i++) {
		uint8_t *exact = malloc(i + 1);
		memcpy(exact, raw, i);
		result q = sip_frame(exact, i, seen, SIP_MESSAGE_MAX_STREAM, &part);
		free(exact);
		if (q.error == E_AGAIN && !decided) {
			seen = i; // these need no second look
			continue;
		}
		decided = true;
		if (q.error != r.error || part != whole)
			fail_msg("%s cut at %u: %x %u, whole %x %u", name, i, (unsigned)q.error, part,
				(unsigned)r.error, whole);
	}
}

static void split_corpus(void **state)
{
	static uint8_t raw[70000];
	FILE *f = torture_open();
	struct torture_row row;
	UNUSED(state);
	while (torture_next(f, &row)) {
		uint32_t n = torture_read(row.name, raw, sizeof(raw));
		split_one(row.name, raw, n);
	}
	fclose(f);
}

// What was seen is not searched again: an end that was overlooked there stays overlooked.
static void seen_is_not_searched(void **state)
{
	static const uint8_t text[] = HEAD "Content-Length: 0\r\n\r\n";
	const uint32_t n = sizeof(text) - 1;
	uint32_t length;
	UNUSED(state);
	assert_int_equal(sip_frame(text, n, n, SIP_MESSAGE_MAX_STREAM, &length).error, E_AGAIN);
	assert_int_equal(sip_frame(text, n, UINT32_MAX, SIP_MESSAGE_MAX_STREAM, &length).error, E_AGAIN);
	for (uint32_t seen = 0; seen < n; seen++) { // the last octet is new: its CRLF CRLF is found
		assert_int_equal(sip_frame(text, n, seen, SIP_MESSAGE_MAX_STREAM, &length).error, E_OK);
		assert_int_equal(length, n);
	}
}

// dblreq: two messages on one stream, each with its own end, the first not swallowing the second.
static void two_messages(void **state)
{
	static uint8_t raw[70000];
	uint32_t n = torture_read("dblreq", raw, sizeof(raw)), first, second;
	UNUSED(state);
	assert_true(is_ok(sip_frame(raw, n, 0, SIP_MESSAGE_MAX_STREAM, &first)));
	while (raw[first] == '\r' || raw[first] == '\n')
		first++;
	assert_memory_equal(raw + first, "INVITE", 6);
	assert_true(is_ok(sip_frame(raw + first, n - first, 0, SIP_MESSAGE_MAX_STREAM, &second)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(length_forms), cmocka_unit_test(limit), cmocka_unit_test(seen_is_not_searched),
		cmocka_unit_test(split_corpus), cmocka_unit_test(two_messages)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
