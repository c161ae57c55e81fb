// SPDX-License-Identifier: Apache-2.0
// The client machines: INVITE (RFC3261#17.1.1 as changed by RFC6026#7.2) and the other methods
// (RFC3261#17.1.2).
//
// Responses reach a machine only after sf_tx_find_response() and sf_tx_check_response(). The request is kept
// until the final answer: for retransmission, and to make CANCEL and ACK from it; over streams without its
// body. Reliable transports have no timers A and E, and timers D and K of zero length.
#include "sf/transaction_internal.h"

#include "base/memory.h"

enum {
	TIMEOUT_US = 64 * SF_T1_US,
	TIMER_D_US = 32 * 1000 * 1000
}; // [us] RFC3261#A: B, F, M; D is at least 32 s

static void tell_response(struct sf_tx *tx, const struct sf_tx_input *in)
{
	if (tx->events != NULL && tx->events->response != NULL)
		tx->events->response(tx->user, tx, in->msg, in->now);
}

// ---- both machines
// ----------------------------------------------------------------------------------------------

static void start(struct sf_tx *tx, const struct sf_tx_input *in)
{
	struct bytes keep = in->octets;

	tx->hop = *in->hop;
	tx->state = tx->kind == SF_TX_INVITE_CLIENT ? SF_TX_CALLING : SF_TX_TRYING;
	if (sf_tx_reliable(tx))
		keep.len = tx->kind == SF_TX_INVITE_CLIENT ? sf_tx_head_len(keep) : 0;
	if (keep.len > 0 && !sf_tx_keep(tx, keep)) {
		sf_tx_arm_fault(tx); // it could neither be repeated nor cancelled: as if the hop were dead
		return;
	}
	if (!sf_tx_reliable(tx))
		sf_tx_arm_repeat(tx, SF_T1_US, in->now);
	sf_tx_arm_life(tx, SF_TX_EV_EXPIRE, in->now->mono_us + TIMEOUT_US);
	sf_tx_send(tx, in->octets, in->now);
}

// ---- INVITE
// -----------------------------------------------------------------------------------------------------

static void repeat_double(struct sf_tx *tx, const struct sf_tx_input *in)
{
	sf_tx_arm_repeat(tx, tx->interval_us * 2, in->now);
	sf_tx_send_kept(tx, in->now);
}

static void remember_cancel(struct sf_tx *tx, const struct sf_tx_input *in)
{
	UNUSED(in);
	tx->cancel_wanted = true; // RFC3261#9.1: not before a provisional
}

// The CANCEL is a transaction of its own, without user, found through its INVITE.
static result cancel_start(struct sf_tx *tx, const struct now *now)
{
	struct bytes octets;
	struct sf_tx *child;

	TRY(sf_tx_write_cancel(tx, &octets));
	result r = sf_tx_make(tx->table, SF_TX_CLIENT, SIP_CANCEL, &child);
	if (is_ok(r)) {
		struct sf_tx_input in = {.now = now, .octets = octets, .hop = &tx->hop};
		sf_tx_charge(child, tx->cause);
		tx->cancel = child->ref;
		sf_tx_fire(child, SF_TX_EV_START, &in);
	}
	memory_free((void *)(uintptr_t)octets.at);
	return r;
}

static void send_cancel(struct sf_tx *tx, const struct sf_tx_input *in)
{
	const struct sf_port *port = tx->table->port;

	if (tx->cancel.generation != 0)
		return; // sent already
	sf_tx_arm_life(tx, SF_TX_EV_CANCEL_END, in->now->mono_us + TIMEOUT_US);
	if (!is_ok(cancel_start(
		    tx, in->now))) // no room: the far side is not told, this side ends all the same
		port->alarm(port->ctx, SF_ALARM_TABLE_FULL, tx->hop.peer, in->now);
}

static void ring(struct sf_tx *tx, const struct sf_tx_input *in)
{
	if (tx->state == SF_TX_CALLING) {
		timer_cancel(tx->table->wheel, &tx->repeat);
		timer_cancel(tx->table->wheel, &tx->life);
	}
	tx->state = SF_TX_PROCEEDING;
	tell_response(tx, in);
	if (tx->state != SF_TX_PROCEEDING)
		return;
	if (tx->cancel_wanted)
		send_cancel(tx, in);
	else if (tx->events == NULL && !timer_armed(&tx->life)) // nobody would ever end it (SF-A5)
		sf_tx_arm_life(tx, SF_TX_EV_CANCEL_END, in->now->mono_us + TIMEOUT_US);
}

static void succeed(struct sf_tx *tx, const struct sf_tx_input *in)
{
	tx->state = SF_TX_ACCEPTED;
	timer_cancel(tx->table->wheel, &tx->repeat);
	sf_tx_arm_life(tx, SF_TX_EV_ACCEPTED_END, in->now->mono_us + TIMEOUT_US);
	tell_response(tx, in);
	sf_tx_drop_octets(tx);
}

static void pass(struct sf_tx *tx, const struct sf_tx_input *in)
{
	tell_response(tx, in);
}

// Send the ACK and keep it in place of the INVITE, as long as the answer may come again.
static void acknowledge(struct sf_tx *tx, const struct sf_tx_input *in)
{
	struct bytes ack = {0};
	bool made = is_ok(
		sf_tx_write_ack(tx, in->msg, &ack)); // without memory: the answer comes again, unanswered

	if (made)
		sf_tx_send(tx, ack, in->now);
	tell_response(tx, in);
	sf_tx_drop_octets(tx);
	if (!made)
		return;
	tx->octets = (uint8_t *)(uintptr_t)ack.at;
	tx->octets_len = (uint32_t)ack.len;
	if (sf_tx_reliable(tx))
		sf_tx_drop_octets(tx);
}

static void refuse(struct sf_tx *tx, const struct sf_tx_input *in)
{
	tx->state = SF_TX_COMPLETED;
	timer_cancel(tx->table->wheel, &tx->repeat);
	sf_tx_arm_life(tx, SF_TX_EV_LINGER, in->now->mono_us + (sf_tx_reliable(tx) ? 0 : TIMER_D_US));
	acknowledge(tx, in);
}

static void acknowledge_again(struct sf_tx *tx, const struct sf_tx_input *in)
{
	sf_tx_send_kept(tx, in->now);
}

// ---- other methods
// ----------------------------------------------------------------------------------------------

static void repeat_trying(struct sf_tx *tx, const struct sf_tx_input *in)
{
	uint32_t next = tx->interval_us * 2;

	sf_tx_arm_repeat(tx, next < SF_T2_US ? next : SF_T2_US, in->now);
	sf_tx_send_kept(tx, in->now);
}

static void repeat_slowly(struct sf_tx *tx, const struct sf_tx_input *in)
{
	sf_tx_arm_repeat(tx, SF_T2_US, in->now);
	sf_tx_send_kept(tx, in->now);
}

static void proceed(struct sf_tx *tx, const struct sf_tx_input *in)
{
	tx->state = SF_TX_PROCEEDING;
	tell_response(tx, in);
}

static void complete(struct sf_tx *tx, const struct sf_tx_input *in)
{
	tx->state = SF_TX_COMPLETED;
	timer_cancel(tx->table->wheel, &tx->repeat);
	sf_tx_arm_life(tx, SF_TX_EV_LINGER, in->now->mono_us + (sf_tx_reliable(tx) ? 0 : SF_T4_US));
	tell_response(tx, in);
	sf_tx_drop_octets(tx);
}

// ---- tables
// -----------------------------------------------------------------------------------------------------

// Columns of a row that may not happen stay empty: sf_tx_fire() takes them for sf_tx_impossible.
// clang-format off
static const sf_tx_row invite_rows[SF_TX_STATES] = {
	[SF_TX_RESERVED] = {
		[SF_TX_EV_START] = SF_TX_CELL(start),
		[SF_TX_EV_CANCEL] = SF_TX_CELL(remember_cancel),
	},
	[SF_TX_CALLING] = {
		[SF_TX_EV_PROVISIONAL] = SF_TX_CELL(ring),
		[SF_TX_EV_SUCCESS] = SF_TX_CELL(succeed),
		[SF_TX_EV_FAILURE] = SF_TX_CELL(refuse),
		[SF_TX_EV_CANCEL] = SF_TX_CELL(remember_cancel),
		[SF_TX_EV_REPEAT] = SF_TX_CELL(repeat_double), // timer A
		[SF_TX_EV_EXPIRE] = SF_TX_CELL(sf_tx_time_out),      // timer B
		[SF_TX_EV_FAULT] = SF_TX_CELL(sf_tx_unreachable),
	},
	[SF_TX_PROCEEDING] = {
		[SF_TX_EV_PROVISIONAL] = SF_TX_CELL(ring),
		[SF_TX_EV_SUCCESS] = SF_TX_CELL(succeed),
		[SF_TX_EV_FAILURE] = SF_TX_CELL(refuse),
		[SF_TX_EV_CANCEL] = SF_TX_CELL(send_cancel),
		[SF_TX_EV_CANCEL_END] = SF_TX_CELL(sf_tx_time_out),
		[SF_TX_EV_FAULT] = SF_TX_CELL(sf_tx_unreachable),
	},
	[SF_TX_COMPLETED] = {
		[SF_TX_EV_PROVISIONAL] = SF_TX_CELL(sf_tx_ignore),
		[SF_TX_EV_SUCCESS] = SF_TX_CELL(sf_tx_ignore),
		[SF_TX_EV_FAILURE] = SF_TX_CELL(acknowledge_again),
		[SF_TX_EV_CANCEL] = SF_TX_CELL(sf_tx_ignore),
		[SF_TX_EV_LINGER] = SF_TX_CELL(sf_tx_end), // timer D
		[SF_TX_EV_FAULT] = SF_TX_CELL(sf_tx_unreachable),
	},
	[SF_TX_ACCEPTED] = {
		[SF_TX_EV_PROVISIONAL] = SF_TX_CELL(sf_tx_ignore),
		[SF_TX_EV_SUCCESS] = SF_TX_CELL(pass), // again, or of another branch of a fork
		[SF_TX_EV_FAILURE] = SF_TX_CELL(sf_tx_ignore),
		[SF_TX_EV_CANCEL] = SF_TX_CELL(sf_tx_ignore),
		[SF_TX_EV_ACCEPTED_END] = SF_TX_CELL(sf_tx_end), // timer M
		[SF_TX_EV_FAULT] = SF_TX_CELL(sf_tx_ignore),
	},
};
// clang-format on

// clang-format off
static const sf_tx_row other_rows[SF_TX_STATES] = {
	[SF_TX_RESERVED] = {
		[SF_TX_EV_START] = SF_TX_CELL(start),
		[SF_TX_EV_CANCEL] = SF_TX_CELL(sf_tx_ignore),
	},
	[SF_TX_TRYING] = {
		[SF_TX_EV_PROVISIONAL] = SF_TX_CELL(proceed),
		[SF_TX_EV_SUCCESS] = SF_TX_CELL(complete),
		[SF_TX_EV_FAILURE] = SF_TX_CELL(complete),
		[SF_TX_EV_CANCEL] = SF_TX_CELL(sf_tx_ignore), // RFC3261#9.1: only INVITE is cancelled
		[SF_TX_EV_REPEAT] = SF_TX_CELL(repeat_trying), // timer E
		[SF_TX_EV_EXPIRE] = SF_TX_CELL(sf_tx_time_out),      // timer F
		[SF_TX_EV_FAULT] = SF_TX_CELL(sf_tx_unreachable),
	},
	[SF_TX_PROCEEDING] = {
		[SF_TX_EV_PROVISIONAL] = SF_TX_CELL(proceed),
		[SF_TX_EV_SUCCESS] = SF_TX_CELL(complete),
		[SF_TX_EV_FAILURE] = SF_TX_CELL(complete),
		[SF_TX_EV_CANCEL] = SF_TX_CELL(sf_tx_ignore),
		[SF_TX_EV_REPEAT] = SF_TX_CELL(repeat_slowly),
		[SF_TX_EV_EXPIRE] = SF_TX_CELL(sf_tx_time_out),
		[SF_TX_EV_FAULT] = SF_TX_CELL(sf_tx_unreachable),
	},
	[SF_TX_COMPLETED] = {
		[SF_TX_EV_PROVISIONAL] = SF_TX_CELL(sf_tx_ignore),
		[SF_TX_EV_SUCCESS] = SF_TX_CELL(sf_tx_ignore),
		[SF_TX_EV_FAILURE] = SF_TX_CELL(sf_tx_ignore),
		[SF_TX_EV_CANCEL] = SF_TX_CELL(sf_tx_ignore),
		[SF_TX_EV_LINGER] = SF_TX_CELL(sf_tx_end), // timer K
		[SF_TX_EV_FAULT] = SF_TX_CELL(sf_tx_ignore),
	},
};
// clang-format on

#define BIT(n) (1u << (n))
#define CLIENT_EVENTS                                                                                        \
	(BIT(SF_TX_EV_START) | BIT(SF_TX_EV_PROVISIONAL) | BIT(SF_TX_EV_SUCCESS) | BIT(SF_TX_EV_FAILURE) |   \
		BIT(SF_TX_EV_CANCEL) | BIT(SF_TX_EV_REPEAT) | BIT(SF_TX_EV_EXPIRE) | BIT(SF_TX_EV_LINGER) |  \
		BIT(SF_TX_EV_FAULT))

const struct sf_tx_machine sf_tx_invite_client = {
	.name = "invite-client",
	.states = BIT(SF_TX_RESERVED) | BIT(SF_TX_CALLING) | BIT(SF_TX_PROCEEDING) | BIT(SF_TX_COMPLETED) |
		  BIT(SF_TX_ACCEPTED),
	.events = CLIENT_EVENTS | BIT(SF_TX_EV_ACCEPTED_END) | BIT(SF_TX_EV_CANCEL_END),
	.row = invite_rows,
};

const struct sf_tx_machine sf_tx_client = {
	.name = "client",
	.states = BIT(SF_TX_RESERVED) | BIT(SF_TX_TRYING) | BIT(SF_TX_PROCEEDING) | BIT(SF_TX_COMPLETED),
	.events = CLIENT_EVENTS,
	.row = other_rows,
};

// ---- the user's calls
// -------------------------------------------------------------------------------------------

result sf_tx_client_new(struct sf_tx_table *t, enum sip_method method, peer_id peer,
	const struct sf_tx_user *events, void *user, char branch[SF_BRANCH_LEN], struct sf_tx **out)
{
	struct sf_tx *tx;

	TRY(sf_tx_make(t, method == SIP_INVITE ? SF_TX_INVITE_CLIENT : SF_TX_CLIENT, method, out));
	tx = *out;
	tx->events = events;
	tx->user = user;
	tx->hop.peer = peer;
	struct sf_token token = {.kind = SF_TOKEN_BRANCH, .worker = t->worker, .peer = peer, .ref = tx->ref};
	memcpy(branch, "z9hG4bK", SF_BRANCH_LEN - SF_TOKEN_LEN);
	sf_token_seal(t->keys, &token, branch + SF_BRANCH_LEN - SF_TOKEN_LEN);
	return OK;
}

void sf_tx_client_start(struct sf_tx *tx, const struct hop *hop, struct bytes octets, const struct now *now)
{
	struct sf_tx_input in = {.now = now, .octets = octets, .hop = hop};

	tx->table->now_us = now->mono_us;
	sf_tx_fire(tx, SF_TX_EV_START, &in);
}

void sf_tx_response(struct sf_tx *tx, const struct sip_msg *m, const struct now *now)
{
	struct sf_tx_input in = {.now = now, .msg = m};

	tx->table->now_us = now->mono_us;
	sf_tx_fire(tx,
		m->status < 200   ? SF_TX_EV_PROVISIONAL
		: m->status < 300 ? SF_TX_EV_SUCCESS
				  : SF_TX_EV_FAILURE,
		&in);
}

void sf_tx_cancel(struct sf_tx *tx, const struct now *now)
{
	struct sf_tx_input in = {.now = now};

	tx->table->now_us = now->mono_us;
	sf_tx_fire(tx, SF_TX_EV_CANCEL, &in);
}
