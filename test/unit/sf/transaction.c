// SPDX-License-Identifier: Apache-2.0
// What all machines share: failures told later, users that go away or act in callbacks, bounds, no memory.
#include "transaction_rig.h"

#include "base/memory.h"
#include "sf/transaction_internal.h"

#include <stdio.h>
#include <string.h>

static void deliver(struct rig *r, uint16_t status, const char *branch, const char *method, enum transport t)
{
	struct rig_msg m;

	rig_response(r, &m, status, branch, method);
	rig_deliver(r, &m, t);
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
	uint32_t sends = r.sends;
	rig_client(&r, SIP_INVITE, TRANSPORT_TCP, branch);
	deliver(&r, 180, branch, "INVITE", TRANSPORT_TCP);
	assert_int_equal(r.sends, sends + 2); // the INVITE, and its CANCEL
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

// An ended transaction leaves nothing in any table: three times as many as fit, one after the other.
static void everything_is_given_back(void **state)
{
	UNUSED(state);
	struct rig r;
	struct rig_msg m;
	char branch[16];
	rig_new(&r, 2);
	for (uint32_t i = 0; i < 6; i++) {
		snprintf(branch, sizeof(branch), "z9hG4bK%u", i);
		rig_request(&m, "OPTIONS", branch, "", i + 1);
		rig_respond(&r, rig_server(&r, &m, TRANSPORT_TLS), 200);
		rig_run(&r);
		assert_int_equal(sf_tx_count(r.table), 0);
	}
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
		cmocka_unit_test(failures_are_told_later),
		cmocka_unit_test(nobody_stays_for_ever),
		cmocka_unit_test(users_may_do_anything_in_callbacks),
		cmocka_unit_test(table_full),
		cmocka_unit_test(everything_is_given_back),
		cmocka_unit_test(each_allocation_fails_once),
	};

	return cmocka_run_group_tests_name("sf transaction", tests, NULL, NULL);
}
