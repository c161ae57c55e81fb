// SPDX-License-Identifier: Apache-2.0
// The writer: what it writes parses again; overflow and injection (SF-I11) spoil the whole message.
#include "support.h"
#include "wire/sip/write.h"

static void round_trip(void **state)
{
	static const char *const names[] = {"wsinv", "intmeth-clean", "esc01", "longreq", "unreason", "mpart01"};
	static uint8_t raw[70000], out[70000];
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct sip_msg m, again;
		struct sip_fault fault;
		struct sip_writer w;
		uint32_t n = torture_read(names[i], raw, sizeof(raw)), len;
		assert_true(is_ok(sip_msg_parse(&m, raw, n, &fault)));
		sip_write_init(&w, out, sizeof(out));
		if (m.is_request)
			sip_write_request_line(&w, sip_bytes(&m, m.method_name), sip_bytes(&m, m.ruri));
		else
			sip_write_status_line(&w, m.status, sip_bytes(&m, m.reason));
		for (uint32_t l = 0; l < m.line_count; l++)
			if (m.line[l].id != SIP_HDR_CONTENT_LENGTH)
				sip_write_line(&w, &m, &m.line[l]);
		sip_write_body(&w, sip_bytes(&m, m.body));
		assert_true(is_ok(sip_write_end(&w, &len)));
		assert_true(is_ok(sip_msg_parse(&again, out, len, &fault)));
		assert_true(is_ok(sip_msg_check_all(&again, &fault)));
		assert_int_equal(again.cseq, m.cseq);
		assert_true(bytes_equal(sip_bytes(&again, again.body), sip_bytes(&m, m.body)));
		assert_true(bytes_equal(sip_bytes(&again, again.from_tag), sip_bytes(&m, m.from_tag)));
		uint32_t frame;
		assert_true(is_ok(sip_frame(out, len, 0, SIP_MESSAGE_MAX_STREAM, &frame)));
		assert_int_equal(frame, len);
	}
}

static void text(void **state)
{
	uint8_t out[256];
	struct sip_writer w;
	uint32_t len;
	UNUSED(state);
	sip_write_init(&w, out, sizeof(out));
	sip_write_status_line(&w, 200, BYTES("OK"));
	sip_write_name(&w, SIP_HDR_CSEQ);
	sip_write_number(&w, UINT64_MAX);
	sip_write_string(&w, " INVITE");
	sip_write_crlf(&w);
	sip_write_body(&w, BYTES("a\r\n"));
	assert_true(is_ok(sip_write_end(&w, &len)));
	const char *want = "SIP/2.0 200 OK\r\nCSeq: 18446744073709551615 INVITE\r\nContent-Length: 3\r\n\r\na\r\n";
	assert_int_equal(len, strlen(want));
	assert_memory_equal(out, want, len);
}

static void overflow(void **state)
{
	UNUSED(state);
	for (uint32_t cap = 0; cap <= 20; cap++) {
		uint8_t *out = malloc(cap + 1);
		struct sip_writer w;
		uint32_t len;
		sip_write_init(&w, out, cap);
		sip_write_header(&w, SIP_HDR_SUBJECT, BYTES("12345678")); // 19 octets
		assert_int_equal(sip_write_end(&w, &len).error, cap < 19 ? E_TOO_LONG : E_OK);
		free(out);
	}
}

// Any octet at any place of a line: CR, LF and NUL spoil it, nothing else does, in whatever else the line holds.
static void any_octet(void **state)
{
	static const char *const lines[] = {"short", "a line that is longer than thirty-two octets",
		"with \xc3\xa4 and \x01 before"};
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		for (size_t at = 0; at < strlen(lines[i]); at++) {
			for (unsigned c = 0; c < 256; c++) {
				uint8_t out[128], value[64];
				struct sip_writer w;
				uint32_t len;
				memcpy(value, lines[i], strlen(lines[i]));
				value[at] = (uint8_t)c;
				sip_write_init(&w, out, sizeof(out));
				sip_write_header(&w, SIP_HDR_SUBJECT, bytes_make(value, strlen(lines[i])));
				bool bad = c == '\r' || c == '\n' || c == 0;
				assert_int_equal(sip_write_end(&w, &len).error, bad ? E_SYNTAX : E_OK);
			}
		}
	}
}

static void injection(void **state)
{
	static const struct bytes bad[] = {{(const uint8_t *)"a\r\nVia: x", 9}, {(const uint8_t *)"a\nb", 3},
		{(const uint8_t *)"a\rb", 3}, {(const uint8_t *)"a\0b", 3}};
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		uint8_t out[128];
		struct sip_writer w;
		uint32_t len;
		sip_write_init(&w, out, sizeof(out));
		sip_write_header(&w, SIP_HDR_SUBJECT, bad[i]);
		assert_int_equal(sip_write_end(&w, &len).error, E_SYNTAX);
		sip_write_init(&w, out, sizeof(out));
		sip_write_request_line(&w, BYTES("INVITE"), bad[i]);
		assert_int_equal(sip_write_end(&w, &len).error, E_SYNTAX);
		sip_write_init(&w, out, sizeof(out));
		sip_write_status_line(&w, 200, bad[i]);
		assert_int_equal(sip_write_end(&w, &len).error, E_SYNTAX);
	}
	uint8_t out[128];
	struct sip_writer w;
	uint32_t len;
	sip_write_init(&w, out, sizeof(out));
	sip_write_request_line(&w, BYTES("INVITE"), BYTES("sip:a SIP/2.0 sip:b"));
	assert_int_equal(sip_write_end(&w, &len).error, E_SYNTAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(round_trip), cmocka_unit_test(text), cmocka_unit_test(overflow),
		cmocka_unit_test(injection), cmocka_unit_test(any_octet)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
