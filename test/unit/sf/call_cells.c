// SPDX-License-Identifier: Apache-2.0
// Every cell of the call table: each event in each state, made as the network would or by hand where it
// cannot. After each the SF is whole: the call is gone or alive, nothing leaks, and only impossible events
// raise the alarm.
#include "call_rig.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static const char *handlers[SF_CALL_STATES][CALL_EVENTS];

static void learn(const char *state, const char *event, const char *handler, void *ctx)
{
	uint32_t *n = ctx;

	UNUSED(state);
	UNUSED(event);
	handlers[*n / CALL_EVENTS][*n % CALL_EVENTS] = handler;
	++*n;
}

static struct sf_call *reach(struct rig *r, enum sf_call_state s)
{
	rig_invite(r, "Supported: timer\r\n", rig_sdp);
	const char *invite = rig_last(r, RIG_FAR, "INVITE ");
	if (s == SF_CALL_ROUTING) {
		rig_answer(r, RIG_FAR, invite, 100, "", "", "");
		return sf_call_at(r->sf, r->last_call);
	}
	rig_answer(r, RIG_FAR, invite, 183, "fartag", "", rig_sdp);
	if (s == SF_CALL_RINGING)
		return sf_call_at(r->sf, r->last_call);
	rig_answer(r, RIG_FAR, invite, 200, "fartag", "", rig_sdp);
	rig_in_dialog(r, RIG_CORE, rig_last(r, RIG_CORE, "SIP/2.0 200"), "ACK", 7, "", "");
	if (s == SF_CALL_ENDING)
		rig_in_dialog(r, RIG_CORE, rig_last(r, RIG_CORE, "SIP/2.0 200"), "BYE", 8, "", "");
	return sf_call_at(r->sf, r->last_call);
}

static const char *const methods[CALL_EVENTS] = {
	[CALL_ACK] = "ACK",
	[CALL_BYE] = "BYE",
	[CALL_REINVITE] = "INVITE",
	[CALL_UPDATE] = "UPDATE",
	[CALL_PRACK] = "PRACK",
	[CALL_REQUEST] = "INFO",
};
static const int statuses[CALL_EVENTS] = {
	[CALL_PROVISIONAL] = 180, [CALL_ANSWER] = 200, [CALL_FAILURE] = 486};

static void parse(struct rig *r, const char *text)
{
	struct sip_fault fault;

	assert_true(is_ok(sip_msg_parse(&r->msg, (const uint8_t *)text, (uint32_t)strlen(text), &fault)));
}

static void happen(struct rig *r, struct sf_call *c, enum call_event_id id)
{
	static char text[2048];
	const char *invite = rig_last(r, RIG_FAR, "INVITE ");
	struct origin o = rig_origin(r, RIG_CORE);
	struct branch *b = c->confirmed < SF_BRANCHES_MAX ? c->branch[c->confirmed] : c->branch[0];
	struct call_event e = {.m = &r->msg, .tx = c->client, .branch = b, .origin = &o, .now = &r->now};

	if (statuses[id] != 0) {
		snprintf(text, sizeof(text),
			"SIP/2.0 %d X\r\nVia: %s\r\nFrom: %s\r\nTo: %s;tag=fartag\r\nCall-ID: %s\r\nCSeq: "
			"%s\r\n"
			"Contact: <sip:x@192.0.2.7>\r\nContent-Length: 0\r\n\r\n",
			statuses[id], rig_header(invite, "Via"), rig_header(invite, "From"),
			rig_header(invite, "To"), rig_header(invite, "Call-ID"), rig_header(invite, "CSeq"));
		parse(r, text);
		e.side = SIDE_CALLED;
		e.status = (uint16_t)statuses[id];
	} else if (methods[id] != NULL) {
		snprintf(text, sizeof(text),
			"%s sip:sbe@10.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP "
			"10.0.0.5;branch=z9hG4bKcell\r\nMax-Forwards: 70\r\n"
			"From: <sip:+493011@pbx>;tag=alicetag\r\nTo: <sip:2@us.example>;tag=x\r\n"
			"Call-ID: secretcallid@pbx.internal.core\r\nCSeq: 20 %s\r\nContent-Length: 0\r\n\r\n",
			methods[id], methods[id]);
		parse(r, text);
	}
	call_event(c, id, &e);
}

static void test_each_cell(void **state)
{
	uint32_t cells = 0, walked = 0;

	UNUSED(state);
	sf_call_describe(learn, &cells);
	for (uint32_t s = 0; s < SF_CALL_ENDED; s++) {
		for (uint32_t id = 0; id < CALL_EVENTS; id++) {
			struct rig *r = rig_new();
			struct sf_call *c = reach(r, (enum sf_call_state)s);
			assert_non_null(c);
			assert_int_equal(c->state, s);
			happen(r, c, (enum call_event_id)id);
			bool impossible = strcmp(handlers[s][id], "call_impossible_h") == 0;
			// The transaction's end while it rings is impossible too, unless another is under
			// way.
			bool lost = strcmp(handlers[s][id], "call_client_lost_h") == 0;
			if (!lost)
				assert_int_equal(r->alarms[SF_ALARM_IMPOSSIBLE], impossible);
			rig_wait(r, 4000);
			if (sf_call_count(r->sf) != 0)
				fail_msg("a call stays after %s in state %u, event %u", handlers[s][id], s,
					id);
			assert_int_equal(r->admits, r->releases);
			assert_int_equal(r->ended, 1);
			rig_free(r);
			walked++;
		}
	}
	assert_int_equal(walked, cells - CALL_EVENTS); // an ended call is gone: no event reaches it
}

static void test_limit_of_calls(void **state)
{
	struct rig *r = rig_new();
	char text[2048];
	struct verdict v = PASS;

	UNUSED(state);
	for (int i = 0; i < 101; i++) { // the rig's max_calls is 100
		snprintf(text, sizeof(text),
			"INVITE sip:+498912@us.example SIP/2.0\r\nVia: SIP/2.0/UDP "
			"pbx;branch=z9hG4bKn%d\r\nMax-Forwards: 70\r\n"
			"From: <sip:1@pbx>;tag=a\r\nTo: <sip:2@us.example>\r\nCall-ID: n%d\r\nCSeq: 7 "
			"INVITE\r\n"
			"Contact: <sip:a@pbx>\r\nContent-Length: 0\r\n\r\n",
			i, i);
		v = rig_in(r, RIG_CORE, text);
		assert_int_equal(v.action, i < 100 ? VERDICT_DONE : VERDICT_REPLY);
		r->sent_count = 0;
	}
	assert_int_equal(v.status, 503);
	assert_int_not_equal(v.retry_after_s, 0);
	assert_int_equal(sf_call_count(r->sf), 100);
	rig_free(r);
}

static void test_multipart(void **state)
{
	struct rig *r = rig_new();
	char text[4096];
	const char *body = "--b1\r\nContent-Type: application/sdp\r\n\r\nv=0\r\ns=secretname\r\n\r\n--b1\r\n"
			   "Content-Type: application/isup\r\n\r\nISUP\r\n--b1--\r\n";

	UNUSED(state);
	snprintf(text, sizeof(text),
		"INVITE sip:+498912@us.example SIP/2.0\r\nVia: SIP/2.0/UDP "
		"pbx;branch=z9hG4bKmp\r\nMax-Forwards: 70\r\n"
		"From: <sip:1@pbx>;tag=a\r\nTo: <sip:2@us.example>\r\nCall-ID: mp\r\nCSeq: 7 "
		"INVITE\r\nContact: <sip:a@pbx>\r\n"
		"Content-Type: multipart/mixed;boundary=b1\r\nContent-Length: %zu\r\n\r\n%s",
		strlen(body), body);
	assert_int_equal(rig_in(r, RIG_CORE, text).action, VERDICT_DONE);
	const char *invite = rig_last(r, RIG_FAR, "INVITE ");
	assert_string_equal(rig_header(invite, "Content-Type"), "multipart/mixed;boundary=b1");
	assert_non_null(strstr(invite, "s=from-caller"));
	assert_non_null(strstr(invite, "\r\nISUP\r\n--b1--"));
	assert_null(strstr(invite, "secretname"));
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_cell),
		cmocka_unit_test(test_limit_of_calls),
		cmocka_unit_test(test_multipart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
