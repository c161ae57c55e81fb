// SPDX-License-Identifier: Apache-2.0
// Who may speak in a transaction: matching of requests, foreign senders, merged requests, gates for
// responses.
#include "transaction_rig.h"

#include <stdio.h>
#include <string.h>

static enum sf_tx_match match(struct rig *r, const struct rig_msg *m, const struct origin *o, peer_id peer)
{
	struct sf_tx *tx;

	return sf_tx_match_request(r->table, &m->msg, o, peer, &r->now, &tx);
}

// SF-I1: ACK, CANCEL and repeated requests count only from the peer and flow of the first.
static void foreign_senders(void **state)
{
	UNUSED(state);
	struct rig r;
	struct rig_msg invite, cancel, ack, other;
	struct origin o = rig_origin(TRANSPORT_UDP), host = o, zone = o, port = o,
		      tcp = rig_origin(TRANSPORT_TCP);
	rig_new(&r, 8);
	rig_request(&invite, "INVITE", "z9hG4bK1", "", 1);
	rig_request(&cancel, "CANCEL", "z9hG4bK1", "", 1);
	rig_request(&ack, "ACK", "z9hG4bK1", "t", 1);
	host.remote.ip[3] ^= 1;
	port.remote.port ^= 1;
	zone.zone++;
	rig_respond(&r, rig_server(&r, &invite, TRANSPORT_UDP), 486);
	const struct origin *bad[] = {&host, &zone, &tcp};
	for (uint32_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_int_equal(match(&r, &cancel, bad[i], RIG_PEER), SF_TX_FOREIGN);
		assert_int_equal(match(&r, &ack, bad[i], RIG_PEER), SF_TX_FOREIGN);
		assert_int_equal(match(&r, &invite, bad[i], RIG_PEER), SF_TX_FOREIGN);
	}
	assert_int_equal(match(&r, &cancel, &o, RIG_OTHER_PEER), SF_TX_FOREIGN);
	assert_int_equal(match(&r, &ack, &o, RIG_OTHER_PEER), SF_TX_FOREIGN);
	assert_int_equal(r.told_ack, 0);
	assert_int_equal(r.sends, 1);
	assert_int_equal(
		match(&r, &invite, &host, RIG_OTHER_PEER), SF_TX_NEW); // another peer's, however alike
	rig_parse(&other,
		"INVITE sip:c@b.example SIP/2.0\r\nVia: SIP/2.0/UDP far.example:5070;branch=z9hG4bK1\r\n"
		"Max-Forwards: 70\r\nFrom: <sip:x@a.example>;tag=x\r\nTo: <sip:c@b.example>\r\nCall-ID: x\r\n"
		"CSeq: 1 INVITE\r\nContact: <sip:x@a.example>\r\nContent-Length: 0\r\n\r\n");
	assert_int_equal(
		match(&r, &other, &host, RIG_OTHER_PEER), SF_TX_NEW); // nobody occupies a branch of others
	struct sf_tx *tx;
	assert_true(is_ok(
		sf_tx_server_new(r.table, &other.msg, &host, RIG_OTHER_PEER, &rig_user, &r, &r.now, &tx)));
	assert_int_equal(match(&r, &other, &host, RIG_OTHER_PEER), SF_TX_ABSORBED);
	assert_int_equal(
		sf_tx_match_request(r.table, &cancel.msg, &host, RIG_OTHER_PEER, &r.now, &tx), SF_TX_CANCEL);
	assert_int_equal(sf_tx_hop(tx)->peer, RIG_OTHER_PEER); // its own
	assert_int_equal(
		match(&r, &ack, &port, RIG_PEER), SF_TX_ABSORBED); // another port of the same host is its own
	assert_int_equal(r.told_ack, 1);
	rig_free(&r);
}

static void streams_of_one_peer(void **state)
{
	UNUSED(state);
	struct rig r;
	struct rig_msg invite, cancel;
	struct origin o = rig_origin(TRANSPORT_TLS), second = o, stranger = o;
	struct sf_tx *tx, *first;
	rig_new(&r, 8);
	rig_request(&invite, "INVITE", "z9hG4bK1", "", 1);
	rig_request(&cancel, "CANCEL", "z9hG4bK1", "", 1);
	first = rig_server(&r, &invite, TRANSPORT_TLS);
	second.conn.id++;
	second.remote.ip[3] ^= 1;
	assert_int_equal(
		sf_tx_match_request(r.table, &cancel.msg, &second, RIG_PEER, &r.now, &tx), SF_TX_CANCEL);
	assert_ptr_equal(tx, first);
	stranger.tls_peer = RIG_OTHER_PEER;
	assert_int_equal(match(&r, &cancel, &stranger, RIG_PEER), SF_TX_FOREIGN);
	stranger.tls_peer = PEER_NONE; // no certificate: the host must do
	assert_int_equal(match(&r, &cancel, &stranger, RIG_PEER), SF_TX_CANCEL);
	stranger.remote.ip[3] ^= 1;
	assert_int_equal(match(&r, &cancel, &stranger, RIG_PEER), SF_TX_FOREIGN);
	rig_free(&r);
}

static void cancel_is_a_transaction_of_its_own(void **state)
{
	UNUSED(state);
	struct rig r;
	struct rig_msg invite, cancel;
	struct origin o = rig_origin(TRANSPORT_UDP);
	struct sf_tx *tx, *first;
	rig_new(&r, 8);
	rig_request(&cancel, "CANCEL", "z9hG4bK1", "", 1);
	assert_int_equal(match(&r, &cancel, &o, RIG_PEER), SF_TX_CANCEL_NONE);
	rig_request(&invite, "INVITE", "z9hG4bK1", "", 1);
	first = rig_server(&r, &invite, TRANSPORT_UDP);
	assert_int_equal(sf_tx_match_request(r.table, &cancel.msg, &o, RIG_PEER, &r.now, &tx), SF_TX_CANCEL);
	assert_ptr_equal(tx, first);
	assert_true(is_ok(sf_tx_server_new(r.table, &cancel.msg, &o, RIG_PEER, &rig_user, &r, &r.now, &tx)));
	rig_respond(&r, tx, 200);
	assert_int_equal(match(&r, &cancel, &o, RIG_PEER), SF_TX_ABSORBED);
	assert_int_equal(r.sends, 2);
	rig_request(&cancel, "CANCEL", "z9hG4bK2", "", 1);
	assert_int_equal(match(&r, &cancel, &o, RIG_PEER), SF_TX_CANCEL_NONE);
	rig_request(&cancel, "ACK", "z9hG4bK2", "t", 1);
	assert_int_equal(match(&r, &cancel, &o, RIG_PEER), SF_TX_ACK_2XX);
	rig_free(&r);
}

static void branch_sent_by_and_method_make_the_key(void **state)
{
	UNUSED(state);
	static const char *const via[] = {"far.example:5070;branch=z9hG4bK1", "far.example;branch=z9hG4bK1",
		"fax.example:5070;branch=z9hG4bK1", "far.example:5070;branch=z9hG4bK11"};
	struct rig r;
	struct rig_msg m;
	struct origin o = rig_origin(TRANSPORT_UDP);
	char long_branch[300] = "z9hG4bK";
	rig_new(&r, 16);
	for (uint32_t i = 0; i < ARRAY_LEN(via); i++) {
		rig_parse(&m,
			"BYE sip:c@b.example SIP/2.0\r\nVia: SIP/2.0/UDP %s\r\nMax-Forwards: 70\r\n"
			"From: <sip:x@a.example>;tag=x\r\nTo: <sip:c@b.example>;tag=y\r\nCall-ID: x\r\nCSeq: "
			"9 BYE\r\n"
			"Content-Length: 0\r\n\r\n",
			via[i]);
		rig_server(&r, &m, TRANSPORT_UDP);
		assert_int_equal(match(&r, &m, &o, RIG_PEER), SF_TX_ABSORBED);
	}
	rig_request(&m, "OPTIONS", "z9hG4bK1", "t", 1); // another method
	rig_server(&r, &m, TRANSPORT_UDP);
	memset(long_branch + 7, 'a', 280); // longer than one part of a key
	rig_request(&m, "OPTIONS", long_branch, "t", 1);
	rig_server(&r, &m, TRANSPORT_UDP);
	assert_int_equal(match(&r, &m, &o, RIG_PEER), SF_TX_ABSORBED);
	long_branch[286] = 'b';
	rig_request(&m, "OPTIONS", long_branch, "t", 1);
	assert_int_equal(match(&r, &m, &o, RIG_PEER), SF_TX_NEW);
	assert_int_equal(sf_tx_count(r.table), 6);
	rig_free(&r);
}

static void old_branches_are_refused(void **state)
{
	UNUSED(state);
	static const char *const old[] = {"1", "z9hG4b", "z9hG4bK", "Z9hG4bKx"};
	struct rig r;
	struct rig_msg m;
	struct origin o = rig_origin(TRANSPORT_UDP);
	rig_new(&r, 4);
	for (uint32_t i = 0; i < ARRAY_LEN(old); i++) {
		rig_request(&m, "INVITE", old[i], "", 1);
		assert_int_equal(match(&r, &m, &o, RIG_PEER), SF_TX_OLD_BRANCH);
	}
	rig_free(&r);
}

static void merged_requests(void **state)
{
	UNUSED(state);
	struct rig r;
	struct rig_msg m;
	struct origin o = rig_origin(TRANSPORT_UDP);
	rig_new(&r, 8);
	rig_request(&m, "INVITE", "z9hG4bK1", "", 1);
	struct sf_tx *first = rig_server(&r, &m, TRANSPORT_UDP);
	rig_request(&m, "INVITE", "z9hG4bK2", "", 1);
	assert_int_equal(match(&r, &m, &o, RIG_PEER), SF_TX_MERGED);
	struct sf_tx *second; // the 482 goes through a transaction too
	assert_true(is_ok(sf_tx_server_new(r.table, &m.msg, &o, RIG_PEER, &rig_user, &r, &r.now, &second)));
	rig_respond(&r, second, 482);
	rig_wait(&r, 40 * SECOND);
	assert_int_equal(r.told_ended, 1); // its end leaves the first one's mark
	rig_request(&m, "INVITE", "z9hG4bK3", "", 1);
	assert_int_equal(match(&r, &m, &o, RIG_PEER), SF_TX_MERGED);
	rig_request(&m, "INVITE", "z9hG4bK3", "", 2);
	assert_int_equal(match(&r, &m, &o, RIG_PEER), SF_TX_NEW);
	rig_request(&m, "OPTIONS", "z9hG4bK3", "", 1);
	assert_int_equal(match(&r, &m, &o, RIG_PEER), SF_TX_NEW);
	rig_request(&m, "INVITE", "z9hG4bK3", "in-dialog", 1);
	assert_int_equal(match(&r, &m, &o, RIG_PEER), SF_TX_NEW);
	rig_respond(&r, first, 200);
	rig_wait(&r, 32 * SECOND);
	rig_request(&m, "INVITE", "z9hG4bK3", "", 1);
	assert_int_equal(match(&r, &m, &o, RIG_PEER), SF_TX_NEW); // gone with its transaction
	rig_free(&r);
}

static enum error find(struct rig *r, const struct rig_msg *m, struct sf_tx **tx)
{
	return sf_tx_find_response(r->table, &m->msg, tx).error;
}

// SF-I5 to SF-I8, first gate.
static void responses_need_a_live_token(void **state)
{
	UNUSED(state);
	struct rig r;
	struct rig_msg m;
	char branch[SF_BRANCH_LEN + 1], bent[SF_BRANCH_LEN + 1];
	struct sf_tx *tx, *first;
	rig_new(&r, 4);
	first = rig_client(&r, SIP_INVITE, TRANSPORT_UDP, branch);
	static const char *const forged[] = {
		"z9hG4bK", "z9hG4bKx", "z9hG4bKdaaaaaaaaaaaaaaaaaaaaaaaaaa", "x"};
	for (uint32_t i = 0; i < ARRAY_LEN(forged); i++) {
		rig_response(&r, &m, 200, forged[i], "INVITE");
		assert_int_equal(find(&r, &m, &tx), E_FORGED);
		assert_null(tx);
	}
	for (uint32_t i = 0; i < SF_BRANCH_LEN; i++) {
		memcpy(bent, branch, sizeof(bent));
		bent[i] = bent[i] == 'a' ? 'b' : 'a';
		rig_response(&r, &m, 200, bent, "INVITE");
		assert_int_equal(find(&r, &m, &tx), E_FORGED);
	}
	rig_response(&r, &m, 200, branch, "INVITE");
	assert_int_equal(find(&r, &m, &tx), E_OK);
	assert_ptr_equal(tx, first);
	rig_response(&r, &m, 200, branch, "CANCEL");
	assert_int_equal(find(&r, &m, &tx), E_STALE); // none was sent
	rig_wait(&r, 33 * SECOND);
	rig_response(&r, &m, 200, branch, "INVITE");
	assert_int_equal(find(&r, &m, &tx), E_STALE);
	assert_true(is_ok(sf_tx_client_new(r.table, SIP_BYE, RIG_PEER, &rig_user, &r, branch, &tx)));
	rig_response(&r, &m, 200, branch, "BYE");
	assert_int_equal(find(&r, &m, &tx), E_STALE); // nothing was sent yet
	rig_free(&r);
}

// SF-I5 to SF-I8, second gate.
static void responses_come_from_where_the_request_went(void **state)
{
	UNUSED(state);
	struct rig r;
	struct rig_msg m;
	char branch[SF_BRANCH_LEN + 1];
	struct sf_tx *tx;
	static const uint16_t statuses[] = {199, 200, 302, 404};
	rig_new(&r, 4);
	rig_client(&r, SIP_INVITE, TRANSPORT_UDP, branch);
	for (uint32_t i = 0; i < ARRAY_LEN(statuses); i++) {
		struct origin o = rig_origin(TRANSPORT_UDP), port = o, host = o, listener = o;
		port.remote.port++;
		host.remote.ip[0]++;
		listener.listener++;
		struct origin tcp = rig_origin(TRANSPORT_TCP);
		rig_response(&r, &m, statuses[i], branch, "INVITE");
		assert_int_equal(find(&r, &m, &tx), E_OK);
		assert_true(is_ok(sf_tx_check_response(tx, &m.msg, &o, RIG_PEER, false)));
		assert_int_equal(sf_tx_check_response(tx, &m.msg, &o, RIG_OTHER_PEER, false).error, E_FORGED);
		assert_int_equal(sf_tx_check_response(tx, &m.msg, &port, RIG_PEER, false).error, E_FORGED);
		assert_int_equal(sf_tx_check_response(tx, &m.msg, &host, RIG_PEER, false).error, E_FORGED);
		assert_int_equal(sf_tx_check_response(tx, &m.msg, &tcp, RIG_PEER, false).error, E_FORGED);
		assert_int_equal(sf_tx_check_response(tx, &m.msg, &listener, RIG_PEER, true).error, E_FORGED);
		assert_true(is_ok(
			sf_tx_check_response(tx, &m.msg, &host, RIG_PEER, true))); // waiver response-source
		assert_int_equal(
			sf_tx_check_response(tx, &m.msg, &host, RIG_OTHER_PEER, true).error, E_FORGED);
		rig_response(&r, &m, statuses[i], branch, "BYE"); // another method
		assert_int_equal(sf_tx_check_response(tx, &m.msg, &o, RIG_PEER, false).error, E_FORGED);
	}
	rig_free(&r);
}

static void responses_on_streams(void **state)
{
	UNUSED(state);
	struct rig r;
	struct rig_msg m;
	char branch[SF_BRANCH_LEN + 1], two[80];
	struct sf_tx *tx;
	struct origin tls = rig_origin(TRANSPORT_TLS), tcp = rig_origin(TRANSPORT_TCP);
	rig_new(&r, 4);
	rig_client(&r, SIP_INVITE, TRANSPORT_TLS, branch);
	rig_response(&r, &m, 200, branch, "INVITE");
	assert_int_equal(find(&r, &m, &tx), E_OK);
	tls.conn.id = 99; // another connection of that peer
	tls.remote.ip[0]++;
	assert_true(is_ok(sf_tx_check_response(tx, &m.msg, &tls, RIG_PEER, false)));
	tls.tls_peer = RIG_OTHER_PEER;
	assert_int_equal(sf_tx_check_response(tx, &m.msg, &tls, RIG_PEER, false).error, E_FORGED);
	tls.tls_peer = PEER_NONE;
	assert_int_equal(sf_tx_check_response(tx, &m.msg, &tls, RIG_PEER, true).error, E_FORGED);
	snprintf(two, sizeof(two), "%s, SIP/2.0/UDP core.example;branch=z9hG4bKx", branch);
	rig_response(&r, &m, 200, two, "INVITE"); // RFC3261#8.1.3.3: it was for somebody behind
	tls = rig_origin(TRANSPORT_TLS);
	assert_int_equal(find(&r, &m, &tx), E_OK);
	assert_int_equal(sf_tx_check_response(tx, &m.msg, &tls, RIG_PEER, false).error, E_FORGED);
	rig_client(&r, SIP_INVITE, TRANSPORT_TCP, branch);
	rig_response(&r, &m, 200, branch, "INVITE");
	assert_int_equal(find(&r, &m, &tx), E_OK);
	assert_true(is_ok(sf_tx_check_response(tx, &m.msg, &tcp, RIG_PEER, false)));
	tcp.remote.ip[0]++;
	assert_int_equal(sf_tx_check_response(tx, &m.msg, &tcp, RIG_PEER, false).error, E_FORGED);
	rig_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(foreign_senders),
		cmocka_unit_test(streams_of_one_peer),
		cmocka_unit_test(cancel_is_a_transaction_of_its_own),
		cmocka_unit_test(branch_sent_by_and_method_make_the_key),
		cmocka_unit_test(old_branches_are_refused),
		cmocka_unit_test(merged_requests),
		cmocka_unit_test(responses_need_a_live_token),
		cmocka_unit_test(responses_come_from_where_the_request_went),
		cmocka_unit_test(responses_on_streams),
	};

	return cmocka_run_group_tests_name("sf transaction match", tests, NULL, NULL);
}
