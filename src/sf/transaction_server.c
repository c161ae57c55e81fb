// SPDX-License-Identifier: Apache-2.0
// The server machines: INVITE (RFC3261#17.2.1 as changed by RFC6026#7.1) and the other methods
// (RFC3261#17.2.2).
//
// The user answers a new INVITE within 200 ms (the call layer sends 100 at once), so no machine forms a 100
// itself. A 2xx to INVITE is repeated by its user until the ACK comes (RFC3261#13.3.1.4); here it only
// changes the state. Sent answers are kept over datagrams alone: a stream never brings a request twice.
#include "sf/transaction_internal.h"

#include "base/memory.h"

enum { TIMEOUT_US = 64 * SF_T1_US }; // [us] RFC3261#A: H, J and L

// ---- both machines
// ----------------------------------------------------------------------------------------------

static void send_and_keep(struct sf_tx *tx, const struct sf_tx_input *in)
{
	sf_tx_drop_octets(tx);
	if (!sf_tx_reliable(tx))
		(void)sf_tx_keep(tx, in->octets); // without memory it is sent once, the client asks again
	sf_tx_send(tx, in->octets, in->now);
}

static void send_provisional(struct sf_tx *tx, const struct sf_tx_input *in)
{
	tx->state = SF_TX_PROCEEDING;
	send_and_keep(tx, in);
}

static void send_again(struct sf_tx *tx, const struct sf_tx_input *in)
{
	sf_tx_send_kept(tx, in->now);
}

static void send_only(struct sf_tx *tx, const struct sf_tx_input *in)
{
	sf_tx_send(tx, in->octets, in->now);
}

// The answer did not reach the transport. The machine stays where it is: its timers end it (RFC6026#7.1).
static void tell_fault(struct sf_tx *tx, const struct sf_tx_input *in)
{
	if (tx->events != NULL && tx->events->unreachable != NULL)
		tx->events->unreachable(tx->user, tx, in->now);
}

// ---- INVITE
// -----------------------------------------------------------------------------------------------------

static void succeed(struct sf_tx *tx, const struct sf_tx_input *in)
{
	tx->state = SF_TX_ACCEPTED;
	sf_tx_drop_octets(tx);
	sf_tx_drop_head(tx);
	sf_tx_arm_life(tx, SF_TX_EV_ACCEPTED_END, in->now->mono_us + TIMEOUT_US);
	sf_tx_send(tx, in->octets, in->now);
}

static void refuse(struct sf_tx *tx, const struct sf_tx_input *in)
{
	tx->state = SF_TX_COMPLETED;
	sf_tx_drop_head(tx);
	sf_tx_arm_life(tx, SF_TX_EV_EXPIRE, in->now->mono_us + TIMEOUT_US);
	if (!sf_tx_reliable(tx))
		sf_tx_arm_repeat(tx, SF_T1_US, in->now);
	send_and_keep(tx, in);
}

static void repeat(struct sf_tx *tx, const struct sf_tx_input *in)
{
	uint32_t next = tx->interval_us * 2;

	sf_tx_arm_repeat(tx, next < SF_T2_US ? next : SF_T2_US, in->now);
	sf_tx_send_kept(tx, in->now);
}

static void confirm(struct sf_tx *tx, const struct sf_tx_input *in)
{
	tx->state = SF_TX_CONFIRMED;
	timer_cancel(tx->table->wheel, &tx->repeat);
	timer_cancel(tx->table->wheel, &tx->fault);
	sf_tx_drop_octets(tx);
	sf_tx_arm_life(tx, SF_TX_EV_LINGER, in->now->mono_us + (sf_tx_reliable(tx) ? 0 : SF_T4_US));
	if (tx->events != NULL && tx->events->ack != NULL)
		tx->events->ack(tx->user, tx, in->now);
}

// ---- other methods
// ----------------------------------------------------------------------------------------------

static void answer(struct sf_tx *tx, const struct sf_tx_input *in)
{
	tx->state = SF_TX_COMPLETED;
	sf_tx_drop_head(tx);
	sf_tx_arm_life(tx, SF_TX_EV_LINGER, in->now->mono_us + (sf_tx_reliable(tx) ? 0 : TIMEOUT_US));
	send_and_keep(tx, in);
}

// ---- tables
// -----------------------------------------------------------------------------------------------------

// Columns of a row that may not happen stay empty: sf_tx_fire() takes them for sf_tx_impossible.
// clang-format off
static const sf_tx_row invite_rows[SF_TX_STATES] = {
	[SF_TX_PROCEEDING] = {
		[SF_TX_EV_REQUEST] = SF_TX_CELL(send_again),
		[SF_TX_EV_ACK] = SF_TX_CELL(sf_tx_ignore), // of nothing
		[SF_TX_EV_SEND_1XX] = SF_TX_CELL(send_provisional),
		[SF_TX_EV_SEND_2XX] = SF_TX_CELL(succeed),
		[SF_TX_EV_SEND_FAILURE] = SF_TX_CELL(refuse),
		[SF_TX_EV_ORPHAN] = SF_TX_CELL(sf_tx_end),
		[SF_TX_EV_FAULT] = SF_TX_CELL(tell_fault),
	},
	[SF_TX_COMPLETED] = {
		[SF_TX_EV_REQUEST] = SF_TX_CELL(send_again),
		[SF_TX_EV_ACK] = SF_TX_CELL(confirm),
		[SF_TX_EV_SEND_1XX] = SF_TX_CELL(sf_tx_ignore),
		[SF_TX_EV_SEND_2XX] = SF_TX_CELL(sf_tx_ignore), // one final answer, the first
		[SF_TX_EV_SEND_FAILURE] = SF_TX_CELL(sf_tx_ignore),
		[SF_TX_EV_REPEAT] = SF_TX_CELL(repeat),         // timer G
		[SF_TX_EV_EXPIRE] = SF_TX_CELL(sf_tx_time_out), // timer H
		[SF_TX_EV_FAULT] = SF_TX_CELL(tell_fault),
	},
	[SF_TX_CONFIRMED] = {
		[SF_TX_EV_REQUEST] = SF_TX_CELL(sf_tx_ignore),
		[SF_TX_EV_ACK] = SF_TX_CELL(sf_tx_ignore),
		[SF_TX_EV_SEND_1XX] = SF_TX_CELL(sf_tx_ignore),
		[SF_TX_EV_SEND_2XX] = SF_TX_CELL(sf_tx_ignore),
		[SF_TX_EV_SEND_FAILURE] = SF_TX_CELL(sf_tx_ignore),
		[SF_TX_EV_LINGER] = SF_TX_CELL(sf_tx_end), // timer I
		[SF_TX_EV_FAULT] = SF_TX_CELL(sf_tx_ignore),
	},
	[SF_TX_ACCEPTED] = {
		[SF_TX_EV_REQUEST] = SF_TX_CELL(sf_tx_ignore),
		[SF_TX_EV_ACK] = SF_TX_CELL(sf_tx_ignore), // the match hands it to the dialog instead
		[SF_TX_EV_SEND_1XX] = SF_TX_CELL(sf_tx_ignore),
		[SF_TX_EV_SEND_2XX] = SF_TX_CELL(send_only), // repeated by the user
		[SF_TX_EV_SEND_FAILURE] = SF_TX_CELL(sf_tx_ignore),
		[SF_TX_EV_ACCEPTED_END] = SF_TX_CELL(sf_tx_end), // timer L
		[SF_TX_EV_FAULT] = SF_TX_CELL(tell_fault),
	},
};
// clang-format on

// clang-format off
static const sf_tx_row other_rows[SF_TX_STATES] = {
	[SF_TX_TRYING] = {
		[SF_TX_EV_REQUEST] = SF_TX_CELL(sf_tx_ignore),
		[SF_TX_EV_SEND_1XX] = SF_TX_CELL(send_provisional),
		[SF_TX_EV_SEND_2XX] = SF_TX_CELL(answer),
		[SF_TX_EV_SEND_FAILURE] = SF_TX_CELL(answer),
		[SF_TX_EV_ORPHAN] = SF_TX_CELL(sf_tx_end),
	},
	[SF_TX_PROCEEDING] = {
		[SF_TX_EV_REQUEST] = SF_TX_CELL(send_again),
		[SF_TX_EV_SEND_1XX] = SF_TX_CELL(send_provisional),
		[SF_TX_EV_SEND_2XX] = SF_TX_CELL(answer),
		[SF_TX_EV_SEND_FAILURE] = SF_TX_CELL(answer),
		[SF_TX_EV_ORPHAN] = SF_TX_CELL(sf_tx_end),
		[SF_TX_EV_FAULT] = SF_TX_CELL(sf_tx_unreachable),
	},
	[SF_TX_COMPLETED] = {
		[SF_TX_EV_REQUEST] = SF_TX_CELL(send_again),
		[SF_TX_EV_SEND_1XX] = SF_TX_CELL(sf_tx_ignore),
		[SF_TX_EV_SEND_2XX] = SF_TX_CELL(sf_tx_ignore),
		[SF_TX_EV_SEND_FAILURE] = SF_TX_CELL(sf_tx_ignore),
		[SF_TX_EV_LINGER] = SF_TX_CELL(sf_tx_end), // timer J
		[SF_TX_EV_FAULT] = SF_TX_CELL(sf_tx_unreachable),
	},
};
// clang-format on

#define BIT(n) (1u << (n))
#define SERVER_EVENTS                                                                                        \
	(BIT(SF_TX_EV_REQUEST) | BIT(SF_TX_EV_SEND_1XX) | BIT(SF_TX_EV_SEND_2XX) |                           \
		BIT(SF_TX_EV_SEND_FAILURE) | BIT(SF_TX_EV_LINGER) | BIT(SF_TX_EV_ORPHAN) |                   \
		BIT(SF_TX_EV_FAULT))

const struct sf_tx_machine sf_tx_invite_server = {
	.name = "invite-server",
	.states = BIT(SF_TX_PROCEEDING) | BIT(SF_TX_COMPLETED) | BIT(SF_TX_CONFIRMED) | BIT(SF_TX_ACCEPTED),
	.events = SERVER_EVENTS | BIT(SF_TX_EV_ACK) | BIT(SF_TX_EV_REPEAT) | BIT(SF_TX_EV_EXPIRE) |
		  BIT(SF_TX_EV_ACCEPTED_END),
	.row = invite_rows,
};

const struct sf_tx_machine sf_tx_server = {
	.name = "server",
	.states = BIT(SF_TX_TRYING) | BIT(SF_TX_PROCEEDING) | BIT(SF_TX_COMPLETED),
	.events = SERVER_EVENTS,
	.row = other_rows,
};

// ---- the user's calls
// -------------------------------------------------------------------------------------------

// Answers go where the request came from, never to an address that Via names (SF-A4). On a stream the port of
// sent-by serves when the connection is gone and a new one must be made (RFC3261#18.2.2).
static void answer_hop(struct sf_tx *tx, const struct origin *o, peer_id peer, const struct sip_via *via)
{
	uint16_t standard = transport_port(o->transport);

	tx->zone = o->zone;
	tx->hop = (struct hop){.transport = o->transport,
		.listener = o->listener,
		.peer = peer,
		.conn = o->conn,
		.remote = o->remote,
		.local = o->local};
	if (sf_tx_reliable(tx))
		tx->hop.remote.port = via->has_port && via->port != 0 ? via->port : standard;
}

result sf_tx_server_new(struct sf_tx_table *t, const struct sip_msg *m, const struct origin *origin,
	peer_id peer, const struct sf_tx_user *events, void *user, const struct now *now, struct sf_tx **out)
{
	bool invite = m->method == SIP_INVITE;
	struct sf_tx *tx;

	*out = NULL;
	t->now_us = now->mono_us;
	TRY(sf_tx_make(t, invite ? SF_TX_INVITE_SERVER : SF_TX_SERVER, m->method, &tx));
	tx->state = invite ? SF_TX_PROCEEDING : SF_TX_TRYING;
	sf_tx_charge(tx, peer);
	answer_hop(tx, origin, peer, &m->via);
	result r = reply_head_new(&tx->head, m, &origin->remote);
	if (is_ok(r))
		r = sf_tx_link(tx, m);
	if (!is_ok(r)) {
		sf_tx_release(tx);
		return r;
	}
	tx->events = events;
	tx->user = user;
	*out = tx;
	return OK;
}

void sf_tx_respond(struct sf_tx *tx, struct bytes octets, uint16_t status, const struct now *now)
{
	struct sf_tx_input in = {.now = now, .octets = octets};

	tx->table->now_us = now->mono_us;
	if (tx->kind == SF_TX_SERVER && status == 408) { // RFC4320#4.2: it would come too late
		sf_tx_terminate(tx);
		return;
	}
	sf_tx_fire(tx,
		status < 200   ? SF_TX_EV_SEND_1XX
		: status < 300 ? SF_TX_EV_SEND_2XX
			       : SF_TX_EV_SEND_FAILURE,
		&in);
}
