// SPDX-License-Identifier: Apache-2.0
// The initial INVITE: open the call, offer it to one hop after the other, give it up.
//
// Each attempt is a client transaction and a dialog set of its own (own Call-ID, own tag, own CSeq); hops are
// tried in the order of the SED, never again after media or an answer reached the caller (RFC3261#16.7 for
// the choice of answer).
#include "sf/inside.h"

#include "base/memory.h"
#include "sf/message.h"

static void server_ack(void *user, struct sf_tx *tx, const struct now *now)
{
	UNUSED(user);
	UNUSED(tx);
	UNUSED(now);
}

static void server_gone(void *user, struct sf_tx *tx)
{
	struct sf_call *c = user;

	if (c->server == tx)
		c->server = NULL;
	if (c->ack.server == tx)
		c->ack.server = NULL; // 64*T1 are over: the ACK timer of the call says so too
}

static void server_fault(void *user, struct sf_tx *tx, const struct now *now)
{
	UNUSED(user);
	UNUSED(tx);
	UNUSED(now); // our answer did not get out: retransmission or the missing ACK ends it
}

const struct sf_tx_user call_server_events = {
	.timeout = server_fault, .unreachable = server_fault, .ack = server_ack, .ended = server_gone};

static void client_response(void *user, struct sf_tx *tx, const struct sip_msg *m, const struct now *now)
{
	struct call_event e = {.m = m, .tx = tx, .side = SIDE_CALLED, .status = m->status, .now = now};

	call_event(user,
		m->status < 200   ? CALL_PROVISIONAL
		: m->status < 300 ? CALL_ANSWER
				  : CALL_FAILURE,
		&e);
}

static void client_timeout(void *user, struct sf_tx *tx, const struct now *now)
{
	struct call_event e = {.tx = tx, .side = SIDE_CALLED, .status = 408, .reason = "timeout", .now = now};

	call_event(user, CALL_FAILURE, &e);
}

static void client_unreachable(void *user, struct sf_tx *tx, const struct now *now)
{
	struct call_event e = {
		.tx = tx, .side = SIDE_CALLED, .status = 503, .reason = "unreachable", .now = now};

	call_event(user, CALL_FAILURE, &e);
}

static void client_gone(void *user, struct sf_tx *tx)
{
	struct sf_call *c = user;
	struct now now = {.mono_us = c->start_us, .wall_ms = c->start_ms};
	struct call_event e = {.tx = tx, .now = &now};

	if (c->client == tx || c->ack.client == tx)
		call_event(c, CALL_CLIENT_GONE, &e);
}

static const struct sf_tx_user call_client_events = {.response = client_response,
	.timeout = client_timeout,
	.unreachable = client_unreachable,
	.ended = client_gone};

// ---- giving up
// ------------------------------------------------------------------------------------------------

static void call_cancel_client(struct sf_call *c, const struct now *now)
{
	if (c->client != NULL)
		sf_tx_cancel(c->client, now); // before a provisional it is remembered (RFC3261#9.1)
}

struct bytes caller_tag(struct sf_call *c)
{
	for (uint32_t i = 0; i < SF_BRANCHES_MAX; i++)
		if (c->branch[i] != NULL && c->branch[i]->caller.text != NULL)
			return bytes_make(c->branch[i]->caller.tag, SF_TOKEN_LEN);
	return BYTES("");
}

void call_reject(
	struct sf_call *c, uint16_t status, uint32_t retry_s, const struct sip_msg *m, const struct now *now)
{
	struct sip_writer w;
	struct bytes out;
	struct passage p;

	if (c->server == NULL)
		return;
	message_begin(c->sf, &w);
	message_reply_tx(&w, c->server, status, caller_tag(c), false);
	if (m != NULL && c->branch[0] != NULL) {
		peer_id caller = c->branch[0]->caller.peer, called = c->branch[0]->called.peer;
		if ((status == 420 || status == 421) && c->early != NULL) {
			struct option_asked asked = early_asked(c->sf, c->early);
			options_write_told(&w, m, &asked, sf_way(c->sf, caller, called));
		}
		passage_init(&p, c->sf, m, called, caller);
		message_copy(&w, &p, false);
	} else if (retry_s > 0) {
		message_number(&w, SIP_HDR_RETRY_AFTER, retry_s);
	}
	if (status == 405)
		message_allow(&w);
	message_body(&w, NULL);
	if (message_end(&w, &out))
		sf_tx_respond(c->server, out, status, now);
	else
		message_respond(c->sf, c->server, status, caller_tag(c), retry_s, now);
	sf_tx_abandon(c->server);
	c->server = NULL;
}

void call_refuse_early(
	struct sf_call *c, uint16_t status, uint8_t side, const char *reason, const struct now *now)
{
	call_reject(c, status, status == 503 ? SF_FULL_RETRY_S : 0, NULL, now);
	call_cancel_client(c, now);
	call_over(c, side, status, reason, now);
}

// ---- the attempt
// ----------------------------------------------------------------------------------------------

static void ring_fire(struct timer *t, const struct now *now)
{
	struct sf_call *c = (struct sf_call *)(void *)((uint8_t *)t - offsetof(struct sf_call, ring));
	struct call_event e = {.now = now};

	call_event(c, CALL_RING_TIMEOUT, &e);
}

static void ring_arm(struct sf_call *c, const struct now *now)
{
	timer_arm(c->sf->wheel, &c->ring, now->mono_us + c->early->ring_timeout_s * SECOND, ring_fire);
}

void leg_open(struct sf_call *c, struct sf_leg *l, uint8_t side, uint8_t token_leg, const struct hop *hop,
	peer_id peer)
{
	const struct peer *p = sf_peer(c->sf, peer);
	uint16_t start = 0;

	sf_random(c->sf, &start, sizeof(start));
	l->hop = *hop;
	l->hop.peer = peer;
	l->peer = peer;
	l->zone = p != NULL ? p->zone : 0;
	l->listener = hop->listener;
	l->transport = (uint8_t)hop->transport;
	l->side = side;
	l->token_leg = token_leg;
	l->cseq_local = l->cseq_invite = 1u + start;
	l->timer.at_us = NO_DEADLINE;
	call_leg_tag(c, l);
}

static bool is_number(const char *user)
{
	return user[0] == '+' && user[1] != 0;
}

result called_texts(struct sf *sf, const struct early *early, struct sf_leg *l, const struct sip_msg *m,
	struct pool_ref ref)
{
	struct sf_token id = {.kind = SF_TOKEN_CALL_ID,
		.worker = sf->config.worker,
		.leg = l->token_leg,
		.peer = l->peer,
		.ref = ref};
	const char *domain = sf->snapshot->settings.domain;
	uint8_t buf[3 * 2048];
	char call_id[SF_TOKEN_LEN];
	struct leg_parts p = {0};
	struct sip_writer w;
	uint32_t a = 0, b = 0, n = 0;

	sf_token_seal(sf->config.keys, &id, call_id);
	sip_write_init(&w, buf, sizeof(buf));
	message_party(&w, m, SIP_HDR_FROM, BYTES(""), bytes_of_string(domain));
	a = w.len;
	message_party(&w, m, SIP_HDR_TO, bytes_of_string(early->user), bytes_of_string(early->host));
	b = w.len;
	sip_write_string(&w, early->sips ? "sips:" : "sip:");
	if (early->user[0] != 0) {
		sip_write_string(&w, early->user);
		sip_write_string(&w, "@");
	}
	sip_write_string(&w, early->host);
	if (is_number(early->user))
		sip_write_string(&w, ";user=phone");
	TRY(sip_write_end(&w, &n));
	p.call_id = bytes_make(call_id, SF_TOKEN_LEN);
	p.local = bytes_make(buf, a);
	p.remote = bytes_make(buf + a, b - a);
	p.target = bytes_make(buf + b, n - b);
	return leg_set_parts(l, &p);
}

static bool offers_reliable(const struct sf_call *c)
{
	// A late offer in a reliable provisional could not be passed to a caller that knows none.
	return c->branch[0]->oa == OA_OFFERED || c->branch[0]->caller.reliable;
}

static void write_invite(struct sf_call *c, struct sip_writer *w, const struct sf_leg *l,
	const struct sip_msg *m, const struct message_body *body, const char branch[SF_BRANCH_LEN])
{
	static const struct bytes own[2][2] = {
		{{NULL, 0}, {(const uint8_t *)"100rel", 6}},
		{{(const uint8_t *)"timer", 5}, {(const uint8_t *)"timer, 100rel", 13}},
	};
	const struct peer *to = sf_peer(c->sf, l->peer);
	bool timer = c->early->session_s != 0, reliable = offers_reliable(c);
	bool must_timer = timer && to != NULL && to->require_timer;
	bool must_reliable = reliable && to != NULL && to->require_100rel;
	struct passage p;

	passage_init(&p, c->sf, m, c->branch[0]->caller.peer, l->peer);
	message_begin(c->sf, w);
	message_in_dialog(w, c->sf, l, &l->hop, SIP_INVITE, l->cseq_local, branch, message_forwards(m));
	message_contact(w, c->sf, &l->hop, l->sips);
	message_allow(w);
	options_write(w, SIP_HDR_SUPPORTED, own[timer][reliable], m, p.way);
	options_write(w, SIP_HDR_REQUIRE, own[must_timer][must_reliable], m, p.way);
	options_write(w, SIP_HDR_PROXY_REQUIRE, BYTES(""), m, p.way);
	session_timer_write_request(w, &l->timer, c->early->session_s, c->early->min_se_s, false);
	message_copy(w, &p, body->octets.len > 0);
	message_body(w, body);
}

static bool send_invite(
	struct sf_call *c, const struct sip_msg *m, const struct message_body *body, const struct now *now)
{
	struct sf_leg *l = &c->branch[0]->called;
	const struct hop *hop = &c->early->hop[c->early->hop_at];
	char branch[SF_BRANCH_LEN];
	struct sip_writer w;
	struct bytes out;
	struct sf_tx *tx;

	leg_clear(l);
	leg_open(c, l, SIDE_CALLED, (uint8_t)(SF_LEG_CALLED + (c->attempts & 7)), hop, c->early->peer);
	l->sips = c->early->sips;
	l->no_stream = c->early->path == PATH_BACK;
	if (!is_ok(called_texts(c->sf, c->early, l, m, c->ref)))
		return false;
	if (!is_ok(sf_tx_client_new(c->sf->tx, SIP_INVITE, l->peer, &call_client_events, c, branch, &tx)))
		return false;
	sf_tx_charge(tx, c->branch[0]->caller.peer);
	write_invite(c, &w, l, m, body, branch);
	bool fits = message_end(&w, &out);
	if (!fits || path_leave_udp(c->sf, c->early, out.len)) {
		sf_tx_abandon(tx);
		return fits && send_invite(c, m, body, now); // once: the hop is a stream now
	}
	if (body->replaced)
		IGNORE_BOOL(octets_set(&l->sdp, body->sdp)); // without it a refresh is an UPDATE or fails
	c->client = tx;
	c->attempts++;
	ring_arm(c, now);
	sf_tx_client_start(tx, hop, out, now);
	return true;
}

void call_offer(struct sf_call *c, const struct sip_msg *m, const struct now *now)
{
	struct branch *b = c->branch[0];
	struct message_body body;
	struct verdict v = message_sdp(b, SIDE_CALLER, SF_SDP_OFFER, m, &body);

	if (v.action == VERDICT_WAIT) {
		ring_arm(c, now); // media that never comes does not hold the call for ever
		if (!wait_keep(c, SIDE_CALLER, WAIT_OFFER, 0, NULL, NULL, NULL))
			call_refuse_early(c, 503, 2, "out of memory", now);
		return;
	}
	if (v.action != VERDICT_PASS && call_next_peer(c, now) && call_try_again(c, now))
		return; // what this peer's media policy refuses, the next one's may take
	if (v.action != VERDICT_PASS) {
		call_refuse_early(c, v.status != 0 ? v.status : 488, 2, v.reason, now);
		return;
	}
	if (body.octets.len == 0 && !span_empty(m->body))
		body = message_body_as_is(m); // no session description in it
	b->oa = message_has_sdp(m) ? OA_OFFERED : OA_NONE;
	b->oa_by = SIDE_CALLER;
	if (!send_invite(c, m, &body, now))
		call_refuse_early(c, 503, 2, "no room for the leg", now);
}

// Parse the caller's INVITE once more, from the kept octets.
static const struct sip_msg *invite_again(struct sf_call *c)
{
	struct sip_fault fault;

	return is_ok(sip_msg_parse(c->sf->again, c->early->message, c->early->message_len, &fault))
		       ? c->sf->again
		       : NULL;
}

static void attempt_forget(struct sf_call *c, const struct now *now)
{
	struct branch *b = c->branch[0];

	for (uint8_t i = 1; i < SF_BRANCHES_MAX; i++)
		branch_free(c, i, now);
	wait_drop(c, SIDE_CALLED);
	reliable_end(b);
	sf_octets_free(&b->answer);
	if (b->media_open)
		c->sf->config.port.media_end(c->sf->config.port.ctx, c, &b->pub);
	b->media_open = b->dead = false;
	b->rseq_in = 0;
	b->oa = OA_NONE;
	leg_clear(&b->called);
}

bool call_try_again(struct sf_call *c, const struct now *now)
{
	attempt_forget(c, now);
	const struct sip_msg *m = invite_again(c);
	if (m == NULL)
		return false;
	c->state = SF_CALL_ROUTING;
	call_offer(c, m, now);
	return true;
}
