// SPDX-License-Identifier: Apache-2.0
// From one peer of a group to the next (LRF-A3): each has his own name, limits, media policy and option tags.
#include "call_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

// FIRST has two hops, SECOND one.
static struct rig *group(int first, int second)
{
	struct rig *r = rig_new();

	assert_non_null(r);
	r->plan.sed.count = 3;
	r->plan.sed.peer = (peer_id)first;
	r->plan.peer_count = 2;
	r->plan.peer[0] = (struct leg_peer){.peer = (peer_id)first, .hops_end = 2, .ring_timeout_s = 120, .ruri_host = "one.example"};
	r->plan.peer[1] = (struct leg_peer){.peer = (peer_id)second, .hops_end = 3, .ring_timeout_s = 10, .ruri_host = "two.example"};
	for (uint32_t i = 0; i < 3; i++) {
		int peer = i < 2 ? first : second;
		r->plan.sed.hop[i] = (struct hop){.transport = TRANSPORT_UDP,
			.listener = (listener_id)peer,
			.peer = (peer_id)peer,
			.remote = rig_peer(r, peer)->target[0].address};
	}
	return r;
}

static bool goes_to(const struct rig *r, int peer, const char *host)
{
	const char *m = rig_last(r, peer, "INVITE ");
	char start[96];

	snprintf(start, sizeof(start), "INVITE sip:+498912@%s;", host);
	return m != NULL && strncmp(m, start, strlen(start)) == 0 && strstr(rig_header(m, "To"), "example") != NULL;
}

static void next_peer_after_the_last_hop(void **state)
{
	struct rig *r = group(RIG_FAR, RIG_CORE);

	UNUSED(state);
	rig_invite(r, "", rig_sdp);
	assert_true(goes_to(r, RIG_FAR, "one.example"));
	rig_answer(r, RIG_FAR, rig_last(r, RIG_FAR, "INVITE "), 503, "a", "", "");
	assert_int_equal(rig_count(r, RIG_FAR, "INVITE "), 2); // his second hop
	assert_int_equal(rig_count(r, RIG_CORE, "INVITE "), 0);
	rig_answer(r, RIG_FAR, rig_last(r, RIG_FAR, "INVITE "), 503, "b", "", "");
	assert_true(goes_to(r, RIG_CORE, "two.example"));
	assert_int_equal(r->admits, 2);
	assert_int_equal(r->releases, 1); // the first peer has it no more
	rig_wait(r, 11); // the second peer's patience, not the first one's
	assert_true(rig_count(r, RIG_CORE, "SIP/2.0 408") > 0);
	rig_wait(r, 80);
	assert_int_equal(sf_call_count(r->sf), 0);
	assert_int_equal(r->admits, r->releases);
	rig_free(r);
}

static void full_peer_is_passed_over(void **state)
{
	struct rig *r = group(RIG_FAR, RIG_CORE);

	UNUSED(state);
	r->full_peer = 1 + RIG_FAR;
	rig_invite(r, "", rig_sdp);
	assert_int_equal(rig_count(r, RIG_FAR, "INVITE "), 0);
	assert_true(goes_to(r, RIG_CORE, "two.example"));
	rig_free(r);
	r = group(RIG_FAR, RIG_CORE);
	r->full_peer = 1 + RIG_CORE;
	rig_invite(r, "", rig_sdp);
	rig_answer(r, RIG_FAR, rig_last(r, RIG_FAR, "INVITE "), 503, "a", "", "");
	rig_answer(r, RIG_FAR, rig_last(r, RIG_FAR, "INVITE "), 503, "b", "", "");
	assert_int_equal(rig_count(r, RIG_CORE, "SIP/2.0 500"), 1);
	rig_wait(r, 80);
	assert_int_equal(r->admits, r->releases);
	rig_free(r);
}

static void media_policy_is_his_own(void **state)
{
	struct rig *r = group(RIG_FAR, RIG_CORE);

	UNUSED(state);
	r->refuse_next = true;
	rig_invite(r, "", rig_sdp);
	assert_int_equal(rig_count(r, RIG_FAR, "INVITE "), 0);
	assert_int_equal(rig_count(r, RIG_CORE, "SIP/2.0 488"), 0);
	assert_true(goes_to(r, RIG_CORE, "two.example"));
	rig_free(r);
}

// A tag that the first peer is handed and the second is not.
static void options_are_asked_again(void **state)
{
	struct rig *r = group(RIG_CORE, RIG_FAR);

	UNUSED(state);
	rig_invite(r, "Require: pref\r\n", rig_sdp);
	assert_true(goes_to(r, RIG_CORE, "one.example"));
	rig_answer(r, RIG_CORE, rig_last(r, RIG_CORE, "INVITE "), 503, "a", "", "");
	rig_answer(r, RIG_CORE, rig_last(r, RIG_CORE, "INVITE "), 503, "b", "", "");
	assert_int_equal(rig_count(r, RIG_FAR, "INVITE "), 0);
	assert_int_equal(rig_count(r, RIG_CORE, "SIP/2.0 500"), 1);
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(next_peer_after_the_last_hop), cmocka_unit_test(full_peer_is_passed_over),
		cmocka_unit_test(media_policy_is_his_own), cmocka_unit_test(options_are_asked_again)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
