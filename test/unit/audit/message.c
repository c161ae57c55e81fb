// SPDX-License-Identifier: Apache-2.0
// What the auditor writes is read by the project's own parser; media addresses are found in SDP.
#include "unit.h"

static void requests_parse(void **state)
{
	struct audit_settings s = {.domain = "a.invalid"};
	struct audit a = {.s = &s, .random = 1};
	struct address via = unit_address("[::1]:5070");
	char buf[AUDIT_MESSAGE_MAX];
	struct audit_text t;
	struct sip_msg m;
	struct sip_fault fault;

	UNUSED(state);
	struct audit_request r = {.method = "INVITE", .via = &via, .branch = "z9hG4bKx", .call_id = "c", .from_tag = "f",
		.to_tag = "t", .from = "+1", .to = "+2", .cseq = 7, .max_forwards = 0, .extra = "Supported: 199\r\n",
		.sdp = "v=0\r\n"};
	audit_text_init(&t, buf, sizeof(buf));
	assert_true(audit_request_write(&a, &r, &t));
	assert_ok(sip_msg_parse(&m, (const uint8_t *)buf, t.len, &fault));
	assert_int_equal(m.method, SIP_INVITE);
	assert_int_equal(m.cseq, 7);
	assert_int_equal(m.max_forwards, 0);
	assert_true(bytes_equal(sip_bytes(&m, m.to_tag), BYTES("t")));
	assert_true(bytes_equal(sip_bytes(&m, m.ruri), BYTES("sip:+2@a.invalid")));
	assert_int_equal(m.content_length, 5);
	audit_text_init(&t, buf, 64); // too small: never sent
	assert_false(audit_request_write(&a, &r, &t));
	assert_true(t.len <= 64);
}

static void responses_mirror(void **state)
{
	static const char request[] = "INVITE sip:b SIP/2.0\r\nVia: SIP/2.0/UDP one;branch=z9hG4bK1\r\n"
		"Via: SIP/2.0/UDP two;branch=z9hG4bK2\r\nRecord-Route: <sip:p;lr>\r\nMax-Forwards: 7\r\nFrom: <sip:a@x>;tag=f\r\n"
		"To: <sip:b@x>\r\nCall-ID: c\r\nCSeq: 3 INVITE\r\nContent-Length: 0\r\n\r\n";
	char buf[AUDIT_MESSAGE_MAX];
	struct audit_text t;
	struct sip_msg m, answer;
	struct sip_fault fault;

	UNUSED(state);
	assert_ok(sip_msg_parse(&m, (const uint8_t *)request, sizeof(request) - 1, &fault));
	audit_text_init(&t, buf, sizeof(buf));
	assert_true(audit_response_write(&m, 180, "Ringing", "mine", NULL, NULL, &t));
	assert_ok(sip_msg_parse(&answer, (const uint8_t *)buf, t.len, &fault));
	assert_int_equal(answer.status, 180);
	assert_true(bytes_equal(sip_bytes(&answer, answer.to_tag), BYTES("mine")));
	assert_true(bytes_equal(sip_bytes(&answer, answer.branch), BYTES("z9hG4bK1")));
	assert_non_null(sip_next(&answer, sip_first(&answer, SIP_HDR_VIA)));
	assert_non_null(sip_first(&answer, SIP_HDR_RECORD_ROUTE));
}

static void media_are_found(void **state)
{
	static const struct { const char *sdp; bool good; uint16_t port; } rows[] = {
		{"c=IN IP4 127.0.0.1\r\nm=audio 4000 RTP/AVP 8\r\n", true, 4000},
		{"c=IN IP6 ::1\r\nm=audio 65535 RTP/AVP 8\r\n", true, 65535},
		{"c=IN IP4 127.0.0.1\r\nm=audio 0 RTP/AVP 8\r\n", false, 0},
		{"c=IN IP4 127.0.0.1\r\nm=audio 65536 RTP/AVP 8\r\n", false, 0},
		{"c=IN IP4 127.0.0.1\r\nm=audio x RTP/AVP 8\r\n", false, 0},
		{"c=IN IP4 host\r\nm=audio 4000 RTP/AVP 8\r\n", false, 0},
		{"m=audio 4000 RTP/AVP 8\r\n", false, 0}, {"c=IN IP4 127.0.0.1", false, 0}, {"", false, 0},
	};
	struct address a;

	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		bool good = audit_sdp_media(bytes_of_string(rows[i].sdp), &a);
		if (good != rows[i].good || (good && a.port != rows[i].port))
			fail_msg("%s", rows[i].sdp);
	}
}

static void written_media_are_found(void **state)
{
	static const char *const list[] = {"127.0.0.1:4000", "[::1]:4002"};
	char buf[1024];
	struct audit_text t;
	struct address a;

	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(list); i++) {
		struct address in = unit_address(list[i]);
		audit_text_init(&t, buf, sizeof(buf));
		audit_sdp_write(&in, NULL, &t);
		assert_true(audit_sdp_media(bytes_make(buf, t.len), &a));
		assert_true(address_equal(&a, &in));
	}
}

static void identifiers_never_meet(void **state)
{
	struct audit one = {.random = 1, .run = 1}, two = {.random = 1, .run = 2};
	char a[AUDIT_TEXT_MAX], b[AUDIT_TEXT_MAX], c[AUDIT_TEXT_MAX];

	UNUSED(state);
	audit_identifier(&one, "x", a);
	audit_identifier(&two, "x", b);
	audit_identifier(&one, "x", c);
	assert_string_not_equal(a, b); // the same seed, another run
	assert_string_not_equal(a, c);
	struct audit three = {.random = 9}, four = {.random = 9};
	for (int i = 0; i < 8; i++)
		assert_true(audit_random(&three) == audit_random(&four)); // a seed is a sequence
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_parse), cmocka_unit_test(responses_mirror), cmocka_unit_test(media_are_found),
		cmocka_unit_test(written_media_are_found), cmocka_unit_test(identifiers_never_meet),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
