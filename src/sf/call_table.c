// SPDX-License-Identifier: Apache-2.0
// The call's one table: state x event -> handler, with always-fail entries for what cannot be.
//
// Handlers live in the files named after their event (call_answer.c, call_bye.c, ...); those of one line
// stand here.
#include "sf/inside.h"

struct call_cell {
	call_h run;
	const char *name;
};
#define CELL(h)                                                                                              \
	{                                                                                                    \
		h, #h                                                                                        \
	}

static void call_impossible_h(struct sf_call *c, struct call_event *e)
{
	sf_alarm(c->sf, SF_ALARM_IMPOSSIBLE, PEER_NONE, e->now);
	if (c->state == SF_CALL_CONFIRMED)
		call_hangup_h(c, e);
	else if (c->state != SF_CALL_ENDING)
		call_hangup_early_h(c, e);
}

static void call_ignore_h(struct sf_call *c, struct call_event *e)
{
	UNUSED(c);
	UNUSED(e);
}

static void call_cancel_h(struct sf_call *c, struct call_event *e)
{
	call_refuse_early(c, 487, SIDE_CALLER, "cancelled", e->now);
}

static void call_ring_timeout_h(struct sf_call *c, struct call_event *e)
{
	call_refuse_early(c, 408, 2, "ring timeout", e->now);
}

static void call_busy_h(struct sf_call *c, struct call_event *e) // RFC3261#14.2: the first INVITE is not done
{
	dialog_reply(c, branch_leg(e->branch, e->side), e, 500, 2);
}

static void call_gone_h(struct sf_call *c, struct call_event *e)
{
	dialog_reply(c, branch_leg(e->branch, e->side), e, 481, 0);
}

static void call_client_gone_h(struct sf_call *c, struct call_event *e)
{
	if (c->client == e->tx)
		c->client = NULL;
	if (c->ack.client != e->tx)
		return;
	c->ack.client = NULL; // nothing comes again: our ACK need not be kept
	sf_octets_free(&c->ack.ack);
}

// A final answer after the call was given up: its transaction goes on alone.
static void call_client_final_h(struct sf_call *c, struct call_event *e)
{
	if (e->tx != NULL && c->client == e->tx)
		sf_tx_abandon(e->tx);
	call_client_gone_h(c, e);
}

// The initial INVITE's transaction ended without answer: cannot be while it rings.
static void call_client_lost_h(struct sf_call *c, struct call_event *e)
{
	call_client_gone_h(c, e);
	if (c->client == NULL && c->early != NULL && c->wait[SIDE_CALLER] == NULL &&
		c->wait[SIDE_CALLED] == NULL)
		call_impossible_h(c, e);
}

static const struct call_cell table[SF_CALL_STATES][CALL_EVENTS] =
	{
		[SF_CALL_ROUTING] =
			{
				[CALL_PROVISIONAL] = CELL(call_provisional_h),
				[CALL_ANSWER] = CELL(call_answer_h),
				[CALL_FAILURE] = CELL(call_failure_h),
				[CALL_CLIENT_GONE] = CELL(call_client_lost_h),
				[CALL_CANCEL] = CELL(call_cancel_h),
				[CALL_RING_TIMEOUT] = CELL(call_ring_timeout_h),
				[CALL_ACK] = CELL(call_ignore_h),
				[CALL_NO_ACK] = CELL(call_impossible_h),
				[CALL_BYE] = CELL(call_bye_early_h),
				[CALL_REINVITE] = CELL(call_busy_h),
				[CALL_UPDATE] = CELL(call_update_h),
				[CALL_PRACK] = CELL(call_prack_h),
				[CALL_REQUEST] = CELL(relay_request_h),
				[CALL_SESSION_DUE] = CELL(call_impossible_h),
				[CALL_HANGUP] = CELL(call_hangup_early_h),
			},
		[SF_CALL_RINGING] =
			{
				[CALL_PROVISIONAL] = CELL(call_provisional_h),
				[CALL_ANSWER] = CELL(call_answer_h),
				[CALL_FAILURE] = CELL(call_failure_h),
				[CALL_CLIENT_GONE] = CELL(call_client_lost_h),
				[CALL_CANCEL] = CELL(call_cancel_h),
				[CALL_RING_TIMEOUT] = CELL(call_ring_timeout_h),
				[CALL_ACK] = CELL(call_ignore_h),
				[CALL_NO_ACK] = CELL(call_impossible_h),
				[CALL_BYE] = CELL(call_bye_early_h),
				[CALL_REINVITE] = CELL(call_busy_h),
				[CALL_UPDATE] = CELL(call_update_h),
				[CALL_PRACK] = CELL(call_prack_h),
				[CALL_REQUEST] = CELL(relay_request_h),
				[CALL_SESSION_DUE] = CELL(call_impossible_h),
				[CALL_HANGUP] = CELL(call_hangup_early_h),
			},
		[SF_CALL_CONFIRMED] =
			{
				[CALL_PROVISIONAL] = CELL(call_ignore_h), // of a fork that lost
				[CALL_ANSWER] = CELL(call_extra_answer_h),
				[CALL_FAILURE] = CELL(call_impossible_h),
				[CALL_CLIENT_GONE] = CELL(call_client_gone_h),
				[CALL_CANCEL] = CELL(call_ignore_h), // too late (RFC3261#9.2)
				[CALL_RING_TIMEOUT] = CELL(call_impossible_h),
				[CALL_ACK] = CELL(call_ack_h),
				[CALL_NO_ACK] = CELL(call_no_ack_h),
				[CALL_BYE] = CELL(call_bye_h),
				[CALL_REINVITE] = CELL(call_reinvite_h),
				[CALL_UPDATE] = CELL(call_update_h),
				[CALL_PRACK] = CELL(call_prack_h),
				[CALL_REQUEST] = CELL(relay_request_h),
				[CALL_SESSION_DUE] = CELL(call_session_due_h),
				[CALL_HANGUP] = CELL(call_hangup_h),
			},
		[SF_CALL_ENDING] =
			{
				[CALL_PROVISIONAL] = CELL(call_ignore_h),
				[CALL_ANSWER] = CELL(call_ending_answer_h), // crossed our CANCEL
				[CALL_FAILURE] = CELL(call_client_final_h),
				[CALL_CLIENT_GONE] = CELL(call_client_gone_h),
				[CALL_CANCEL] = CELL(call_ignore_h),
				[CALL_RING_TIMEOUT] = CELL(call_impossible_h),
				[CALL_ACK] = CELL(call_ack_h), // a BYE may wait for it
				[CALL_NO_ACK] = CELL(call_no_ack_h),
				[CALL_BYE] = CELL(call_bye_crossing_h),
				[CALL_REINVITE] = CELL(call_gone_h),
				[CALL_UPDATE] = CELL(call_gone_h),
				[CALL_PRACK] = CELL(call_gone_h),
				[CALL_REQUEST] = CELL(call_gone_h),
				[CALL_SESSION_DUE] = CELL(call_impossible_h),
				[CALL_HANGUP] = CELL(call_ignore_h),
			},
};

static const char *const state_names[SF_CALL_STATES] = {
	[SF_CALL_ROUTING] = "routing",
	[SF_CALL_RINGING] = "ringing",
	[SF_CALL_CONFIRMED] = "confirmed",
	[SF_CALL_ENDING] = "ending",
	[SF_CALL_ENDED] = "ended",
};

static const char *const event_names[CALL_EVENTS] = {
	[CALL_PROVISIONAL] = "1xx",
	[CALL_ANSWER] = "2xx",
	[CALL_FAILURE] = "300-699, timeout, unreachable",
	[CALL_CLIENT_GONE] = "INVITE transaction ended",
	[CALL_CANCEL] = "CANCEL",
	[CALL_RING_TIMEOUT] = "ring timeout",
	[CALL_ACK] = "ACK",
	[CALL_NO_ACK] = "64*T1 without ACK",
	[CALL_BYE] = "BYE",
	[CALL_REINVITE] = "re-INVITE",
	[CALL_UPDATE] = "UPDATE",
	[CALL_PRACK] = "PRACK",
	[CALL_REQUEST] = "other request",
	[CALL_SESSION_DUE] = "session timer",
	[CALL_HANGUP] = "hang up",
};

void sf_call_describe(void (*cell)(const char *, const char *, const char *, void *), void *ctx)
{
	for (uint32_t s = 0; s < SF_CALL_STATES; s++)
		for (uint32_t e = 0; e < CALL_EVENTS; e++)
			cell(state_names[s], event_names[e],
				table[s][e].run != NULL ? table[s][e].name : "call_impossible_h", ctx);
}

void call_event(struct sf_call *c, enum call_event_id id, struct call_event *e)
{
	call_h run = table[c->state][id].run;

	if (run == NULL)
		run = call_impossible_h;
	run(c, e);
	call_settle(c);
}
