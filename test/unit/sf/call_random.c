// SPDX-License-Identifier: Apache-2.0
// Calls under random events, from fixed seeds: whatever the two sides, the media, the network and the heap
// do, every call ends, nothing leaks, and the always-fail handler never runs. A soak asks for other and more
// seeds in the environment: SALLYPORT_SEED is the first, SALLYPORT_ROUNDS how many.
#include "call_rig.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { ROUNDS = 400, STEPS = 40 };

struct chance {
	uint64_t seed;
	int cseq;
	char ok[RIG_TEXT_MAX], invite[RIG_TEXT_MAX], early[RIG_TEXT_MAX];
};

static uint32_t draw(struct chance *x, uint32_t n)
{
	x->seed = x->seed * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(x->seed >> 33) % n;
}

static const char *const methods[] = {
	"ACK", "BYE", "INVITE", "UPDATE", "INFO", "PRACK", "OPTIONS", "REFER", "MESSAGE"};
static const char *const headers[] = {
	"",
	"Supported: timer\r\n",
	"Require: 100rel\r\nRSeq: 1\r\n",
	"Require: 100rel\r\nRSeq: 2\r\n",
	"Allow: UPDATE\r\n",
	"Allow: INVITE\r\n",
	"Session-Expires: 100\r\nSupported: timer\r\n",
	"Session-Expires: 10\r\nSupported: timer\r\n",
	"Min-SE: 5000\r\n",
	"Contact: <sip:x@192.0.2.9:7000>\r\n",
	"RAck: 1 7 INVITE\r\n",
	"Require: unknown\r\n",
	"Record-Route: <sip:192.0.2.3;lr>, <sip:far.internal;lr>\r\n",
};
static const int statuses[] = {
	100, 180, 183, 199, 200, 200, 200, 202, 302, 404, 408, 422, 481, 487, 488, 491, 500, 503, 603};
static const char *const sent[] = {"INVITE ", "UPDATE ", "INFO ", "PRACK ", "BYE ", "MESSAGE ", "CANCEL "};
static const char *const tags[] = {"t1", "t2", "t3", ""};

static void remember(struct rig *r, struct chance *x)
{
	const char *t = rig_last(r, RIG_CORE, "SIP/2.0 200");
	if (t != NULL && strstr(rig_header(t, "CSeq"), "INVITE") != NULL)
		snprintf(x->ok, sizeof(x->ok), "%s", t);
	t = rig_last(r, RIG_CORE, "SIP/2.0 18");
	if (t != NULL)
		snprintf(x->early, sizeof(x->early), "%s", t);
	t = rig_last(r, RIG_FAR, "INVITE ");
	if (t != NULL)
		snprintf(x->invite, sizeof(x->invite), "%s", t);
}

static void answer(struct rig *r, struct chance *x)
{
	int peer = draw(x, 4) == 0 ? RIG_CORE : RIG_FAR;
	const char *request = rig_last(r, peer, sent[draw(x, 3) != 0 ? 0 : draw(x, ARRAY_LEN(sent))]);

	if (request != NULL)
		rig_answer(r, peer, request, statuses[draw(x, ARRAY_LEN(statuses))],
			tags[draw(x, ARRAY_LEN(tags))], headers[draw(x, ARRAY_LEN(headers))],
			draw(x, 2) ? rig_sdp : "");
}

static void ask(struct rig *r, struct chance *x)
{
	const char *method = methods[draw(x, ARRAY_LEN(methods))];
	const char *more = headers[draw(x, ARRAY_LEN(headers))], *sdp = draw(x, 2) ? rig_sdp : "";
	const char *template = draw(x, 2) ? x->ok : x->early;
	int cseq = draw(x, 3) == 0 ? 7 : x->cseq++;

	if (strcmp(method, "REFER") == 0)
		more = "Refer-To: <sip:x@y>\r\n";
	if (strcmp(method, "PRACK") == 0)
		more = "RAck: 1 7 INVITE\r\n";
	if (strcmp(method, "INVITE") == 0)
		more = "Contact: <sip:n@10.0.0.7>\r\n";
	if (draw(x, 3) == 0 && x->invite[0])
		rig_in_dialog(r, RIG_FAR, x->invite, method, x->cseq++, more, sdp);
	else if (template[0])
		rig_in_dialog(r, RIG_CORE, template, method, cseq, more, sdp);
}

static void step(struct rig *r, struct chance *x)
{
	remember(r, x);
	switch (draw(x, 12)) {
	case 0:
		rig_wait(r, draw(x, 3) == 0 ? 33 : 0.3);
		break;
	case 1:
		r->wait_next = true;
		break;
	case 2:
		r->refuse_next = draw(x, 3) == 0;
		break;
	case 3:
		sf_media_ready(r->sf, r->last_call, r->last_branch, draw(x, 4) != 0, &r->now);
		break;
	case 4:
		r->send_fails = draw(x, 4) == 0;
		break;
	case 5:
		memory_fail_nth(draw(x, 4) == 0 ? 1 + draw(x, 20) : 0);
		break;
	case 6:
		if (draw(x, 8) == 0)
			IGNORE_RESULT(sf_hangup(r->sf, r->last_call, "operator", &r->now)); // it may be gone
		break;
	case 7:
	case 8:
		ask(r, x);
		break;
	default:
		answer(r, x);
		break;
	}
}

static void round_of(uint64_t seed)
{
	static struct chance x;
	struct rig *r = rig_new();

	x = (struct chance){.seed = seed * 7919 + 1, .cseq = 8};
	assert_non_null(r);
	r->plan.sed.count = (uint8_t)(1 + draw(&x, 3));
	if (seed % 2 == 1) // half of them begin where a call stands
		rig_call(r);
	else
		rig_invite(r, draw(&x, 2) ? "Supported: 100rel, timer, 199\r\n" : "Require: 100rel\r\n",
			draw(&x, 4) ? rig_sdp : "");
	for (uint32_t i = 0; i < STEPS; i++)
		step(r, &x);
	memory_fail_nth(0);
	r->send_fails = false;
	r->sent_count = 0;
	rig_wait(r, 20000); // the longest interval that was agreed, and its BYE
	if (sf_call_count(r->sf) != 0)
		fail_msg("seed %lu: a call stays", (unsigned long)seed);
	if (r->alarms[SF_ALARM_IMPOSSIBLE] != 0)
		fail_msg("seed %lu: the impossible happened", (unsigned long)seed);
	assert_int_equal(r->admits, r->releases);
	assert_int_equal(sf_tx_count(r->sf->tx), 0);
	rig_free(r);
}

static void test_rounds(void **state)
{
	const char *first = getenv("SALLYPORT_SEED"), *rounds = getenv("SALLYPORT_ROUNDS");
	uint64_t seed = first != NULL ? strtoull(first, NULL, 10) : 0;
	uint64_t end = seed + (rounds != NULL ? strtoull(rounds, NULL, 10) : ROUNDS);

	UNUSED(state);
	for (; seed < end; seed++)
		round_of(seed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_rounds)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
