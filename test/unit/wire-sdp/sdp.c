// SPDX-License-Identifier: Apache-2.0
// The index pass: RFC 8866's example, order and grammar of lines, limits.
#include "unit.h"

#include "wire/sdp/names.h"

static struct sdp s;
static struct sdp_fault fault;

// RFC8866#5 (the example of RFC 4566 with its multicast address kept).
static void test_example(void **state)
{
	uint8_t *keep;
	struct sdp_connection c;
	struct sdp_origin o;
	(void)state;

	assert_true(is_ok(parse_text(&s,
		"v=0\r\no=jdoe 3724394400 3724394405 IN IP4 198.51.100.1\r\ns=Call to John Smith\r\n"
		"i=SDP Offer #1\r\nu=http://www.jdoe.example.com/home.html\r\ne=Jane Doe <jane@jdoe.example.com>\r\n"
		"p=+1 617 555-6011\r\nc=IN IP4 198.51.100.1\r\nt=0 0\r\nm=audio 49170 RTP/AVP 0\r\n"
		"m=audio 49180 RTP/AVP 0\r\nm=video 51372 RTP/AVP 99\r\nc=IN IP6 2001:db8::2\r\na=rtpmap:99 h263-1998/90000\r\n",
		&fault, &keep)));
	assert_int_equal(s.media_count, 3);
	assert_int_equal(s.line_count, 14);
	assert_int_equal(s.session_end, 9);
	assert_int_equal(s.media[2].port, 51372);
	assert_int_equal(s.media[1].end, s.media[2].line);
	assert_int_equal(s.media[0].connection, 0);
	assert_true(is_ok(sdp_connection_parse(&s, s.line[s.media[2].connection - 1].value, &c)));
	assert_int_equal(c.family, 6);
	assert_span(&s, c.host, "2001:db8::2");
	assert_true(is_ok(sdp_origin_parse(&s, s.line[1].value, &o)));
	assert_span(&s, o.username, "jdoe");
	assert_span(&s, o.version, "3724394405");
	free(keep);
}

static void test_good(void **state)
{
	static const char *const good[] = {
		HEAD, // no media line
		"v=0\no=- 1 1 IN IP4 192.0.2.1\ns= \nt=0 0\nm=audio 0 RTP/AVP 0\n", // bare LF; no c= where the port is 0
		HEAD "m=audio 9 RTP/AVP 0", // the last line lacks its end
		HEAD "r=7d 1h 0 25h\r\nz=0 0\r\nk=prompt\r\na=tool:x\r\nm=audio 9/2 RTP/AVP 0 8\r\ni=t\r\nc=IN IP4 224.2.1.1/127/3\r\n"
		     "b=AS:64\r\nk=clear:x\r\na=fmtp:0 x\r\na=ptime:20\r\n",
		"v=0\r\no=- 1 1 IN IP4 h.example\r\ns=-\r\nc=IN IP4 h.example\r\nt=0 0\r\nt=1 2\r\nm=audio 9 RTP/AVP 0\r\n",
		HEAD "m=image 9 udptl t38\r\na=T38FaxMaxDatagram:400\r\n",
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		uint8_t *keep;
		if (!is_ok(parse_text(&s, good[i], &fault, &keep)))
			fail_msg("good %zu: %s", i, fault.phrase);
		free(keep);
	}
}

static void test_bad(void **state)
{
	static const struct {
		const char *text;
		enum error error;
		const char *phrase;
	} bad[] = {
		{"", E_MISSING, "SDP begins with v=, o=, s="},
		{"o=- 1 1 IN IP4 192.0.2.1\r\n", E_MISSING, "SDP begins with v=, o=, s="},
		{"v=0\r\ns=-\r\n", E_MISSING, "SDP begins with v=, o=, s="},
		{"v=1\r\n", E_SYNTAX, "Unknown SDP version"},
		{"v=0\r\nv=0\r\n", E_DUPLICATE, "SDP line twice"},
		{"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\n", E_MISSING, "SDP without t="},
		{"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nm=audio 9 RTP/AVP 0\r\n", E_MISSING, "SDP without t="},
		{"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\n", E_MISSING, "SDP without c="},
		{"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=\r\n", E_SYNTAX, "Empty SDP line"},
		{"v=0\r\no=- x 1 IN IP4 192.0.2.1\r\n", E_SYNTAX, "Bad SDP origin"},
		{"v=0\r\no=- 1 1 IN IP5 192.0.2.1\r\n", E_SYNTAX, "Bad SDP origin"},
		{HEAD "c=IN IP4 192.0.2.1\r\n", E_SYNTAX, "SDP lines out of order"},
		{HEAD "m=audio 9 RTP/AVP 0\r\na=x\r\nb=AS:1\r\n", E_SYNTAX, "SDP lines out of order"},
		{HEAD "x=1\r\n", E_SYNTAX, "Unknown SDP line type"},
		{HEAD "a\r\n", E_SYNTAX, "Not an SDP line"},
		{HEAD "\r\n", E_SYNTAX, "Not an SDP line"},
		{HEAD "a=x\ry\r\n", E_SYNTAX, "Control character in SDP"},
		{HEAD "m=audio 65536 RTP/AVP 0\r\n", E_SYNTAX, "Bad media line"},
		{HEAD "m=audio 9/0 RTP/AVP 0\r\n", E_SYNTAX, "Bad media port count"},
		{HEAD "m=audio -1 RTP/AVP 0\r\n", E_SYNTAX, "Bad media line"},
		{HEAD "m=audio 9 RTP//AVP 0\r\n", E_SYNTAX, "Bad media protocol"},
		{HEAD "m=audio 9 RTP/AVP\r\n", E_SYNTAX, "Bad media protocol"},
		{HEAD "m=audio 9 RTP/AVP \r\n", E_SYNTAX, "Media line without format"},
		{HEAD "m=audio 9 RTP/AVP 0  8\r\n", E_SYNTAX, "Bad media format"},
		{HEAD "m=audio 9 RTP/AVP 0 \r\n", E_SYNTAX, "Media line without format"},
		{HEAD "m=audio 9 RTP/AVP 0\r\na=rtpmap:128 X/8000\r\n", E_SYNTAX, "Bad rtpmap"},
		{HEAD "m=audio 9 RTP/AVP 0\r\na=rtpmap:96 X\r\n", E_SYNTAX, "Bad rtpmap"},
		{HEAD "m=audio 9 RTP/AVP 0\r\na=rtcp:65536\r\n", E_SYNTAX, "Bad rtcp attribute"},
		{HEAD "m=audio 9 RTP/AVP 0\r\na=sendrecv:1\r\n", E_SYNTAX, "Attribute takes no value"},
		{HEAD "m=audio 9 RTP/AVP 0\r\na=ptime:\r\n", E_SYNTAX, "Bad ptime"},
		{HEAD "a=:x\r\n", E_SYNTAX, "Bad attribute name"},
		{HEAD "r=1\r\nz=1\r\nr=1\r\n", E_SYNTAX, "SDP r= without t="},
		{"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nb=AS:4294967296\r\n", E_SYNTAX, "Bad SDP bandwidth"},
		{"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nt=0\r\n", E_SYNTAX, "Bad SDP time"},
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		uint8_t *keep;
		result r = parse_text(&s, bad[i].text, &fault, &keep);
		if (r.error != bad[i].error || strcmp(fault.phrase, bad[i].phrase) != 0)
			fail_msg("bad %zu: %d %s, not %s", i, r.error, fault.phrase, bad[i].phrase);
		free(keep);
	}
	assert_int_equal(sdp_parse(&s, (const uint8_t *)"v=0\0\n", 5, &fault).error, E_SYNTAX);
}

// Every prefix of a body parses or fails, and never reads beyond.
static void test_cuts(void **state)
{
	static const char body[] = HEAD "b=X-y:1\r\na=sendonly\r\nm=audio 9 RTP/SAVP 0 96\r\na=rtpmap:96 a/8000/2\r\na=crypto:1 "
		"AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz|2^20|1:4\r\na=rtcp:5 IN IP6 ::1\r\n";
	(void)state;

	for (uint32_t n = 0; n <= sizeof(body) - 1; n++) {
		uint8_t *copy = malloc(n == 0 ? 1 : n);
		struct sdp_crypto k;
		assert_non_null(copy);
		memcpy(copy, body, n);
		if (is_ok(sdp_parse(&s, copy, n, &fault)) && s.media_count > 0)
			for (uint16_t i = 0; i < s.line_count; i++)
				if (s.line[i].attr == SDP_ATTR_CRYPTO)
					IGNORE_RESULT(sdp_crypto_parse(&s, s.line[i].arg, &k)); // memory safety is tested
		free(copy);
	}
}

static result parse_repeated(const char *line, uint32_t count, uint32_t pad)
{
	static char body[SDP_SIZE_MAX + 8192];
	size_t n = (size_t)snprintf(body, sizeof(body), "%s", HEAD);

	for (uint32_t i = 0; i < count; i++)
		n += (size_t)snprintf(body + n, sizeof(body) - n, "%s\r\n", line);
	if (pad > 0) {
		n += (size_t)snprintf(body + n, sizeof(body) - n, "a=");
		memset(body + n, 'x', pad - 2);
		n += pad - 2;
		n += (size_t)snprintf(body + n, sizeof(body) - n, "\r\n");
	}
	return sdp_parse(&s, (const uint8_t *)body, (uint32_t)n, &fault);
}

static void test_limits(void **state)
{
	char formats[1024] = "m=audio 9 RTP/AVP";
	(void)state;

	assert_true(is_ok(parse_repeated("m=audio 9 RTP/AVP 0", SDP_MEDIA_MAX, 0)));
	assert_int_equal(parse_repeated("m=audio 9 RTP/AVP 0", SDP_MEDIA_MAX + 1, 0).error, E_TOO_MANY);
	assert_string_equal(fault.phrase, "Too many media lines");
	assert_int_equal(parse_repeated("m=audio 9 RTP/AVP 0", 1000, 0).error, E_TOO_MANY);
	assert_true(is_ok(parse_repeated("a=x", SDP_LINES_MAX - 5, 0)));
	assert_int_equal(parse_repeated("a=x", SDP_LINES_MAX - 4, 0).error, E_TOO_MANY);
	assert_true(is_ok(parse_repeated("a=x", 1, SDP_LINE_MAX - 1))); // the CR counts
	assert_int_equal(parse_repeated("a=x", 1, SDP_LINE_MAX + 1).error, E_TOO_LONG);
	assert_int_equal(sdp_parse(&s, (const uint8_t *)"", SDP_SIZE_MAX + 1, &fault).error, E_TOO_LONG);
	size_t at = strlen(formats);
	for (int i = 0; i < SDP_FORMATS_MAX; i++)
		at += (size_t)snprintf(formats + at, sizeof(formats) - at, " 0");
	assert_true(is_ok(parse_repeated(formats, 1, 0)));
	snprintf(formats + at, sizeof(formats) - at, " 0");
	assert_int_equal(parse_repeated(formats, 1, 0).error, E_TOO_MANY);
}

// Each attribute with a meaning is known by its name and by no other: one octet changed, added or taken is another name.
static void test_attributes(void **state)
{
	static const char *const names[SDP_ATTR_COUNT] = {
		[SDP_ATTR_RTPMAP] = "rtpmap", [SDP_ATTR_FMTP] = "fmtp", [SDP_ATTR_PTIME] = "ptime",
		[SDP_ATTR_MAXPTIME] = "maxptime", [SDP_ATTR_SENDRECV] = "sendrecv",
		[SDP_ATTR_SENDONLY] = "sendonly", [SDP_ATTR_RECVONLY] = "recvonly",
		[SDP_ATTR_INACTIVE] = "inactive", [SDP_ATTR_RTCP] = "rtcp",
		[SDP_ATTR_RTCP_MUX] = "rtcp-mux", [SDP_ATTR_RTCP_FB] = "rtcp-fb",
		[SDP_ATTR_RTCP_RSIZE] = "rtcp-rsize", [SDP_ATTR_CRYPTO] = "crypto",
		[SDP_ATTR_FINGERPRINT] = "fingerprint", [SDP_ATTR_SETUP] = "setup",
		[SDP_ATTR_TLS_ID] = "tls-id", [SDP_ATTR_ZRTP_HASH] = "zrtp-hash",
		[SDP_ATTR_KEY_MGMT] = "key-mgmt", [SDP_ATTR_CANDIDATE] = "candidate",
		[SDP_ATTR_REMOTE_CANDIDATES] = "remote-candidates",
		[SDP_ATTR_END_OF_CANDIDATES] = "end-of-candidates", [SDP_ATTR_ICE_UFRAG] = "ice-ufrag",
		[SDP_ATTR_ICE_PWD] = "ice-pwd", [SDP_ATTR_ICE_OPTIONS] = "ice-options",
		[SDP_ATTR_ICE_LITE] = "ice-lite", [SDP_ATTR_ICE_MISMATCH] = "ice-mismatch",
		[SDP_ATTR_ICE_PACING] = "ice-pacing", [SDP_ATTR_ALT] = "alt", [SDP_ATTR_ALTC] = "altc",
		[SDP_ATTR_PATH] = "path", [SDP_ATTR_SOURCE_FILTER] = "source-filter",
		[SDP_ATTR_CCAP] = "ccap", [SDP_ATTR_VISITED_REALM] = "visited-realm",
		[SDP_ATTR_SECONDARY_REALM] = "secondary-realm", [SDP_ATTR_TOOL] = "tool",
		[SDP_ATTR_SSRC] = "ssrc",
	};
	(void)state;

	assert_int_equal(sdp_attr_of((const uint8_t *)"", 0, span_make(0, 0)), SDP_ATTR_OTHER);
	for (unsigned a = 1; a < SDP_ATTR_COUNT; a++) {
		uint8_t text[32] = {0};
		assert_non_null(names[a]);
		uint32_t len = (uint32_t)strlen(names[a]);
		memcpy(text, names[a], len);
		assert_int_equal(sdp_attr_of(text, len, span_make(0, len)), a);
		assert_int_equal(sdp_attr_of(text, len + 1, span_make(0, len + 1)), SDP_ATTR_OTHER);
		for (uint32_t i = 0; i < len; i++) {
			text[i] ^= 0x20; // names are case-sensitive
			assert_int_equal(sdp_attr_of(text, len, span_make(0, len)), SDP_ATTR_OTHER);
			text[i] ^= 0x20;
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_example), cmocka_unit_test(test_good), cmocka_unit_test(test_bad),
		cmocka_unit_test(test_cuts), cmocka_unit_test(test_limits), cmocka_unit_test(test_attributes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
