// SPDX-License-Identifier: Apache-2.0
// Requests passed on: one server transaction, one client transaction, and what ties them.
//
// Used for every request inside a dialog but ACK and BYE's answer, for requests of our own (BYE, PRACK, refresh) and,
// without a call, for standalone requests. Bounded per call; freed when answered, or when the call goes.
#include "sf/inside.h"

#include "base/memory.h"
#include "sf/message.h"
#include "sf/options.h"

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

void dialog_reply(struct sf_call *c, struct sf_leg *l, const struct call_event *e, uint16_t status, uint32_t retry_s)
{
	struct sf_tx *tx;

	if (!is_ok(sf_tx_server_new(c->sf->tx, e->m, e->origin, l->peer, NULL, NULL, e->now, &tx))) {
		sf_alarm(c->sf, SF_ALARM_TABLE_FULL, l->peer, e->now);
		return; // it comes again
	}
	message_respond(c->sf, tx, status, BYTES(""), retry_s, e->now);
	sf_tx_abandon(tx);
}

// ---- there ----------------------------------------------------------------------------------------------------

static bool carries_session(enum sip_method m)
{
	return m == SIP_INVITE || m == SIP_UPDATE || m == SIP_PRACK;
}

static void write_session(struct sip_writer *w, const struct sf_relay *r, const struct sf_leg *to, const struct sip_msg *from)
{
	message_contact(w, r->sf, &to->hop);
	message_allow(w);
	options_write(w, SIP_HDR_SUPPORTED, BYTES("timer"), from);
	session_timer_write_request(w, &to->timer, to->timer.interval_s, sf_min_se_s(r->sf, to->peer), true);
}

bool relay_send(struct sf_relay *r, struct sf_leg *to, enum sip_method method, const struct sip_msg *from,
	const struct message_body *body, const struct now *now)
{
	uint8_t mf = from == NULL || from->max_forwards == 255 ? 70 : (uint8_t)(from->max_forwards - 1);
	char branch[SF_BRANCH_LEN];
	struct passage p;
	struct sip_writer w;
	struct bytes out;

	if (!is_ok(sf_tx_client_new(r->sf->tx, method, to->peer, &relay_client_events, r, branch, &r->client)))
		return false;
	r->sent = method;
	r->cseq_out = ++to->cseq_local;
	message_begin(r->sf, &w);
	message_in_dialog(&w, r->sf, to, method, r->cseq_out, branch, mf);
	if (method == SIP_INVITE || method == SIP_UPDATE)
		write_session(&w, r, to, from);
	if (method == SIP_PRACK) {
		sip_write_name(&w, SIP_HDR_RACK);
		sip_write_number(&w, r->rack);
		sip_write_string(&w, " ");
		sip_write_number(&w, to->cseq_invite);
		sip_write_string(&w, " INVITE");
		sip_write_crlf(&w);
	}
	if (from != NULL) {
		options_write(&w, SIP_HDR_REQUIRE, BYTES(""), from);
		struct branch *b = r->branch;
		passage_init(&p, r->sf, from, b != NULL ? branch_leg(b, r->asker)->peer : to->peer, to->peer);
		message_copy(&w, &p, body != NULL && body->octets.len > 0);
	}
	message_body(&w, body);
	if (!message_end(&w, &out))
		return false;
	if (method == SIP_INVITE)
		to->cseq_invite = r->cseq_out;
	if (body != NULL && body->replaced && !to->update)
		IGNORE_BOOL(octets_set(&to->sdp, body->octets)); // without it the next refresh fails, and says so
	sf_tx_client_start(r->client, &to->hop, out, now);
	return true;
}

// The session description of request M, if it may carry one. False: answered, or kept.
static bool begin_session(struct sf_relay *r, const struct sip_msg *m, struct message_body *body, const struct now *now)
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
		relay_reply(r, v.action == VERDICT_WAIT ? 500 : v.status != 0 ? v.status : 488,
			v.action == VERDICT_WAIT ? 1 : 0, now);
		relay_free(r);
		return false;
	}
	r->offer = answers ? RELAY_NO_OFFER : sdp ? RELAY_OFFERED : RELAY_LATE;
	b->oa = answers ? OA_STABLE : OA_OFFERED;
	b->oa_by = r->offer == RELAY_LATE ? (uint8_t)!r->asker : r->asker;
	return true;
}

static void offer_back(struct sf_relay *r)
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
	struct message_body body = carries_session(r->method) ? (struct message_body){0} : message_body_as_is(m);
	enum sip_method method = r->method;

	if (carries_session(method) && !begin_session(r, m, &body, now))
		return;
	if (method == SIP_UPDATE && !to->update)
		method = SIP_INVITE; // confirmed calls only: see call_update_h
	if (method == SIP_INVITE)
		r->call->invite = r;
	if (!relay_send(r, to, method, m, &body, now)) {
		offer_back(r);
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
	if (!is_ok(sf_tx_server_new(c->sf->tx, e->m, e->origin, l->peer, &relay_server_events, r, e->now, &r->server))) {
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

// ---- and back -------------------------------------------------------------------------------------------------

static void write_answer(struct sip_writer *w, struct sf_relay *r, const struct sip_msg *m, const struct message_body *body)
{
	struct sf_leg *l = branch_leg(r->branch, r->asker);
	bool session = r->method == SIP_INVITE || r->method == SIP_UPDATE, refresh = false;
	struct passage p;

	passage_init(&p, r->sf, m, branch_leg(r->branch, !r->asker)->peer, l->peer);
	message_begin(r->sf, w);
	message_reply_tx(w, r->server, m->status, BYTES(""), session);
	if (session && m->status < 300) {
		message_contact(w, r->sf, &l->hop);
		message_allow(w);
		options_write(w, SIP_HDR_SUPPORTED, BYTES("timer"), m);
		refresh = session_timer_write_answer(w, &l->timer);
		if (refresh)
			options_write(w, SIP_HDR_REQUIRE, BYTES("timer"), NULL);
	}
	message_copy(w, &p, body->octets.len > 0);
	message_body(w, body);
}

// Pass final response M with BODY to the asker; a 2xx to INVITE then waits for its ACK.
void relay_pass_answer(struct sf_relay *r, const struct sip_msg *m, const struct message_body *body, const struct now *now)
{
	struct sf_call *c = r->call;
	struct sf_leg *l = branch_leg(r->branch, r->asker);
	struct sip_writer w;
	struct bytes out;

	if (r->server == NULL)
		return;
	write_answer(&w, r, m, body);
	if (!message_end(&w, &out)) {
		relay_reply(r, 500, 0, now);
		return;
	}
	if (body->replaced && !l->update)
		IGNORE_BOOL(octets_set(&l->sdp, body->octets)); // as in relay_send
	sf_tx_respond(r->server, out, m->status, now);
	if (r->method == SIP_INVITE && m->status < 300)
		ack_begin(c, r->server, r->client, r->asker, r->cseq_in, r->cseq_out, r->offer == RELAY_LATE, out, now);
	else {
		sf_tx_abandon(r->server);
		r->server = NULL;
	}
}

static void answer_refused(struct sf_relay *r, const struct verdict *v, const struct now *now)
{
	struct sf_call *c = r->call;

	if (r->sent == SIP_INVITE)
		ack_send(c, branch_leg(r->branch, !r->asker), r->cseq_out, NULL, false, now);
	relay_reply(r, v->status != 0 ? v->status : 488, 0, now);
	call_end(c, 2, 488, v->reason != NULL ? v->reason : "answer not usable", now); // both sides differ now
}

static void success(struct sf_relay *r, const struct sip_msg *m, const struct now *now)
{
	struct sf_call *c = r->call;
	struct branch *b = r->branch;
	struct sf_leg *far = branch_leg(b, !r->asker);
	struct message_body body = carries_session(r->method) ? (struct message_body){0} : message_body_as_is(m);
	struct session_terms terms;
	struct verdict v = PASS;

	if (r->offer == RELAY_OFFERED)
		v = message_has_sdp(m) ? message_sdp(b, !r->asker, SF_SDP_ANSWER, m, &body) : REPLY(488, "No Answer");
	else if (r->offer == RELAY_LATE)
		v = message_has_sdp(m) ? message_sdp(b, !r->asker, SF_SDP_OFFER, m, &body) : REPLY(488, "No Offer");
	if (v.action == VERDICT_WAIT && wait_keep(c, !r->asker, WAIT_RELAY_RESPONSE, b->pub.index, NULL, r, m))
		return;
	if (v.action != VERDICT_PASS) {
		answer_refused(r, &v, now);
		return;
	}
	if (r->offer == RELAY_OFFERED)
		b->oa = OA_STABLE;
	if (r->sent == SIP_INVITE || r->sent == SIP_UPDATE) {
		if (is_ok(session_terms_read(m, &terms)))
			session_timer_agree(&far->timer, &terms, far->timer.interval_s, now);
		IGNORE_BOOL(call_leg_update(far, m, sf_peer(c->sf, far->peer)));
		call_session_arm(c, now);
	}
	if (r->sent == SIP_INVITE && r->method != SIP_INVITE) {
		ack_end(c);
		c->ack.asker = r->asker;
		c->ack.client = r->client;
		ack_send(c, far, r->cseq_out, NULL, true, now);
	}
	relay_pass_answer(r, m, &body, now);
	if (r->sent == SIP_INVITE) {
		r->done = true; // repeated 2xx still come to its client transaction
		if (c->invite == r)
			c->invite = NULL;
	}
	call_keep(c);
	if (r->sent != SIP_INVITE)
		relay_free(r);
}

static bool dialog_gone(const struct sf_relay *r, uint16_t status)
{
	return status == 481 || (status == 408 && (r->sent == SIP_INVITE || r->refresh)); // RFC3261#12.2.1.2
}

static void failure(struct sf_relay *r, const struct sip_msg *m, uint16_t status, const struct now *now)
{
	struct message_body none = {0};
	struct sf_call *c = r->call;
	bool end = dialog_gone(r, status) && c->state == SF_CALL_CONFIRMED;

	offer_back(r);
	if (m != NULL && status != 503 && status != 401 && status != 407 && status >= 400)
		relay_pass_answer(r, m, &none, now);
	else
		relay_reply(r, status == 408 ? 408 : 500, 0, now);
	uint8_t side = (uint8_t)!r->asker;
	relay_free(r);
	if (end)
		call_end(c, side, status, "dialog gone on one side", now);
}

void relay_answer(struct sf_relay *r, const struct sip_msg *m, const struct now *now)
{
	if (m->status < 300)
		success(r, m, now);
	else
		failure(r, m, m->status, now);
}

void relay_cancel(struct sf *sf, struct sf_tx *tx, const struct now *now)
{
	struct sf_relay *r = sf_tx_owner(tx);

	if (r == NULL || pool_find(sf->relays, r->ref) != r || r->server != tx || r->done || r->client == NULL)
		return;
	r->cancelled = true;
	sf_tx_cancel(r->client, now); // its 487 comes back this way, or a 2xx that crossed
}

// ---- what the transactions tell -------------------------------------------------------------------------------

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
		failure(r, NULL, status, now);
	if (c != NULL)
		call_settle(c);
}

static void client_response(void *user, struct sf_tx *tx, const struct sip_msg *m, const struct now *now)
{
	struct sf_relay *r = user;

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
	if (!r->done)
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
const struct sf_tx_user relay_client_events = {.response = client_response, .timeout = client_timeout,
	.unreachable = client_unreachable, .ended = client_gone};
