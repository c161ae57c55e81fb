// SPDX-License-Identifier: Apache-2.0
// The call: its table (state x event -> handler), its making and its one end.
//
// A call is found by the sealed tokens that it gave out, or by the caller's Call-ID. It dies in call_settle(), when
// nothing of it is under way any more, and nowhere else but with the whole SF.
#include "sf/inside.h"

#include "base/memory.h"
#include "sf/message.h"

struct call_cell {
	call_h run;
	const char *name;
};
#define CELL(h) {h, #h}

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

// The initial INVITE's transaction ended without answer: cannot be while it rings.
static void call_client_lost_h(struct sf_call *c, struct call_event *e)
{
	call_client_gone_h(c, e);
	if (c->client == NULL && c->early != NULL && c->wait[SIDE_CALLER] == NULL && c->wait[SIDE_CALLED] == NULL)
		call_impossible_h(c, e);
}

static const struct call_cell table[SF_CALL_STATES][CALL_EVENTS] = {
	[SF_CALL_ROUTING] = {
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
	[SF_CALL_RINGING] = {
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
	[SF_CALL_CONFIRMED] = {
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
	[SF_CALL_ENDING] = {
		[CALL_PROVISIONAL] = CELL(call_ignore_h),
		[CALL_ANSWER] = CELL(call_ending_answer_h), // crossed our CANCEL
		[CALL_FAILURE] = CELL(call_client_gone_h),
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
	[SF_CALL_ROUTING] = "routing", [SF_CALL_RINGING] = "ringing", [SF_CALL_CONFIRMED] = "confirmed",
	[SF_CALL_ENDING] = "ending", [SF_CALL_ENDED] = "ended",
};

static const char *const event_names[CALL_EVENTS] = {
	[CALL_PROVISIONAL] = "1xx", [CALL_ANSWER] = "2xx", [CALL_FAILURE] = "300-699, timeout, unreachable",
	[CALL_CLIENT_GONE] = "INVITE transaction ended", [CALL_CANCEL] = "CANCEL",
	[CALL_RING_TIMEOUT] = "ring timeout", [CALL_ACK] = "ACK", [CALL_NO_ACK] = "64*T1 without ACK",
	[CALL_BYE] = "BYE", [CALL_REINVITE] = "re-INVITE", [CALL_UPDATE] = "UPDATE", [CALL_PRACK] = "PRACK",
	[CALL_REQUEST] = "other request", [CALL_SESSION_DUE] = "session timer", [CALL_HANGUP] = "hang up",
};

const char *sf_call_state_name(enum sf_call_state s)
{
	return (unsigned)s < SF_CALL_STATES ? state_names[s] : "?";
}

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

// ---- making and ending --------------------------------------------------------------------------------------

struct sf_call *call_new(struct sf *sf, const struct now *now)
{
	struct pool_ref ref;
	void *object;

	if (!is_ok(pool_get(sf->calls, &object, &ref)))
		return NULL;
	struct sf_call *c = object;
	c->sf = sf;
	c->ref = ref;
	c->confirmed = SF_BRANCHES_MAX;
	c->admitted_peer = PEER_NONE;
	c->start_ms = now->wall_ms;
	c->start_us = now->mono_us;
	return c;
}

void call_index(struct sf_call *c)
{
	struct bytes id = c->branch[0] != NULL ? leg_parts(&c->branch[0]->caller).call_id : BYTES("");

	if (c->confirmed < SF_BRANCHES_MAX)
		id = leg_parts(&c->branch[c->confirmed]->caller).call_id;
	c->indexed = is_ok(table_put(c->sf->by_call_id, id, c)); // a doubled one is found by its tokens only
}

static void call_unindex(struct sf_call *c)
{
	if (!c->indexed)
		return;
	for (uint32_t i = 0; i < SF_BRANCHES_MAX; i++) {
		if (c->branch[i] == NULL || c->branch[i]->caller.text == NULL)
			continue;
		table_remove(c->sf->by_call_id, leg_parts(&c->branch[i]->caller).call_id);
		break;
	}
	c->indexed = false;
}

struct branch *branch_new(struct sf_call *c, uint8_t index)
{
	struct pool_ref ref;
	void *object;

	if (index >= SF_BRANCHES_MAX || c->branch[index] != NULL || !is_ok(pool_get(c->sf->branches, &object, &ref)))
		return NULL;
	struct branch *b = object;
	b->call = c;
	b->ref = ref;
	b->pub = (struct sf_branch){.index = index, .used = true, .leg = &b->called, .caller = &b->caller};
	b->called.side = SIDE_CALLED;
	c->branch[index] = b;
	return b;
}

static void branch_media_end(struct branch *b)
{
	const struct sf_port *port = &b->call->sf->config.port;

	if (b->media_open)
		port->media_end(port->ctx, b->call, &b->pub);
	b->media_open = false;
}

void branch_kill(struct branch *b)
{
	b->dead = true;
	reliable_end(b);
	sf_octets_free(&b->answer);
	// The first branch holds the offer that all others answer: its media ends last.
	if (b->pub.index != 0 || b->call->early == NULL)
		branch_media_end(b);
}

void branch_free(struct sf_call *c, uint8_t index, const struct now *now)
{
	struct branch *b = c->branch[index];

	if (b == NULL)
		return;
	for (struct sf_relay *r = c->relays, *next; r != NULL; r = next) {
		next = r->next;
		if (r->branch != b)
			continue;
		if (now != NULL)
			relay_reply(r, 481, 0, now);
		relay_free(r);
	}
	reliable_end(b);
	sf_octets_free(&b->answer);
	branch_media_end(b);
	leg_clear(&b->caller);
	leg_clear(&b->called);
	c->branch[index] = NULL;
	pool_put(c->sf->branches, b->ref);
}

struct branch *call_confirmed(struct sf_call *c)
{
	return c->confirmed < SF_BRANCHES_MAX ? c->branch[c->confirmed] : NULL;
}

struct branch *branch_of(struct sf_call *c, const struct sip_msg *m)
{
	struct bytes tag = sip_bytes(m, m->is_request ? m->from_tag : m->to_tag);

	for (uint32_t i = 0; i < SF_BRANCHES_MAX; i++)
		if (c->branch[i] != NULL && c->branch[i]->called.text != NULL &&
			bytes_equal(leg_parts(&c->branch[i]->called).remote_tag, tag))
			return c->branch[i];
	return NULL;
}

void call_leg_tag(struct sf_call *c, struct sf_leg *l)
{
	struct sf_token t = {.kind = SF_TOKEN_TAG, .worker = c->sf->config.worker, .leg = l->token_leg,
		.peer = l->peer, .ref = c->ref};

	sf_token_seal(c->sf->config.keys, &t, l->tag);
}

void call_over(struct sf_call *c, uint8_t side, uint16_t status, const char *reason, const struct now *now)
{
	const struct sf_port *port = &c->sf->config.port;

	if (c->state >= SF_CALL_ENDING)
		return;
	c->state = SF_CALL_ENDING;
	c->end_side = side;
	c->end_reason = reason;
	c->final_status = status;
	c->end_ms = now->wall_ms;
	c->end_us = now->mono_us;
	timer_cancel(c->sf->wheel, &c->ring);
	timer_cancel(c->sf->wheel, &c->session);
	wait_drop(c, SIDE_CALLER);
	wait_drop(c, SIDE_CALLED);
	relays_end(c, now);
	if (!c->told)
		port->ended(port->ctx, c, now);
	c->told = true;
	if (c->kept)
		port->keep(port->ctx, c, false);
	c->kept = false;
	for (uint32_t i = 0; i < SF_BRANCHES_MAX; i++) {
		if (c->branch[i] == NULL)
			continue;
		reliable_end(c->branch[i]);
		branch_media_end(c->branch[i]);
	}
	if (c->admitted)
		port->release(port->ctx, c->admitted_peer);
	c->admitted = false;
}

void call_settle(struct sf_call *c)
{
	if (c->state != SF_CALL_ENDING || c->client != NULL || c->byes > 0 || c->ack.waiting)
		return;
	c->state = SF_CALL_ENDED;
	call_free(c);
}

void call_free(struct sf_call *c)
{
	struct sf *sf = c->sf;

	timer_cancel(sf->wheel, &c->ring);
	timer_cancel(sf->wheel, &c->session);
	ack_end(c);
	wait_drop(c, SIDE_CALLER);
	wait_drop(c, SIDE_CALLED);
	while (c->relays != NULL)
		relay_free(c->relays);
	if (c->server != NULL)
		sf_tx_abandon(c->server);
	if (c->client != NULL)
		sf_tx_abandon(c->client);
	call_unindex(c);
	memory_free(c->early);
	c->early = NULL;
	for (uint8_t i = SF_BRANCHES_MAX; i-- > 0;)
		branch_free(c, i, NULL);
	if (c->admitted)
		sf->config.port.release(sf->config.port.ctx, c->admitted_peer);
	pool_put(sf->calls, c->ref);
}

void call_keep(struct sf_call *c)
{
	const struct sf_port *port = &c->sf->config.port;

	if (c->state != SF_CALL_CONFIRMED)
		return;
	c->kept = true;
	port->keep(port->ctx, c, true);
}

#define CALL_OF(t, member) ((struct sf_call *)(void *)((uint8_t *)(t) - offsetof(struct sf_call, member)))

static void session_fire(struct timer *t, const struct now *now)
{
	struct call_event e = {.now = now};

	call_event(CALL_OF(t, session), CALL_SESSION_DUE, &e);
}

void call_session_arm(struct sf_call *c, const struct now *now)
{
	struct branch *b = call_confirmed(c);
	uint64_t at = NO_DEADLINE;

	UNUSED(now);
	if (b != NULL && c->state == SF_CALL_CONFIRMED) {
		at = b->caller.timer.interval_s != 0 ? b->caller.timer.at_us : NO_DEADLINE;
		if (b->called.timer.interval_s != 0 && b->called.timer.at_us < at)
			at = b->called.timer.at_us;
	}
	if (at == NO_DEADLINE)
		timer_cancel(c->sf->wheel, &c->session);
	else
		timer_arm(c->sf->wheel, &c->session, at, session_fire);
}

bool octets_set(struct octets *o, struct bytes b)
{
	sf_octets_free(o);
	if (b.len == 0)
		return true;
	o->at = memory_alloc(b.len);
	if (o->at == NULL)
		return false;
	memcpy(o->at, b.at, b.len);
	o->len = (uint32_t)b.len;
	return true;
}

void sf_octets_free(struct octets *o)
{
	memory_free(o->at);
	*o = (struct octets){0};
}

// ---- views ----------------------------------------------------------------------------------------------------

// The called side before its leg is made: where the INVITE will go.
static void info_planned(const struct sf_call *c, struct sf_call_info *out)
{
	if (c->early == NULL || c->early->hop_at >= c->early->hop_count)
		return;
	const struct hop *hop = &c->early->hop[c->early->hop_at];
	const struct peer *p = sf_peer(c->sf, c->early->peer);

	out->peer[SIDE_CALLED] = c->early->peer;
	out->zone[SIDE_CALLED] = p != NULL ? p->zone : 0;
	out->listener[SIDE_CALLED] = hop->listener;
	out->transport[SIDE_CALLED] = (uint8_t)hop->transport;
}

void sf_call_info(const struct sf_call *c, struct sf_call_info *out)
{
	const struct branch *b = c->confirmed < SF_BRANCHES_MAX ? c->branch[c->confirmed] : c->branch[0];

	*out = (struct sf_call_info){.ref = c->ref, .state = (enum sf_call_state)c->state,
		.peer = {PEER_NONE, PEER_NONE}, .start_ms = c->start_ms, .answer_ms = c->answer_ms,
		.end_ms = c->end_ms, .start_us = c->start_us, .answer_us = c->answer_us, .end_us = c->end_us,
		.from_number = bytes_make(c->from_number, strnlen(c->from_number, NUMBER_MAX)),
		.to_number = bytes_make(c->to_number, strnlen(c->to_number, NUMBER_MAX)),
		.final_status = c->final_status, .end_reason = c->end_reason, .end_side = c->end_side,
		.attempts = c->attempts, .trail = &c->trail};
	for (uint32_t i = 0; b == NULL && i < SF_BRANCHES_MAX; i++)
		b = c->branch[i];
	if (b == NULL)
		return;
	out->branch = &b->pub;
	info_planned(c, out);
	for (uint32_t side = 0; side < 2; side++) {
		const struct sf_leg *l = side == SIDE_CALLER ? &b->caller : &b->called;
		if (l->text == NULL)
			continue;
		out->peer[side] = l->peer;
		out->zone[side] = l->zone;
		out->listener[side] = l->listener;
		out->transport[side] = l->transport;
		out->call_id[side] = leg_parts(l).call_id;
	}
}

void *sf_call_branch_media(const struct sf_call *c, uint8_t branch)
{
	return branch < SF_BRANCHES_MAX && c->branch[branch] != NULL ? c->branch[branch]->pub.media : NULL;
}

struct pool_ref sf_call_ref(const struct sf_call *c)
{
	return c->ref;
}

struct trail *sf_call_trail(struct sf_call *c)
{
	return &c->trail;
}

struct sf_call *sf_call_at(struct sf *sf, struct pool_ref ref)
{
	return pool_find(sf->calls, ref);
}

struct sf_call *sf_find_call(struct sf *sf, struct bytes call_id)
{
	struct sf_token t;

	if (is_ok(sf_token_open(sf->config.keys, call_id, SF_TOKEN_CALL_ID, &t)))
		return pool_find(sf->calls, t.ref);
	return table_get(sf->by_call_id, call_id);
}
