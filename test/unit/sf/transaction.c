// SPDX-License-Identifier: Apache-2.0
// The machines over time: retransmission, time-outs, lingering, ACK and CANCEL as sent, kept octets, no memory.
#include "transaction_rig.h"

#include "base/memory.h"
#include "sf/transaction_internal.h"

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
	static const uint32_t after_ms[] = {500, 1000, 2000, 4000, 8000, 16000}; // timer A doubles without a cap
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
	size_t n = (size_t)(hole - format);

	memcpy(want, format, n);
	strncpy(want + n, branch, sizeof(want) - n);
	strncpy(want + n + SF_BRANCH_LEN, hole + 2, sizeof(want) - n - SF_BRANCH_LEN);
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
	rig_run(&r); // timer D is zero
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
	assert_false(sf_tx_has_provisional(tx));
	deliver(&r, 100, branch, "INVITE", TRANSPORT_UDP);
	assert_true(sf_tx_has_provisional(tx));
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

static void failures_are_told_later(void **state)
{
	UNUSED(state);
	struct rig r;
	char branch[SF_BRANCH_LEN + 1];
	rig_new(&r, 4);
	r.send_fails = true;
	rig_client(&r, SIP_INVITE, TRANSPORT_UDP, branch);
	assert_int_equal(r.told_unreachable, 0); // not while its user still holds it
	rig_run(&r);
	assert_int_equal(r.told_unreachable, 1);
	assert_int_equal(r.told_ended, 1);
	r.send_fails = false;
	rig_client(&r, SIP_OPTIONS, TRANSPORT_UDP, branch);
	sf_tx_undeliverable(r.table, r.cookie, &r.now);
	sf_tx_undeliverable(r.table, r.cookie, &r.now);
	rig_run(&r);
	assert_int_equal(r.told_unreachable, 2);
	assert_int_equal(r.told_ended, 2);
	sf_tx_undeliverable(r.table, r.cookie, &r.now); // of a transaction that is gone
	rig_run(&r);
	assert_int_equal(r.told_unreachable, 2);
	rig_free(&r);
}

static void invite_server_repeats_until_the_ack(void **state)
{
	UNUSED(state);
	struct rig r;
	struct rig_msg m, ack;
	struct sf_tx *tx, *found;
	struct origin o = rig_origin(TRANSPORT_UDP);
	rig_new(&r, 4);
	rig_request(&m, "INVITE", "z9hG4bK1", "", 1);
	tx = rig_server(&r, &m, TRANSPORT_UDP);
	assert_int_equal(sf_tx_request(tx).len, m.msg.size - 4); // the header without the body
	rig_respond(&r, tx, 100);
	assert_int_equal(sf_tx_match_request(r.table, &m.msg, &o, RIG_PEER, &r.now, &found), SF_TX_ABSORBED);
	assert_int_equal(r.sends, 2);
	rig_respond(&r, tx, 486);
	assert_int_equal(sf_tx_request(tx).len, 0);
	rig_wait(&r, 31999 * MS); // timer G: 0.5 1.5 3.5 7.5 then every 4 s
	assert_int_equal(r.sends, 3 + 10);
	rig_request(&ack, "ACK", "z9hG4bK1", "totag", 1);
	assert_int_equal(sf_tx_match_request(r.table, &ack.msg, &o, RIG_PEER, &r.now, &found), SF_TX_ABSORBED);
	assert_int_equal(r.told_ack, 1);
	assert_int_equal(sf_tx_octets(tx).len, 0);
	rig_wait(&r, 4999 * MS);
	assert_int_equal(r.told_ended, 0);
	rig_wait(&r, 1 * MS); // timer I
	assert_int_equal(r.told_ended, 1);
	assert_int_equal(r.told_timeout, 0);
	rig_free(&r);
}

static void invite_server_without_an_ack(void **state)
{
	UNUSED(state);
	struct rig r;
	struct rig_msg m;
	rig_new(&r, 4);
	rig_request(&m, "INVITE", "z9hG4bK1", "", 1);
	rig_respond(&r, rig_server(&r, &m, TRANSPORT_TLS), 503);
	rig_wait(&r, 31999 * MS);
	assert_int_equal(r.sends, 1);
	assert_int_equal(r.told_timeout, 0);
	rig_wait(&r, 1 * MS); // timer H
	assert_int_equal(r.told_timeout, 1);
	assert_int_equal(r.told_ended, 1);
	rig_free(&r);
}

static void invite_server_accepted(void **state)
{
	UNUSED(state);
	struct rig r;
	struct rig_msg m, ack;
	struct sf_tx *tx, *found;
	struct origin o = rig_origin(TRANSPORT_UDP);
	rig_new(&r, 4);
	rig_request(&m, "INVITE", "z9hG4bK1", "", 1);
	tx = rig_server(&r, &m, TRANSPORT_UDP);
	rig_respond(&r, tx, 180);
	rig_respond(&r, tx, 200);
	assert_int_equal(sf_tx_octets(tx).len + sf_tx_request(tx).len, 0); // nothing is held for 32 s
	assert_int_equal(sf_tx_match_request(r.table, &m.msg, &o, RIG_PEER, &r.now, &found), SF_TX_ABSORBED);
	assert_int_equal(r.sends, 2);
	rig_respond(&r, tx, 200);
	assert_int_equal(r.sends, 3);
	rig_request(&ack, "ACK", "z9hG4bK1", "totag", 1);
	assert_int_equal(sf_tx_match_request(r.table, &ack.msg, &o, RIG_PEER, &r.now, &found), SF_TX_ACK_2XX);
	rig_wait(&r, 31999 * MS);
	assert_int_equal(r.told_ended, 0);
	rig_wait(&r, 1 * MS); // timer L
	assert_int_equal(r.told_ended, 1);
	rig_free(&r);
}

static void server_answers_again(void **state)
{
	UNUSED(state);
	struct rig r;
	struct rig_msg m;
	struct sf_tx *tx, *found;
	struct origin o = rig_origin(TRANSPORT_UDP);
	rig_new(&r, 4);
	rig_request(&m, "OPTIONS", "z9hG4bK1", "", 1);
	tx = rig_server(&r, &m, TRANSPORT_UDP);
	assert_int_equal(sf_tx_match_request(r.table, &m.msg, &o, RIG_PEER, &r.now, &found), SF_TX_ABSORBED);
	assert_int_equal(r.sends, 0);
	rig_respond(&r, tx, 200);
	rig_wait(&r, 31999 * MS);
	assert_int_equal(sf_tx_match_request(r.table, &m.msg, &o, RIG_PEER, &r.now, &found), SF_TX_ABSORBED);
	assert_int_equal(r.sends, 2);
	assert_string_equal(r.sent, "SIP/2.0 200 Text\r\n\r\n");
	rig_wait(&r, 1 * MS); // timer J
	assert_int_equal(r.told_ended, 1);
	rig_request(&m, "BYE", "z9hG4bK2", "x", 2);
	rig_respond(&r, rig_server(&r, &m, TRANSPORT_TLS), 200);
	assert_int_equal(r.told_ended, 1); // alive until the wheel runs
	rig_run(&r);
	assert_int_equal(r.told_ended, 2);
	rig_request(&m, "BYE", "z9hG4bK3", "x", 3);
	rig_respond(&r, rig_server(&r, &m, TRANSPORT_UDP), 408); // RFC4320#4.2: never sent
	rig_run(&r);
	assert_int_equal(r.told_ended, 3);
	assert_int_equal(r.sends, 3);
	rig_free(&r);
}

static void answers_go_where_the_request_came_from(void **state)
{
	UNUSED(state);
	struct rig r;
	struct rig_msg m;
	rig_new(&r, 4);
	rig_request(&m, "OPTIONS", "z9hG4bK1", "", 1); // Via names far.example:5070
	rig_respond(&r, rig_server(&r, &m, TRANSPORT_UDP), 200);
	struct origin udp = rig_origin(TRANSPORT_UDP), tls = rig_origin(TRANSPORT_TLS);
	assert_true(address_equal(&r.sent_to.remote, &udp.remote));
	assert_int_equal(r.sent_to.peer, RIG_PEER);
	rig_request(&m, "OPTIONS", "z9hG4bK2", "", 2);
	rig_respond(&r, rig_server(&r, &m, TRANSPORT_TLS), 200);
	assert_memory_equal(&r.sent_to.conn, &tls.conn, sizeof(tls.conn));
	assert_true(address_same_host(&r.sent_to.remote, &tls.remote));
	assert_int_equal(r.sent_to.remote.port, 5070); // for a new connection, RFC3261#18.2.2
	rig_free(&r);
}

static void nobody_stays_for_ever(void **state)
{
	UNUSED(state);
	struct rig r;
	struct rig_msg m;
	char branch[SF_BRANCH_LEN + 1];
	struct sf_tx *tx;
	rig_new(&r, 8);
	rig_request(&m, "INVITE", "z9hG4bK1", "", 1);
	sf_tx_abandon(rig_server(&r, &m, TRANSPORT_UDP));
	rig_request(&m, "OPTIONS", "z9hG4bK2", "", 2);
	sf_tx_abandon(rig_server(&r, &m, TRANSPORT_TLS));
	tx = rig_client(&r, SIP_INVITE, TRANSPORT_UDP, branch);
	deliver(&r, 180, branch, "INVITE", TRANSPORT_UDP);
	sf_tx_abandon(tx);
	tx = rig_client(&r, SIP_INVITE, TRANSPORT_UDP, branch);
	sf_tx_abandon(tx);
	deliver(&r, 180, branch, "INVITE", TRANSPORT_UDP);
	assert_true(is_ok(sf_tx_client_new(r.table, SIP_BYE, RIG_PEER, &rig_user, &r, branch, &tx)));
	sf_tx_abandon(tx); // never started
	rig_run(&r);
	assert_int_equal(sf_tx_count(r.table), 4);
	rig_wait(&r, 31999 * MS);
	assert_int_equal(sf_tx_count(r.table), 4);
	rig_wait(&r, 1 * MS);
	assert_int_equal(sf_tx_count(r.table), 0);
	assert_int_equal(r.told_ended + r.told_timeout, 0);
	assert_int_equal(r.told_response, 1);
	rig_free(&r);
}

static void abandon_in_callback(struct rig *r, struct sf_tx *tx)
{
	UNUSED(r);
	sf_tx_abandon(tx);
}

static void cancel_in_callback(struct rig *r, struct sf_tx *tx)
{
	sf_tx_cancel(tx, &r->now);
}

static void create_in_ended(struct rig *r)
{
	char branch[SF_BRANCH_LEN + 1];

	r->on_ended = NULL;
	rig_client(r, SIP_OPTIONS, TRANSPORT_UDP, branch);
}

static void users_may_do_anything_in_callbacks(void **state)
{
	UNUSED(state);
	struct rig r;
	char branch[SF_BRANCH_LEN + 1];
	rig_new(&r, 8);
	r.on_response = abandon_in_callback;
	rig_client(&r, SIP_INVITE, TRANSPORT_UDP, branch);
	deliver(&r, 486, branch, "INVITE", TRANSPORT_UDP);
	rig_wait(&r, 33 * SECOND);
	assert_int_equal(sf_tx_count(r.table), 0);
	r.on_response = cancel_in_callback;
	rig_client(&r, SIP_INVITE, TRANSPORT_TCP, branch);
	deliver(&r, 180, branch, "INVITE", TRANSPORT_TCP);
	sent_is(&r, cancel_text, branch);
	deliver(&r, 487, branch, "INVITE", TRANSPORT_TCP);
	r.on_ended = create_in_ended;
	rig_run(&r);
	assert_int_equal(sf_tx_count(r.table), 2); // the new one, and the CANCEL
	rig_wait(&r, 33 * SECOND);
	assert_int_equal(sf_tx_count(r.table), 0);
	rig_free(&r);
}

static void table_full(void **state)
{
	UNUSED(state);
	struct rig r;
	struct rig_msg m;
	char branch[SF_BRANCH_LEN + 1];
	struct sf_tx *tx, *first;
	struct origin o = rig_origin(TRANSPORT_UDP);
	rig_new(&r, 2);
	first = rig_client(&r, SIP_INVITE, TRANSPORT_UDP, branch);
	rig_request(&m, "INVITE", "z9hG4bK1", "", 1);
	rig_server(&r, &m, TRANSPORT_UDP);
	rig_request(&m, "OPTIONS", "z9hG4bK2", "", 2);
	assert_int_equal(
		sf_tx_server_new(r.table, &m.msg, &o, RIG_PEER, &rig_user, &r, &r.now, &tx).error, E_FULL);
	assert_null(tx);
	char none[SF_BRANCH_LEN + 1];
	assert_int_equal(
		sf_tx_client_new(r.table, SIP_BYE, RIG_PEER, &rig_user, &r, none, &tx).error, E_FULL);
	deliver(&r, 180, branch, "INVITE", TRANSPORT_UDP);
	uint32_t sends = r.sends;
	sf_tx_cancel(first, &r.now); // no room for it: alarmed, and this side ends in time
	assert_int_equal(r.sends, sends);
	assert_int_equal(r.alarms[SF_ALARM_TABLE_FULL], 1);
	rig_wait(&r, 32 * SECOND);
	assert_int_equal(r.told_timeout, 1);
	rig_free(&r);
}

// A call's worth of transactions; false when an allocation failed where the user learns of it.
static bool life(struct rig *r)
{
	struct origin o = rig_origin(TRANSPORT_UDP);
	struct hop hop = rig_hop(TRANSPORT_UDP);
	static struct rig_msg m;
	static char text[RIG_OCTETS];
	char branch[SF_BRANCH_LEN + 1] = {0};
	struct sf_tx *server, *client;

	rig_request(&m, "INVITE", "z9hG4bK1", "", 1);
	if (!is_ok(sf_tx_server_new(r->table, &m.msg, &o, RIG_PEER, &rig_user, r, &r->now, &server)))
		return false;
	rig_respond(r, server, 180);
	if (!is_ok(sf_tx_client_new(r->table, SIP_INVITE, RIG_PEER, &rig_user, r, branch, &client)))
		return false;
	memcpy(text, m.octets, sizeof(text));
	sf_tx_client_start(client, &hop, bytes_make(text, strlen(text)), &r->now);
	rig_run(r);
	if (r->told_unreachable == 0) {
		deliver(r, 180, branch, "INVITE", TRANSPORT_UDP);
		sf_tx_cancel(client, &r->now);
		deliver(r, 487, branch, "INVITE", TRANSPORT_UDP);
	}
	rig_respond(r, server, 487);
	return true;
}

static void each_allocation_fails_once(void **state)
{
	UNUSED(state);
	uint32_t n = 0, failed = 0;
	for (bool whole = false; !whole; n++) {
		struct rig r;
		uint64_t before = memory_alloc_count();
		memory_fail_nth(n + 1);
		bool made = rig_try(&r, 8);
		if (made && !life(&r))
			failed++;
		whole = memory_alloc_count() - before <= n; // the failing one was never reached
		memory_fail_nth(0);
		if (made) {
			rig_wait(&r, 70 * SECOND);
			assert_int_equal(sf_tx_count(r.table) > 1, 0); // only one that nobody answered
		}
		rig_free(&r);
	}
	print_message("%u allocations failed in turn\n", n - 1);
	assert_true(n > 12 && failed >= 2);
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
		cmocka_unit_test(failures_are_told_later),
		cmocka_unit_test(invite_server_repeats_until_the_ack),
		cmocka_unit_test(invite_server_without_an_ack),
		cmocka_unit_test(invite_server_accepted),
		cmocka_unit_test(server_answers_again),
		cmocka_unit_test(answers_go_where_the_request_came_from),
		cmocka_unit_test(nobody_stays_for_ever),
		cmocka_unit_test(users_may_do_anything_in_callbacks),
		cmocka_unit_test(table_full),
		cmocka_unit_test(each_allocation_fails_once),
	};

	return cmocka_run_group_tests_name("sf transaction", tests, NULL, NULL);
}
