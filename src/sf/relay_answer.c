// SPDX-License-Identifier: Apache-2.0
// Final responses to requests that were passed on, on their way back to who asked.
#include "sf/inside.h"

#include "sf/message.h"

// The way that the request went.
static struct sip_hdr_way relay_way(const struct sf_relay *r)
{
	return sf_way(r->sf, branch_leg(r->branch, r->asker)->peer, branch_leg(r->branch, !r->asker)->peer);
}

static void write_answer(
	struct sip_writer *w, struct sf_relay *r, const struct sip_msg *m, const struct message_body *body)
{
	struct sf_leg *l = branch_leg(r->branch, r->asker);
	bool session = r->method == SIP_INVITE || r->method == SIP_UPDATE, refresh = false;
	struct passage p;

	passage_init(&p, r->sf, m, branch_leg(r->branch, !r->asker)->peer, l->peer);
	message_begin(r->sf, w);
	message_reply_tx(w, r->server, m->status, BYTES(""), session);
	if (session && m->status < 300) {
		message_contact(w, r->sf, &l->hop, l->sips);
		message_allow(w);
		options_write(w, SIP_HDR_SUPPORTED, BYTES("timer"), m, p.way);
		refresh = session_timer_write_answer(w, &l->timer);
		if (refresh)
			options_write(w, SIP_HDR_REQUIRE, BYTES("timer"), NULL, p.way);
	}
	if (m->status == 420 || m->status == 421)
		options_write_told(w, m, &r->asked, relay_way(r));
	message_copy(w, &p, body->octets.len > 0);
	message_body(w, body);
}

// Pass final response M with BODY to the asker; a 2xx to INVITE then waits for its ACK.
static void relay_pass_answer(
	struct sf_relay *r, const struct sip_msg *m, const struct message_body *body, const struct now *now)
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
		IGNORE_BOOL(octets_set(&l->sdp, body->sdp)); // as in relay_send
	sf_tx_respond(r->server, out, m->status, now);
	if (r->method == SIP_INVITE && m->status < 300)
		ack_begin(c, r->server, r->client, r->asker, r->cseq_in, r->cseq_out, r->offer == RELAY_LATE,
			out, now);
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
	call_end(
		c, 2, 488, v->reason != NULL ? v->reason : "answer not usable", now); // both sides differ now
}

static void success(struct sf_relay *r, const struct sip_msg *m, const struct now *now)
{
	struct sf_call *c = r->call;
	struct branch *b = r->branch;
	struct sf_leg *far = branch_leg(b, !r->asker);
	struct message_body body =
		relay_carries_session(r->method) ? (struct message_body){0} : message_body_as_is(m);
	struct session_terms terms;
	struct verdict v = PASS;

	if (r->offer == RELAY_OFFERED)
		v = message_has_sdp(m) ? message_sdp(b, !r->asker, SF_SDP_ANSWER, m, &body)
				       : REPLY(488, "No Answer");
	else if (r->offer == RELAY_LATE)
		v = message_has_sdp(m) ? message_sdp(b, !r->asker, SF_SDP_OFFER, m, &body)
				       : REPLY(488, "No Offer");
	if (v.action == VERDICT_WAIT &&
		wait_keep(c, !r->asker, WAIT_RELAY_RESPONSE, b->pub.index, NULL, r, m))
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
		IGNORE_BOOL(call_leg_update(c, far, m));
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

void relay_failure(struct sf_relay *r, const struct sip_msg *m, uint16_t status, const struct now *now)
{
	struct message_body none = {0};
	struct sf_call *c = r->call;
	bool end = dialog_gone(r, status) && c->state == SF_CALL_CONFIRMED;

	relay_offer_back(r);
	if (m != NULL && options_told(m, &r->asked, relay_way(r)) != status)
		relay_reply(r, 500, 0, now);
	else if (m != NULL && status != 503 && status != 401 && status != 407 && status >= 400)
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
		relay_failure(r, m, m->status, now);
}
