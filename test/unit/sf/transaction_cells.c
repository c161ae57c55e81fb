// SPDX-License-Identifier: Apache-2.0
// Every cell (state, event) of the four machines: what state follows, what is sent, what the user hears.
//
// The cells come from sf_tx_describe(). A possible one without an expectation here, and an expectation
// without a cell, both fail; an impossible one must alarm, tell the user and end the transaction.
#include "transaction_rig.h"

#include "sf/transaction_internal.h"

#include <stdio.h>
#include <string.h>

struct expect {
	const char *machine, *state, *event;
	const char *next;
	const char *effect; // s: sent, R: response told, T: timeout, U: unreachable, A: ack
};

// clang-format off
static const struct expect expects[] = {
	// RFC3261#17.1.1.2, RFC6026#7.2
	{"invite-client", "reserved", "start", "calling", "s"},
	{"invite-client", "reserved", "cancel", "reserved", ""},
	{"invite-client", "calling", "1xx", "proceeding", "R"},
	{"invite-client", "calling", "2xx", "accepted", "R"},
	{"invite-client", "calling", "300-699", "completed", "sR"},
	{"invite-client", "calling", "cancel", "calling", ""},
	{"invite-client", "calling", "timer A/E/G", "calling", "s"},
	{"invite-client", "calling", "timer B/F/H", "terminated", "T"},
	{"invite-client", "calling", "transport failure", "terminated", "U"},
	{"invite-client", "proceeding", "1xx", "proceeding", "R"},
	{"invite-client", "proceeding", "2xx", "accepted", "R"},
	{"invite-client", "proceeding", "300-699", "completed", "sR"},
	{"invite-client", "proceeding", "cancel", "proceeding", "s"},
	{"invite-client", "proceeding", "64*T1 after CANCEL", "terminated", "T"},
	{"invite-client", "proceeding", "transport failure", "terminated", "U"},
	{"invite-client", "completed", "1xx", "completed", ""},
	{"invite-client", "completed", "2xx", "completed", ""},
	{"invite-client", "completed", "300-699", "completed", "s"},
	{"invite-client", "completed", "cancel", "completed", ""},
	{"invite-client", "completed", "timer D/I/J/K", "terminated", ""},
	{"invite-client", "completed", "transport failure", "terminated", "U"},
	{"invite-client", "accepted", "1xx", "accepted", ""},
	{"invite-client", "accepted", "2xx", "accepted", "R"},
	{"invite-client", "accepted", "300-699", "accepted", ""},
	{"invite-client", "accepted", "cancel", "accepted", ""},
	{"invite-client", "accepted", "timer L/M", "terminated", ""},
	{"invite-client", "accepted", "transport failure", "accepted", ""},
	// RFC3261#17.1.2.2
	{"client", "reserved", "start", "trying", "s"},
	{"client", "reserved", "cancel", "reserved", ""},
	{"client", "trying", "1xx", "proceeding", "R"},
	{"client", "trying", "2xx", "completed", "R"},
	{"client", "trying", "300-699", "completed", "R"},
	{"client", "trying", "cancel", "trying", ""},
	{"client", "trying", "timer A/E/G", "trying", "s"},
	{"client", "trying", "timer B/F/H", "terminated", "T"},
	{"client", "trying", "transport failure", "terminated", "U"},
	{"client", "proceeding", "1xx", "proceeding", "R"},
	{"client", "proceeding", "2xx", "completed", "R"},
	{"client", "proceeding", "300-699", "completed", "R"},
	{"client", "proceeding", "cancel", "proceeding", ""},
	{"client", "proceeding", "timer A/E/G", "proceeding", "s"},
	{"client", "proceeding", "timer B/F/H", "terminated", "T"},
	{"client", "proceeding", "transport failure", "terminated", "U"},
	{"client", "completed", "1xx", "completed", ""},
	{"client", "completed", "2xx", "completed", ""},
	{"client", "completed", "300-699", "completed", ""},
	{"client", "completed", "cancel", "completed", ""},
	{"client", "completed", "timer D/I/J/K", "terminated", ""},
	{"client", "completed", "transport failure", "completed", ""},
	// RFC3261#17.2.1, RFC6026#7.1
	{"invite-server", "proceeding", "request again", "proceeding", "s"},
	{"invite-server", "proceeding", "ACK", "proceeding", ""},
	{"invite-server", "proceeding", "send 1xx", "proceeding", "s"},
	{"invite-server", "proceeding", "send 2xx", "accepted", "s"},
	{"invite-server", "proceeding", "send 300-699", "completed", "s"},
	{"invite-server", "proceeding", "64*T1 without user", "terminated", ""},
	{"invite-server", "proceeding", "transport failure", "proceeding", "U"},
	{"invite-server", "completed", "request again", "completed", "s"},
	{"invite-server", "completed", "ACK", "confirmed", "A"},
	{"invite-server", "completed", "send 1xx", "completed", ""},
	{"invite-server", "completed", "send 2xx", "completed", ""},
	{"invite-server", "completed", "send 300-699", "completed", ""},
	{"invite-server", "completed", "timer A/E/G", "completed", "s"},
	{"invite-server", "completed", "timer B/F/H", "terminated", "T"},
	{"invite-server", "completed", "transport failure", "completed", "U"},
	{"invite-server", "confirmed", "request again", "confirmed", ""},
	{"invite-server", "confirmed", "ACK", "confirmed", ""},
	{"invite-server", "confirmed", "send 1xx", "confirmed", ""},
	{"invite-server", "confirmed", "send 2xx", "confirmed", ""},
	{"invite-server", "confirmed", "send 300-699", "confirmed", ""},
	{"invite-server", "confirmed", "timer D/I/J/K", "terminated", ""},
	{"invite-server", "confirmed", "transport failure", "confirmed", ""},
	{"invite-server", "accepted", "request again", "accepted", ""},
	{"invite-server", "accepted", "ACK", "accepted", ""},
	{"invite-server", "accepted", "send 1xx", "accepted", ""},
	{"invite-server", "accepted", "send 2xx", "accepted", "s"},
	{"invite-server", "accepted", "send 300-699", "accepted", ""},
	{"invite-server", "accepted", "timer L/M", "terminated", ""},
	{"invite-server", "accepted", "transport failure", "accepted", "U"},
	// RFC3261#17.2.2
	{"server", "trying", "request again", "trying", ""},
	{"server", "trying", "send 1xx", "proceeding", "s"},
	{"server", "trying", "send 2xx", "completed", "s"},
	{"server", "trying", "send 300-699", "completed", "s"},
	{"server", "trying", "64*T1 without user", "terminated", ""},
	{"server", "proceeding", "request again", "proceeding", "s"},
	{"server", "proceeding", "send 1xx", "proceeding", "s"},
	{"server", "proceeding", "send 2xx", "completed", "s"},
	{"server", "proceeding", "send 300-699", "completed", "s"},
	{"server", "proceeding", "64*T1 without user", "terminated", ""},
	{"server", "proceeding", "transport failure", "terminated", "U"},
	{"server", "completed", "request again", "completed", "s"},
	{"server", "completed", "send 1xx", "completed", ""},
	{"server", "completed", "send 2xx", "completed", ""},
	{"server", "completed", "send 300-699", "completed", ""},
	{"server", "completed", "timer D/I/J/K", "terminated", ""},
	{"server", "completed", "transport failure", "terminated", "U"},
};
// clang-format on

struct walk {
	uint32_t cells, covered, impossible, expected;
};

static struct sf_tx *reach_client(struct rig *r, enum sip_method method, const char *state)
{
	struct rig_msg m;
	char branch[SF_BRANCH_LEN + 1];
	struct sf_tx *tx;

	if (strcmp(state, "reserved") == 0) {
		assert_true(is_ok(sf_tx_client_new(r->table, method, RIG_PEER, &rig_user, r, branch, &tx)));
		return tx;
	}
	tx = rig_client(r, method, TRANSPORT_UDP, branch);
	uint16_t status = strcmp(state, "proceeding") == 0  ? 180
			  : strcmp(state, "accepted") == 0  ? 200
			  : strcmp(state, "completed") == 0 ? 486
							    : 0;
	if (status == 0)
		return tx;
	rig_response(r, &m, status, branch, method == SIP_INVITE ? "INVITE" : "OPTIONS");
	rig_deliver(r, &m, TRANSPORT_UDP);
	return tx;
}

static struct sf_tx *reach_server(struct rig *r, const char *method, const char *state)
{
	static const struct now later = {1, 1};
	struct rig_msg m;
	struct sf_tx_input in = {.now = &later};

	rig_request(&m, method, "z9hG4bKx", "", 1);
	struct sf_tx *tx = rig_server(r, &m, TRANSPORT_UDP);
	if (strcmp(state, "trying") == 0)
		return tx;
	rig_respond(r, tx, 180);
	if (strcmp(state, "accepted") == 0)
		rig_respond(r, tx, 200);
	if (strcmp(state, "completed") == 0 || strcmp(state, "confirmed") == 0)
		rig_respond(r, tx, 486);
	if (strcmp(state, "confirmed") == 0)
		sf_tx_fire(tx, SF_TX_EV_ACK, &in);
	return tx;
}

static struct sf_tx *reach(struct rig *r, const char *machine, const char *state)
{
	struct sf_tx *tx = NULL;

	if (strcmp(machine, "invite-client") == 0)
		tx = reach_client(r, SIP_INVITE, state);
	else if (strcmp(machine, "client") == 0)
		tx = reach_client(r, SIP_OPTIONS, state);
	else if (strcmp(machine, "invite-server") == 0)
		tx = reach_server(r, "INVITE", state);
	else
		tx = reach_server(r, "OPTIONS", state);
	assert_string_equal(sf_tx_state_name(tx), state);
	return tx;
}

static enum sf_tx_event event_of(const char *name)
{
	for (uint32_t e = 0; e < SF_TX_EVENTS; e++)
		if (strcmp(sf_tx_event_name((enum sf_tx_event)e), name) == 0)
			return (enum sf_tx_event)e;
	fail_msg("no event %s", name);
	return SF_TX_EVENTS;
}

// Let EVENT happen, and write down its effects.
static void fire(struct rig *r, struct sf_tx *tx, enum sf_tx_event event, char effect[8])
{
	struct hop hop = rig_hop(TRANSPORT_UDP);
	struct rig_msg m;
	uint16_t status = event == SF_TX_EV_PROVISIONAL ? 183 : event == SF_TX_EV_SUCCESS ? 200 : 404;
	struct sf_tx_input in = {
		.now = &r->now, .msg = &m.msg, .octets = BYTES("SIP/2.0 x\r\n\r\n"), .hop = &hop};
	uint32_t n = 0;

	rig_response(r, &m, status, "z9hG4bKy", "INVITE");
	r->sends = r->told_response = r->told_timeout = r->told_unreachable = r->told_ack = 0;
	sf_tx_fire(tx, event, &in);
	if (r->sends == 1)
		effect[n++] = 's';
	if (r->told_response == 1)
		effect[n++] = 'R';
	if (r->told_timeout == 1)
		effect[n++] = 'T';
	if (r->told_unreachable == 1)
		effect[n++] = 'U';
	if (r->told_ack == 1)
		effect[n++] = 'A';
	effect[n] = 0;
	assert_true(r->sends + r->told_response + r->told_timeout + r->told_unreachable + r->told_ack == n);
}

static void cell_is_impossible(struct rig *r, struct walk *w, const struct sf_tx *tx, const char *effect)
{
	assert_string_equal(sf_tx_state_name(tx), "terminated");
	assert_string_equal(effect, "U");
	assert_int_equal(r->alarms[SF_ALARM_IMPOSSIBLE], 1);
	w->impossible++;
	w->covered++;
}

static void cell_as_expected(
	struct rig *r, struct walk *w, const struct sf_tx *tx, const char *effect, const struct expect *e)
{
	if (strcmp(sf_tx_state_name(tx), e->next) != 0 || strcmp(effect, e->effect) != 0)
		fail_msg("%s, %s, %s: %s with \"%s\", not %s with \"%s\"", e->machine, e->state, e->event,
			sf_tx_state_name(tx), effect, e->next, e->effect);
	assert_int_equal(r->alarms[SF_ALARM_IMPOSSIBLE], 0);
	w->expected++;
	w->covered++;
}

static void cell_h(const char *machine, const char *state, const char *event, const char *handler, void *ctx)
{
	struct walk *w = ctx;
	struct rig r;
	char effect[8];

	w->cells++;
	rig_new(&r, 4);
	struct sf_tx *tx = reach(&r, machine, state);
	fire(&r, tx, event_of(event), effect);
	if (strcmp(handler, "sf_tx_impossible") == 0) {
		cell_is_impossible(&r, w, tx, effect);
	} else {
		for (uint32_t i = 0; i < ARRAY_LEN(expects); i++)
			if (strcmp(expects[i].machine, machine) == 0 &&
				strcmp(expects[i].state, state) == 0 && strcmp(expects[i].event, event) == 0)
				cell_as_expected(&r, w, tx, effect, &expects[i]);
	}
	if (strcmp(sf_tx_state_name(tx), "terminated") == 0) { // freed by the wheel, not before
		assert_int_equal(r.told_ended, 0);
		rig_run(&r);
		assert_int_equal(r.told_ended, 1);
	}
	rig_free(&r);
}

static void all_cells(void **state)
{
	UNUSED(state);
	struct walk w = {0};
	sf_tx_describe(cell_h, &w);
	print_message("cells covered %u of %u (%u of them impossible)\n", w.covered, w.cells, w.impossible);
	assert_int_equal(w.covered, w.cells);
	assert_int_equal(w.expected, ARRAY_LEN(expects));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(all_cells)};

	return cmocka_run_group_tests_name("sf transaction cells", tests, NULL, NULL);
}
