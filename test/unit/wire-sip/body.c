// SPDX-License-Identifier: Apache-2.0
// One reading of bodies (SF-C3, SF-I11): where the session description stands, and every way to hide a second one.
#include "support.h"
#include "wire/sip/body.h"

#include <stdio.h>
#include <string.h>

static char text[4096];
static struct sip_body body;

static enum sip_body_fault read_body(const char *type, const char *disposition, const char *octets)
{
	static struct sip_msg msg;
	struct sip_fault fault;
	int n = snprintf(text, sizeof(text),
		"INVITE sip:c@d.example SIP/2.0\r\nVia: SIP/2.0/UDP h.example;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=f\r\n"
		"To: <sip:c@d>\r\nCall-ID: 1\r\nCSeq: 7 INVITE\r\nMax-Forwards: 70\r\n%s%s%s%s%s%sContent-Length: %zu\r\n\r\n%s",
		type[0] ? "Content-Type: " : "", type, type[0] ? "\r\n" : "", disposition[0] ? "Content-Disposition: " : "",
		disposition, disposition[0] ? "\r\n" : "", strlen(octets), octets);

	assert_int_equal(sip_msg_parse(&msg, (const uint8_t *)text, (uint32_t)n, &fault).error, E_OK);
	sip_body_read(&msg, &body);
	return body.fault;
}

#define MIXED "multipart/mixed;boundary=b"
#define SDP(name) "--b\r\nContent-Type: application/sdp\r\n\r\nv=" name "\r\n"
#define OPTIONAL(type) "--b\r\nContent-Type: " type "\r\nContent-Disposition: render;handling=optional\r\n\r\nx\r\n"
#define END "--b--"

static void one(void **state)
{
	UNUSED(state);
	assert_int_equal(read_body("", "", ""), SIP_BODY_FINE);
	assert_false(body.has_sdp);
	assert_int_equal(read_body("text/plain", "", "v=0"), SIP_BODY_FINE);
	assert_false(body.has_sdp);
	assert_int_equal(read_body("Application / SDP; x=y", "", "v=0\r\n"), SIP_BODY_FINE);
	assert_true(body.has_sdp && !body.multipart);
	span_is(text, body.sdp, "v=0\r\n");
	assert_int_equal(read_body("application/sdp", "Session;handling=required", "v=0"), SIP_BODY_FINE);
	assert_int_equal(read_body(MIXED, "", "before\r\n" OPTIONAL("a/b") SDP("0") END "\r\nafter"), SIP_BODY_FINE);
	assert_true(body.has_sdp && body.multipart);
	span_is(text, body.sdp, "v=0");
	span_is(text, body.parts, "\r\n" OPTIONAL("a/b") SDP("0") END "\r\n");
	assert_true(span_empty(body.length));
	assert_int_equal(read_body(MIXED, "", "--b\r\nc: application/sdp\r\nl : \r\n 3\r\nX: y\r\n\r\nv=0\r\n" END), SIP_BODY_FINE);
	span_is(text, body.length, "l : \r\n 3\r\n");
	assert_int_equal(read_body(MIXED, "", OPTIONAL("text/plain") END), SIP_BODY_FINE);
	assert_false(body.has_sdp);
}

static void doubtful(void **state)
{
	static const struct {
		const char *type, *disposition, *octets;
		enum sip_body_fault fault;
	} t[] = {
		{MIXED, "", SDP("1") SDP("2") END, SIP_BODY_SECOND},
		{MIXED, "", SDP("1") "--b\r\nContent-Type: APPLICATION /sdp\r\n\r\nv=2\r\n" END, SIP_BODY_SECOND},
		{"MULTIPART / alternative;boundary=b", "", SDP("1") SDP("2") END, SIP_BODY_SECOND},
		{MIXED, "", SDP("1") OPTIONAL("multipart/mixed;boundary=c") END, SIP_BODY_NESTED},
		{MIXED, "", SDP("1") OPTIONAL("Multipart / Related;boundary=c") END, SIP_BODY_NESTED},
		{MIXED, "", SDP("1") OPTIONAL("message/sip") END, SIP_BODY_NESTED},
		{MIXED, "", SDP("1") OPTIONAL("message/external-body;access-type=URL") END, SIP_BODY_NESTED},
		{"message/sipfrag", "", "SIP/2.0 200 OK", SIP_BODY_NESTED},
		{"message/sip", "", "x", SIP_BODY_NESTED},
		{MIXED, "", SDP("1") "--b\r\nc: application/sdp\r\n\r\nv=2\r\n" END, SIP_BODY_SECOND},
		{MIXED, "", SDP("1") OPTIONAL("a/b;x=\"application/sdp\"") END, SIP_BODY_SECOND}, // found by a reader of lines
		{MIXED, "", "Content-Type: Application/SDP\r\n\r\n" SDP("1") END, SIP_BODY_SECOND},
		{MIXED, "", SDP("1") END "\r\nContent-Type: application/sdp", SIP_BODY_SECOND},
		{MIXED, "", OPTIONAL("text/plain") "--b\r\n\r\nContent-Type: application/sdp\r\n" END, SIP_BODY_SECOND},
		{MIXED, "", SDP("1") OPTIONAL("a/b\r\nContent-Transfer-Encoding: base64") END, SIP_BODY_CODED},
		{MIXED, "", "--b\r\nContent-Type: application/sdp\r\nContent-Encoding: gzip\r\n\r\nv=0\r\n" END, SIP_BODY_CODED},
		{MIXED, "", "--b\r\nContent-Type: text/plain\r\n\r\nx--b\r\n" SDP("1") END, SIP_BODY_BROKEN},
		{MIXED, "", SDP("1"), SIP_BODY_BROKEN},
		{MIXED, "", "--b\r\nContent-Type: application/sdp\r\n\r\n\r\n" END, SIP_BODY_BROKEN},
		{"multipart/mixed", "", SDP("1") END, SIP_BODY_BROKEN},
		{"application/sdp", "early-session", "v=0", SIP_BODY_PURPOSE},
		{"application/sdp", "sessions", "v=0", SIP_BODY_PURPOSE},
		{MIXED, "", "--b\r\nContent-Type: application/sdp\r\nContent-Disposition: render\r\n\r\nv=0\r\n" END, SIP_BODY_PURPOSE},
		{MIXED, "", SDP("1") "--b\r\nContent-Type: a/b\r\n\r\nx\r\n" END, SIP_BODY_REQUIRED},
		{MIXED, "", SDP("1") "--b\r\n\r\ntext\r\n" END, SIP_BODY_REQUIRED},
		{MIXED, "", SDP("1") "--b\r\nContent-Disposition: render;handling=required\r\n\r\ntext\r\n" END, SIP_BODY_REQUIRED},
		{MIXED, "", SDP("1") "--b\r\n\r\ntext\r\n" SDP("2") END, SIP_BODY_SECOND}, // the worst is told
	};

	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(t); i++)
		if (read_body(t[i].type, t[i].disposition, t[i].octets) != t[i].fault)
			fail_msg("%s: %s: %d", t[i].type, t[i].octets, (int)body.fault);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(one), cmocka_unit_test(doubtful)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
