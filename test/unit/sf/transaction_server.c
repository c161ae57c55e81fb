// SPDX-License-Identifier: Apache-2.0
// The server machines over time: answers again, timers G to L, where answers go.
#include "transaction_rig.h"

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
	assert_true(sf_tx_head(tx)->len > 0 && sf_tx_head(tx)->tag_at > 0);
	rig_respond(&r, tx, 100);
	assert_int_equal(sf_tx_match_request(r.table, &m.msg, &o, RIG_PEER, &r.now, &found), SF_TX_ABSORBED);
	assert_int_equal(r.sends, 2);
	rig_respond(&r, tx, 486);
	assert_int_equal(sf_tx_head(tx)->len, 0);
	rig_wait(&r, 31999 * MS); // timer G: 0.5 1.5 3.5 7.5 then every 4 s
	assert_int_equal(r.sends, 3 + 10);
	rig_request(&ack, "ACK", "z9hG4bK1", "totag", 1);
	assert_int_equal(
		sf_tx_match_request(r.table, &ack.msg, &o, RIG_PEER, &r.now, &found), SF_TX_ABSORBED);
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
	assert_int_equal(sf_tx_octets(tx).len + sf_tx_head(tx)->len, 0); // nothing is held for 32 s
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(invite_server_repeats_until_the_ack),
		cmocka_unit_test(invite_server_without_an_ack),
		cmocka_unit_test(invite_server_accepted),
		cmocka_unit_test(server_answers_again),
		cmocka_unit_test(answers_go_where_the_request_came_from),
	};

	return cmocka_run_group_tests_name("sf transaction server", tests, NULL, NULL);
}
