// SPDX-License-Identifier: Apache-2.0
// Changes of a session: re-INVITE, UPDATE, glare, INFO, session timers, media that waits or refuses.
#include "call_rig.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

static long number(const char *text)
{
	return strtol(text, NULL, 10);
}

static const char *ok_of(const struct rig *r) // our 200 to the caller's first INVITE
{
	for (uint32_t i = 0; i < r->sent_count; i++)
		if (strncmp(r->sent[i].text, "SIP/2.0 200", 11) == 0 && strstr(r->sent[i].text, "7 INVITE"))
			return r->sent[i].text;
	return NULL;
}

static void test_reinvite(void **state)
{
	struct rig *r = rig_new();

	UNUSED(state);
	rig_call(r);
	const char *ok = ok_of(r);
	rig_in_dialog(r, RIG_CORE, ok, "INVITE", 8, "Contact: <sip:alice@10.0.0.6:5062>\r\n", rig_sdp);
	const char *re = rig_last(r, RIG_FAR, "INVITE ");
	assert_string_equal(rig_tag(re, "To"), "fartag");
	assert_non_null(strstr(re, "s=from-caller"));
	rig_answer(r, RIG_FAR, re, 200, "", "", rig_sdp);
	assert_int_equal(rig_count(r, RIG_CORE, "SIP/2.0 200"), 2);
	assert_int_equal(rig_count(r, RIG_FAR, "ACK "), 1);
	rig_in_dialog(r, RIG_CORE, ok, "ACK", 8, "", "");
	assert_int_equal(rig_count(r, RIG_FAR, "ACK "), 2);
	assert_string_equal(
		rig_header(rig_last(r, RIG_FAR, "ACK "), "CSeq") + strlen(rig_header(re, "CSeq")) - 7,
		" ACK");
	rig_answer(r, RIG_FAR, re, 200, "", "", rig_sdp); // repeated: acknowledged again
	assert_int_equal(rig_count(r, RIG_FAR, "ACK "), 3);
	rig_in_dialog(r, RIG_FAR, rig_last(r, RIG_FAR, "INVITE "), "BYE", 1, "", "");
	const char *bye = rig_last(r, RIG_CORE, "BYE ");
	assert_int_equal(strncmp(bye, "BYE sip:alice@10.0.0.6:5062 ", 28), 0); // the target was refreshed
	assert_int_equal(r->sent[r->sent_count - 1].hop.remote.port, 5062);
	rig_wait(r, 100);
	assert_int_equal(sf_call_count(r->sf), 0);
	rig_free(r);
}

static void test_reinvite_refused(void **state)
{
	struct rig *r = rig_new();

	UNUSED(state);
	rig_call(r);
	const char *ok = ok_of(r);
	rig_in_dialog(r, RIG_CORE, ok, "INVITE", 8, "", rig_sdp);
	rig_answer(r, RIG_FAR, rig_last(r, RIG_FAR, "INVITE "), 488, "", "", "");
	assert_int_equal(r->rollbacks, 1);
	assert_int_equal(rig_count(r, RIG_CORE, "SIP/2.0 488"), 1);
	assert_int_equal(r->ended, 0);
	rig_in_dialog(r, RIG_CORE, ok, "INVITE", 9, "", rig_sdp); // and it may be asked again
	assert_int_equal(rig_count(r, RIG_FAR, "INVITE "), 3);
	rig_answer(r, RIG_FAR, rig_last(r, RIG_FAR, "INVITE "), 481, "", "", "");
	assert_int_equal(r->ended, 1); // the dialog is gone there (RFC3261#12.2.1.2)
	assert_int_equal(rig_count(r, RIG_CORE, "BYE "), 1);
	rig_free(r);
}

static void test_glare(void **state)
{
	struct rig *r = rig_new();

	UNUSED(state);
	rig_call(r);
	const char *ok = ok_of(r), *invite = rig_last(r, RIG_FAR, "INVITE ");
	rig_in_dialog(r, RIG_CORE, ok, "INVITE", 8, "", rig_sdp);
	rig_in_dialog(r, RIG_FAR, invite, "INVITE", 1, "", rig_sdp);
	assert_int_equal(rig_count(r, RIG_FAR, "SIP/2.0 491"), 1);
	rig_in_dialog(r, RIG_FAR, invite, "UPDATE", 2, "", rig_sdp);
	assert_int_equal(rig_count(r, RIG_FAR, "SIP/2.0 491"), 2);
	rig_in_dialog(r, RIG_CORE, ok, "INVITE", 9, "", rig_sdp);
	assert_int_equal(rig_count(r, RIG_CORE, "SIP/2.0 500"), 1);
	assert_int_not_equal(number(rig_header(rig_last(r, RIG_CORE, "SIP/2.0 500"), "Retry-After")), 0);
	assert_int_equal(rig_count(r, RIG_CORE, "INVITE "), 0);
	rig_free(r);
}

static void test_late_offer_reinvite(void **state)
{
	struct rig *r = rig_new();

	UNUSED(state);
	rig_call(r);
	const char *ok = ok_of(r);
	rig_in_dialog(r, RIG_CORE, ok, "INVITE", 8, "", "");
	rig_answer(r, RIG_FAR, rig_last(r, RIG_FAR, "INVITE "), 200, "", "", rig_sdp);
	assert_non_null(strstr(rig_last(r, RIG_CORE, "SIP/2.0 200"), "s=from-called"));
	rig_in_dialog(r, RIG_CORE, ok, "ACK", 8, "", rig_sdp);
	assert_non_null(strstr(rig_last(r, RIG_FAR, "ACK "), "s=from-caller"));
	rig_free(r);
}

static void test_update(void **state)
{
	struct rig *r = rig_new();

	UNUSED(state);
	rig_call(r);
	const char *ok = ok_of(r);
	rig_in_dialog(r, RIG_CORE, ok, "UPDATE", 8, "", ""); // no description: stays here
	assert_int_equal(rig_count(r, RIG_FAR, "UPDATE "), 0);
	assert_int_equal(rig_count(r, RIG_CORE, "SIP/2.0 200"), 2);
	rig_in_dialog(r, RIG_CORE, ok, "UPDATE", 9, "", rig_sdp);
	const char *update = rig_last(r, RIG_FAR, "UPDATE ");
	assert_non_null(update);
	rig_answer(r, RIG_FAR, update, 200, "", "", rig_sdp);
	assert_non_null(strstr(rig_last(r, RIG_CORE, "SIP/2.0 200"), "s=from-called"));
	rig_free(r);
}

static void test_update_made_reinvite(void **state)
{
	struct rig *r = rig_new();

	UNUSED(state);
	rig_invite(r, "", rig_sdp);
	rig_answer(r, RIG_FAR, rig_last(r, RIG_FAR, "INVITE "), 200, "fartag",
		"Allow: INVITE, ACK, BYE, CANCEL\r\n", rig_sdp);
	const char *ok = ok_of(r);
	rig_in_dialog(r, RIG_CORE, ok, "ACK", 7, "", "");
	rig_in_dialog(r, RIG_CORE, ok, "UPDATE", 8, "", rig_sdp);
	assert_int_equal(rig_count(r, RIG_FAR, "UPDATE "), 0);
	assert_int_equal(rig_count(r, RIG_FAR, "INVITE "), 2);
	rig_answer(r, RIG_FAR, rig_last(r, RIG_FAR, "INVITE "), 200, "", "", rig_sdp);
	assert_int_equal(rig_count(r, RIG_FAR, "ACK "), 2); // at once
	const char *done = rig_last(r, RIG_CORE, "SIP/2.0 200");
	assert_non_null(strstr(done, "8 UPDATE"));
	assert_non_null(strstr(done, "s=from-called"));
	rig_in_dialog(r, RIG_CORE, ok, "BYE", 9, "", "");
	rig_wait(r, 100);
	assert_int_equal(sf_call_count(r->sf), 0);
	rig_free(r);
}

static void test_info_and_unwanted(void **state)
{
	struct rig *r = rig_new();

	UNUSED(state);
	rig_call(r);
	const char *ok = ok_of(r);
	rig_in_dialog(r, RIG_CORE, ok, "INFO", 8, "Content-Type: application/dtmf-relay\r\n", "Signal=5\r\n");
	const char *info = rig_last(r, RIG_FAR, "INFO ");
	assert_non_null(strstr(info, "Signal=5"));
	assert_string_equal(rig_header(info, "Content-Type"), "application/dtmf-relay");
	rig_answer(r, RIG_FAR, info, 200, "", "", "");
	assert_non_null(strstr(rig_last(r, RIG_CORE, "SIP/2.0 200"), "8 INFO"));
	rig_in_dialog(r, RIG_CORE, ok, "REFER", 9, "Refer-To: <sip:x@y>\r\n", ""); // SF-I4
	assert_non_null(strstr(rig_header(rig_last(r, RIG_CORE, "SIP/2.0 405"), "Allow"), "INVITE"));
	assert_int_equal(rig_count(r, RIG_FAR, "REFER "), 0);
	rig_in_dialog(r, RIG_CORE, ok, "OPTIONS", 10, "", "");
	assert_int_equal(rig_count(r, RIG_FAR, "OPTIONS "), 0);
	rig_in_dialog(r, RIG_CORE, ok, "INFO", 11, "Require: nonsense\r\n", "");
	assert_string_equal(rig_header(rig_last(r, RIG_CORE, "SIP/2.0 420"), "Unsupported"), "nonsense");
	rig_free(r);
}

// RFC4028#10: we refresh at half the interval, by UPDATE where it is known; their silence ends the call.
static void test_session_refresh(void **state)
{
	struct rig *r = rig_new();

	UNUSED(state);
	rig_call(r); // both legs: caller refreshes its own (uac), we refresh the called one
	assert_string_equal(rig_header(ok_of(r), "Session-Expires"), "1800;refresher=uac");
	assert_string_equal(rig_header(ok_of(r), "Require"), "timer");
	rig_wait(r, 901);
	const char *update = rig_last(r, RIG_FAR, "UPDATE ");
	assert_non_null(update);
	assert_string_equal(rig_header(update, "Session-Expires"), "1800;refresher=uac");
	rig_answer(r, RIG_FAR, update, 200, "", "Session-Expires: 1800;refresher=uac\r\n", "");
	rig_wait(r, 850);
	assert_int_equal(r->ended, 0);
	rig_wait(r, 30); // the caller did not refresh: 1800 - 32 s after the answer
	assert_int_equal(r->ended, 1);
	assert_int_equal(r->alarms[SF_ALARM_SESSION_EXPIRED], 1);
	assert_int_equal(rig_count(r, RIG_CORE, "BYE ") > 0, 1);
	assert_int_equal(rig_count(r, RIG_FAR, "BYE ") > 0, 1);
	rig_free(r);
}

static void test_session_refresh_dead_far_side(void **state)
{
	struct rig *r = rig_new();

	UNUSED(state);
	rig_call(r);
	rig_wait(r, 901 + 33);
	assert_int_equal(r->ended, 1);
	assert_int_equal(r->last_status, 408);
	rig_free(r);
}

static void test_session_refresh_by_reinvite(void **state)
{
	struct rig *r = rig_new();

	UNUSED(state);
	rig_invite(r, "Supported: timer\r\nSession-Expires: 3000;refresher=uac\r\n", rig_sdp);
	rig_answer(r, RIG_FAR, rig_last(r, RIG_FAR, "INVITE "), 200, "fartag", "Allow: INVITE\r\n", rig_sdp);
	rig_in_dialog(r, RIG_CORE, ok_of(r), "ACK", 7, "", "");
	rig_wait(r, 901);
	assert_int_equal(rig_count(r, RIG_FAR, "UPDATE "), 0);
	const char *re = rig_last(r, RIG_FAR, "INVITE ");
	assert_string_equal(rig_tag(re, "To"), "fartag");
	assert_non_null(strstr(re, "s=from-caller")); // the description as it was
	rig_answer(r, RIG_FAR, re, 200, "", "", rig_sdp);
	assert_int_equal(rig_count(r, RIG_FAR, "ACK "), 2);
	assert_int_equal(r->ended, 0);
	rig_free(r);
}

static void test_422_both_ways(void **state)
{
	struct rig *r = rig_new();

	UNUSED(state);
	rig_invite(r, "Supported: timer\r\nSession-Expires: 60\r\n", rig_sdp);
	assert_string_equal(rig_header(rig_last(r, RIG_CORE, "SIP/2.0 422"), "Min-SE"), "90");
	assert_int_equal(rig_count(r, RIG_FAR, "INVITE "), 0);
	rig_wait(r, 70);
	assert_int_equal(sf_call_count(r->sf), 0);
	rig_free(r);
	r = rig_new();
	rig_invite(r, "", rig_sdp);
	rig_answer(r, RIG_FAR, rig_last(r, RIG_FAR, "INVITE "), 422, "fartag", "Min-SE: 2400\r\n", "");
	assert_int_equal(rig_count(r, RIG_FAR, "INVITE "), 2);
	assert_string_equal(rig_header(rig_last(r, RIG_FAR, "INVITE "), "Session-Expires"), "2400");
	assert_string_equal(rig_header(rig_last(r, RIG_FAR, "INVITE "), "Min-SE"), "2400");
	assert_int_equal(rig_count(r, RIG_CORE, "SIP/2.0 4"), 0);
	rig_answer(r, RIG_FAR, rig_last(r, RIG_FAR, "INVITE "), 422, "fartag", "Min-SE: 2400\r\n",
		""); // no circle
	assert_int_equal(rig_count(r, RIG_FAR, "INVITE "), 2);
	assert_int_equal(rig_count(r, RIG_CORE, "SIP/2.0 422"), 1);
	rig_free(r);
}

static void test_media_waits(void **state)
{
	struct rig *r = rig_new();

	UNUSED(state);
	r->wait_next = true;
	rig_invite(r, "", rig_sdp);
	assert_int_equal(rig_count(r, RIG_FAR, "INVITE "), 0);
	sf_media_ready(r->sf, r->last_call, 0, true, &r->now);
	const char *invite = rig_last(r, RIG_FAR, "INVITE ");
	assert_non_null(invite);
	r->wait_next = true;
	rig_answer(r, RIG_FAR, invite, 183, "fartag", "", rig_sdp);
	assert_int_equal(rig_count(r, RIG_CORE, "SIP/2.0 183"), 0);
	rig_answer(r, RIG_FAR, invite, 180, "fartag", "", ""); // bounded: one is kept
	sf_media_ready(r->sf, r->last_call, 0, true, &r->now);
	assert_int_equal(rig_count(r, RIG_CORE, "SIP/2.0 183"), 1);
	r->wait_next = true;
	rig_answer(r, RIG_FAR, invite, 200, "fartag", "", rig_sdp);
	assert_int_equal(rig_count(r, RIG_CORE, "SIP/2.0 200"), 0);
	uint32_t asked = r->answers;
	rig_answer(r, RIG_FAR, invite, 200, "fartag", "", rig_sdp); // again, while the first is kept
	assert_int_equal(r->answers, asked);
	sf_media_ready(r->sf, r->last_call, 0, true, &r->now);
	assert_int_equal(rig_count(r, RIG_CORE, "SIP/2.0 200"), 1);
	rig_in_dialog(r, RIG_CORE, ok_of(r), "ACK", 7, "", "");
	r->wait_next = true;
	rig_in_dialog(r, RIG_CORE, ok_of(r), "INVITE", 8, "", rig_sdp);
	sf_media_ready(r->sf, r->last_call, 0, true, &r->now);
	assert_int_equal(rig_count(r, RIG_FAR, "INVITE "), 2);
	r->wait_next = true;
	rig_answer(r, RIG_FAR, rig_last(r, RIG_FAR, "INVITE "), 200, "", "", rig_sdp);
	sf_media_ready(r->sf, r->last_call, 0, true, &r->now);
	assert_int_equal(rig_count(r, RIG_CORE, "SIP/2.0 200"), 2);
	rig_free(r);
}

static void test_media_fails(void **state)
{
	struct rig *r = rig_new();

	UNUSED(state);
	r->wait_next = true;
	rig_invite(r, "", rig_sdp);
	sf_media_ready(r->sf, r->last_call, 0, false, &r->now);
	assert_int_equal(rig_count(r, RIG_CORE, "SIP/2.0 503"), 1);
	assert_int_equal(r->ended, 1);
	assert_int_equal(sf_call_count(r->sf), 0);
	rig_free(r);
	r = rig_new();
	r->refuse_next = true;
	rig_invite(r, "", rig_sdp);
	assert_int_equal(rig_count(r, RIG_CORE, "SIP/2.0 488"), 1);
	rig_free(r);
	r = rig_new(); // the answer is no subset: ACK, BYE there, 488 here
	rig_invite(r, "", rig_sdp);
	r->refuse_next = true;
	rig_answer(r, RIG_FAR, rig_last(r, RIG_FAR, "INVITE "), 200, "fartag", "", rig_sdp);
	assert_int_equal(rig_count(r, RIG_FAR, "ACK "), 1);
	assert_int_equal(rig_count(r, RIG_FAR, "BYE "), 1);
	assert_int_equal(rig_count(r, RIG_CORE, "SIP/2.0 488"), 1);
	rig_free(r);
}

static void test_silence_and_hangup(void **state)
{
	struct rig *r = rig_new();

	UNUSED(state);
	rig_call(r);
	sf_media_silent(r->sf, r->last_call, false, &r->now);
	assert_int_equal(r->ended, 0);
	sf_media_silent(r->sf, r->last_call, true, &r->now);
	assert_int_equal(r->ended, 1);
	assert_int_equal(rig_count(r, RIG_CORE, "BYE "), 1);
	assert_int_equal(rig_count(r, RIG_FAR, "BYE "), 1);
	assert_int_equal(sf_hangup(r->sf, (struct pool_ref){99, 3}, "x", &r->now).error, E_NOT_FOUND);
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reinvite),
		cmocka_unit_test(test_reinvite_refused),
		cmocka_unit_test(test_glare),
		cmocka_unit_test(test_late_offer_reinvite),
		cmocka_unit_test(test_update),
		cmocka_unit_test(test_update_made_reinvite),
		cmocka_unit_test(test_info_and_unwanted),
		cmocka_unit_test(test_session_refresh),
		cmocka_unit_test(test_session_refresh_dead_far_side),
		cmocka_unit_test(test_session_refresh_by_reinvite),
		cmocka_unit_test(test_422_both_ways),
		cmocka_unit_test(test_media_waits),
		cmocka_unit_test(test_media_fails),
		cmocka_unit_test(test_silence_and_hangup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
