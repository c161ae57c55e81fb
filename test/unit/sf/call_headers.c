// SPDX-License-Identifier: Apache-2.0
// Each header field on its way into each zone, without and inside the trust domain, strict and relaxed: what leaves; and
// what happens when one is missing.
#include "call_rig.h"

#include "sf/message.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

// Written down apart from the rows of wire/sip/header.c. "+": copied. In order: towards a peering, the same inside the
// trust domain, towards the core, the same inside the trust domain. What we write ourselves is never copied.
// clang-format off
static const struct {
	const char *name, *value, *passes;
} expected[] = {
	{"Accept", "application/sdp", "++++"},
	{"Accept-Contact", "*;mobility=\"fixed\"", "--++"},
	{"Accept-Encoding", "gzip", "----"},
	{"Accept-Language", "da", "++++"},
	{"Alert-Info", "<http://x.example/a>", "----"},
	{"Allow", "INVITE, ACK, SUBSCRIBE", "----"},
	{"Allow-Events", "dialog", "----"},
	{"Attestation-Info", "A", "---+"},
	{"Authentication-Info", "nextnonce=\"x\"", "----"},
	{"Authorization", "Digest username=\"u\"", "----"},
	{"Call-ID", "sample-call", "----"},
	{"Call-Info", "<http://x.example/i>", "----"},
	{"Contact", "<sip:sample@10.0.0.5>", "----"},
	{"Content-Disposition", "session", "++++"},
	{"Content-Encoding", "identity", "++++"},
	{"Content-ID", "<c@x.example>", "--++"},
	{"Content-Language", "fr", "++++"},
	{"Content-Length", "2", "----"},
	{"Content-Type", "text/x-sample", "----"},
	{"CSeq", "771 INVITE", "----"},
	{"Date", "Sat, 13 Nov 2010 23:29:00 GMT", "-+++"},
	{"Diversion", "<sip:+4930@us.example>", "-+++"},
	{"Error-Info", "<sip:e@x.example>", "----"},
	{"Event", "talk", "++++"},
	{"Expires", "771", "++++"},
	{"From", "<sip:+493011@sample.example>;tag=sample", "----"},
	{"Geolocation", "<cid:g@x.example>", "-+++"},
	{"Geolocation-Routing", "yes", "-+++"},
	{"History-Info", "<sip:+4931@us.example>;index=1", "-+++"},
	{"Identity", "eyJ.e30.sig;info=<https://x.example/c>;alg=ES256", "++++"},
	{"Info-Package", "sample", "++++"},
	{"In-Reply-To", "a@b", "----"},
	{"Max-Breadth", "60", "++++"},
	{"Max-Forwards", "57", "----"},
	{"MIME-Version", "1.0", "++++"},
	{"Min-Expires", "60", "++++"},
	{"Min-SE", "101", "----"},
	{"Organization", "Sample", "----"},
	{"Origination-Id", "123e4567-e89b", "---+"},
	{"P-Access-Network-Info", "3GPP-UTRAN-TDD;x=y", "-+-+"},
	{"P-Asserted-Identity", "<sip:+4932@us.example>", "-+-+"},
	{"P-Charging-Vector", "icid-value=1234", "-+-+"},
	{"P-Early-Media", "supported", "-+++"},
	{"P-Preferred-Identity", "<sip:+4933@us.example>", "----"},
	{"Path", "<sip:p@x.example>", "----"},
	{"Priority", "urgent", "++++"},
	{"Privacy", "id", "++++"},
	{"Proxy-Authenticate", "Digest realm=\"r\"", "----"},
	{"Proxy-Authorization", "Digest username=\"p\"", "----"},
	{"Proxy-Require", "timer", "----"},
	{"RAck", "1 7 INVITE", "----"},
	{"Reason", "Q.850;cause=16", "++++"},
	{"Record-Route", "<sip:rr.x.example;lr>", "----"},
	{"Recv-Info", "sample", "++++"},
	{"Refer-Sub", "false", "++++"},
	{"Refer-To", "<sip:r@x.example>", "----"},
	{"Referred-By", "<sip:+4934@us.example>", "--++"},
	{"Reject-Contact", "*;actor=\"msg-taker\"", "--++"},
	{"Replaces", "a@b;from-tag=1;to-tag=2", "----"},
	{"Reply-To", "<sip:rt@x.example>", "----"},
	{"Request-Disposition", "no-fork", "--++"},
	{"Require", "timer", "----"},
	{"Resource-Priority", "dsn.flash", "-+-+"},
	{"Retry-After", "18", "++++"},
	{"Route", "<sip:us.example;lr>", "----"},
	{"RSeq", "988", "----"},
	{"Server", "Sample/1", "----"},
	{"Service-Route", "<sip:sr@x.example>", "----"},
	{"Session-Expires", "1771", "----"},
	{"Session-ID", "f81d4fae7dec11d0a76500a0c91e6bf6", "++++"},
	{"SIP-ETag", "sample", "++++"},
	{"SIP-If-Match", "sample", "++++"},
	{"Subject", "A sample", "++++"},
	{"Subscription-State", "active", "++++"},
	{"Supported", "timer", "----"},
	{"Timestamp", "54", "----"},
	{"To", "<sip:+498912@sample.example>", "----"},
	{"Unsupported", "foo", "----"},
	{"User-Agent", "Sample/2", "----"},
	{"User-to-User", "56a390f3d2b7310023a2;encoding=hex", "++++"},
	{"Via", "SIP/2.0/UDP 10.0.0.5;branch=z9hG4bKsample", "----"},
	{"Warning", "301 x.example \"no\"", "----"},
	{"WWW-Authenticate", "Digest realm=\"w\"", "----"},
};
// clang-format on

static const char base[] = "INVITE sip:+498912@us.example SIP/2.0\r\n"
			   "Via: SIP/2.0/UDP 10.0.0.5;branch=z9hG4bKbase\r\n"
			   "From: <sip:+493011@pbx>;tag=a\r\nTo: <sip:+498912@us.example>\r\nCall-ID: base\r\n"
			   "CSeq: 7 INVITE\r\n";

// The INVITE with "NAME: VALUE" in place of its own header field of that name, and a body.
static void text_with(char *out, size_t cap, const char *name, const char *value)
{
	size_t n = 0, skip = strlen(name);
	bool type = strcmp(name, "Content-Type") == 0, length = strcmp(name, "Content-Length") == 0;

	for (const char *line = base; *line != 0;) {
		size_t len = (size_t)(strstr(line, "\r\n") - line) + 2;
		bool own = strncmp(line, name, skip) == 0 && line[skip] == ':';
		n += (size_t)snprintf(out + n, cap - n, "%.*s", own ? 0 : (int)len, line);
		line += len;
	}
	if (value != NULL)
		n += (size_t)snprintf(out + n, cap - n, "%s: %s\r\n", name, value);
	snprintf(out + n, cap - n, "%s%s\r\nhi", type ? "" : "Content-Type: text/plain\r\n",
		length ? "" : "Content-Length: 2\r\n");
}

// Does the line leave? The way is from one peer of the rig to the other.
static bool leaves(struct rig *r, int to, const char *name, const char *value)
{
	char text[2048], line[512], out[2048];
	struct sip_fault fault;
	struct passage p;
	struct sip_writer w;
	uint32_t n = 0;

	text_with(text, sizeof(text), name, value);
	assert_true(is_ok(sip_msg_parse(&r->msg, (const uint8_t *)text, (uint32_t)strlen(text), &fault)));
	assert_true(is_ok(sip_msg_check_all(&r->msg, &fault)));
	enum sip_hdr id = sip_hdr_of(bytes_of_string(name));
	assert_true(id == SIP_HDR_OTHER || r->msg.first[id] != 0);
	passage_init(&p, r->sf, &r->msg, to == RIG_CORE ? RIG_FAR : RIG_CORE, (peer_id)to);
	sip_write_init(&w, out, sizeof(out) - 1);
	message_copy(&w, &p, true);
	assert_true(is_ok(sip_write_end(&w, &n)));
	out[n] = 0;
	snprintf(line, sizeof(line), "%s: %s\r\n", name, value);
	return strstr(out, line) != NULL;
}

static void test_each_zone(void **state)
{
	struct rig *r = rig_new();

	UNUSED(state);
	assert_int_equal(ARRAY_LEN(expected), SIP_HDR_COUNT - 1);
	for (size_t i = 0; i < ARRAY_LEN(expected); i++) {
		for (int way = 0; way < 8; way++) { // bit 0: trusted, bit 1: to the core, bit 2: strict
			for (int peer = 0; peer < 2; peer++) {
				rig_peer(r, peer)->trusted_identity = (uint8_t)(way & 1);
				rig_peer(r, peer)->headers_strict = (uint8_t)(way >> 2 & 1);
			}
			bool left = leaves(r, way & 2 ? RIG_CORE : RIG_FAR, expected[i].name, expected[i].value);
			if (left != (expected[i].passes[way & 3] == '+'))
				fail_msg("%s, way %d: %s", expected[i].name, way, left ? "leaves" : "stays");
		}
	}
	rig_free(r);
}

// One of the two that is outside the trust domain, or strict, decides for both.
static void test_both_must_agree(void **state)
{
	struct rig *r = rig_new();

	UNUSED(state);
	for (int who = 0; who < 4; who++) {
		rig_peer(r, RIG_CORE)->trusted_identity = (uint8_t)(who & 1);
		rig_peer(r, RIG_FAR)->trusted_identity = (uint8_t)(who >> 1);
		rig_peer(r, RIG_CORE)->headers_strict = !(who & 1);
		rig_peer(r, RIG_FAR)->headers_strict = !(who >> 1);
		for (int to = RIG_CORE; to <= RIG_FAR; to++) {
			assert_int_equal(leaves(r, to, "P-Asserted-Identity", "<sip:+4932@us.example>"), who == 3);
			assert_int_equal(leaves(r, to, "X-Unknown", "sample"), who == 3);
		}
	}
	rig_free(r);
}

// A BYE, too, is judged by who sent it.
static void test_bye_is_judged_by_its_sender(void **state)
{
	UNUSED(state);
	for (int trusted = 0; trusted < 2; trusted++) {
		struct rig *r = rig_new();
		rig_peer(r, RIG_FAR)->trusted_identity = 1;
		rig_peer(r, RIG_CORE)->trusted_identity = (uint8_t)trusted;
		rig_call(r);
		rig_in_dialog(r, RIG_CORE, rig_last(r, RIG_CORE, "SIP/2.0 200"), "BYE", 8,
			"P-Asserted-Identity: <sip:+4932@us.example>\r\n", "");
		const char *bye = rig_last(r, RIG_FAR, "BYE ");
		assert_non_null(bye);
		assert_string_equal(
			rig_header(bye, "P-Asserted-Identity"), trusted ? "<sip:+4932@us.example>" : "");
		rig_free(r);
	}
}

static void test_missing(void **state)
{
	struct rig *r = rig_new();
	char text[2048];
	struct sip_fault fault;

	UNUSED(state);
	for (unsigned id = 1; id < SIP_HDR_COUNT; id++) {
		const struct sip_hdr_desc *d = sip_hdr_desc((enum sip_hdr)id);
		text_with(text, sizeof(text), d->name, NULL);
		result parsed = sip_msg_parse(&r->msg, (const uint8_t *)text, (uint32_t)strlen(text), &fault);
		if (id == SIP_HDR_CONTENT_TYPE) { // needed for a body, else fine
			assert_string_equal(fault.phrase, d->missing);
			continue;
		}
		assert_int_equal(is_ok(parsed), d->if_missing != SIP_MISSING_REFUSE);
		if (!is_ok(parsed))
			assert_ptr_equal(fault.phrase, d->missing);
		else if (id == SIP_HDR_CONTENT_LENGTH)
			assert_int_equal(span_len(r->msg.body), 2);
		else if (id == SIP_HDR_MAX_FORWARDS)
			assert_int_equal(message_forwards(&r->msg), 70);
	}
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_zone),
		cmocka_unit_test(test_both_must_agree),
		cmocka_unit_test(test_bye_is_judged_by_its_sender),
		cmocka_unit_test(test_missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
