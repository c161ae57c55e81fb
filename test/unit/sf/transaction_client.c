// SPDX-License-Identifier: Apache-2.0
// The client machines over time: retransmission, time-outs, lingering, ACK and CANCEL octet by octet.
#include "transaction_rig.h"

#include <stdio.h>
#include <string.h>

static void deliver(struct rig *r, uint16_t status, const char *branch, const char *method, enum transport t)
{
	struct rig_msg m;

	rig_response(r, &m, status, branch, method);
	rig_deliver(r, &m, t);
}

static void invite_client_repeats_and_times_out(void **state)
{
	UNUSED(state);
	struct rig r;
	char branch[SF_BRANCH_LEN + 1];
	rig_new(&r, 4);
	rig_client(&r, SIP_INVITE, TRANSPORT_UDP, branch);
	assert_int_equal(r.sends, 1);
	static const uint32_t after_ms[] = {
		500, 1000, 2000, 4000, 8000, 16000}; // timer A doubles without a cap
	for (uint32_t i = 0; i < ARRAY_LEN(after_ms); i++) {
		rig_wait(&r, after_ms[i] * MS - 1 * MS);
		assert_int_equal(r.sends, i + 1);
		rig_wait(&r, 1 * MS);
		assert_int_equal(r.sends, i + 2);
	}
	rig_wait(&r, 499 * MS); // 31.5 s so far
	assert_int_equal(r.told_timeout, 0);
	rig_wait(&r, 1 * MS);
	assert_int_equal(r.told_timeout, 1);
	assert_int_equal(r.told_ended, 1);
	assert_int_equal(sf_tx_count(r.table), 0);
	assert_int_equal(timer_wheel_next(r.wheel), NO_DEADLINE);
	rig_free(&r);
}

static void streams_do_not_repeat(void **state)
{
	UNUSED(state);
	struct rig r;
	char branch[SF_BRANCH_LEN + 1];
	rig_new(&r, 4);
	rig_client(&r, SIP_INVITE, TRANSPORT_TLS, branch);
	rig_client(&r, SIP_OPTIONS, TRANSPORT_TCP, branch);
	rig_wait(&r, 31999 * MS);
	assert_int_equal(r.sends, 2);
	assert_int_equal(r.told_timeout, 0);
	rig_wait(&r, 1 * MS);
	assert_int_equal(r.told_timeout, 2);
	assert_int_equal(r.told_ended, 2);
	rig_free(&r);
}

static void client_repeats_up_to_t2(void **state)
{
	UNUSED(state);
	struct rig r;
	char branch[SF_BRANCH_LEN + 1];
	rig_new(&r, 4);
	rig_client(&r, SIP_OPTIONS, TRANSPORT_UDP, branch);
	rig_wait(&r, 31999 * MS); // 0.5 1.5 3.5 7.5 11.5 15.5 19.5 23.5 27.5 31.5
	assert_int_equal(r.sends, 11);
	rig_wait(&r, 1 * MS);
	assert_int_equal(r.told_timeout, 1);
	r.sends = 0;
	rig_client(&r, SIP_OPTIONS, TRANSPORT_UDP, branch);
	deliver(&r, 183, branch, "OPTIONS", TRANSPORT_UDP);
	rig_wait(&r, 500 * MS); // timer E as it stood, then T2
	assert_int_equal(r.sends, 2);
	rig_wait(&r, 3999 * MS);
	assert_int_equal(r.sends, 2);
	rig_wait(&r, 1 * MS);
	assert_int_equal(r.sends, 3);
	deliver(&r, 200, branch, "OPTIONS", TRANSPORT_UDP);
	rig_wait(&r, 4999 * MS); // timer K
	assert_int_equal(r.told_ended, 1);
	rig_wait(&r, 1 * MS);
	assert_int_equal(r.told_ended, 2);
	assert_int_equal(r.sends, 3);
	rig_free(&r);
}

static const char ack_text[] = "ACK sip:bob@far.example;lr SIP/2.0\r\n"
			       "Via: SIP/2.0/UDP sbe.example;branch=%s\r\n"
			       "Route: <sip:r1.example;lr>\r\n"
			       "Route: <sip:r2.example;lr>\r\n"
			       "From: <sip:us@sbe.example>;tag=ours\r\n"
			       "To: <sip:bob@b.example>;tag=theirs\r\n"
			       "Call-ID: ours@sbe.example\r\n"
			       "CSeq: 17 ACK\r\n"
			       "Max-Forwards: 70\r\n"
			       "Content-Length: 0\r\n\r\n";
static const char cancel_text[] = "CANCEL sip:bob@far.example;lr SIP/2.0\r\n"
				  "Via: SIP/2.0/UDP sbe.example;branch=%s\r\n"
				  "Route: <sip:r1.example;lr>\r\n"
				  "Route: <sip:r2.example;lr>\r\n"
				  "From: <sip:us@sbe.example>;tag=ours\r\n"
				  "To: <sip:bob@b.example>\r\n"
				  "Call-ID: ours@sbe.example\r\n"
				  "CSeq: 17 CANCEL\r\n"
				  "Max-Forwards: 70\r\n"
				  "Content-Length: 0\r\n\r\n";

// FORMAT has one %s, for BRANCH.
static void sent_is(const struct rig *r, const char *format, const char *branch)
{
	char want[RIG_OCTETS];
	const char *hole = strstr(format, "%s");

	snprintf(want, sizeof(want), "%.*s%s%s", (int)(hole - format), format, branch, hole + 2);
	assert_string_equal(r->sent, want);
}

static void non_2xx_is_acknowledged(void **state)
{
	UNUSED(state);
	struct rig r;
	char branch[SF_BRANCH_LEN + 1];
	rig_new(&r, 4);
	struct sf_tx *tx = rig_client(&r, SIP_INVITE, TRANSPORT_UDP, branch);
	deliver(&r, 486, branch, "INVITE", TRANSPORT_UDP);
	sent_is(&r, ack_text, branch);
	assert_int_equal(r.sends, 2);
	rig_wait(&r, 31999 * MS);
	deliver(&r, 486, branch, "INVITE", TRANSPORT_UDP); // again: acknowledged, not told
	assert_int_equal(r.sends, 3);
	sent_is(&r, ack_text, branch);
	assert_int_equal(r.told_response, 1);
	rig_wait(&r, 1 * MS); // timer D
	assert_int_equal(r.told_ended, 1);
	tx = rig_client(&r, SIP_INVITE, TRANSPORT_TLS, branch);
	deliver(&r, 503, branch, "INVITE", TRANSPORT_TLS);
	sent_is(&r, ack_text, branch);
	assert_int_equal(sf_tx_octets(tx).len, 0); // nothing can ask for it again
	rig_run(&r);                               // timer D is zero
	assert_int_equal(r.told_ended, 2);
	rig_free(&r);
}

static void cancel_waits_for_a_provisional(void **state)
{
	UNUSED(state);
	struct rig r;
	char branch[SF_BRANCH_LEN + 1];
	rig_new(&r, 4);
	struct sf_tx *tx = rig_client(&r, SIP_INVITE, TRANSPORT_UDP, branch);
	sf_tx_cancel(tx, &r.now);
	assert_int_equal(r.sends, 1);
	deliver(&r, 100, branch, "INVITE", TRANSPORT_UDP);
	assert_int_equal(r.sends, 2);
	sent_is(&r, cancel_text, branch);
	sf_tx_cancel(tx, &r.now); // once is enough
	assert_int_equal(r.sends, 2);
	rig_wait(&r, 500 * MS); // it is a transaction of its own
	assert_int_equal(r.sends, 3);
	sent_is(&r, cancel_text, branch);
	deliver(&r, 200, branch, "CANCEL", TRANSPORT_UDP);
	assert_int_equal(r.told_response, 1); // only the 100
	deliver(&r, 487, branch, "INVITE", TRANSPORT_UDP);
	assert_int_equal(r.told_response, 2);
	sent_is(&r, ack_text, branch);
	rig_wait(&r, 40 * SECOND);
	assert_int_equal(sf_tx_count(r.table), 0);
	assert_int_equal(r.told_timeout, 0);
	rig_free(&r);
}

static void cancel_without_an_answer_times_out(void **state)
{
	UNUSED(state);
	struct rig r;
	char branch[SF_BRANCH_LEN + 1];
	rig_new(&r, 4);
	struct sf_tx *tx = rig_client(&r, SIP_INVITE, TRANSPORT_TCP, branch);
	deliver(&r, 180, branch, "INVITE", TRANSPORT_TCP);
	rig_wait(&r, 60 * SECOND); // it may ring for long: timer C is the user's
	assert_int_equal(r.told_timeout, 0);
	sf_tx_cancel(tx, &r.now);
	sent_is(&r, cancel_text, branch);
	rig_wait(&r, 31999 * MS);
	assert_int_equal(r.told_timeout, 0);
	rig_wait(&r, 1 * MS);
	assert_int_equal(r.told_timeout, 1);
	assert_int_equal(r.told_ended, 1);
	rig_run(&r);
	assert_int_equal(sf_tx_count(r.table), 0);
	rig_free(&r);
}

static void cancel_after_a_final_answer_sends_nothing(void **state)
{
	UNUSED(state);
	struct rig r;
	char branch[SF_BRANCH_LEN + 1];
	rig_new(&r, 4);
	struct sf_tx *tx = rig_client(&r, SIP_INVITE, TRANSPORT_UDP, branch);
	sf_tx_cancel(tx, &r.now);
	deliver(&r, 200, branch, "INVITE", TRANSPORT_UDP);
	sf_tx_cancel(tx, &r.now);
	assert_int_equal(r.sends, 1);
	assert_int_equal(sf_tx_octets(tx).len, 0);
	rig_wait(&r, 31999 * MS);
	deliver(&r, 200, branch, "INVITE", TRANSPORT_UDP); // each 2xx goes up (RFC6026#7.2)
	assert_int_equal(r.told_response, 2);
	rig_wait(&r, 1 * MS);
	assert_int_equal(r.told_ended, 1);
	rig_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(invite_client_repeats_and_times_out),
		cmocka_unit_test(streams_do_not_repeat),
		cmocka_unit_test(client_repeats_up_to_t2),
		cmocka_unit_test(non_2xx_is_acknowledged),
		cmocka_unit_test(cancel_waits_for_a_provisional),
		cmocka_unit_test(cancel_without_an_answer_times_out),
		cmocka_unit_test(cancel_after_a_final_answer_sends_nothing),
	};

	return cmocka_run_group_tests_name("sf transaction client", tests, NULL, NULL);
}
