// SPDX-License-Identifier: Apache-2.0
// Requests passed on: one server transaction, one client transaction, and what ties them.
//
// Used for every request inside a dialog but ACK and BYE's answer, for requests of our own (BYE, PRACK,
// refresh) and, without a call, for standalone requests. Bounded per call; freed when answered, or when the
// call goes.
#include "sf/inside.h"

#include "base/memory.h"
#include "sf/message.h"

struct sf_relay *relay_new(struct sf *sf, struct sf_call *c)
{
	struct pool_ref ref;
	uint32_t n = 0;
	void *object;

	for (struct sf_relay *r = c != NULL ? c->relays : NULL; r != NULL; r = r->next)
		n++;
	// Those of our own (BYE) always find room: there are two of them at most and a few for lost forks.
	if (n >= SF_RELAYS_PER_CALL + 2 * SF_BRANCHES_MAX || !is_ok(pool_get(sf->relays, &object, &ref)))
		return NULL;
	struct sf_relay *r = object;
	r->sf = sf;
	r->ref = ref;
	r->call = c;
	r->peer_in = PEER_NONE;
	if (c != NULL) {
		r->next = c->relays;
		c->relays = r;
	}
	return r;
}

void relay_free(struct sf_relay *r)
{
	struct sf_call *c = r->call;

	if (c != NULL && r->server != NULL && c->ack.server == r->server)
		c->ack.server = NULL;
	if (c != NULL && r->client != NULL && c->ack.client == r->client)
		c->ack.client = NULL;
	if (r->server != NULL)
		sf_tx_abandon(r->server);
	if (r->client != NULL)
		sf_tx_abandon(r->client);
	r->server = r->client = NULL;
	detour_end(r);
	memory_free(r->early);
	if (c != NULL) {
		struct sf_relay **at = &c->relays;
		while (*at != NULL && *at != r)
			at = &(*at)->next;
		if (*at == r)
			*at = r->next;
		if (c->invite == r)
			c->invite = NULL;
		for (uint8_t side = 0; side < 2; side++)
			if (c->wait[side] != NULL && c->wait[side]->relay == r)
				wait_drop(c, side);
		if (r->method == SIP_BYE)
			c->byes--;
	}
	pool_put(r->sf->relays, r->ref);
}

void relays_end(struct sf_call *c, const struct now *now)
{
	for (struct sf_relay *r = c->relays, *next; r != NULL; r = next) {
		next = r->next;
		if (r->method == SIP_BYE)
			continue;
		if (r->server != NULL && !r->done)
			relay_reply(r, r->method == SIP_INVITE ? 487 : 481, 0, now);
		relay_free(r);
	}
}

void relay_reply(struct sf_relay *r, uint16_t status, uint32_t retry_s, const struct now *now)
{
	if (r->server == NULL)
		return;
	message_respond(r->sf, r->server, status, BYTES(""), retry_s, now);
	sf_tx_abandon(r->server);
	r->server = NULL;
}

void dialog_reply(
	struct sf_call *c, struct sf_leg *l, const struct call_event *e, uint16_t status, uint32_t retry_s)
{
	struct verdict v = {.action = VERDICT_REPLY, .status = status, .retry_after_s = retry_s};
	struct sf_tx *tx;

	// A BYE or PRACK is taken whatever the load, but nobody fills the table with them.
	if (!sf_share_left(c->sf, l->peer, false) ||
		!is_ok(sf_tx_server_new(c->sf->tx, e->m, e->origin, l->peer, NULL, NULL, e->now, &tx))) {
		sf_alarm(c->sf, SF_ALARM_TABLE_FULL, l->peer, e->now);
		sf_refuse(c->sf, e->m, e->origin, &v, l->peer, PEER_NONE);
		return;
	}
	message_respond(c->sf, tx, status, BYTES(""), retry_s, e->now);
	sf_tx_abandon(tx);
}

// ---- there
// ----------------------------------------------------------------------------------------------------

bool relay_carries_session(enum sip_method m)
{
	return m == SIP_INVITE || m == SIP_UPDATE || m == SIP_PRACK;
}

// What a request in a dialog bears besides what passes.
static void write_own(struct sip_writer *w, const struct sf_relay *r, const struct sf_leg *to,
	const struct sip_msg *from, struct sip_hdr_way way)
{
	if (r->sent == SIP_INVITE || r->sent == SIP_UPDATE) {
		message_contact(w, r->sf, &to->hop, to->sips);
		message_allow(w);
		options_write(w, SIP_HDR_SUPPORTED, BYTES("timer"), from, way);
		session_timer_write_request(
			w, &to->timer, to->timer.interval_s, sf_min_se_s(r->sf, to->peer), true);
	}
	if (r->sent == SIP_PRACK) {
		sip_write_name(w, SIP_HDR_RACK);
		sip_write_number(w, r->rack);
		sip_write_string(w, " ");
		sip_write_number(w, to->cseq_invite);
		sip_write_string(w, " INVITE");
		sip_write_crlf(w);
	}
	options_write(w, SIP_HDR_REQUIRE, BYTES(""), from, way);
	options_write(w, SIP_HDR_PROXY_REQUIRE, BYTES(""), from, way);
}

// The request as it goes to HOP, and the transaction that it belongs to.
static bool write_request(struct sf_relay *r, struct sf_leg *to, const struct hop *hop, const struct sip_msg *from,
	const struct message_body *body, struct bytes *out)
{
	peer_id sender = r->branch != NULL ? branch_leg(r->branch, r->asker)->peer : r->peer_in;
	char branch[SF_BRANCH_LEN];
	struct passage p = {.way = {.strict = true}};
	struct sip_writer w;

	if (!is_ok(sf_tx_client_new(
		    r->sf->tx, r->sent, to->peer, &relay_client_events, r, branch, &r->client)))
		return false;
	if (r->server != NULL) // what is our own (BYE, refresh) is nobody's
		sf_tx_charge(r->client, sender);
	message_begin(r->sf, &w);
	message_in_dialog(&w, r->sf, to, hop, r->sent, r->cseq_out, branch, message_forwards(from));
	if (from != NULL)
		passage_init(&p, r->sf, from, sender, to->peer);
	write_own(&w, r, to, from, p.way);
	if (from != NULL)
		message_copy(&w, &p, body != NULL && body->octets.len > 0);
	message_body(&w, body);
	return message_end(&w, out);
}

// Above the path limit: once more for STREAM; the datagram is kept. False: by UDP, as kept or as it was.
static bool write_detour(struct sf_relay *r, struct sf_leg *to, const struct hop *stream, const struct sip_msg *from,
	const struct message_body *body, struct bytes *out)
{
	struct detour *d = detour_new(r->client, &to->hop, *out);

	if (d == NULL)
		return false;
	r->detour = d;
	r->client = NULL;
	if (write_request(r, to, stream, from, body, out))
		return true;
	if (r->client != NULL)
		sf_tx_abandon(r->client);
	r->client = d->tx;
	d->tx = NULL;
	*out = bytes_make(d->octets, d->len); // freed by the first answer, or with R
	return false;
}

bool relay_send(struct sf_relay *r, struct sf_leg *to, enum sip_method method, const struct sip_msg *from,
	const struct message_body *body, const struct now *now)
{
	const struct hop *hop = &to->hop;
	struct hop stream;
	struct bytes out;

	r->sent = method;
	r->cseq_out = ++to->cseq_local;
	if (!write_request(r, to, hop, from, body, &out))
		return false;
	if (!to->no_stream && path_stream(r->sf, hop, to->peer, out.len, &stream) &&
		write_detour(r, to, &stream, from, body, &out))
		hop = &stream;
	if (method == SIP_INVITE)
		to->cseq_invite = r->cseq_out;
	if (body != NULL && body->replaced && !to->update)
		IGNORE_BOOL(
			octets_set(&to->sdp, body->sdp)); // without it the next refresh fails, and says so
	sf_tx_client_start(r->client, hop, out, now);
	return true;
}

// The session description of request M, if it may carry one. False: answered, or kept.
static bool begin_session(
	struct sf_relay *r, const struct sip_msg *m, struct message_body *body, const struct now *now)
{
	struct branch *b = r->branch;
	bool sdp = message_has_sdp(m);
	bool answers = sdp && b->oa == OA_OFFERED && b->oa_by != r->asker && r->method == SIP_PRACK;

	if (!sdp && r->method != SIP_INVITE)
		return true;
	struct verdict v = message_sdp(b, r->asker, answers ? SF_SDP_ANSWER : SF_SDP_OFFER, m, body);
	if (v.action == VERDICT_WAIT &&
		wait_keep(r->call, r->asker, WAIT_RELAY_REQUEST, b->pub.index, NULL, r, m))
		return false;
	if (v.action != VERDICT_PASS) {
		relay_reply(r,
			v.action == VERDICT_WAIT ? 500
			: v.status != 0          ? v.status
						 : 488,
			v.action == VERDICT_WAIT ? 1 : 0, now);
		relay_free(r);
		return false;
	}
	r->offer = answers ? RELAY_NO_OFFER : sdp ? RELAY_OFFERED : RELAY_LATE;
	b->oa = answers ? OA_STABLE : OA_OFFERED;
	b->oa_by = r->offer == RELAY_LATE ? (uint8_t)!r->asker : r->asker;
	return true;
}

void relay_offer_back(struct sf_relay *r)
{
	const struct sf_port *port = &r->sf->config.port;

	if (r->offer == RELAY_NO_OFFER || r->branch == NULL)
		return;
	port->sdp_rollback(port->ctx, r->call, &r->branch->pub);
	r->branch->oa = OA_STABLE;
	r->offer = RELAY_NO_OFFER;
}

void relay_begin(struct sf_relay *r, const struct sip_msg *m, const struct now *now)
{
	struct sf_leg *to = branch_leg(r->branch, !r->asker);
	struct message_body body =
		relay_carries_session(r->method) ? (struct message_body){0} : message_body_as_is(m);
	enum sip_method method = r->method;

	if (relay_carries_session(method) && !begin_session(r, m, &body, now))
		return;
	if (method == SIP_UPDATE && !to->update)
		method = SIP_INVITE; // confirmed calls only: see call_update_h
	if (method == SIP_INVITE)
		r->call->invite = r;
	if (!relay_send(r, to, method, m, &body, now)) {
		relay_offer_back(r);
		relay_reply(r, 500, SF_FULL_RETRY_S, now);
		relay_free(r);
	}
}

static struct sf_relay *relay_open(struct sf_call *c, struct call_event *e, enum sip_method method)
{
	struct sf_leg *l = branch_leg(e->branch, e->side);
	uint32_t n = 0;

	for (struct sf_relay *r = c->relays; r != NULL; r = r->next)
		n++;
	struct sf_relay *r = n < SF_RELAYS_PER_CALL ? relay_new(c->sf, c) : NULL;
	if (r == NULL) {
		dialog_reply(c, l, e, 500, SF_FULL_RETRY_S);
		return NULL;
	}
	r->branch = e->branch;
	r->asker = e->side;
	r->method = method;
	r->cseq_in = e->m->cseq;
	r->asked = options_asked(e->m);
	if (!is_ok(sf_tx_server_new(
		    c->sf->tx, e->m, e->origin, l->peer, &relay_server_events, r, e->now, &r->server))) {
		relay_free(r);
		return NULL; // it comes again
	}
	if (method == SIP_INVITE)
		message_respond(c->sf, r->server, 100, BYTES(""), 0, e->now);
	return r;
}

void relay_start(struct sf_call *c, struct call_event *e, enum sip_method method)
{
	struct sf_relay *r = relay_open(c, e, method);

	if (r != NULL)
		relay_begin(r, e->m, e->now);
}

void relay_prack(struct sf_call *c, struct call_event *e, uint32_t rseq)
{
	struct sf_relay *r = relay_open(c, e, SIP_PRACK);

	if (r == NULL)
		return;
	r->rack = rseq;
	relay_begin(r, e->m, e->now);
}

void relay_request_h(struct sf_call *c, struct call_event *e)
{
	struct sf_leg *to = branch_leg(e->branch, !e->side);

	if (leg_parts(to).remote_tag.len == 0 || e->branch->dead)
		dialog_reply(c, branch_leg(e->branch, e->side), e, 481, 0);
	else
		relay_start(c, e, e->m->method);
}

void relay_cancel(struct sf *sf, struct sf_tx *tx, const struct now *now)
{
	struct sf_relay *r = sf_tx_owner(tx);

	if (r == NULL || pool_find(sf->relays, r->ref) != r || r->server != tx || r->done ||
		r->client == NULL)
		return;
	r->cancelled = true;
	sf_tx_cancel(r->client, now); // its 487 comes back this way, or a 2xx that crossed
}

// ---- what the transactions tell
// -------------------------------------------------------------------------------

static void finished(struct sf_relay *r, const struct sip_msg *m, uint16_t status, const struct now *now)
{
	struct sf_call *c = r->call;

	if (c == NULL)
		standalone_answer(r, m, status, now);
	else if (r->method == SIP_BYE || r->prack)
		relay_free(r);
	else if (r->refresh)
		refresh_answer(r, m, status, now);
	else if (m != NULL)
		relay_answer(r, m, now);
	else
		relay_failure(r, NULL, status, now);
	if (c != NULL)
		call_settle(c);
}

static void client_response(void *user, struct sf_tx *tx, const struct sip_msg *m, const struct now *now)
{
	struct sf_relay *r = user;

	detour_end(r); // the stream works
	if (m->status < 200)
		return;
	if (r->done) {
		if (r->call->ack.client == tx)
			ack_repeat(r->call, now);
		return;
	}
	if (r->call != NULL && r->call->wait[!r->asker] != NULL && r->call->wait[!r->asker]->relay == r)
		return; // a repeated 2xx while the first one is kept
	finished(r, m, m->status, now);
}

static void client_timeout(void *user, struct sf_tx *tx, const struct now *now)
{
	struct sf_relay *r = user;

	UNUSED(tx);
	if (!r->done)
		finished(r, NULL, 408, now);
}

static void client_unreachable(void *user, struct sf_tx *tx, const struct now *now)
{
	struct sf_relay *r = user;

	UNUSED(tx);
	if (!r->done && !detour_back(r, now))
		finished(r, NULL, 503, now);
}

static void client_gone(void *user, struct sf_tx *tx)
{
	struct sf_relay *r = user;

	if (r->client != tx)
		return;
	r->client = NULL;
	if (r->call != NULL && r->call->ack.client == tx) {
		r->call->ack.client = NULL;
		sf_octets_free(&r->call->ack.ack); // nothing comes again
	}
	if (r->done)
		relay_free(r);
}

static void server_gone(void *user, struct sf_tx *tx)
{
	struct sf_relay *r = user;

	if (r->server == tx)
		r->server = NULL;
	if (r->call != NULL && r->call->ack.server == tx)
		r->call->ack.server = NULL;
}

static void server_quiet(void *user, struct sf_tx *tx, const struct now *now)
{
	UNUSED(user);
	UNUSED(tx);
	UNUSED(now);
}

const struct sf_tx_user relay_server_events = {
	.timeout = server_quiet, .unreachable = server_quiet, .ack = server_quiet, .ended = server_gone};
const struct sf_tx_user relay_client_events = {.response = client_response,
	.timeout = client_timeout,
	.unreachable = client_unreachable,
	.ended = client_gone};
