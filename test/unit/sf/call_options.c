// SPDX-License-Identifier: Apache-2.0
// Option tags between two peers: every row in Require, Proxy-Require and Supported, in both directions, in requests and
// in answers; what a peer must support (421); and what becomes of the far side's own 420 and 421.
#include "call_rig.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

// T: ends here on each leg, P: passes, R: refused. Towards a peering and towards the core, outside and inside the
// trust domain (RFC 3325).
static const struct {
	const char *tag, *to_peering, *to_core;
} expected[] = {
	{"100rel", "TT", "TT"},
	{"timer", "TT", "TT"},
	{"199", "PP", "PP"},
	{"precondition", "PP", "PP"},
	{"histinfo", "RP", "PP"},
	{"privacy", "PP", "PP"},
	{"resource-priority", "RP", "RP"},
	{"uui", "PP", "PP"},
	{"geolocation-sip", "RP", "PP"},
	{"geolocation-http", "RP", "PP"},
	{"pref", "RR", "PP"},
	{"early-session", "RR", "RR"},
	{"replaces", "RR", "RR"},
	{"join", "RR", "RR"},
	{"tdialog", "RR", "RR"},
	{"norefersub", "RR", "RR"},
	{"multiple-refer", "RR", "RR"},
	{"from-change", "RR", "RR"},
	{"path", "RR", "RR"},
	{"outbound", "RR", "RR"},
	{"gruu", "RR", "RR"},
	{"eventlist", "RR", "RR"},
	{"unheard-of", "RR", "RR"},
};

static struct rig *rig_towards(int peer, bool trusted)
{
	struct rig *r = rig_new();

	rig_route_to(r, peer);
	rig_peer(r, RIG_CORE)->trusted_identity = rig_peer(r, RIG_FAR)->trusted_identity = trusted;
	return r;
}

// An INVITE of the peer that is not TO.
static struct verdict ask(struct rig *r, int to, const char *more)
{
	char text[2048];
	int from = to == RIG_FAR ? RIG_CORE : RIG_FAR;
	const char *host = from == RIG_CORE ? "10.0.0.5" : "192.0.2.7";

	snprintf(text, sizeof(text),
		"INVITE sip:+498912@us.example SIP/2.0\r\nVia: SIP/2.0/UDP %s:5060;branch=z9hG4bKq\r\n"
		"Max-Forwards: 70\r\nFrom: <sip:+493011@%s>;tag=askertag\r\nTo: <sip:+498912@us.example>\r\n"
		"Call-ID: asked-call\r\nCSeq: 7 INVITE\r\nContact: <sip:a@%s:5060>\r\nAllow: INVITE, ACK, BYE, CANCEL, UPDATE\r\n"
		"%sContent-Length: 0\r\n\r\n",
		host, host, host, more);
	return rig_in(r, from, text);
}

static bool lists(const char *message, const char *header, const char *tag)
{
	const char *value = rig_header(message, header);
	size_t n = strlen(tag);

	for (const char *at = value; (at = strstr(at, tag)) != NULL; at += n)
		if ((at == value || at[-1] == ' ') && (at[n] == 0 || at[n] == ','))
			return true;
	return false;
}

static void check_required(int to, bool trusted, const char *header, const char *tag, char what)
{
	struct rig *r = rig_towards(to, trusted);
	int from = to == RIG_FAR ? RIG_CORE : RIG_FAR;
	char line[128];

	snprintf(line, sizeof(line), "%s: %s\r\n", header, tag);
	struct verdict v = ask(r, to, line);
	const char *out = rig_last(r, to, "INVITE ");
	if (what == 'R') {
		const char *answer = rig_last(r, from, "SIP/2.0 420");
		assert_int_equal(v.status, 420);
		assert_null(out);
		assert_string_equal(rig_header(answer, "Unsupported"), tag);
	} else {
		assert_non_null(out);
		assert_int_equal(lists(out, header, tag), what == 'P');
	}
	rig_free(r);
}

static void check_supported(int to, bool trusted, const char *tag, char what)
{
	struct rig *r = rig_towards(to, trusted);
	char line[128];

	snprintf(line, sizeof(line), "Supported: %s\r\n", tag);
	ask(r, to, line);
	const char *out = rig_last(r, to, "INVITE ");
	assert_non_null(out);
	assert_int_equal(lists(out, "Supported", tag), what == 'P' || what == 'T');
	assert_false(lists(out, "Require", tag));
	rig_free(r);
}

// The same tags in the answer of peer FROM: nothing is refused there, what may not pass is left out.
static void check_answered(int from, bool trusted, const char *tag, char what)
{
	struct rig *r = rig_towards(from, trusted);
	char lines[256];

	ask(r, from, "Supported: 199, timer, 100rel, precondition\r\nContent-Type: application/sdp\r\n");
	snprintf(lines, sizeof(lines), "Contact: <sip:x@%s>\r\nSupported: %s\r\nRequire: %s\r\n",
		from == RIG_CORE ? "10.0.0.5" : "192.0.2.7", tag, strcmp(tag, "100rel") == 0 ? "timer" : tag);
	rig_answer(r, from, rig_last(r, from, "INVITE "), 200, "t", lines, rig_sdp);
	const char *answer = rig_last(r, from == RIG_CORE ? RIG_FAR : RIG_CORE, "SIP/2.0 200");
	assert_non_null(answer);
	assert_int_equal(lists(answer, "Supported", tag), what == 'P' || what == 'T');
	assert_int_equal(lists(answer, "Require", tag), what == 'P' || strcmp(tag, "timer") == 0);
	rig_free(r);
}

static void test_every_row(void **state)
{
	UNUSED(state);
	assert_int_equal(ARRAY_LEN(expected), option_count() + 1);
	for (size_t i = 0; i < ARRAY_LEN(expected); i++) {
		const char *tag = expected[i].tag;
		for (int trusted = 0; trusted < 2; trusted++) {
			for (int to = RIG_CORE; to <= RIG_FAR; to++) {
				char what = (to == RIG_CORE ? expected[i].to_core : expected[i].to_peering)[trusted];
				check_required(to, trusted != 0, "Require", tag, what);
				check_required(to, trusted != 0, "Proxy-Require", tag, what);
				check_supported(to, trusted != 0, tag, what);
				check_answered(to == RIG_CORE ? RIG_FAR : RIG_CORE, trusted != 0, tag, what);
			}
		}
	}
}

// OPTIONS is for us: what would only pass is not understood here.
static void test_for_us(void **state)
{
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(expected); i++)
		assert_int_equal(option_action(bytes_of_string(expected[i].tag), NULL),
			expected[i].to_core[0] == 'T' ? OPTION_TERMINATE : OPTION_REFUSE);
}

static void test_in_dialog(void **state)
{
	struct rig *r = rig_new();

	UNUSED(state);
	rig_call(r);
	const char *ok = rig_last(r, RIG_CORE, "SIP/2.0 200");
	rig_in_dialog(r, RIG_CORE, ok, "INFO", 8, "Require: histinfo, uui\r\n", "");
	assert_string_equal(rig_header(rig_last(r, RIG_CORE, "SIP/2.0 420"), "Unsupported"), "histinfo");
	assert_null(rig_last(r, RIG_FAR, "INFO "));
	rig_in_dialog(r, RIG_CORE, ok, "INFO", 9, "Require: uui\r\n", "");
	const char *info = rig_last(r, RIG_FAR, "INFO ");
	assert_string_equal(rig_header(info, "Require"), "uui");
	rig_answer(r, RIG_FAR, info, 420, "fartag", "Unsupported: uui, timer\r\n", "");
	assert_int_equal(rig_count(r, RIG_CORE, "SIP/2.0 420"), 2);
	assert_string_equal(rig_header(rig_last(r, RIG_CORE, "SIP/2.0 420"), "Unsupported"), "uui"); // timer was ours
	rig_in_dialog(r, RIG_CORE, ok, "INFO", 10, "", "");
	rig_answer(r, RIG_FAR, rig_last(r, RIG_FAR, "INFO "), 420, "fartag", "Unsupported: timer\r\n", "");
	assert_int_equal(rig_count(r, RIG_CORE, "SIP/2.0 420"), 2);
	assert_int_equal(rig_count(r, RIG_CORE, "SIP/2.0 500"), 1);
	rig_in_dialog(r, RIG_CORE, ok, "INFO", 11, "", "");
	rig_answer(r, RIG_FAR, rig_last(r, RIG_FAR, "INFO "), 421, "fartag", "Require: uui\r\n", "");
	assert_string_equal(rig_header(rig_last(r, RIG_CORE, "SIP/2.0 421"), "Require"), "uui");
	rig_free(r);
}

static void test_required_of_caller(void **state)
{
	struct rig *r = rig_new();

	UNUSED(state);
	rig_peer(r, RIG_CORE)->require_100rel = rig_peer(r, RIG_CORE)->require_timer = 1;
	assert_int_equal(rig_invite(r, "", rig_sdp).status, 421);
	assert_string_equal(rig_header(rig_last(r, RIG_CORE, "SIP/2.0 421"), "Require"), "100rel, timer");
	assert_int_equal(rig_invite(r, "Supported: 100rel\r\n", rig_sdp).status, 421);
	assert_string_equal(rig_header(rig_last(r, RIG_CORE, "SIP/2.0 421"), "Require"), "timer");
	assert_null(rig_last(r, RIG_FAR, "INVITE "));
	assert_int_equal(rig_invite(r, "Supported: 100rel\r\nRequire: timer\r\n", rig_sdp).action, VERDICT_DONE);
	assert_non_null(rig_last(r, RIG_FAR, "INVITE "));
	rig_free(r);
}

static void test_required_of_called(void **state)
{
	struct rig *r = rig_new();

	UNUSED(state);
	rig_peer(r, RIG_FAR)->require_100rel = rig_peer(r, RIG_FAR)->require_timer = 1;
	rig_invite(r, "", rig_sdp);
	const char *out = rig_last(r, RIG_FAR, "INVITE ");
	assert_string_equal(rig_header(out, "Require"), "timer, 100rel");
	assert_string_equal(rig_header(out, "Supported"), "timer, 100rel");
	rig_answer(r, RIG_FAR, out, 420, "t", "Unsupported: 100rel\r\n", "");
	assert_null(rig_last(r, RIG_CORE, "SIP/2.0 420")); // the caller never asked for it
	const char *refused = rig_last(r, RIG_CORE, "SIP/2.0 500");
	assert_non_null(refused);
	assert_string_equal(rig_header(refused, "Unsupported"), "");
	assert_int_equal(r->last_status, 500);
	rig_free(r);
	r = rig_new();
	rig_peer(r, RIG_FAR)->require_100rel = 1;
	rig_invite(r, "", ""); // a late offer could not be passed reliably to a caller that knows no 100rel
	assert_string_equal(rig_header(rig_last(r, RIG_FAR, "INVITE "), "Require"), "");
	rig_free(r);
}

// The far side's 420 or 421 to the first INVITE: the status and the tags that the caller gets.
static void test_from_far_side(void **state)
{
	static const struct {
		const char *asked;
		int status;
		const char *answered;
		int told;
		const char *header, *tags;
	} rows[] = {
		{"Require: precondition\r\n", 420, "Unsupported: precondition\r\n", 420, "Unsupported", "precondition"},
		{"Require: precondition\r\n", 420, "Unsupported: precondition, timer\r\n", 420, "Unsupported",
			"precondition"},
		{"Require: precondition\r\n", 420, "", 500, "Unsupported", ""},
		{"Require: 100rel\r\n", 420, "Unsupported: 100rel\r\n", 500, "Unsupported", ""}, // ours on that leg
		{"", 420, "Unsupported: timer\r\n", 500, "Unsupported", ""},
		{"", 421, "Require: precondition\r\n", 421, "Require", "precondition"},
		{"", 421, "Require: 100rel, uui\r\n", 421, "Require", "100rel, uui"},
		{"Supported: precondition\r\n", 421, "Require: precondition\r\n", 500, "Require", ""},
		{"", 421, "Require: precondition, gruu\r\n", 500, "Require", ""}, // gruu cannot cross
		{"", 421, "Require: histinfo\r\n", 500, "Require", ""},           // nor this, without trust
		{"", 421, "", 500, "Require", ""},
	};

	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct rig *r = rig_new();
		char line[32];
		rig_invite(r, rows[i].asked, rig_sdp);
		rig_answer(r, RIG_FAR, rig_last(r, RIG_FAR, "INVITE "), rows[i].status, "t", rows[i].answered, "");
		snprintf(line, sizeof(line), "SIP/2.0 %d", rows[i].told);
		const char *answer = rig_last(r, RIG_CORE, line);
		assert_non_null(answer);
		assert_string_equal(rig_header(answer, rows[i].header), rows[i].tags);
		assert_int_equal(r->last_status, rows[i].told);
		rig_free(r);
	}
}

static void test_standalone(void **state)
{
	static const char text[] = "MESSAGE sip:+498912@us.example SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.5;branch=z9hG4bKm\r\n"
				   "Max-Forwards: 70\r\nFrom: <sip:+493011@pbx>;tag=a\r\nTo: <sip:+498912@us.example>\r\n"
				   "Call-ID: m\r\nCSeq: 3 MESSAGE\r\nRequire: uui\r\nContent-Type: text/plain\r\n"
				   "Content-Length: 2\r\n\r\nhi";

	UNUSED(state);
	for (int ours = 0; ours < 2; ours++) {
		struct rig *r = rig_new();
		rig_in(r, RIG_CORE, text);
		rig_answer(r, RIG_FAR, rig_last(r, RIG_FAR, "MESSAGE "), 420, "x",
			ours ? "Unsupported: timer\r\n" : "Unsupported: uui\r\n", "");
		const char *answer = rig_last(r, RIG_CORE, ours ? "SIP/2.0 500" : "SIP/2.0 420");
		assert_non_null(answer);
		assert_string_equal(rig_header(answer, "Unsupported"), ours ? "" : "uui");
		rig_free(r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_row),
		cmocka_unit_test(test_for_us),
		cmocka_unit_test(test_in_dialog),
		cmocka_unit_test(test_required_of_caller),
		cmocka_unit_test(test_required_of_called),
		cmocka_unit_test(test_from_far_side),
		cmocka_unit_test(test_standalone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
