// SPDX-License-Identifier: Apache-2.0
// The making of a call and its one end.
//
// A call is found by the sealed tokens that it gave out, or by the caller's Call-ID. It dies in
// call_settle(), when nothing of it is under way any more, and nowhere else but with the whole SF.
#include "sf/inside.h"

#include "base/memory.h"
#include "sf/message.h"

struct sf_call *call_new(struct sf *sf, peer_id owner, const struct now *now)
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
	c->owner = owner;
	share_take(&sf->call_share, owner);
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

	if (index >= SF_BRANCHES_MAX || c->branch[index] != NULL ||
		!is_ok(pool_get(c->sf->branches, &object, &ref)))
		return NULL;
	struct branch *b = object;
	b->call = c;
	b->ref = ref;
	b->pub = (struct sf_branch){.index = index, .used = true, .leg = &b->called, .caller = &b->caller};
	b->called.side = SIDE_CALLED;
	c->branch[index] = b;
	return b;
}

void branch_fork_end(struct branch *b)
{
	if (b->forked)
		share_give(&b->call->sf->fork_share, b->called.peer);
	b->forked = false;
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
	branch_fork_end(b);
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

void call_leg_aim(struct sf_call *c, struct sf_leg *l)
{
	bool told = l->elsewhere;

	l->elsewhere = !leg_aim(l, c->sf->snapshot, sf_peer(c->sf, l->peer));
	if (l->elsewhere && !told) // a Contact is repeated in every answer
		sf_alarm(c->sf, SF_ALARM_CONTACT_ELSEWHERE, l->peer, &c->sf->now);
}

void call_leg_tag(struct sf_call *c, struct sf_leg *l)
{
	struct sf_token t = {.kind = SF_TOKEN_TAG,
		.worker = c->sf->config.worker,
		.leg = l->token_leg,
		.peer = l->peer,
		.ref = c->ref};

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
	share_give(&sf->call_share, c->owner);
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

#define CALL_OF(t, member) ((struct sf_call *)(void *)((uint8_t *)(t)-offsetof(struct sf_call, member)))

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
