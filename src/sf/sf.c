// SPDX-License-Identifier: Apache-2.0
// The Signalling Function of one worker: what it is made of, the steps that belong to transactions, and what
// comes from outside the message flow.
#include "sf/inside.h"

#include "base/memory.h"
#include "sf/message.h"

static bool match_call_id(const void *value, struct bytes key)
{
	const struct sf_call *c = value;

	for (uint32_t i = 0; i < SF_BRANCHES_MAX; i++)
		if (c->branch[i] != NULL && c->branch[i]->caller.text != NULL)
			return bytes_equal(leg_parts(&c->branch[i]->caller).call_id, key);
	return false;
}

const struct peer *sf_peer(const struct sf *sf, peer_id id)
{
	return id == PEER_NONE ? NULL : snapshot_peer(sf->snapshot, id);
}

bool sf_core(const struct sf *sf, peer_id id)
{
	const struct peer *p = sf_peer(sf, id);

	return p != NULL && p->zone < ZONES_MAX && sf->snapshot->zone[p->zone].is_core;
}

option_set sf_required(const struct sf *sf, peer_id id)
{
	const struct peer *p = sf_peer(sf, id);
	option_set set = 0;

	for (uint32_t i = 0; p != NULL && i < option_count(); i++)
		if ((p->require_100rel && bytes_equal(option_row(i)->tag, BYTES("100rel"))) ||
			(p->require_timer && bytes_equal(option_row(i)->tag, BYTES("timer"))))
			set |= 1u << i;
	return set;
}

uint32_t sf_session_s(const struct sf *sf, peer_id peer)
{
	const struct peer *p = sf_peer(sf, peer);

	return p == NULL || p->session_expires_s == 0 ? SESSION_DEFAULT_S : p->session_expires_s;
}

uint32_t sf_min_se_s(const struct sf *sf, peer_id peer)
{
	const struct peer *p = sf_peer(sf, peer);

	return p == NULL || p->min_se_s < SESSION_MIN_SE_S ? SESSION_MIN_SE_S : p->min_se_s;
}

void sf_random(struct sf *sf, void *out, size_t n)
{
	sf->config.port.random(sf->config.port.ctx, out, n);
}

void sf_alarm(struct sf *sf, enum sf_alarm alarm, peer_id peer, const struct now *now)
{
	sf->config.port.alarm(sf->config.port.ctx, alarm, peer, now);
}

// The texts "host:port" that we give out, once per configuration instead of once per message. An advertised
// address stands for sockets of its own family only: a peer on IPv6 can do nothing with an IPv4 address.
static void local_texts(struct sf *sf)
{
	memset(sf->local, 0, sizeof(sf->local));
	for (uint32_t i = 0; i < sf->snapshot->listener_count && i < LISTENERS_MAX; i++) {
		const struct listener *l = &sf->snapshot->listener[i];
		for (uint32_t s = 0; s < l->sip_count && s < LISTENER_SIP_MAX; s++) {
			const struct address *bound = &l->sip[s].address;
			struct address a = l->advertise.family == bound->family ? l->advertise : *bound;
			struct local_text *t =
				&sf->local[i][l->sip[s].transport % TRANSPORT_COUNT][bound->family == 6];
			a.port = bound->port;
			t->len = (uint8_t)strlen(address_text(&a, t->text));
		}
	}
}

void sf_set_registry(struct sf *sf, const struct registry *r)
{
	sf->config.registry = r;
	sf->snapshot = registry_snapshot(r);
	local_texts(sf);
}

static result parts_new(struct sf *sf, const struct now *now)
{
	const struct sf_config *c = &sf->config;

	TRY(timer_wheel_new(&sf->wheel, now->mono_us));
	TRY(timer_wheel_new(&sf->linger, now->mono_us));
	TRY(share_new(&sf->tx_share, c->max_transactions, PEERS_MAX));
	TRY(share_new(&sf->call_share, c->max_calls, PEERS_MAX));
	TRY(share_new(&sf->fork_share, c->max_calls + SF_BRANCHES_MAX, PEERS_MAX));
	struct sf_tx_config tx = {.max = c->max_transactions,
		.worker = c->worker,
		.wheel = sf->wheel,
		.linger = sf->linger,
		.keys = c->keys,
		.port = &sf->config.port,
		.share = &sf->tx_share};
	memcpy(tx.secret, c->secret, sizeof(tx.secret));
	TRY(sf_tx_table_new(&sf->tx, &tx));
	TRY(pool_new(&sf->calls, sizeof(struct sf_call), c->max_calls));
	// Each call has its first branch. It rings on few at once: as many again as there are calls, for all of them together.
	TRY(pool_new(&sf->branches, sizeof(struct branch), c->max_calls + sf->fork_share.max));
	TRY(pool_new(&sf->relays, sizeof(struct sf_relay), c->max_transactions));
	TRY(table_new(&sf->by_call_id, c->secret, c->max_calls, match_call_id));
	sf->out = memory_alloc(SF_OUT_CAP);
	sf->body = memory_alloc(SF_BODY_CAP);
	sf->again = memory_alloc(sizeof(*sf->again));
	REQUIRE(sf->out != NULL && sf->body != NULL && sf->again != NULL, E_NO_MEMORY);
	return OK;
}

result sf_new(struct sf **out, const struct sf_config *config, const struct now *now)
{
	*out = NULL;
	REQUIRE(config->max_calls > 0 && config->max_calls <= SF_TOKEN_SLOT_MAX / 2 &&
			config->registry != NULL,
		E_CONFIG);
	struct sf *sf = memory_alloc(sizeof(*sf));
	REQUIRE(sf != NULL, E_NO_MEMORY);
	sf->config = *config;
	sf->now = *now;
	sf_set_registry(sf, config->registry);
	result r = parts_new(sf, now);
	if (!is_ok(r)) {
		sf_free(sf);
		return r;
	}
	*out = sf;
	return OK;
}

void sf_free(struct sf *sf)
{
	struct pool_ref ref;
	uint32_t slot = 0;
	void *object;

	if (sf == NULL)
		return;
	for (; sf->calls != NULL && (object = pool_next(sf->calls, &slot, &ref)) != NULL; slot++)
		call_free(object);
	slot = 0;
	for (; sf->relays != NULL && (object = pool_next(sf->relays, &slot, &ref)) != NULL; slot++)
		relay_free(object);
	sf_tx_table_free(sf->tx);
	pool_free(sf->relays);
	pool_free(sf->branches);
	pool_free(sf->calls);
	table_free(sf->by_call_id);
	share_free(&sf->tx_share);
	share_free(&sf->call_share);
	share_free(&sf->fork_share);
	timer_wheel_free(sf->wheel);
	timer_wheel_free(sf->linger);
	memory_free(sf->out);
	memory_free(sf->body);
	memory_free(sf->again);
	memory_wipe(sf, sizeof(*sf));
	memory_free(sf);
}

void sf_run(struct sf *sf, const struct now *now)
{
	sf->now = *now;
	timer_wheel_run(sf->wheel, now);
	timer_wheel_run(sf->linger, now);
}

uint64_t sf_deadline(const struct sf *sf)
{
	uint64_t next = timer_wheel_next(sf->wheel), linger = timer_wheel_next(sf->linger);

	if (linger != 0 && linger < NO_DEADLINE - SF_LINGER_SLACK_US)
		linger += SF_LINGER_SLACK_US;
	return next < linger ? next : linger;
}

// ---- steps of transactions
// --------------------------------------------------------------------------------------

static void cancel(struct sf *sf, struct sf_tx *tx, const struct sip_msg *m, const struct origin *o,
	const struct now *now)
{
	struct verdict ok = REPLY(200, "OK");
	struct sf_call *c = sf_tx_owner(tx);
	struct call_event e = {.m = m, .tx = tx, .side = SIDE_CALLER, .now = now};

	sf_refuse(sf, m, o, &ok, PEER_NONE, PEER_NONE); // RFC3261#9.2: 200 to the CANCEL in any case
	if (c != NULL && sf_tx_kind(tx) == SF_TX_INVITE_SERVER && pool_find(sf->calls, c->ref) == c &&
		c->server == tx)
		call_event(c, CALL_CANCEL, &e);
	else
		relay_cancel(sf, tx, now);
}

bool sf_share_left(const struct sf *sf, peer_id peer, bool call)
{
	uint32_t peers = sf->snapshot->peer_count;

	return share_left(&sf->tx_share, peer, peers) && (!call || share_left(&sf->call_share, peer, peers));
}

struct verdict sf_step_transaction(
	struct sf *sf, const struct sip_msg *m, const struct origin *o, peer_id peer, const struct now *now)
{
	struct sf_tx *tx = NULL;

	sf->now = *now;
	switch (sf_tx_match_request(sf->tx, m, o, peer, now, &tx)) {
	case SF_TX_NEW:
	case SF_TX_ACK_2XX:
		return PASS;
	case SF_TX_ABSORBED:
		return DONE;
	case SF_TX_CANCEL:
		cancel(sf, tx, m, o, now);
		return DONE;
	case SF_TX_CANCEL_NONE:
		return REPLY(481, "Call/Transaction Does Not Exist");
	case SF_TX_MERGED:
		return REPLY(482, "Merged Request");
	case SF_TX_OLD_BRANCH:
		return m->method == SIP_ACK ? DROP("branch without magic cookie")
					    : REPLY(400, "Bad Via Branch");
	case SF_TX_FOREIGN:
		break;
	}
	sf_alarm(sf, SF_ALARM_FOREIGN_REQUEST, peer, now);
	return DROP("request of another peer's transaction");
}

struct verdict sf_step_response_token(struct sf *sf, const struct sip_msg *m, struct sf_tx **tx)
{
	result r = sf_tx_find_response(sf->tx, m, tx);

	if (is_ok(r))
		return PASS;
	if (r.error == E_STALE)
		return DROP("late response");
	sf_alarm(sf, SF_ALARM_FORGED_TOKEN, PEER_NONE, &sf->now);
	return DROP("response to nothing that we sent");
}

struct verdict sf_step_response_source(struct sf *sf, struct sf_tx *tx, const struct sip_msg *m,
	const struct origin *o, peer_id peer, const struct now *now)
{
	const struct peer *p = sf_peer(sf, peer);
	bool loose = p != NULL && peer_waiver_state(p, CONTROL_RESPONSE_SOURCE, now->wall_ms) == 1;

	if (is_ok(sf_tx_check_response(tx, m, o, peer, loose)))
		return PASS;
	bool answer = m->method == SIP_INVITE && m->status >= 200 && m->status < 300;
	sf_alarm(sf, answer ? SF_ALARM_FOREIGN_2XX : SF_ALARM_FOREIGN_RESPONSE, peer, now);
	return DROP("response not from where the request went");
}

void sf_step_response(struct sf *sf, struct sf_tx *tx, const struct sip_msg *m, const struct now *now)
{
	UNUSED(sf);
	sf_tx_response(tx, m, now);
}

// ---- from outside
// -----------------------------------------------------------------------------------------------

void sf_undeliverable(struct sf *sf, struct sf_cookie cookie, const struct now *now)
{
	sf_tx_undeliverable(sf->tx, cookie, now);
}

void sf_media_silent(struct sf *sf, struct pool_ref call, bool both_ways, const struct now *now)
{
	struct sf_call *c = pool_find(sf->calls, call);
	struct call_event e = {.now = now, .status = 408, .reason = "media silent both ways"};
	struct branch *b = c != NULL ? call_confirmed(c) : NULL;

	if (b == NULL)
		return;
	sf_alarm(sf, SF_ALARM_MEDIA_SILENT, b->called.peer, now);
	if (both_ways)
		call_event(c, CALL_HANGUP, &e);
}

result sf_hangup(struct sf *sf, struct pool_ref call, const char *reason, const struct now *now)
{
	struct sf_call *c = pool_find(sf->calls, call);
	struct call_event e = {.now = now, .status = 503, .reason = reason};

	REQUIRE(c != NULL, E_NOT_FOUND);
	call_event(c, CALL_HANGUP, &e);
	return OK;
}

uint32_t sf_call_count(const struct sf *sf)
{
	return pool_count(sf->calls);
}

uint32_t sf_transaction_count(const struct sf *sf)
{
	return sf_tx_count(sf->tx);
}

void sf_each_call(struct sf *sf, void (*visit)(const struct sf_call *c, void *ctx), void *ctx)
{
	struct pool_ref ref;
	uint32_t slot = 0;
	const struct sf_call *c;

	for (; (c = pool_next(sf->calls, &slot, &ref)) != NULL; slot++)
		visit(c, ctx);
}

void sf_drain(struct sf *sf, bool on)
{
	sf->draining = on;
}

bool sf_draining(const struct sf *sf)
{
	return sf->draining;
}
