// SPDX-License-Identifier: Apache-2.0
// Downstream forking, reliable provisionals and 199: one dialog of ours per early dialog of theirs.
#include "call_rig.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

static void test_two_early_dialogs(void **state)
{
	struct rig *r = rig_new();
	char tag[2][64];

	UNUSED(state);
	rig_invite(r, "", rig_sdp);
	const char *invite = rig_last(r, RIG_FAR, "INVITE ");
	rig_answer(r, RIG_FAR, invite, 183, "fork1", "", rig_sdp);
	snprintf(tag[0], 64, "%s", rig_tag(rig_last(r, RIG_CORE, "SIP/2.0 183"), "To"));
	assert_int_equal(r->last_role, SF_SDP_EARLY_ANSWER);
	rig_answer(r, RIG_FAR, invite, 183, "fork2", "", rig_sdp);
	assert_int_equal(r->last_branch, 1);
	snprintf(tag[1], 64, "%s", rig_tag(rig_last(r, RIG_CORE, "SIP/2.0 183"), "To"));
	assert_string_not_equal(tag[0], tag[1]);
	rig_answer(r, RIG_FAR, invite, 180, "fork1", "", "");
	assert_string_equal(rig_tag(rig_last(r, RIG_CORE, "SIP/2.0 180"), "To"), tag[0]);
	rig_answer(r, RIG_FAR, invite, 200, "fork2", "", rig_sdp);
	const char *ok = rig_last(r, RIG_CORE, "SIP/2.0 200");
	assert_string_equal(rig_tag(ok, "To"), tag[1]);
	rig_in_dialog(r, RIG_CORE, ok, "ACK", 7, "", "");
	assert_string_equal(rig_tag(rig_last(r, RIG_FAR, "ACK "), "To"), "fork2");
	assert_int_equal(r->media_ends, 1);
	assert_int_equal(r->media_confirms, 1); // the winner's plan is told again
	assert_int_equal(r->last_confirmed, 1);
	// The other fork answers too: ACK, BYE, alarm; the call stays.
	rig_answer(r, RIG_FAR, invite, 200, "fork1", "", rig_sdp);
	assert_int_equal(r->alarms[SF_ALARM_EXTRA_2XX], 1);
	assert_string_equal(rig_tag(rig_last(r, RIG_FAR, "ACK "), "To"), "fork1");
	assert_string_equal(rig_tag(rig_last(r, RIG_FAR, "BYE "), "To"), "fork1");
	assert_int_equal(rig_count(r, RIG_CORE, "BYE "), 0);
	assert_int_equal(sf_call_count(r->sf), 1);
	rig_free(r);
}

static void test_at_most_eight(void **state)
{
	struct rig *r = rig_new();
	char tag[16];

	UNUSED(state);
	rig_invite(r, "", rig_sdp);
	const char *invite = rig_last(r, RIG_FAR, "INVITE ");
	for (int i = 0; i < SF_BRANCHES_MAX + 1; i++) {
		snprintf(tag, sizeof(tag), "fork%d", i);
		rig_answer(r, RIG_FAR, invite, 180, tag, "", "");
		assert_int_equal(
			rig_count(r, RIG_CORE, "SIP/2.0 180"), i < SF_BRANCHES_MAX ? i + 1 : SF_BRANCHES_MAX);
	}
	assert_int_equal(r->alarms[SF_ALARM_TABLE_FULL], 1);
	rig_answer(r, RIG_FAR, invite, 200, "fork8", "", rig_sdp); // the ninth one answers: in the place of the first
	const char *ok = rig_last(r, RIG_CORE, "SIP/2.0 200");
	assert_non_null(ok);
	rig_in_dialog(r, RIG_CORE, ok, "ACK", 7, "", "");
	assert_string_equal(rig_tag(rig_last(r, RIG_FAR, "ACK "), "To"), "fork8");
	rig_answer(r, RIG_FAR, invite, 200, "fork0", "", rig_sdp);
	assert_string_equal(rig_tag(rig_last(r, RIG_FAR, "BYE "), "To"), "fork0");
	rig_free(r);
}

static void test_199(void **state)
{
	struct rig *r = rig_new();

	UNUSED(state);
	rig_invite(r, "Supported: 199\r\n", rig_sdp);
	const char *invite = rig_last(r, RIG_FAR, "INVITE ");
	assert_non_null(strstr(rig_header(invite, "Supported"), "199"));
	rig_answer(r, RIG_FAR, invite, 180, "fork1", "", "");
	rig_answer(r, RIG_FAR, invite, 180, "fork2", "", "");
	rig_answer(r, RIG_FAR, invite, 199, "fork2", "", "");
	assert_int_equal(rig_count(r, RIG_CORE, "SIP/2.0 199"), 1);
	rig_answer(r, RIG_FAR, invite, 180, "fork2", "", ""); // an ended dialog says no more
	assert_int_equal(rig_count(r, RIG_CORE, "SIP/2.0 180"), 2);
	rig_answer(r, RIG_FAR, invite, 200, "fork1", "", rig_sdp);
	assert_int_equal(rig_count(r, RIG_CORE, "SIP/2.0 200"), 1);
	rig_free(r);
}

static void test_199_not_offered(void **state) // SF-I5
{
	struct rig *r = rig_new();

	UNUSED(state);
	rig_invite(r, "", rig_sdp);
	const char *invite = rig_last(r, RIG_FAR, "INVITE ");
	rig_answer(r, RIG_FAR, invite, 180, "fork1", "", "");
	rig_answer(r, RIG_FAR, invite, 199, "fork1", "", "");
	assert_int_equal(rig_count(r, RIG_CORE, "SIP/2.0 199"), 0);
	rig_answer(r, RIG_FAR, invite, 200, "fork1", "", rig_sdp);
	assert_int_equal(rig_count(r, RIG_CORE, "SIP/2.0 200"), 1);
	rig_free(r);
}

static void prack(struct rig *r, const char *provisional, int cseq, const char *sdp)
{
	char rack[128];

	snprintf(rack, sizeof(rack), "RAck: %s 7 INVITE\r\n", rig_header(provisional, "RSeq"));
	rig_in_dialog(r, RIG_CORE, provisional, "PRACK", cseq, rack, sdp);
}

static void test_reliable_both(void **state)
{
	struct rig *r = rig_new();

	UNUSED(state);
	rig_invite(r, "Supported: 100rel\r\n", rig_sdp);
	const char *invite = rig_last(r, RIG_FAR, "INVITE ");
	rig_answer(r, RIG_FAR, invite, 183, "fartag", "Require: 100rel\r\nRSeq: 5555\r\n", rig_sdp);
	const char *p = rig_last(r, RIG_CORE, "SIP/2.0 183");
	assert_string_equal(rig_header(p, "Require"), "100rel");
	assert_string_not_equal(rig_header(p, "RSeq"), "5555");
	assert_int_equal(r->last_role, SF_SDP_ANSWER);
	assert_int_equal(rig_count(r, RIG_FAR, "PRACK "), 0);
	rig_wait(r, 0.6);
	assert_int_equal(rig_count(r, RIG_CORE, "SIP/2.0 183"), 2); // repeated until PRACK
	rig_answer(r, RIG_FAR, invite, 183, "fartag", "Require: 100rel\r\nRSeq: 5555\r\n", rig_sdp);
	assert_int_equal(rig_count(r, RIG_CORE, "SIP/2.0 183"), 2); // theirs repeated: absorbed
	prack(r, p, 8, "");
	assert_int_equal(strncmp(rig_header(rig_last(r, RIG_FAR, "PRACK "), "RAck"), "5555 ", 5), 0);
	rig_answer(r, RIG_FAR, rig_last(r, RIG_FAR, "PRACK "), 200, "", "", "");
	assert_int_equal(rig_count(r, RIG_CORE, "SIP/2.0 200"), 1);
	prack(r, p, 9, ""); // nothing waits for it
	assert_int_equal(rig_count(r, RIG_CORE, "SIP/2.0 481"), 1);
	rig_wait(r, 5);
	assert_int_equal(rig_count(r, RIG_CORE, "SIP/2.0 183"), 2);
	rig_free(r);
}

static void test_reliable_called_only(void **state)
{
	struct rig *r = rig_new();

	UNUSED(state);
	rig_invite(r, "", rig_sdp);
	const char *invite = rig_last(r, RIG_FAR, "INVITE ");
	assert_non_null(strstr(rig_header(invite, "Supported"), "100rel"));
	rig_answer(r, RIG_FAR, invite, 183, "fartag", "Require: 100rel\r\nRSeq: 1\r\n", rig_sdp);
	const char *p = rig_last(r, RIG_CORE, "SIP/2.0 183");
	assert_string_equal(rig_header(p, "RSeq"), "");
	assert_string_equal(rig_header(p, "Require"), "");
	assert_int_equal(rig_count(r, RIG_FAR, "PRACK "), 1);
	rig_answer(
		r, RIG_FAR, invite, 183, "fartag", "Require: 100rel\r\nRSeq: 3\r\n", ""); // a gap: not taken
	assert_int_equal(rig_count(r, RIG_FAR, "PRACK "), 1);
	rig_answer(r, RIG_FAR, rig_last(r, RIG_FAR, "PRACK "), 200, "", "", "");
	rig_answer(
		r, RIG_FAR, invite, 200, "fartag", "", ""); // answered in the 183: the caller still needs it
	assert_non_null(strstr(rig_last(r, RIG_CORE, "SIP/2.0 200"), "s=from-called"));
	rig_free(r);
}

static void test_reliable_caller_insists(void **state)
{
	struct rig *r = rig_new();

	UNUSED(state);
	rig_invite(r, "Require: 100rel\r\n", rig_sdp);
	const char *invite = rig_last(r, RIG_FAR, "INVITE ");
	assert_string_equal(rig_header(invite, "Require"), "");
	rig_answer(r, RIG_FAR, invite, 180, "fartag", "", "");
	const char *p = rig_last(r, RIG_CORE, "SIP/2.0 180");
	assert_string_equal(rig_header(p, "Require"), "100rel");
	prack(r, p, 8, "");
	assert_int_equal(rig_count(r, RIG_CORE, "SIP/2.0 200"), 1);
	assert_int_equal(rig_count(r, RIG_FAR, "PRACK "), 0);
	rig_free(r);
}

static void test_no_prack(void **state)
{
	struct rig *r = rig_new();

	UNUSED(state);
	rig_invite(r, "Require: 100rel\r\n", rig_sdp);
	rig_answer(r, RIG_FAR, rig_last(r, RIG_FAR, "INVITE "), 180, "fartag", "", "");
	rig_wait(r, 40);
	assert_int_equal(rig_count(r, RIG_CORE, "SIP/2.0 504") > 0, 1);
	assert_int_equal(rig_count(r, RIG_FAR, "CANCEL ") > 0, 1);
	rig_wait(r, 70);
	assert_int_equal(sf_call_count(r->sf), 0);
	rig_free(r);
}

static void test_late_offer_in_provisional(void **state)
{
	struct rig *r = rig_new();

	UNUSED(state);
	rig_invite(r, "Supported: 100rel\r\n", "");
	const char *invite = rig_last(r, RIG_FAR, "INVITE ");
	rig_answer(r, RIG_FAR, invite, 183, "fartag", "Require: 100rel\r\nRSeq: 9\r\n", rig_sdp);
	const char *p = rig_last(r, RIG_CORE, "SIP/2.0 183");
	assert_non_null(strstr(p, "s=from-called"));
	prack(r, p, 8, rig_sdp);
	assert_int_equal(r->last_role, SF_SDP_ANSWER);
	assert_non_null(strstr(rig_last(r, RIG_FAR, "PRACK "), "s=from-caller"));
	rig_answer(r, RIG_FAR, rig_last(r, RIG_FAR, "PRACK "), 200, "", "", "");
	rig_answer(r, RIG_FAR, invite, 200, "fartag", "", "");
	assert_int_equal(rig_count(r, RIG_CORE, "SIP/2.0 200"), 2);
	assert_int_equal(r->alarms[SF_ALARM_IMPOSSIBLE], 0);
	rig_free(r);
}

static void test_bye_of_one_early_dialog(void **state)
{
	struct rig *r = rig_new();

	UNUSED(state);
	rig_invite(r, "", rig_sdp);
	const char *invite = rig_last(r, RIG_FAR, "INVITE ");
	rig_answer(r, RIG_FAR, invite, 180, "fork1", "", "");
	rig_answer(r, RIG_FAR, invite, 180, "fork2", "", "");
	const char *second = rig_last(r, RIG_CORE, "SIP/2.0 180");
	rig_in_dialog(r, RIG_CORE, second, "BYE", 8, "", "");
	assert_string_equal(rig_tag(rig_last(r, RIG_FAR, "BYE "), "To"), "fork2");
	assert_int_equal(r->ended, 0);
	rig_answer(r, RIG_FAR, invite, 200, "fork1", "", rig_sdp);
	assert_int_equal(rig_count(r, RIG_CORE, "SIP/2.0 200"), 2);
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_two_early_dialogs),
		cmocka_unit_test(test_at_most_eight),
		cmocka_unit_test(test_199),
		cmocka_unit_test(test_199_not_offered),
		cmocka_unit_test(test_reliable_both),
		cmocka_unit_test(test_reliable_called_only),
		cmocka_unit_test(test_reliable_caller_insists),
		cmocka_unit_test(test_no_prack),
		cmocka_unit_test(test_late_offer_in_provisional),
		cmocka_unit_test(test_bye_of_one_early_dialog),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
