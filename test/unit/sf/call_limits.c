// SPDX-License-Identifier: Apache-2.0
// The bounds of a call, at the limit and one beyond it.
#include "call_rig.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

static void routes(char *out, size_t cap, unsigned n)
{
	size_t at = 0;

	out[0] = 0;
	for (unsigned i = 0; i < n; i++)
		at += (size_t)snprintf(out + at, cap - at, "Record-Route: <sip:p%u.example;lr>\r\n", i);
}

static uint32_t count(const char *text, char c)
{
	uint32_t n = 0;

	for (; *text != 0; text++)
		n += *text == c;
	return n;
}

static void test_routes_of_caller(void **state)
{
	char more[1024];

	UNUSED(state);
	for (unsigned extra = 0; extra <= 1; extra++) {
		struct rig *r = rig_new();
		routes(more, sizeof(more), SF_ROUTES_MAX + extra);
		struct verdict v = rig_invite(r, more, rig_sdp);
		if (extra == 0) {
			assert_int_equal(v.action, VERDICT_DONE);
			assert_non_null(rig_last(r, RIG_FAR, "INVITE "));
		} else {
			assert_int_equal(v.status, 400);
			assert_null(rig_last(r, RIG_FAR, "INVITE "));
			assert_int_equal(sf_call_count(r->sf), 0);
		}
		rig_free(r);
	}
}

static void test_routes_of_called(void **state)
{
	char more[1024];

	UNUSED(state);
	for (unsigned extra = 0; extra <= 1; extra++) {
		struct rig *r = rig_new();
		routes(more, sizeof(more), SF_ROUTES_MAX + extra);
		rig_invite(r, "", rig_sdp);
		rig_answer(r, RIG_FAR, rig_last(r, RIG_FAR, "INVITE "), 200, "fartag", more, rig_sdp);
		const char *ok = rig_last(r, RIG_CORE, "SIP/2.0 200");
		if (extra == 0) {
			assert_non_null(ok);
			rig_in_dialog(r, RIG_CORE, ok, "ACK", 7, "", "");
			const char *route = rig_header(rig_last(r, RIG_FAR, "ACK "), "Route");
			assert_int_equal(count(route, '<'), SF_ROUTES_MAX);
			assert_int_equal(strncmp(route, "<sip:p7.example", 15), 0); // reversed (RFC3261#12.1.2)
		} else {
			assert_null(ok);
			rig_wait(r, 400);
			assert_int_equal(sf_call_count(r->sf), 0); // it ends all the same (SF-A5)
			assert_int_equal(r->ended, 1);
		}
		rig_free(r);
	}
}

static void test_relays(void **state)
{
	struct rig *r = rig_new();

	UNUSED(state);
	rig_call(r);
	const char *ok = rig_last(r, RIG_CORE, "SIP/2.0 200");
	for (int i = 0; i < SF_RELAYS_PER_CALL; i++)
		rig_in_dialog(r, RIG_CORE, ok, "INFO", 8 + i, "", "");
	assert_int_equal(rig_count(r, RIG_FAR, "INFO "), SF_RELAYS_PER_CALL);
	const char *oldest = rig_last(r, RIG_FAR, "INFO ");
	rig_in_dialog(r, RIG_CORE, ok, "INFO", 100, "", "");
	assert_int_equal(rig_count(r, RIG_FAR, "INFO "), SF_RELAYS_PER_CALL);
	const char *full = rig_last(r, RIG_CORE, "SIP/2.0 500");
	assert_non_null(full);
	assert_string_not_equal(rig_header(full, "Retry-After"), "");
	rig_answer(r, RIG_FAR, oldest, 200, "fartag", "", ""); // one is done, one fits again
	rig_in_dialog(r, RIG_CORE, ok, "INFO", 101, "", "");
	assert_int_equal(rig_count(r, RIG_FAR, "INFO "), SF_RELAYS_PER_CALL + 1);
	rig_in_dialog(r, RIG_CORE, ok, "BYE", 102, "", ""); // a BYE always fits
	assert_non_null(rig_last(r, RIG_FAR, "BYE "));
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_routes_of_caller),
		cmocka_unit_test(test_routes_of_called),
		cmocka_unit_test(test_relays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
