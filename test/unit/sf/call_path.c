// SPDX-License-Identifier: Apache-2.0
// RFC3261#18.1.1: every request above the path limit goes by a stream where the peer lists one on the same host, and by
// UDP after all when that stream cannot be had.
#include "call_rig.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

enum { LIMIT = 1300 };

static char long_line[1200]; // "Subject: aaaa..."

static void add_stream(struct rig *r, int peer, enum transport t, uint16_t port)
{
	struct peer *p = rig_peer(r, peer);

	p->target[1].transport = (uint8_t)t;
	p->target[1].address = p->target[0].address;
	p->target[1].address.port = port;
	p->target_count = 2;
}

static struct rig *rig_limited(bool stream)
{
	struct rig *r = rig_new();

	memset(long_line, 'a', sizeof(long_line) - 1);
	memcpy(long_line, "Subject: ", 9);
	memcpy(long_line + sizeof(long_line) - 3, "\r\n", 3);
	r->snapshot->settings.udp_path_limit = LIMIT;
	if (stream) {
		add_stream(r, RIG_CORE, TRANSPORT_TLS, 5061);
		add_stream(r, RIG_FAR, TRANSPORT_TLS, 5061);
	}
	return r;
}

static const struct rig_sent *sent(const struct rig *r, int peer, const char *start)
{
	const char *text = rig_last(r, peer, start);

	for (uint32_t i = 0; text != NULL && i < r->sent_count; i++)
		if (r->sent[i].text == text)
			return &r->sent[i];
	return NULL;
}

// Went METHOD to PEER as it should? Contact and Via say what they must.
static const struct rig_sent *check_went(const struct rig *r, int peer, const char *start, enum transport t)
{
	const struct rig_sent *s = sent(r, peer, start);

	assert_non_null(s);
	assert_int_equal(s->hop.transport, t);
	assert_int_equal(s->hop.remote.port, t == TRANSPORT_UDP ? 5060 : 5061);
	assert_non_null(strstr(rig_header(s->text, "Via"), t == TRANSPORT_UDP ? "SIP/2.0/UDP" : "SIP/2.0/TLS"));
	return s;
}

static const struct {
	const char *method;
	int asker;
	bool offer;
} in_dialog[] = {
	{"INFO", RIG_CORE, false},
	{"INFO", RIG_FAR, false},
	{"MESSAGE", RIG_CORE, false},
	{"INVITE", RIG_CORE, true},
	{"INVITE", RIG_FAR, true},
	{"UPDATE", RIG_CORE, true},
	{"UPDATE", RIG_FAR, true},
	{"BYE", RIG_CORE, false},
	{"BYE", RIG_FAR, false},
};

// A call in which ASKER sends METHOD with more than fits; the request as it left.
static struct rig *asked(size_t row, bool stream, bool fails, char start[16])
{
	struct rig *r = rig_limited(stream);
	int asker = in_dialog[row].asker;

	rig_call(r);
	snprintf(start, 16, "%s ", in_dialog[row].method);
	r->stream_fails = fails;
	rig_in_dialog(r, asker, rig_last(r, asker, asker == RIG_CORE ? "SIP/2.0 200" : "INVITE "),
		in_dialog[row].method, 800,
		long_line, in_dialog[row].offer ? rig_sdp : "");
	return r;
}

static void check_answered(struct rig *r, size_t row, const struct rig_sent *s)
{
	int asker = in_dialog[row].asker;
	uint32_t before = rig_count(r, asker, "SIP/2.0 200");

	if (strcmp(in_dialog[row].method, "BYE") == 0) {
		rig_answer(r, !asker, s->text, 200, "fartag", "", "");
		assert_int_equal(sf_call_count(r->sf), 0);
		return;
	}
	rig_answer(r, !asker, s->text, 200, "fartag", asker == RIG_FAR ? "Contact: <sip:alice@10.0.0.5>\r\n" : "",
		in_dialog[row].offer ? rig_sdp : "");
	assert_int_equal(rig_count(r, asker, "SIP/2.0 200"), before + 1);
}

static void test_in_dialog_by_stream(void **state)
{
	char start[16];

	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(in_dialog); i++) {
		struct rig *r = asked(i, true, false, start);
		const struct rig_sent *s = check_went(r, !in_dialog[i].asker, start, TRANSPORT_TLS);
		if (in_dialog[i].offer) // the dialog itself stays where it was
			assert_null(strstr(rig_header(s->text, "Contact"), "transport="));
		check_answered(r, i, s);
		rig_free(r);
	}
}

static void test_in_dialog_no_stream_listed(void **state)
{
	char start[16];

	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(in_dialog); i++) {
		struct rig *r = asked(i, false, false, start);
		check_answered(r, i, check_went(r, !in_dialog[i].asker, start, TRANSPORT_UDP));
		rig_free(r);
	}
}

static void test_in_dialog_back_to_udp(void **state)
{
	char start[16];

	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(in_dialog); i++) {
		struct rig *r = asked(i, true, true, start);
		rig_wait(r, 0.01); // the failure is told at the next run of the wheel
		check_answered(r, i, check_went(r, !in_dialog[i].asker, start, TRANSPORT_UDP));
		rig_wait(r, 1);
		assert_int_equal(r->alarms[SF_ALARM_IMPOSSIBLE], 0);
		if (strcmp(in_dialog[i].method, "BYE") == 0) {
			rig_wait(r, 70);
			assert_int_equal(sf_tx_count(r->sf->tx), 0); // what was reserved is given back
		}
		rig_free(r);
	}
}

// What failed once in a dialog is not tried again.
static void test_failure_is_remembered(void **state)
{
	char start[16];
	struct rig *r = asked(0, true, true, start);

	UNUSED(state);
	rig_wait(r, 0.01);
	check_answered(r, 0, check_went(r, RIG_FAR, start, TRANSPORT_UDP));
	r->stream_fails = false;
	rig_in_dialog(r, RIG_CORE, rig_last(r, RIG_CORE, "SIP/2.0 200"), "INFO", 801, long_line, "");
	check_went(r, RIG_FAR, "INFO ", TRANSPORT_UDP);
	rig_free(r);
}

static void test_prack(void **state)
{
	UNUSED(state);
	for (int fails = 0; fails < 2; fails++) {
		struct rig *r = rig_limited(true);
		rig_invite(r, "Supported: 100rel\r\n", rig_sdp);
		rig_answer(r, RIG_FAR, rig_last(r, RIG_FAR, "INVITE "), 183, "fartag",
			"Require: 100rel\r\nRSeq: 9\r\n", rig_sdp);
		const char *ringing = rig_last(r, RIG_CORE, "SIP/2.0 183");
		assert_non_null(ringing);
		char more[1400];
		snprintf(more, sizeof(more), "RAck: %s 7 INVITE\r\n%s", rig_header(ringing, "RSeq"), long_line);
		r->stream_fails = fails != 0;
		rig_in_dialog(r, RIG_CORE, ringing, "PRACK", 8, more, "");
		rig_wait(r, 0.01);
		const struct rig_sent *s = check_went(r, RIG_FAR, "PRACK ", fails ? TRANSPORT_UDP : TRANSPORT_TLS);
		assert_string_equal(strstr(rig_header(s->text, "RAck"), "9 ") ? "yes" : "no", "yes");
		rig_answer(r, RIG_FAR, s->text, 200, "fartag", "", "");
		assert_int_equal(rig_count(r, RIG_CORE, "SIP/2.0 200"), 1);
		rig_free(r);
	}
}

// The answer of a late offer goes in the ACK, which nobody answers: when the 2xx comes again it goes by UDP.
static void test_ack(void **state)
{
	char sdp[2048];
	struct rig *r = rig_limited(true);

	UNUSED(state);
	r->snapshot->settings.udp_path_limit = 600;
	rig_invite(r, "", "");
	const char *invite = rig_last(r, RIG_FAR, "INVITE ");
	rig_answer(r, RIG_FAR, invite, 200, "fartag", "", rig_sdp);
	r->snapshot->settings.udp_path_limit = 200;
	snprintf(sdp, sizeof(sdp), "%sa=x-long:%s", rig_sdp, long_line);
	rig_in_dialog(r, RIG_CORE, rig_last(r, RIG_CORE, "SIP/2.0 200"), "ACK", 7, "", sdp);
	check_went(r, RIG_FAR, "ACK ", TRANSPORT_TLS);
	rig_answer(r, RIG_FAR, invite, 200, "fartag", "", rig_sdp);
	check_went(r, RIG_FAR, "ACK ", TRANSPORT_UDP);
	rig_free(r);
}

static const char message[] = "MESSAGE sip:+498912@us.example SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.5;branch=z9hG4bKm\r\n"
			      "Max-Forwards: 70\r\nFrom: <sip:+493011@pbx>;tag=a\r\nTo: <sip:+498912@us.example>\r\n"
			      "Call-ID: m\r\nCSeq: 3 MESSAGE\r\n%sContent-Length: 0\r\n\r\n";

static void test_message(void **state)
{
	char text[2048];

	UNUSED(state);
	for (int how = 0; how < 3; how++) { // listed, not listed, listed and failing
		struct rig *r = rig_limited(how != 1);
		r->plan.sed.count = 2;
		r->stream_fails = how == 2;
		snprintf(text, sizeof(text), message, long_line);
		rig_in(r, RIG_CORE, text);
		rig_wait(r, 0.01);
		const struct rig_sent *s = check_went(r, RIG_FAR, "MESSAGE ", how == 0 ? TRANSPORT_TLS : TRANSPORT_UDP);
		assert_int_equal(s->hop.remote.ip[3], 7); // the same host, not the next one
		assert_int_equal(r->hops_dead, 0);
		rig_answer(r, RIG_FAR, s->text, 200, "x", "", "");
		assert_int_equal(rig_count(r, RIG_CORE, "SIP/2.0 200"), 1);
		rig_wait(r, 70);
		assert_int_equal(sf_tx_count(r->sf->tx), 0);
		rig_free(r);
	}
}

static void test_first_invite_back_to_udp(void **state)
{
	struct rig *r = rig_limited(true);

	UNUSED(state);
	r->stream_fails = true;
	r->plan.sed.count = 2;
	rig_invite(r, long_line, rig_sdp);
	rig_wait(r, 0.01);
	const struct rig_sent *s = check_went(r, RIG_FAR, "INVITE ", TRANSPORT_UDP);
	assert_int_equal(s->hop.remote.ip[3], 7);
	assert_null(strstr(rig_header(s->text, "Contact"), "transport="));
	assert_int_equal(r->hops_dead, 0);
	rig_answer(r, RIG_FAR, s->text, 200, "fartag", "", rig_sdp);
	assert_int_equal(rig_count(r, RIG_CORE, "SIP/2.0 200"), 1);
	rig_free(r);
	r = rig_limited(true); // neither way, and the next hop of the plan fails too
	r->plan.sed.count = 2;
	r->send_fails = true;
	rig_invite(r, long_line, rig_sdp);
	rig_wait(r, 0.01);
	assert_int_equal(r->ended, 1);
	assert_int_equal(r->last_status, 503);
	assert_int_equal(r->hops_dead, 2); // both by UDP; of the stream nothing is concluded
	rig_free(r);
}

// At the limit it still goes by UDP; one octet more and it does not.
static void test_limit(void **state)
{
	char text[2048];
	uint32_t len = 0;

	UNUSED(state);
	snprintf(text, sizeof(text), message, "");
	for (int more = -1; more <= 1; more++) {
		struct rig *r = rig_limited(true);
		r->snapshot->settings.udp_path_limit = more < 0 ? 65000 : (uint16_t)(len - (unsigned)more);
		rig_in(r, RIG_CORE, text);
		const struct rig_sent *s = sent(r, RIG_FAR, "MESSAGE ");
		assert_int_equal(s->hop.transport, more == 1 ? TRANSPORT_TLS : TRANSPORT_UDP);
		len = more < 0 ? s->len : len;
		rig_free(r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_in_dialog_by_stream),
		cmocka_unit_test(test_in_dialog_no_stream_listed),
		cmocka_unit_test(test_in_dialog_back_to_udp),
		cmocka_unit_test(test_failure_is_remembered),
		cmocka_unit_test(test_prack),
		cmocka_unit_test(test_ack),
		cmocka_unit_test(test_message),
		cmocka_unit_test(test_first_invite_back_to_udp),
		cmocka_unit_test(test_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
