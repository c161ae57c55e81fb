// SPDX-License-Identifier: Apache-2.0
// A call from INVITE to BYE, its refusals and its races; and that nothing of one side leaves towards the
// other.
#include "call_rig.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <cmocka.h>

static void test_whole_call(void **state)
{
	struct rig *r = rig_new();

	UNUSED(state);
	assert_non_null(r);
	rig_call(r);
	assert_int_equal(rig_count(r, RIG_CORE, "SIP/2.0 100"), 1);
	assert_int_equal(rig_count(r, RIG_CORE, "SIP/2.0 180"), 1);
	assert_int_equal(rig_count(r, RIG_CORE, "SIP/2.0 200"), 1);
	assert_int_equal(rig_count(r, RIG_FAR, "ACK "), 1);
	assert_int_equal(r->keeps > 0, 1);
	const char *ok = rig_last(r, RIG_CORE, "SIP/2.0 200");
	assert_int_equal(rig_in_dialog(r, RIG_CORE, ok, "BYE", 8, "", "").action, VERDICT_DONE);
	assert_int_equal(rig_count(r, RIG_CORE, "SIP/2.0 200"), 2);
	const char *bye = rig_last(r, RIG_FAR, "BYE ");
	assert_non_null(bye);
	assert_int_equal(r->ended, 1);
	rig_answer(r, RIG_FAR, bye, 200, "", "", "");
	rig_wait(r, 70);
	assert_int_equal(sf_call_count(r->sf), 0);
	assert_int_equal(r->releases, r->admits);
	assert_int_equal(r->erased, 1);
	assert_int_equal(r->alarms[SF_ALARM_IMPOSSIBLE], 0);
	rig_free(r);
}

// Thirty requests, some milliseconds apart, leave sixty transactions that end by timers J and K: a few wake-ups for all.
static void test_ends_share_wake_ups(void **state)
{
	struct rig *r = rig_new();
	uint64_t last_us;
	uint32_t wakes = 0;

	UNUSED(state);
	rig_call(r);
	const char *ok = rig_last(r, RIG_CORE, "SIP/2.0 200");
	for (int i = 0; i < 30; i++) {
		assert_int_equal(rig_in_dialog(r, RIG_CORE, ok, "INFO", 8 + i, "", "").action, VERDICT_DONE);
		rig_answer(r, RIG_FAR, rig_last(r, RIG_FAR, "INFO "), 200, "", "", "");
		rig_wait(r, 0.003);
	}
	uint32_t held = sf_tx_count(r->sf->tx);
	assert_true(held >= 60);
	last_us = r->now.mono_us + 34 * SECOND;
	for (; sf_deadline(r->sf) <= last_us; wakes++) {
		r->now.mono_us = sf_deadline(r->sf) > r->now.mono_us ? sf_deadline(r->sf) : r->now.mono_us + MS;
		sf_run(r->sf, &r->now);
	}
	assert_int_equal(sf_tx_count(r->sf->tx), 0);
	assert_in_range(wakes, 2, 12);
	rig_free(r);
}

static void test_bye_from_called(void **state)
{
	struct rig *r = rig_new();

	UNUSED(state);
	rig_call(r);
	const char *invite = rig_last(r, RIG_FAR, "INVITE ");
	assert_int_equal(rig_in_dialog(r, RIG_FAR, invite, "BYE", 1, "", "").action, VERDICT_DONE);
	assert_int_equal(rig_count(r, RIG_FAR, "SIP/2.0 200"), 1);
	const char *bye = rig_last(r, RIG_CORE, "BYE ");
	assert_non_null(bye);
	assert_string_equal(rig_header(bye, "Call-ID"), "secretcallid@pbx.internal.core");
	assert_string_equal(rig_tag(bye, "To"), "alicetag");
	rig_wait(r, 70);
	assert_int_equal(sf_call_count(r->sf), 0);
	rig_free(r);
}

static void test_byes_cross(void **state)
{
	struct rig *r = rig_new();

	UNUSED(state);
	rig_call(r);
	const char *invite = rig_last(r, RIG_FAR, "INVITE "), *ok = rig_last(r, RIG_CORE, "SIP/2.0 200");
	rig_in_dialog(r, RIG_CORE, ok, "BYE", 8, "", "");
	rig_in_dialog(r, RIG_FAR, invite, "BYE", 1, "", "");
	assert_int_equal(rig_count(r, RIG_FAR, "SIP/2.0 200"), 1);
	assert_int_equal(r->ended, 1);
	rig_wait(r, 70);
	assert_int_equal(sf_call_count(r->sf), 0);
	rig_free(r);
}

// Tags and Call-ID are sealed by key 0, the only one of the rig. Keys that are far from being replaced end nothing.
static void test_key_retires(void **state)
{
	struct rig *r = rig_new();

	UNUSED(state);
	rig_call(r);
	for (uint8_t first = 1; first < SF_TOKEN_KEYS_MAX - (SF_TOKEN_RETIRE - 1); first++)
		sf_retire_keys(r->sf, first, &r->now);
	assert_int_equal(rig_count(r, RIG_FAR, "BYE ") + rig_count(r, RIG_CORE, "BYE "), 0);
	sf_retire_keys(r->sf, SF_TOKEN_KEYS_MAX - 1, &r->now); // the two next to be replaced are 31 and 0
	assert_int_equal(rig_count(r, RIG_FAR, "BYE "), 1);
	assert_int_equal(rig_count(r, RIG_CORE, "BYE "), 1);
	assert_string_equal(r->last_reason, "token key retired");
	rig_wait(r, 70);
	assert_int_equal(sf_call_count(r->sf), 0);
	rig_free(r);
}

static void test_refused(void **state)
{
	struct rig *r = rig_new();

	UNUSED(state);
	rig_invite(r, "", rig_sdp);
	rig_answer(r, RIG_FAR, rig_last(r, RIG_FAR, "INVITE "), 486, "fartag",
		"Warning: 399 far.internal \"x\"\r\n", "");
	assert_int_equal(rig_count(r, RIG_FAR, "ACK "), 1);
	const char *busy = rig_last(r, RIG_CORE, "SIP/2.0 486 Busy Here\r\n");
	assert_non_null(busy);
	assert_null(strstr(busy, "Warning"));
	assert_int_not_equal(rig_tag(busy, "To")[0], 0);
	assert_int_equal(r->ended, 1);
	rig_wait(r, 70);
	assert_int_equal(sf_call_count(r->sf), 0);
	rig_free(r);
}

static void cancel(struct rig *r)
{
	char out[2048];

	snprintf(out, sizeof(out),
		"CANCEL sip:+498912@us.example SIP/2.0\r\n"
		"Via: SIP/2.0/UDP pbx.internal.core:5060;branch=z9hG4bKcaller1;rport\r\nMax-Forwards: 70\r\n"
		"From: \"Alice A\" <sip:+493011@pbx.internal.core>;tag=alicetag\r\nTo: "
		"<sip:+498912@us.example>\r\n"
		"Call-ID: secretcallid@pbx.internal.core\r\nCSeq: 7 CANCEL\r\nContent-Length: 0\r\n\r\n");
	rig_in(r, RIG_CORE, out);
}

static void test_cancel(void **state)
{
	struct rig *r = rig_new();

	UNUSED(state);
	rig_invite(r, "", rig_sdp);
	const char *invite = rig_last(r, RIG_FAR, "INVITE ");
	cancel(r);
	assert_int_equal(rig_count(r, RIG_CORE, "SIP/2.0 200"), 1);
	assert_int_equal(rig_count(r, RIG_CORE, "SIP/2.0 487"), 1);
	assert_int_equal(rig_count(r, RIG_FAR, "CANCEL "), 0); // not before a provisional
	rig_answer(r, RIG_FAR, invite, 180, "fartag", "", "");
	assert_int_equal(rig_count(r, RIG_FAR, "CANCEL "), 1);
	rig_answer(r, RIG_FAR, rig_last(r, RIG_FAR, "CANCEL "), 200, "", "", "");
	rig_answer(r, RIG_FAR, invite, 487, "fartag", "", "");
	rig_wait(r, 70);
	assert_int_equal(sf_call_count(r->sf), 0);
	assert_int_equal(r->ended, 1);
	rig_free(r);
}

static void test_answer_crosses_cancel(void **state)
{
	struct rig *r = rig_new();

	UNUSED(state);
	rig_invite(r, "", rig_sdp);
	const char *invite = rig_last(r, RIG_FAR, "INVITE ");
	rig_answer(r, RIG_FAR, invite, 180, "fartag", "", "");
	cancel(r);
	rig_answer(r, RIG_FAR, invite, 200, "fartag", "", rig_sdp);
	assert_int_equal(rig_count(r, RIG_CORE, "SIP/2.0 487"), 1);
	assert_int_equal(rig_count(r, RIG_FAR, "ACK "), 1);
	assert_int_equal(rig_count(r, RIG_FAR, "BYE "), 1);
	rig_wait(r, 70);
	assert_int_equal(sf_call_count(r->sf), 0);
	rig_free(r);
}

static void test_answer_repeated_until_ack(void **state)
{
	struct rig *r = rig_new();

	UNUSED(state);
	rig_invite(r, "", rig_sdp);
	const char *invite = rig_last(r, RIG_FAR, "INVITE ");
	rig_answer(r, RIG_FAR, invite, 200, "fartag", "", rig_sdp);
	rig_wait(r, 1.6);
	assert_int_equal(rig_count(r, RIG_CORE, "SIP/2.0 200"), 3); // at 0, 0.5 and 1.5 s
	rig_answer(r, RIG_FAR, invite, 200, "fartag", "", rig_sdp);
	assert_int_equal(rig_count(r, RIG_FAR, "ACK "), 0);
	rig_in_dialog(r, RIG_CORE, rig_last(r, RIG_CORE, "SIP/2.0 200"), "ACK", 7, "", "");
	assert_int_equal(rig_count(r, RIG_FAR, "ACK "), 1);
	rig_answer(r, RIG_FAR, invite, 200, "fartag", "", rig_sdp);
	assert_int_equal(rig_count(r, RIG_FAR, "ACK "), 2);
	rig_wait(r, 40);
	assert_int_equal(sf_call_count(r->sf), 1);
	assert_int_equal(rig_count(r, RIG_CORE, "SIP/2.0 200"), 3);
	rig_free(r);
}

static void test_no_ack(void **state)
{
	struct rig *r = rig_new();

	UNUSED(state);
	rig_invite(r, "", rig_sdp);
	rig_answer(r, RIG_FAR, rig_last(r, RIG_FAR, "INVITE "), 200, "fartag", "", rig_sdp);
	rig_wait(r, 33);
	assert_int_equal(rig_count(r, RIG_FAR, "ACK "), 1);
	assert_true(rig_count(r, RIG_FAR, "BYE ") >= 1);
	assert_true(rig_count(r, RIG_CORE, "BYE ") >= 1);
	assert_int_equal(r->ended, 1);
	rig_wait(r, 70);
	assert_int_equal(sf_call_count(r->sf), 0);
	rig_free(r);
}

static void test_late_offer(void **state)
{
	struct rig *r = rig_new();

	UNUSED(state);
	rig_invite(r, "", "");
	const char *invite = rig_last(r, RIG_FAR, "INVITE ");
	assert_null(strstr(invite, "100rel"));
	rig_answer(r, RIG_FAR, invite, 200, "fartag", "", rig_sdp);
	const char *ok = rig_last(r, RIG_CORE, "SIP/2.0 200");
	assert_non_null(strstr(ok, "s=from-called"));
	rig_in_dialog(r, RIG_CORE, ok, "ACK", 7, "", rig_sdp);
	const char *ack = rig_last(r, RIG_FAR, "ACK ");
	assert_non_null(strstr(ack, "s=from-caller"));
	rig_answer(r, RIG_FAR, invite, 200, "fartag", "", rig_sdp);
	assert_string_equal(rig_last(r, RIG_FAR, "ACK "), ack); // the same once more, with its body
	assert_int_equal(rig_count(r, RIG_FAR, "ACK "), 2);
	rig_free(r);
}

static void test_late_offer_without_answer(void **state)
{
	struct rig *r = rig_new();

	UNUSED(state);
	rig_invite(r, "", "");
	rig_answer(r, RIG_FAR, rig_last(r, RIG_FAR, "INVITE "), 200, "fartag", "", rig_sdp);
	rig_in_dialog(r, RIG_CORE, rig_last(r, RIG_CORE, "SIP/2.0 200"), "ACK", 7, "", "");
	assert_int_equal(rig_count(r, RIG_FAR, "ACK "), 1);
	assert_int_equal(rig_count(r, RIG_FAR, "BYE "), 1);
	assert_int_equal(rig_count(r, RIG_CORE, "BYE "), 1);
	rig_free(r);
}

// SF-C3, LRF-C2: nothing of one side is seen on the other.
static void test_topology_hidden(void **state)
{
	static const char *const core[] = {"10.0.0.5", "10.0.0.1", "pbx.internal.core", "secretcallid",
		"alicetag", "CoreVendor", "secretname", "z9hG4bKcaller1", "172.16.9.9", "proxy.core"};
	static const char *const far[] = {"192.0.2.7", "far.internal", "fartag", "FarVendor", "172.16.9.9",
		"Their Phrase", "203.0.113.7"};
	struct rig *r = rig_new();

	UNUSED(state);
	rig_invite(r,
		"Record-Route: <sip:proxy.core;lr>\r\nX-Trace: pbx.internal.core\r\nSubject: at "
		"PBX.internal.CORE\r\n"
		"P-Asserted-Identity: <sip:+493011@pbx.internal.core>\r\nDiversion: <sip:1@10.0.0.5>\r\n",
		rig_sdp);
	const char *invite = rig_last(r, RIG_FAR, "INVITE ");
	rig_answer(r, RIG_FAR, invite, 183, "fartag",
		"Record-Route: <sip:far.internal;lr>\r\nReason: SIP;text=\"192.0.2.7 x\"\r\n", rig_sdp);
	rig_answer(r, RIG_FAR, invite, 200, "fartag", "Record-Route: <sip:far.internal;lr>\r\n", rig_sdp);
	const char *ok = rig_last(r, RIG_CORE, "SIP/2.0 200");
	assert_string_equal(rig_header(ok, "Record-Route"), "<sip:proxy.core;lr>");
	rig_in_dialog(r, RIG_CORE, ok, "ACK", 7, "", "");
	rig_in_dialog(r, RIG_CORE, ok, "INFO", 8,
		"Content-Type: application/dtmf-relay\r\nInfo-Package: x\r\n", "Signal=1\r\n");
	rig_answer(r, RIG_FAR, rig_last(r, RIG_FAR, "INFO "), 200, "", "", "");
	rig_in_dialog(r, RIG_FAR, invite, "BYE", 1, "Reason: Q.850;cause=16\r\n", "");
	assert_string_equal(rig_header(rig_last(r, RIG_CORE, "BYE "), "Reason"), "Q.850;cause=16");
	assert_string_equal(rig_header(rig_last(r, RIG_FAR, "ACK "), "Route"), "<sip:far.internal;lr>");
	assert_non_null(strstr(invite, "\"Alice A\" <sip:+493011@us.example>"));
	assert_non_null(strstr(invite, "To: <sip:+498912@far.example>"));
	for (uint32_t i = 0; i < r->sent_count; i++) {
		const struct rig_sent *s = &r->sent[i];
		bool to_far = s->hop.remote.ip[0] == 192;
		for (uint32_t k = 0; to_far && k < ARRAY_LEN(core); k++)
			if (strstr(s->text, core[k]) != NULL)
				fail_msg("%s leaves: %s", core[k], s->text);
		for (uint32_t k = 0; !to_far && k < ARRAY_LEN(far); k++)
			if (strstr(s->text, far[k]) != NULL)
				fail_msg("%s leaves: %s", far[k], s->text);
	}
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole_call),
		cmocka_unit_test(test_ends_share_wake_ups),
		cmocka_unit_test(test_bye_from_called),
		cmocka_unit_test(test_byes_cross),
		cmocka_unit_test(test_key_retires),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_cancel),
		cmocka_unit_test(test_answer_crosses_cancel),
		cmocka_unit_test(test_answer_repeated_until_ack),
		cmocka_unit_test(test_no_ack),
		cmocka_unit_test(test_late_offer),
		cmocka_unit_test(test_late_offer_without_answer),
		cmocka_unit_test(test_topology_hidden),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
