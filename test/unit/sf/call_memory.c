// SPDX-License-Identifier: Apache-2.0
// Out of memory: every allocation of a full call fails once. No crash, no leak, and the call ends.
#include "call_rig.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <cmocka.h>

static void answer(
	struct rig *r, int peer, const char *request, int status, const char *more, const char *sdp)
{
	if (request != NULL)
		rig_answer(r, peer, request, status, "fartag", more, sdp);
}

// A call with a reliable provisional, re-INVITE, UPDATE, INFO, a second fork and BYE; whatever fails, it goes
// on.
static void everything(struct rig *r)
{
	char rack[128];

	rig_invite(r, "Supported: 100rel, timer\r\n", rig_sdp);
	const char *invite = rig_last(r, RIG_FAR, "INVITE ");
	answer(r, RIG_FAR, invite, 183, "Require: 100rel\r\nRSeq: 1\r\nAllow: UPDATE\r\n", rig_sdp);
	const char *p = rig_last(r, RIG_CORE, "SIP/2.0 183");
	if (p != NULL) {
		snprintf(rack, sizeof(rack), "RAck: %s 7 INVITE\r\n", rig_header(p, "RSeq"));
		rig_in_dialog(r, RIG_CORE, p, "PRACK", 8, rack, "");
	}
	answer(r, RIG_FAR, rig_last(r, RIG_FAR, "PRACK "), 200, "", "");
	if (invite != NULL)
		rig_answer(r, RIG_FAR, invite, 180, "other", "", "");
	answer(r, RIG_FAR, invite, 200, "Allow: INVITE, UPDATE\r\n", rig_sdp);
	const char *ok = rig_last(r, RIG_CORE, "SIP/2.0 200");
	for (uint32_t i = 0; i < r->sent_count; i++)
		if (strstr(r->sent[i].text, "SIP/2.0 200") == r->sent[i].text &&
			strstr(r->sent[i].text, "7 INVITE"))
			ok = r->sent[i].text;
	if (ok == NULL)
		return;
	rig_in_dialog(r, RIG_CORE, ok, "ACK", 7, "", "");
	rig_in_dialog(r, RIG_CORE, ok, "INVITE", 9, "Contact: <sip:alice@10.0.0.6>\r\n", rig_sdp);
	const char *re = rig_last(r, RIG_FAR, "INVITE ");
	if (re != invite)
		answer(r, RIG_FAR, re, 200, "", rig_sdp);
	rig_in_dialog(r, RIG_CORE, ok, "ACK", 9, "", "");
	rig_in_dialog(r, RIG_CORE, ok, "UPDATE", 10, "Contact: <sip:alice@10.0.0.6>\r\n", rig_sdp);
	answer(r, RIG_FAR, rig_last(r, RIG_FAR, "UPDATE "), 200, "", rig_sdp);
	rig_in_dialog(r, RIG_CORE, ok, "BYE", 12, "", "");
	answer(r, RIG_FAR, rig_last(r, RIG_FAR, "BYE "), 200, "", "");
}

static uint64_t run(uint64_t nth)
{
	struct rig *r = rig_new();

	assert_non_null(r);
	uint64_t before = memory_alloc_count();
	memory_fail_nth(nth);
	everything(r);
	uint64_t used = memory_alloc_count() - before;
	memory_fail_nth(0);
	rig_wait(r, 4000); // session timers clear up what a lost message left
	if (sf_call_count(r->sf) != 0)
		fail_msg("a call stays when allocation %lu fails", (unsigned long)nth);
	assert_int_equal(r->admits, r->releases);
	assert_int_equal(r->alarms[SF_ALARM_IMPOSSIBLE], 0);
	assert_int_equal(sf_tx_count(r->sf->tx), 0);
	rig_free(r);
	return used;
}

static void test_each_allocation_fails_once(void **state)
{
	uint64_t n = run(0);

	UNUSED(state);
	assert_true(n > 20);
	for (uint64_t i = 1; i <= n; i++)
		run(i);
}

static void test_making_the_sf(void **state)
{
	UNUSED(state);
	for (uint64_t i = 1; i < 100; i++) {
		memory_fail_nth(i);
		struct rig *r = rig_new();
		memory_fail_nth(0);
		if (r == NULL)
			continue;
		rig_free(r);
		return;
	}
	fail_msg("never made");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_allocation_fails_once),
		cmocka_unit_test(test_making_the_sf),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
