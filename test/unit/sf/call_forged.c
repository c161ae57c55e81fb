// SPDX-License-Identifier: Apache-2.0
// Forged requests and responses (SF-I1, SF-I5 to SF-I8): wrong peer, flow, tag, CSeq or branch. Each attack
// is first shown to bounce, then the same message from its owner works.
#include "call_rig.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>
#include <stdlib.h>
#include <cmocka.h>

static const char *const methods[] = {"BYE", "INVITE", "UPDATE", "INFO", "REFER", "OPTIONS"};

static void request(char *out, size_t cap, const char *method, const char *call_id, const char *from_tag,
	const char *to_tag, int cseq, unsigned branch)
{
	snprintf(out, cap,
		"%s sip:sbe@10.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.5;branch=z9hG4bKf%u\r\nMax-Forwards: "
		"70\r\n"
		"From: <sip:+493011@pbx.internal.core>;tag=%s\r\nTo: "
		"<sip:+498912@us.example>;tag=%s\r\nCall-ID: %s\r\n"
		"CSeq: %d %s\r\nContact: <sip:a@10.0.0.5>\r\nRefer-To: <sip:x@y>\r\nContent-Length: "
		"0\r\n\r\n",
		method, branch, from_tag, to_tag, call_id, cseq, method);
}

static void nothing_happened(const struct rig *r)
{
	assert_int_equal(r->ended, 0);
	assert_int_equal(rig_count(r, RIG_FAR, "BYE "), 0);
	assert_int_equal(rig_count(r, RIG_FAR, "INVITE "), 1);
	assert_int_equal(rig_count(r, RIG_FAR, "UPDATE "), 0);
	assert_int_equal(rig_count(r, RIG_FAR, "INFO "), 0);
}

static void test_request_of_another_peer(void **state)
{
	struct rig *r = rig_new();
	char text[2048], tag[64];

	UNUSED(state);
	rig_call(r);
	snprintf(tag, sizeof(tag), "%s", rig_tag(rig_last(r, RIG_CORE, "SIP/2.0 200"), "To"));
	struct origin far = rig_origin(r, RIG_FAR), zone = rig_origin(r, RIG_CORE);
	zone.zone = 1;
	uint32_t sent = r->sent_count;
	for (unsigned i = 0; i < ARRAY_LEN(methods); i++) {
		request(text, sizeof(text), methods[i], "secretcallid@pbx.internal.core", "alicetag", tag, 8,
			i);
		assert_int_equal(rig_in_from(r, &far, RIG_FAR, text).action, VERDICT_DROP);
		assert_int_equal(rig_in_from(r, &zone, RIG_CORE, text).action, VERDICT_DROP);
	}
	assert_int_equal(r->sent_count, sent); // silence
	assert_int_equal(r->alarms[SF_ALARM_FOREIGN_REQUEST], 2 * ARRAY_LEN(methods));
	nothing_happened(r);
	rig_in(r, RIG_CORE, text); // the owner: served, and the CSeq was not burnt
	assert_int_equal(r->sent_count, sent + 1);
	rig_free(r);
}

static void test_wrong_identifiers(void **state)
{
	struct rig *r = rig_new();
	char text[2048], tag[64], bent[64];

	UNUSED(state);
	rig_call(r);
	snprintf(tag, sizeof(tag), "%s", rig_tag(rig_last(r, RIG_CORE, "SIP/2.0 200"), "To"));
	for (unsigned i = 0; i < ARRAY_LEN(methods); i++) {
		struct verdict v;
		request(text, sizeof(text), methods[i], "other", "alicetag", tag, 8, 100 + i);
		v = rig_in(r, RIG_CORE, text);
		assert_int_equal(v.status, 481);
		request(text, sizeof(text), methods[i], "secretcallid@pbx.internal.core", "alicetak", tag, 8,
			200 + i);
		v = rig_in(r, RIG_CORE, text);
		assert_int_equal(v.status, 481);
		snprintf(bent, sizeof(bent), "%s", tag);
		bent[5] = bent[5] == 'a' ? 'b' : 'a';
		request(text, sizeof(text), methods[i], "secretcallid@pbx.internal.core", "alicetag", bent, 8,
			300 + i);
		v = rig_in(r, RIG_CORE, text);
		assert_int_equal(v.status, 481);
		request(text, sizeof(text), methods[i], "secretcallid@pbx.internal.core", "alicetag", tag, 7,
			400 + i);
		v = rig_in(r, RIG_CORE, text);
		assert_int_equal(v.status, 500); // old CSeq
	}
	assert_int_equal(r->alarms[SF_ALARM_OLD_CSEQ], ARRAY_LEN(methods));
	assert_int_equal(r->alarms[SF_ALARM_FORGED_TOKEN], ARRAY_LEN(methods));
	nothing_happened(r);
	rig_free(r);
}

static void test_secure_leg_keeps_its_floor(void **state)
{
	struct rig *r = rig_new();
	char text[2048];
	struct origin o = rig_origin(r, RIG_CORE), clear = o;

	UNUSED(state);
	o.transport = TRANSPORT_TLS;
	o.tls_peer = RIG_CORE;
	o.conn = (struct conn_ref){5, 1, 0};
	snprintf(text, sizeof(text),
		"INVITE sip:+498912@us.example SIP/2.0\r\nVia: SIP/2.0/TLS "
		"pbx;branch=z9hG4bKt1\r\nMax-Forwards: 70\r\n"
		"From: <sip:+493011@pbx>;tag=alicetag\r\nTo: <sip:+498912@us.example>\r\nCall-ID: "
		"tlscall\r\nCSeq: 7 INVITE\r\n"
		"Contact: <sip:a@10.0.0.5;transport=tls>\r\nContent-Length: 0\r\n\r\n");
	rig_in_from(r, &o, RIG_CORE, text);
	rig_answer(r, RIG_FAR, rig_last(r, RIG_FAR, "INVITE "), 200, "fartag", "", rig_sdp);
	const char *ok = rig_last(r, RIG_CORE, "SIP/2.0 200");
	assert_non_null(strstr(rig_header(ok, "Contact"), "10.0.0.1:5061;transport=tls"));
	request(text, sizeof(text), "BYE", "tlscall", "alicetag", rig_tag(ok, "To"), 8, 1);
	assert_int_equal(rig_in_from(r, &clear, RIG_CORE, text).action, VERDICT_DROP); // in clear
	struct origin other = o;
	other.tls_peer = RIG_FAR;
	assert_int_equal(rig_in_from(r, &other, RIG_CORE, text).action, VERDICT_DROP); // another certificate
	assert_int_equal(r->ended, 0);
	o.conn.id = 77; // another connection of the same peer is fine
	assert_int_equal(rig_in_from(r, &o, RIG_CORE, text).action, VERDICT_DONE);
	assert_int_equal(r->ended, 1);
	rig_free(r);
}

static void test_forged_cancel(void **state)
{
	struct rig *r = rig_new();
	char text[2048];
	struct origin far = rig_origin(r, RIG_FAR);

	UNUSED(state);
	rig_invite(r, "", rig_sdp);
	snprintf(text, sizeof(text),
		"CANCEL sip:+498912@us.example SIP/2.0\r\nVia: SIP/2.0/UDP "
		"pbx.internal.core:5060;branch=z9hG4bKcaller1;rport\r\n"
		"Max-Forwards: 70\r\nFrom: <sip:+493011@pbx.internal.core>;tag=alicetag\r\nTo: "
		"<sip:+498912@us.example>\r\n"
		"Call-ID: secretcallid@pbx.internal.core\r\nCSeq: 7 CANCEL\r\nContent-Length: 0\r\n\r\n");
	rig_in_from(r, &far, RIG_FAR, text);
	assert_int_equal(r->ended, 0);
	assert_int_equal(rig_count(r, RIG_CORE, "SIP/2.0 487"), 0);
	rig_in(r, RIG_CORE, text);
	assert_int_equal(r->ended, 1);
	rig_free(r);
}

static void response(char *out, size_t cap, const char *invite, int status, const char *via)
{
	snprintf(out, cap,
		"SIP/2.0 %d X\r\nVia: %s\r\nFrom: %s\r\nTo: %s;tag=evil\r\nCall-ID: %s\r\nCSeq: %s\r\n"
		"Contact: <sip:evil@192.0.2.66>\r\nContent-Length: 0\r\n\r\n",
		status, via, rig_header(invite, "From"), rig_header(invite, "To"),
		rig_header(invite, "Call-ID"), rig_header(invite, "CSeq"));
}

static void test_forged_responses(void **state)
{
	static const int statuses[] = {180, 199, 200, 302, 404, 486, 503};
	struct rig *r = rig_new();
	char text[2048], via[256];

	UNUSED(state);
	rig_invite(r, "Supported: 199\r\n", rig_sdp);
	const char *invite = rig_last(r, RIG_FAR, "INVITE ");
	struct origin elsewhere = rig_origin(r, RIG_FAR), port = elsewhere, core = rig_origin(r, RIG_CORE);
	elsewhere.remote.ip[3] = 8; // still the peer's range
	port.remote.port = 5070;
	uint32_t sent = r->sent_count;
	for (unsigned i = 0; i < ARRAY_LEN(statuses); i++) {
		response(text, sizeof(text), invite, statuses[i], rig_header(invite, "Via"));
		assert_int_equal(rig_in_from(r, &elsewhere, RIG_FAR, text).action, VERDICT_DROP);
		assert_int_equal(rig_in_from(r, &port, RIG_FAR, text).action, VERDICT_DROP);
		assert_int_equal(rig_in_from(r, &core, RIG_CORE, text).action, VERDICT_DROP);
		snprintf(via, sizeof(via), "%s", rig_header(invite, "Via"));
		char *token = strstr(via, "branch=z9hG4bK") + 14 + 6;
		*token = *token == 'a' ? 'b' : 'a';
		response(text, sizeof(text), invite, statuses[i], via);
		assert_int_equal(rig_in(r, RIG_FAR, text).action, VERDICT_DROP);
	}
	assert_int_equal(r->sent_count, sent);
	assert_int_equal(r->ended, 0);
	assert_int_equal(r->alarms[SF_ALARM_FOREIGN_2XX], 3);
	assert_int_equal(r->alarms[SF_ALARM_FOREIGN_RESPONSE], 3 * (ARRAY_LEN(statuses) - 1));
	rig_answer(r, RIG_FAR, invite, 180, "fartag", "", ""); // from where the request went
	assert_int_equal(rig_count(r, RIG_CORE, "SIP/2.0 180"), 1);
	rig_free(r);
}

static void test_redirect_not_followed(void **state) // SF-I7
{
	struct rig *r = rig_new();

	UNUSED(state);
	rig_invite(r, "", rig_sdp);
	rig_answer(r, RIG_FAR, rig_last(r, RIG_FAR, "INVITE "), 302, "fartag",
		"Contact: <sip:x@192.0.2.66>\r\n", "");
	assert_int_equal(rig_count(r, RIG_FAR, "INVITE "), 1);
	const char *out = rig_last(r, RIG_CORE, "SIP/2.0 480");
	assert_non_null(out);
	assert_null(strstr(out, "192.0.2.66"));
	rig_free(r);
}

// A Contact can make us send only to addresses that the peer is provisioned with (SF-A4).
static void test_contact_elsewhere(void **state)
{
	struct rig *r = rig_new();

	UNUSED(state);
	rig_invite(r, "", rig_sdp);
	rig_answer(r, RIG_FAR, rig_last(r, RIG_FAR, "INVITE "), 200, "fartag",
		"Contact: <sip:v@198.51.100.1:9>\r\n", rig_sdp);
	rig_in_dialog(r, RIG_CORE, rig_last(r, RIG_CORE, "SIP/2.0 200"), "ACK", 7, "", "");
	const struct rig_sent *s = &r->sent[r->sent_count - 1];
	assert_int_equal(strncmp(s->text, "ACK sip:v@198.51.100.1:9 ", 25), 0);
	assert_int_equal(s->hop.remote.ip[0], 192);
	assert_int_equal(s->hop.remote.port, 5060);
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_request_of_another_peer),
		cmocka_unit_test(test_wrong_identifiers),
		cmocka_unit_test(test_secure_leg_keeps_its_floor),
		cmocka_unit_test(test_forged_cancel),
		cmocka_unit_test(test_forged_responses),
		cmocka_unit_test(test_redirect_not_followed),
		cmocka_unit_test(test_contact_elsewhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
