// SPDX-License-Identifier: Apache-2.0
// What the four transaction machines share: creation and end, timers, kept octets, and the walk through the
// tables.
//
// Events come from the user, from the network (after the gates of transaction_match.c) and from the wheel.
// Each goes through one table; the machines themselves are in transaction_client.c and transaction_server.c.
#include "sf/transaction_internal.h"

#include "base/memory.h"

static const struct sf_tx_machine *const machines[SF_TX_KINDS] = {
	[SF_TX_INVITE_CLIENT] = &sf_tx_invite_client,
	[SF_TX_INVITE_SERVER] = &sf_tx_invite_server,
	[SF_TX_CLIENT] = &sf_tx_client,
	[SF_TX_SERVER] = &sf_tx_server,
};

// clang-format off
static const char *const state_names[SF_TX_STATES + 1] = {
	[SF_TX_RESERVED] = "reserved", [SF_TX_CALLING] = "calling", [SF_TX_TRYING] = "trying",
	[SF_TX_PROCEEDING] = "proceeding", [SF_TX_COMPLETED] = "completed", [SF_TX_CONFIRMED] = "confirmed",
	[SF_TX_ACCEPTED] = "accepted", [SF_TX_TERMINATED] = "terminated",
};
// clang-format on

// clang-format off
static const char *const event_names[SF_TX_EVENTS] = {
	[SF_TX_EV_START] = "start", [SF_TX_EV_PROVISIONAL] = "1xx", [SF_TX_EV_SUCCESS] = "2xx",
	[SF_TX_EV_FAILURE] = "300-699", [SF_TX_EV_CANCEL] = "cancel", [SF_TX_EV_REQUEST] = "request again",
	[SF_TX_EV_ACK] = "ACK", [SF_TX_EV_SEND_1XX] = "send 1xx", [SF_TX_EV_SEND_2XX] = "send 2xx",
	[SF_TX_EV_SEND_FAILURE] = "send 300-699", [SF_TX_EV_REPEAT] = "timer A/E/G",
	[SF_TX_EV_EXPIRE] = "timer B/F/H", [SF_TX_EV_LINGER] = "timer D/I/J/K",
	[SF_TX_EV_ACCEPTED_END] = "timer L/M", [SF_TX_EV_CANCEL_END] = "64*T1 after CANCEL",
	[SF_TX_EV_ORPHAN] = "64*T1 without user", [SF_TX_EV_FAULT] = "transport failure",
};
// clang-format on

const char *sf_tx_event_name(enum sf_tx_event event)
{
	return event_names[event];
}

// ---- the table of transactions
// ----------------------------------------------------------------------------------

result sf_tx_table_new(struct sf_tx_table **out, const struct sf_tx_config *config)
{
	*out = NULL;
	REQUIRE(config->max > 0 && config->max <= SF_TOKEN_SLOT_MAX, E_CONFIG);
	struct sf_tx_table *t = memory_alloc(sizeof(*t));
	REQUIRE(t != NULL, E_NO_MEMORY);
	t->wheel = config->wheel;
	t->linger = config->linger != NULL ? config->linger : config->wheel;
	t->keys = config->keys;
	t->port = config->port;
	t->share = config->share;
	t->worker = config->worker;
	memcpy(t->secret, config->secret, sizeof(t->secret));
	result r = pool_new(&t->pool, sizeof(struct sf_tx), config->max);
	if (is_ok(r))
		r = table_new(&t->by_key, t->secret, config->max, sf_tx_match_key);
	if (is_ok(r))
		r = table_new(&t->by_merge, t->secret, config->max, sf_tx_match_merge);
	if (!is_ok(r)) {
		sf_tx_table_free(t);
		return r;
	}
	*out = t;
	return OK;
}

// Nobody waits for the end of what is over.
static struct timer_wheel *life_wheel(const struct sf_tx *tx)
{
	bool over = tx->life_event == SF_TX_EV_LINGER || tx->life_event == SF_TX_EV_ACCEPTED_END;

	return over ? tx->table->linger : tx->table->wheel;
}

// Give back all that TX holds, and TX itself.
void sf_tx_release(struct sf_tx *tx)
{
	timer_cancel(tx->table->wheel, &tx->repeat);
	timer_cancel(life_wheel(tx), &tx->life);
	timer_cancel(tx->table->wheel, &tx->fault);
	sf_tx_unlink(tx);
	sf_tx_drop_octets(tx);
	sf_tx_drop_head(tx);
	if (tx->table->share != NULL)
		share_give(tx->table->share, tx->cause);
	pool_put(tx->table->pool, tx->ref);
}

void sf_tx_table_free(struct sf_tx_table *t)
{
	if (t == NULL)
		return;
	struct pool_ref ref;
	uint32_t slot = 0;
	struct sf_tx *tx;
	while (t->pool != NULL && (tx = pool_next(t->pool, &slot, &ref)) != NULL) {
		sf_tx_release(tx);
		slot++;
	}
	table_free(t->by_key);
	table_free(t->by_merge);
	pool_free(t->pool);
	memory_wipe(t, sizeof(*t));
	memory_free(t);
}

uint32_t sf_tx_count(const struct sf_tx_table *t)
{
	return pool_count(t->pool);
}

result sf_tx_make(struct sf_tx_table *t, enum sf_tx_kind kind, enum sip_method method, struct sf_tx **out)
{
	struct pool_ref ref;
	void *object;

	*out = NULL;
	TRY(pool_get(t->pool, &object, &ref));
	struct sf_tx *tx = object;
	tx->table = t;
	tx->ref = ref;
	tx->kind = (uint8_t)kind;
	tx->method = (uint8_t)method;
	tx->hop.peer = tx->cause = PEER_NONE;
	if (t->share != NULL)
		share_take(t->share, PEER_NONE);
	*out = tx;
	return OK;
}

void sf_tx_charge(struct sf_tx *tx, peer_id peer)
{
	struct share *s = tx->table->share;

	if (s != NULL) {
		share_give(s, tx->cause);
		share_take(s, peer);
	}
	tx->cause = peer;
}

// ---- timers
// -----------------------------------------------------------------------------------------------------

// The only place where a transaction is freed.
static void tx_reap(struct sf_tx *tx)
{
	if (tx->state != SF_TX_TERMINATED)
		return;
	if (tx->events != NULL && tx->events->ended != NULL)
		tx->events->ended(tx->user, tx);
	sf_tx_release(tx);
}

static void tx_timer(struct sf_tx *tx, enum sf_tx_event event, const struct now *now)
{
	struct sf_tx_input in = {.now = now};

	tx->table->now_us = now->mono_us;
	sf_tx_fire(tx, event, &in);
	tx_reap(tx);
}

#define TX_OF(timer, member) ((struct sf_tx *)(void *)((uint8_t *)(timer)-offsetof(struct sf_tx, member)))

static void repeat_h(struct timer *t, const struct now *now)
{
	tx_timer(TX_OF(t, repeat), SF_TX_EV_REPEAT, now);
}

static void life_h(struct timer *t, const struct now *now)
{
	struct sf_tx *tx = TX_OF(t, life);

	tx_timer(tx, (enum sf_tx_event)tx->life_event, now);
}

static void fault_h(struct timer *t, const struct now *now)
{
	tx_timer(TX_OF(t, fault), SF_TX_EV_FAULT, now);
}

void sf_tx_arm_repeat(struct sf_tx *tx, uint32_t interval_us, const struct now *now)
{
	tx->interval_us = interval_us;
	timer_arm(tx->table->wheel, &tx->repeat, now->mono_us + interval_us, repeat_h);
}

void sf_tx_arm_life(struct sf_tx *tx, enum sf_tx_event event, uint64_t at_us)
{
	timer_cancel(life_wheel(tx), &tx->life);
	tx->life_event = (uint8_t)event;
	timer_arm(life_wheel(tx), &tx->life, at_us, life_h);
}

void sf_tx_arm_fault(struct sf_tx *tx)
{
	if (tx->state != SF_TX_TERMINATED)
		timer_arm(tx->table->wheel, &tx->fault, 0, fault_h);
}

void sf_tx_terminate(struct sf_tx *tx)
{
	tx->state = SF_TX_TERMINATED;
	timer_cancel(tx->table->wheel, &tx->repeat);
	timer_cancel(tx->table->wheel, &tx->fault);
	sf_tx_arm_life(tx, SF_TX_EV_LINGER, 0); // the next run of the wheel reaps it
}

// ---- octets
// -----------------------------------------------------------------------------------------------------

void sf_tx_send(struct sf_tx *tx, struct bytes octets, const struct now *now)
{
	const struct sf_port *port = tx->table->port;

	UNUSED(now);
	if (!is_ok(port->send(port->ctx, &tx->hop, octets, (struct sf_cookie){tx->ref})))
		sf_tx_arm_fault(tx);
}

void sf_tx_send_kept(struct sf_tx *tx, const struct now *now)
{
	if (tx->octets != NULL)
		sf_tx_send(tx, bytes_make(tx->octets, tx->octets_len), now);
}

bool sf_tx_keep(struct sf_tx *tx, struct bytes octets)
{
	sf_tx_drop_octets(tx);
	if (octets.len > UINT32_MAX || (tx->octets = memory_alloc(octets.len)) == NULL)
		return false;
	memcpy(tx->octets, octets.at, octets.len);
	tx->octets_len = (uint32_t)octets.len;
	return true;
}

void sf_tx_drop_octets(struct sf_tx *tx)
{
	memory_free(tx->octets);
	tx->octets = NULL;
	tx->octets_len = 0;
}

void sf_tx_drop_head(struct sf_tx *tx)
{
	reply_head_free(&tx->head);
}

// ---- the walk through the tables
// --------------------------------------------------------------------------------

// Alarm, and the end (E_IMPOSSIBLE).
static void sf_tx_impossible(struct sf_tx *tx, const struct sf_tx_input *in)
{
	const struct sf_port *port = tx->table->port;

	port->alarm(port->ctx, SF_ALARM_IMPOSSIBLE, tx->hop.peer, in->now);
	sf_tx_unreachable(tx, in);
}

void sf_tx_fire(struct sf_tx *tx, enum sf_tx_event event, const struct sf_tx_input *in)
{
	if (tx->state == SF_TX_TERMINATED)
		return;
	const struct sf_tx_cell *cell = &machines[tx->kind]->row[tx->state][event];
	if (cell->run != NULL)
		cell->run(tx, in);
	else
		sf_tx_impossible(tx, in);
}

void sf_tx_ignore(struct sf_tx *tx, const struct sf_tx_input *in)
{
	UNUSED(tx);
	UNUSED(in);
}

void sf_tx_end(struct sf_tx *tx, const struct sf_tx_input *in)
{
	UNUSED(in);
	sf_tx_terminate(tx);
}

void sf_tx_time_out(struct sf_tx *tx, const struct sf_tx_input *in)
{
	sf_tx_terminate(tx);
	if (tx->events != NULL && tx->events->timeout != NULL)
		tx->events->timeout(tx->user, tx, in->now);
}

void sf_tx_unreachable(struct sf_tx *tx, const struct sf_tx_input *in)
{
	sf_tx_terminate(tx);
	if (tx->events != NULL && tx->events->unreachable != NULL)
		tx->events->unreachable(tx->user, tx, in->now);
}

void sf_tx_undeliverable(struct sf_tx_table *t, struct sf_cookie cookie, const struct now *now)
{
	struct sf_tx *tx = pool_find(t->pool, cookie.tx);

	t->now_us = now->mono_us;
	if (tx != NULL)
		sf_tx_arm_fault(tx);
}

// Nobody is left to answer or to end it: it may not stay for ever (SF-A5).
static void orphan(struct sf_tx *tx)
{
	uint64_t at_us = tx->table->now_us + 64ull * SF_T1_US;

	if (tx->state == SF_TX_RESERVED)
		sf_tx_terminate(tx);
	else if (!timer_armed(&tx->life) && tx->kind == SF_TX_INVITE_CLIENT)
		sf_tx_arm_life(tx, SF_TX_EV_CANCEL_END, at_us);
	else if (!timer_armed(&tx->life))
		sf_tx_arm_life(tx, SF_TX_EV_ORPHAN, at_us);
}

void sf_tx_abandon(struct sf_tx *tx)
{
	tx->events = NULL;
	tx->user = NULL;
	if (tx->state != SF_TX_TERMINATED)
		orphan(tx);
}

// ---- views
// ------------------------------------------------------------------------------------------------------

void *sf_tx_owner(const struct sf_tx *tx)
{
	return tx->user;
}

enum sf_tx_kind sf_tx_kind(const struct sf_tx *tx)
{
	return (enum sf_tx_kind)tx->kind;
}

const char *sf_tx_state_name(const struct sf_tx *tx)
{
	return state_names[tx->state];
}

const struct hop *sf_tx_hop(const struct sf_tx *tx)
{
	return &tx->hop;
}

struct bytes sf_tx_octets(const struct sf_tx *tx)
{
	return bytes_make(tx->octets, tx->octets_len);
}

const struct reply_head *sf_tx_head(const struct sf_tx *tx)
{
	return &tx->head;
}

static void row_describe(const struct sf_tx_machine *m, uint32_t state,
	void (*cell)(const char *, const char *, const char *, const char *, void *), void *ctx)
{
	for (uint32_t e = 0; e < SF_TX_EVENTS; e++) {
		const char *handler = m->row[state][e].name;
		if (m->events & 1u << e)
			cell(m->name, state_names[state], event_names[e],
				handler ? handler : "sf_tx_impossible", ctx);
	}
}

void sf_tx_describe(void (*cell)(const char *machine, const char *state, const char *event,
			    const char *handler, void *ctx),
	void *ctx)
{
	for (uint32_t k = 0; k < SF_TX_KINDS; k++)
		for (uint32_t s = 0; s < SF_TX_STATES; s++)
			if (machines[k]->states & 1u << s)
				row_describe(machines[k], s, cell, ctx);
}
