// SPDX-License-Identifier: Apache-2.0
// Which hop is tried when, what is refused before a call is made, standalone requests, and every cell of the
// call table.
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

static uint8_t last_hop(const struct rig *r)
{
	for (uint32_t i = r->sent_count; i-- > 0;)
		if (strncmp(r->sent[i].text, "INVITE ", 7) == 0)
			return r->sent[i].hop.remote.ip[3];
	return 0;
}

static void test_reroute(void **state)
{
	struct rig *r = rig_new();

	UNUSED(state);
	r->plan.sed.count = 3;
	rig_invite(r, "", rig_sdp);
	const char *first = rig_last(r, RIG_FAR, "INVITE ");
	rig_answer(r, RIG_FAR, first, 180, "t1", "", "");
	rig_answer(r, RIG_FAR, first, 503, "t1", "", "");
	assert_int_equal(last_hop(r), 8);
	const char *second = rig_last(r, RIG_FAR, "INVITE ");
	assert_string_not_equal(rig_header(first, "Call-ID"), rig_header(second, "Call-ID"));
	assert_string_not_equal(rig_tag(first, "From"), rig_tag(second, "From"));
	assert_string_not_equal(rig_header(first, "Via"), rig_header(second, "Via"));
	rig_answer(r, RIG_FAR, second, 500, "t2", "", ""); // of reroute_on
	assert_int_equal(last_hop(r), 9);
	rig_answer(r, RIG_FAR, rig_last(r, RIG_FAR, "INVITE "), 404, "t3", "", ""); // is not
	assert_int_equal(rig_count(r, RIG_CORE, "SIP/2.0 404"), 1);
	assert_int_equal(r->ended, 1);
	assert_int_equal(r->admits, 1);
	assert_int_equal(r->releases, 1);
	rig_free(r);
}

static void test_reroute_on_timeout_and_transport(void **state)
{
	struct rig *r = rig_new();

	UNUSED(state);
	r->plan.sed.count = 2;
	rig_invite(r, "", rig_sdp);
	rig_wait(r, 33);
	assert_int_equal(last_hop(r), 8);
	assert_int_equal(r->hops_dead, 1);
	r->send_fails = true;
	rig_wait(r, 2);
	r->send_fails = false;
	rig_wait(r, 1);
	assert_int_equal(rig_count(r, RIG_CORE, "SIP/2.0 503"), 1);
	assert_int_equal(r->ended, 1);
	rig_free(r);
}

static void test_no_reroute_after_media(void **state)
{
	struct rig *r = rig_new();

	UNUSED(state);
	r->plan.sed.count = 3;
	rig_invite(r, "", rig_sdp);
	const char *first = rig_last(r, RIG_FAR, "INVITE ");
	rig_answer(r, RIG_FAR, first, 183, "t1", "", rig_sdp);
	rig_answer(r, RIG_FAR, first, 503, "t1", "", "");
	assert_int_equal(rig_count(r, RIG_FAR, "INVITE "), 1);
	assert_int_equal(rig_count(r, RIG_CORE, "SIP/2.0 500"), 1); // its overload is not ours (RFC3261#16.7)
	rig_free(r);
}

static void test_ring_timeout(void **state)
{
	struct rig *r = rig_new();

	UNUSED(state);
	rig_invite(r, "", rig_sdp);
	const char *invite = rig_last(r, RIG_FAR, "INVITE ");
	rig_answer(r, RIG_FAR, invite, 180, "t", "", "");
	rig_wait(r, 121);
	assert_int_equal(rig_count(r, RIG_FAR, "CANCEL ") > 0, 1);
	assert_int_equal(rig_count(r, RIG_CORE, "SIP/2.0 408") > 0, 1);
	rig_wait(r, 80);
	assert_int_equal(sf_call_count(r->sf), 0);
	rig_free(r);
}

static void test_refused_before(void **state)
{
	struct rig *r = rig_new();
	char text[2048];

	UNUSED(state);
	r->no_admit = true;
	rig_invite(r, "", rig_sdp);
	assert_int_not_equal(number(rig_header(rig_last(r, RIG_CORE, "SIP/2.0 503"), "Retry-After")), 0);
	assert_int_equal(sf_call_count(r->sf), 0);
	rig_free(r);
	r = rig_new();
	assert_int_equal(rig_invite(r, "Require: from-change, gruu\r\n", rig_sdp).status, 420);
	assert_string_equal(
		rig_header(rig_last(r, RIG_CORE, "SIP/2.0 420"), "Unsupported"), "from-change, gruu");
	snprintf(text, sizeof(text),
		"INVITE sip:+498912@us.example SIP/2.0\r\nVia: SIP/2.0/UDP "
		"pbx;branch=z9hG4bKh\r\nMax-Forwards: 0\r\n"
		"From: <sip:1@pbx>;tag=a\r\nTo: <sip:2@us.example>\r\nCall-ID: h\r\nCSeq: 7 "
		"INVITE\r\nContact: <sip:a@pbx>\r\n"
		"Content-Length: 0\r\n\r\n");
	assert_int_equal(rig_in(r, RIG_CORE, text).status, 483);
	rig_free(r);
}

static void test_loop(void **state) // SF-A4
{
	struct rig *r = rig_new();
	char text[2048];

	UNUSED(state);
	rig_invite(r, "", rig_sdp);
	const char *ours = rig_last(r, RIG_FAR, "INVITE ");
	assert_string_equal(rig_header(ours, "Max-Forwards"), "69");
	for (int i = 0; i < 3; i++) {
		snprintf(text, sizeof(text),
			"INVITE sip:+498912@us.example SIP/2.0\r\nVia: SIP/2.0/UDP "
			"192.0.2.7;branch=z9hG4bKl%d\r\n%s%s%s"
			"Max-Forwards: 60\r\nFrom: <sip:1@far.example>;tag=%s\r\nTo: "
			"<sip:2@us.example>\r\nCall-ID: %s\r\n"
			"CSeq: 7 INVITE\r\nContact: <sip:a@192.0.2.7>\r\nContent-Length: 0\r\n\r\n",
			i, i == 0 ? "Via: " : "", i == 0 ? rig_header(ours, "Via") : "", i == 0 ? "\r\n" : "",
			i == 1 ? rig_tag(ours, "From") : "x", i == 2 ? rig_header(ours, "Call-ID") : "y");
		assert_int_equal(rig_in(r, RIG_FAR, text).status, 482);
	}
	assert_int_equal(r->alarms[SF_ALARM_LOOP], 3);
	rig_free(r);
}

static void test_repeated_and_merged(void **state)
{
	struct rig *r = rig_new();
	char text[2048];

	UNUSED(state);
	rig_invite(r, "", rig_sdp);
	rig_invite(r, "", rig_sdp);
	assert_int_equal(rig_count(r, RIG_FAR, "INVITE "), 1);
	assert_int_equal(rig_count(r, RIG_CORE, "SIP/2.0 100"), 2);
	snprintf(text, sizeof(text),
		"INVITE sip:+498912@us.example SIP/2.0\r\nVia: SIP/2.0/UDP "
		"pbx;branch=z9hG4bKotherway\r\nMax-Forwards: 70\r\n"
		"From: <sip:1@pbx>;tag=alicetag\r\nTo: <sip:2@us.example>\r\nCall-ID: "
		"secretcallid@pbx.internal.core\r\n"
		"CSeq: 7 INVITE\r\nContact: <sip:a@pbx>\r\nContent-Length: 0\r\n\r\n");
	assert_int_equal(rig_in(r, RIG_CORE, text).status, 482);
	rig_free(r);
}

static void test_message(void **state)
{
	struct rig *r = rig_new();
	char text[2048];

	UNUSED(state);
	r->plan.sed.count = 2;
	snprintf(text, sizeof(text),
		"MESSAGE sip:+498912@us.example SIP/2.0\r\nVia: SIP/2.0/UDP "
		"pbx.internal.core;branch=z9hG4bKm\r\nMax-Forwards: 70\r\n"
		"From: <sip:+493011@pbx.internal.core>;tag=a\r\nTo: <sip:+498912@us.example>\r\nCall-ID: "
		"secretm\r\nCSeq: 3 MESSAGE\r\n"
		"Content-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello");
	assert_int_equal(rig_in(r, RIG_CORE, text).action, VERDICT_DONE);
	const char *m = rig_last(r, RIG_FAR, "MESSAGE ");
	assert_non_null(strstr(m, "\r\n\r\nhello"));
	assert_null(strstr(m, "pbx.internal"));
	assert_null(strstr(m, "secretm"));
	rig_answer(r, RIG_FAR, m, 503, "x", "", "");
	assert_int_equal(rig_count(r, RIG_FAR, "MESSAGE "), 2); // the next hop
	rig_answer(r, RIG_FAR, rig_last(r, RIG_FAR, "MESSAGE "), 200, "x", "", "");
	assert_int_equal(rig_count(r, RIG_CORE, "SIP/2.0 200"), 1);
	rig_wait(r, 70);
	assert_int_equal(sf_tx_count(r->sf->tx), 0);
	rig_free(r);
}

static void test_options_and_probe(void **state)
{
	struct rig *r = rig_new();
	char text[2048];

	UNUSED(state);
	snprintf(text, sizeof(text),
		"OPTIONS sip:us.example SIP/2.0\r\nVia: SIP/2.0/TCP "
		"10.0.0.5;branch=z9hG4bKo\r\nMax-Forwards: 70\r\n"
		"From: <sip:a@pbx>;tag=a\r\nTo: <sip:us.example>\r\nCall-ID: o\r\nCSeq: 1 "
		"OPTIONS\r\nContent-Length: 0\r\n\r\n");
	struct origin o = rig_origin(r, RIG_CORE);
	o.transport = TRANSPORT_TCP;
	rig_in_from(r, &o, RIG_CORE, text);
	const char *ok = rig_last(r, RIG_CORE, "SIP/2.0 200");
	assert_non_null(strstr(rig_header(ok, "Allow"), "UPDATE"));
	assert_string_equal(rig_header(ok, "Accept"), "application/sdp");
	sf_drain(r->sf, true);
	rig_in_from(r, &o, RIG_CORE, text);
	assert_int_equal(number(rig_header(rig_last(r, RIG_CORE, "SIP/2.0 503"), "Retry-After")), SF_DRAIN_RETRY_S);
	sf_drain(r->sf, false);
	sf_probe(r->sf, &r->plan.sed.hop[0], &r->now);
	rig_answer(r, RIG_FAR, rig_last(r, RIG_FAR, "OPTIONS "), 200, "x", "", "");
	assert_int_equal(r->hops_alive, 1);
	sf_probe(r->sf, &r->plan.sed.hop[0], &r->now);
	rig_wait(r, 40);
	assert_int_equal(r->hops_dead, 1);
	rig_wait(r, 40);
	assert_int_equal(sf_tx_count(r->sf->tx), 0);
	rig_free(r);
}

// SF-A4: over datagrams no answer is larger than its request.
static void test_no_amplification(void **state)
{
	struct rig *r = rig_new();
	const char *text = "OPTIONS sip:u SIP/2.0\r\nv:SIP/2.0/UDP h;branch=z9hG4bKo\r\nMax-Forwards:9\r\n"
			   "f:<sip:a@p>;tag=a\r\nt:<sip:u>\r\ni:o\r\nCSeq:1 OPTIONS\r\nl:0\r\n\r\n";

	UNUSED(state);
	rig_in(r, RIG_CORE, text);
	for (uint32_t i = 0; i < r->sent_count; i++)
		assert_true(r->sent[i].len <= strlen(text));
	rig_free(r);
}

// RFC3261#18.1.1: above the path limit by a stream, where the peer lists one.
static void test_long_request_by_stream(void **state)
{
	struct rig *r = rig_new();
	struct peer *far;

	UNUSED(state);
	r->snapshot->settings.udp_path_limit = 300;
	rig_invite(r, "", rig_sdp); // lists none: UDP all the same
	assert_non_null(strstr(rig_header(rig_last(r, RIG_FAR, "INVITE "), "Via"), "SIP/2.0/UDP"));
	rig_free(r);
	r = rig_new();
	far = (struct peer *)(uintptr_t)snapshot_peer(r->snapshot, RIG_FAR);
	far->target[1].transport = TRANSPORT_TLS;
	far->target[1].address = far->target[0].address;
	far->target[1].address.port = 5061;
	far->target_count = 2;
	r->snapshot->settings.udp_path_limit = 300;
	rig_invite(r, "", rig_sdp);
	const char *invite = rig_last(r, RIG_FAR, "INVITE ");
	assert_int_equal(rig_count(r, RIG_FAR, "INVITE "), 1);
	assert_non_null(strstr(rig_header(invite, "Via"), "SIP/2.0/TLS 203.0.113.7:5061"));
	assert_non_null(strstr(rig_header(invite, "Contact"), "transport=tls"));
	assert_int_equal(r->sent[r->sent_count - 1].hop.transport, TRANSPORT_TLS);
	assert_int_equal(r->sent[r->sent_count - 1].hop.remote.port, 5061);
	rig_free(r);
}

static void cell(const char *state, const char *event, const char *handler, void *ctx)
{
	assert_non_null(state);
	assert_non_null(event);
	assert_non_null(handler);
	++*(uint32_t *)ctx;
}

static void test_table_is_whole(void **state)
{
	uint32_t n = 0;

	UNUSED(state);
	sf_call_describe(cell, &n);
	assert_int_equal(n, (uint32_t)SF_CALL_STATES * (uint32_t)CALL_EVENTS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reroute),
		cmocka_unit_test(test_reroute_on_timeout_and_transport),
		cmocka_unit_test(test_no_reroute_after_media),
		cmocka_unit_test(test_ring_timeout),
		cmocka_unit_test(test_refused_before),
		cmocka_unit_test(test_loop),
		cmocka_unit_test(test_repeated_and_merged),
		cmocka_unit_test(test_message),
		cmocka_unit_test(test_options_and_probe),
		cmocka_unit_test(test_no_amplification),
		cmocka_unit_test(test_long_request_by_stream),
		cmocka_unit_test(test_table_is_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
