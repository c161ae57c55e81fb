// SPDX-License-Identifier: Apache-2.0
// SF-A5, SF-A1: one peer tries to fill what all peers share: transactions (outside and inside of calls), calls that linger,
// branches of forks and their media sessions. Others still call, fork and answer. With the gate or the share off it succeeds.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "flow/media.h"
#include "flow/state.h"
#include "flow_play.h"
#include "sf/inside.h"

static const char *const numbers[] = {[PLAY_CORE] = "+4930555", [PLAY_FAR_TLS] = "+4989111", [PLAY_FAR_UDP] = "+4920111"};
static const char *const vias[] = {
	[PLAY_CORE] = "UDP 10.0.0.5:5060", [PLAY_FAR_TLS] = "TLS 192.0.2.1:5061", [PLAY_FAR_UDP] = "UDP 198.51.100.9:5060"};
static const char offer[] = "v=0\r\no=- 1 1 IN IP4 %s\r\ns=-\r\nc=IN IP4 %s\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n";

static int world_new(void **state)
{
	struct play *p = calloc(1, sizeof(*p));

	*state = p;
	return p != NULL && play_open(p) ? 0 : -1;
}

static int world_free(void **state)
{
	play_close(*state);
	free(*state);
	return 0;
}

static struct sf *sf_of(struct play *p)
{
	return flow_sf(p->rig.flow);
}

// Everything ends, and every place is given back.
static void all_is_free(struct play *p)
{
	struct sf *sf = sf_of(p);

	play_end(p);
	if (p->fault != NULL)
		fail_msg("%s: %s", p->fault, p->fault_text);
	assert_int_equal(sf->tx_share.used, sf_tx_count(sf->tx)); // probes of silent targets go on
	assert_int_equal(sf->call_share.used, 0);
	assert_int_equal(sf->fork_share.used, 0);
	assert_int_equal(p->rig.flow->media->fork_share.used, 0);
	for (peer_id id = 0; id < 3; id++)
		assert_int_equal(sf->tx_share.of[id] + sf->call_share.of[id] + sf->fork_share.of[id], 0);
}

static void outside(struct play *p, uint8_t from, uint8_t to, const char *method, const char *branch, const char *more)
{
	char out[2048];

	snprintf(out, sizeof(out),
		"%s sip:%s@ssp-a.example SIP/2.0\r\nVia: SIP/2.0/%s;branch=z9hG4bK%s\r\nMax-Forwards: 70\r\n"
		"From: <sip:%s@c>;tag=t%s\r\nTo: <sip:%s@ssp-a.example>\r\nCall-ID: %s\r\nCSeq: 1 %s\r\n"
		"Contact: <sip:a@%s>\r\n%sContent-Length: 0\r\n\r\n",
		method, numbers[to], vias[from], branch, numbers[from], branch, numbers[to], branch, method, vias[from] + 4, more);
	play_deliver(p, from, out, strlen(out));
}

// What was sent last to TO and begins with START; "" when nothing was, among the last ones.
static const char *last(const struct play *p, uint8_t to, const char *start)
{
	for (uint32_t i = 0; i < PLAY_SENT && i < p->sent_count; i++) {
		const struct play_sent *s = &p->sent[(p->sent_count - 1 - i) % PLAY_SENT];
		if (s->to == to && strncmp(s->text, start, strlen(start)) == 0)
			return s->text;
	}
	return "";
}

static const char *field(const char *text, const char *name, char out[512])
{
	char key[32];

	snprintf(key, sizeof(key), "\r\n%s: ", name);
	const char *at = strstr(text, key);
	snprintf(out, 512, "%.*s", at != NULL ? (int)strcspn(at + strlen(key), "\r") : 0, at != NULL ? at + strlen(key) : "");
	return out;
}

// FROM answers REQUEST of ours.
static void answer(struct play *p, uint8_t from, const char *request, const char *status, const char *tag, const char *more,
	const char *sdp)
{
	char out[6000], via[512], f[512], t[512], id[512], cseq[512];

	snprintf(out, sizeof(out),
		"SIP/2.0 %s\r\nVia: %s\r\nFrom: %s\r\nTo: %s;tag=%s\r\nCall-ID: %s\r\nCSeq: %s\r\nContact: <sip:a@%s>\r\n%s%s"
		"Content-Length: %zu\r\n\r\n%s",
		status, field(request, "Via", via), field(request, "From", f), field(request, "To", t), tag,
		field(request, "Call-ID", id), field(request, "CSeq", cseq), vias[from] + 4, more,
		sdp[0] != 0 ? "Content-Type: application/sdp\r\n" : "", strlen(sdp), sdp);
	play_deliver(p, from, out, strlen(out));
}

// FROM asks in the dialog that RESPONSE of ours shows.
static void inside(struct play *p, uint8_t from, const char *response, const char *method, unsigned cseq, const char *more)
{
	char out[4096], f[512], t[512], id[512];

	snprintf(out, sizeof(out),
		"%s sip:sbe@x SIP/2.0\r\nVia: SIP/2.0/%s;branch=z9hG4bKin%u\r\nMax-Forwards: 70\r\nFrom: %s\r\nTo: %s\r\n"
		"Call-ID: %s\r\nCSeq: %u %s\r\n%sContent-Length: 0\r\n\r\n",
		method, vias[from], cseq, field(response, "From", f), field(response, "To", t), field(response, "Call-ID", id), cseq,
		method, more);
	play_deliver(p, from, out, strlen(out));
}

// Can the core call ssp-b, who has nothing to do with the attack?
static bool others_call(struct play *p)
{
	char branch[16];

	snprintf(branch, sizeof(branch), "other%u", p->sent_count);
	outside(p, PLAY_CORE, PLAY_FAR_TLS, "INVITE", branch, "");
	return last(p, PLAY_FAR_TLS, "INVITE ")[0] != 0;
}

static void messages(struct play *p)
{
	char branch[16];

	for (unsigned n = 0; n < 1000; n++) {
		snprintf(branch, sizeof(branch), "m%u", n);
		outside(p, PLAY_FAR_UDP, PLAY_CORE, "MESSAGE", branch, "");
	}
}

static void transactions(void **state)
{
	struct play *p = *state;

	messages(p);
	assert_true(atomic_load(&flow_counters(p->rig.flow)->step[STEP_SHARE].refused) > 0);
	assert_true(others_call(p));
	all_is_free(p);
}

static void transactions_gate_off(void **state)
{
	struct play *p = *state;

	flow_gate_off(p->rig.flow, STEP_SHARE, true);
	messages(p);
	assert_false(others_call(p));
	all_is_free(p);
}

// A call of the hostile peer: the response that shows its dialog.
static void dialog_open(struct play *p, char response[PLAY_TEXT])
{
	outside(p, PLAY_FAR_UDP, PLAY_CORE, "INVITE", "dlg", "");
	answer(p, PLAY_CORE, last(p, PLAY_CORE, "INVITE "), "180 Ringing", "a", "", "");
	snprintf(response, PLAY_TEXT, "%s", last(p, PLAY_FAR_UDP, "SIP/2.0 180"));
	assert_int_not_equal(response[0], 0);
}

static void dialog_flood(struct play *p, const char *method, const char *more)
{
	char response[PLAY_TEXT];

	dialog_open(p, response);
	for (unsigned n = 2; n < 1000; n++)
		inside(p, PLAY_FAR_UDP, response, method, n, more);
}

static void inside_a_call(void **state)
{
	struct play *p = *state;

	dialog_flood(p, "OPTIONS", "");
	assert_true(atomic_load(&flow_counters(p->rig.flow)->step[STEP_DIALOG_SHARE].refused) > 0);
	assert_true(others_call(p));
	all_is_free(p);
}

static void inside_a_call_gate_off(void **state)
{
	struct play *p = *state;

	flow_gate_off(p->rig.flow, STEP_DIALOG_SHARE, true);
	dialog_flood(p, "OPTIONS", "");
	assert_false(others_call(p));
	all_is_free(p);
}

// What is never refused takes no places beyond the share, and is answered all the same.
static void never_refused(struct play *p, const char *method, const char *more, const char *status)
{
	dialog_flood(p, method, more);
	assert_int_equal(strncmp(last(p, PLAY_FAR_UDP, "SIP/2.0"), status, strlen(status)), 0);
	assert_true(others_call(p));
	all_is_free(p);
}

static void pracks(void **state)
{
	never_refused(*state, "PRACK", "RAck: 1 1 INVITE\r\n", "SIP/2.0 481");
}

static void byes(void **state)
{
	never_refused(*state, "BYE", "", "SIP/2.0 200");
}

static void byes_with_require(void **state)
{
	never_refused(*state, "BYE", "Require: nothing\r\n", "SIP/2.0 420");
}

// The full table itself: a BYE still ends its call, answered without state.
static void bye_in_a_full_table(void **state)
{
	struct play *p = *state;
	char response[PLAY_TEXT];

	flow_gate_off(p->rig.flow, STEP_SHARE, true);
	dialog_open(p, response);
	messages(p);
	assert_false(others_call(p));
	inside(p, PLAY_FAR_UDP, response, "BYE", 2, "");
	assert_int_equal(p->rig.ended, 1);
	assert_int_not_equal(last(p, PLAY_FAR_UDP, "SIP/2.0 200")[0], 0);
	all_is_free(p);
}

// Calls given up at once linger until the far side says so.
static void given_up(struct play *p)
{
	char branch[16];

	for (unsigned n = 0; n < 200; n++) {
		snprintf(branch, sizeof(branch), "c%u", n);
		outside(p, PLAY_FAR_UDP, PLAY_CORE, "INVITE", branch, "");
		outside(p, PLAY_FAR_UDP, PLAY_CORE, "CANCEL", branch, "");
	}
}

static void lingering_calls(void **state)
{
	struct play *p = *state;

	given_up(p);
	assert_true(others_call(p));
	all_is_free(p);
}

static void lingering_calls_gate_off(void **state)
{
	struct play *p = *state;

	flow_gate_off(p->rig.flow, STEP_SHARE, true);
	given_up(p);
	assert_false(others_call(p));
	all_is_free(p);
}

// CALLER's call N to CALLED, who answers with FORKS early dialogs; how many of them CALLER heard of.
static uint32_t fork_call(struct play *p, uint8_t caller, uint8_t called, unsigned n, unsigned forks, const char *more,
	const char *sdp)
{
	char name[16], request[PLAY_TEXT];
	uint32_t heard = 0;

	snprintf(name, sizeof(name), "f%u", n);
	outside(p, caller, called, "INVITE", name, "Supported: 100rel\r\n");
	snprintf(request, sizeof(request), "%s", last(p, called, "INVITE "));
	for (unsigned i = 0; i < forks; i++) {
		uint32_t before = p->sent_count;
		snprintf(name, sizeof(name), "tag%u", i);
		answer(p, called, request, "183 Progress", name, more, sdp);
		heard += p->sent_count > before && strncmp(p->sent[before % PLAY_SENT].text, "SIP/2.0 183", 11) == 0 &&
			 p->sent[before % PLAY_SENT].to == caller;
	}
	return heard;
}

static bool others_fork(struct play *p, const char *more, const char *sdp)
{
	return fork_call(p, PLAY_FAR_UDP, PLAY_CORE, 9999, 2, more, sdp) == 2;
}

static void forks(void **state)
{
	struct play *p = *state;
	uint32_t heard = 0;

	for (unsigned n = 0; n < 12; n++)
		heard += fork_call(p, PLAY_CORE, PLAY_FAR_UDP, n, SF_BRANCHES_MAX, "", "");
	assert_true(heard > 12 && heard < 12 * SF_BRANCHES_MAX); // each call has its first branch
	assert_true(p->rig.alarms[SF_ALARM_TABLE_FULL] > 0);
	assert_true(others_fork(p, "", ""));
	all_is_free(p);
}

static void forks_share_off(void **state)
{
	struct play *p = *state;
	struct share *s = &sf_of(p)->fork_share;

	s->owners_max = 0;
	for (unsigned n = 0; n < 12; n++)
		fork_call(p, PLAY_CORE, PLAY_FAR_UDP, n, SF_BRANCHES_MAX, "", "");
	assert_false(others_fork(p, "", ""));
	all_is_free(p);
}

// The called side makes the offers: each branch wants a session with ports of its own. Just as many as there are.
static void late_offers(struct play *p)
{
	uint32_t left = p->rig.flow->media->fork_share.max, n = 0;
	char sdp[512];

	snprintf(sdp, sizeof(sdp), offer, "198.51.100.9", "198.51.100.9");
	while (left > 0) {
		uint32_t more = left < SF_BRANCHES_MAX - 1 ? left : SF_BRANCHES_MAX - 1;
		fork_call(p, PLAY_CORE, PLAY_FAR_UDP, n++, 1 + more, "Require: 100rel\r\nRSeq: 1\r\n", sdp);
		left -= more;
	}
}

static bool others_offer(struct play *p)
{
	char sdp[512];

	snprintf(sdp, sizeof(sdp), offer, "10.0.0.5", "10.0.0.5");
	return others_fork(p, "Require: 100rel\r\nRSeq: 1\r\n", sdp);
}

static void media_sessions(void **state)
{
	struct play *p = *state;

	late_offers(p);
	assert_true(p->rig.flow->media->fork_share.used > 0);
	assert_true(others_offer(p));
	all_is_free(p);
}

static void media_sessions_share_off(void **state)
{
	struct play *p = *state;

	p->rig.flow->media->fork_share.owners_max = 0;
	late_offers(p);
	assert_false(others_offer(p));
	all_is_free(p);
}

#define WORLD(test) cmocka_unit_test_setup_teardown(test, world_new, world_free)

int main(void)
{
	const struct CMUnitTest tests[] = {WORLD(transactions), WORLD(transactions_gate_off), WORLD(inside_a_call),
		WORLD(inside_a_call_gate_off), WORLD(pracks), WORLD(byes), WORLD(byes_with_require), WORLD(bye_in_a_full_table),
		WORLD(lingering_calls), WORLD(lingering_calls_gate_off), WORLD(forks), WORLD(forks_share_off), WORLD(media_sessions),
		WORLD(media_sessions_share_off)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
