// SPDX-License-Identifier: Apache-2.0
// 2xx to the initial INVITE: the first one wins; one that nobody waits for any more is acknowledged and ended
// with BYE (RFC3261#13.2.2.4).
#include "sf/inside.h"

#include "base/memory.h"
#include "sf/answer.h"
#include "sf/message.h"

// ACK and BYE in a dialog that we do not keep.
void call_drop_answer(struct sf_call *c, const struct sip_msg *m, const struct now *now)
{
	struct branch *b = branch_of(c, m), *model = b;
	uint8_t buf[RESPONSE_TEXT_CAP];
	struct sf_leg l;

	for (uint32_t i = 0; model == NULL && i < SF_BRANCHES_MAX; i++)
		model = c->branch[i];
	if (model == NULL || model->called.text == NULL || span_empty(m->to_tag))
		return;
	struct leg_parts p = leg_parts(&model->called);
	p.remote_tag = sip_bytes(m, m->to_tag);
	if (!is_ok(leg_read_target(m, &p.target)) ||
		!is_ok(leg_read_routes(m, true, buf, sizeof(buf), &p.routes)))
		return; // it cannot be addressed; its own timers end it
	l = model->called;
	l.sdp = (struct octets){0};
	if (!is_ok(leg_text_new(&l.text, &p)))
		return;
	call_leg_aim(c, &l);
	ack_send(c, &l, m->cseq, NULL, false, now);
	leg_bye(c, &l, NULL, now);
	leg_clear(&l);
}

static void confirm(struct sf_call *c, struct branch *b, const struct now *now)
{
	c->state = SF_CALL_CONFIRMED;
	c->confirmed = b->pub.index;
	c->final_status = 200;
	c->answer_ms = now->wall_ms;
	c->answer_us = now->mono_us;
	b->caller.confirmed = b->called.confirmed = true;
	timer_cancel(c->sf->wheel, &c->ring);
	reliable_end(b);
	sf_octets_free(&b->answer);
	for (uint8_t i = SF_BRANCHES_MAX; i-- > 0;)
		if (i != c->confirmed)
			branch_free(c, i, now);
	branch_fork_end(b);
	if (b->media_open)
		c->sf->config.port.media_confirm(c->sf->config.port.ctx, c, &b->pub);
	memory_free(c->early);
	c->early = NULL;
	for (uint8_t side = 0; side < 2; side++)
		if (branch_leg(b, side)->update)
			sf_octets_free(&branch_leg(b, side)->sdp);
	b->oa = OA_STABLE;
}

static void agree_timers(struct branch *b, const struct sip_msg *m, const struct now *now)
{
	struct session_terms terms;

	if (is_ok(session_terms_read(m, &terms)))
		session_timer_agree(&b->called.timer, &terms, b->call->early->session_s, now);
	session_timer_restart(&b->caller.timer, now);
}

// The 2xx of M cannot be passed on: end both sides.
static void answer_fail(struct sf_call *c, const struct sip_msg *m, uint16_t status, const char *reason,
	const struct now *now)
{
	call_drop_answer(c, m, now);
	if (c->client != NULL)
		sf_tx_abandon(c->client);
	c->client = NULL;
	call_refuse_early(c, status, 2, reason, now);
}

// Which session description goes to the caller: the one of M, or what was held back from an unreliable
// provisional.
static struct verdict answer_body(
	struct branch *b, const struct sip_msg *m, struct message_body *body, bool *answer_due)
{
	bool sdp = message_has_sdp(m);

	*body = (struct message_body){0};
	*answer_due = false;
	if (b->oa == OA_NONE) { // late offer
		*answer_due = true;
		return sdp ? message_sdp(b, SIDE_CALLED, SF_SDP_OFFER, m, body)
			   : REPLY(502, "No Offer in Answer");
	}
	if (b->oa == OA_STABLE)
		return PASS; // answered reliably: what a 2xx repeats is ignored (RFC3261#13.2.1)
	if (b->oa_by != SIDE_CALLER)
		return REPLY(502, "Offer Not Answered");
	if (b->answer.at == NULL)
		return sdp ? message_sdp(b, SIDE_CALLED, SF_SDP_ANSWER, m, body)
			   : REPLY(502, "Offer Not Answered");
	struct bytes held = bytes_make(b->answer.at, b->answer.len);
	*body = (struct message_body){.octets = held, .sdp = held, .type = BYTES("application/sdp")};
	return PASS;
}

void call_answer(struct branch *b, struct sf_tx *tx, const struct sip_msg *m, const struct now *now)
{
	struct sf_call *c = b->call;
	struct message_body body;
	bool answer_due;
	struct bytes out;
	struct verdict v = answer_body(b, m, &body, &answer_due);
	struct answer a = {.branch = b, .m = m, .status = 200, .body = &body};

	if (v.action == VERDICT_WAIT) {
		if (!wait_keep(c, SIDE_CALLED, WAIT_RESPONSE, b->pub.index, tx, NULL, m))
			answer_fail(c, m, 503, "out of memory", now);
		return;
	}
	if (v.action != VERDICT_PASS) {
		answer_fail(c, m, v.status != 0 ? v.status : 488, v.reason, now);
		return;
	}
	if (!b->caller.update && body.sdp.len > 0)
		IGNORE_BOOL(octets_set(
			&b->caller.sdp, body.sdp)); // without it a refresh is an UPDATE or fails
	agree_timers(b, m, now);
	a.status = m->status;
	if (c->server == NULL || !answer_write(c, &a, &out)) {
		answer_fail(c, m, 513, "answer too large", now);
		return;
	}
	struct sf_tx *server = c->server;
	uint32_t cseq_out = b->called.cseq_invite;
	sf_tx_respond(server, out, m->status, now);
	ack_begin(c, server, tx, SIDE_CALLER, c->cseq_in, cseq_out, answer_due, out, now);
	confirm(c, b, now);
	call_session_arm(c, now);
	call_keep(c);
}

// No room for the branch that answered: it takes the place of the first one, when nothing was agreed there.
static struct branch *place_of_first(struct sf_call *c, const struct sip_msg *m)
{
	struct branch *first = c->branch[0];
	bool free = !first->dead && first->reliable == NULL && first->answer.at == NULL &&
		    (first->oa == OA_NONE || (first->oa == OA_OFFERED && first->oa_by == SIDE_CALLER));

	return free && branch_of(c, m) == NULL ? first : NULL;
}

void call_answer_h(struct sf_call *c, struct call_event *e)
{

	const struct waiting *kept = c->wait[SIDE_CALLED];

	if (e->tx != c->client || (kept != NULL && kept->status >= 200))
		return; // the kept answer comes first; others come again
	struct branch *b = branch_for(c, e->m, e->now);
	if (b == NULL)
		b = place_of_first(c, e->m);
	bool usable = b != NULL && !span_empty(e->m->to_tag) && is_ok(called_learn(b, &b->called, e->m));
	if (!usable || e->m->first[SIP_HDR_CONTACT] == 0) {
		answer_fail(c, e->m, 502, "unusable answer", e->now);
		return;
	}
	if (c->wait[SIDE_CALLED] != NULL)
		wait_drop(c, SIDE_CALLED); // an answer is worth more than the provisional that is kept
	const struct sf_port *port = &c->sf->config.port;
	port->hop_result(port->ctx, &b->called.hop, true, e->now);
	call_answer(b, e->tx, e->m, e->now);
}

void call_extra_answer_h(struct sf_call *c, struct call_event *e)
{
	struct branch *b = call_confirmed(c);

	if (b != NULL && bytes_equal(leg_parts(&b->called).remote_tag, sip_bytes(e->m, e->m->to_tag))) {
		ack_repeat(c, e->now);
		return;
	}
	sf_alarm(c->sf, SF_ALARM_EXTRA_2XX, b != NULL ? b->called.peer : PEER_NONE, e->now);
	call_drop_answer(c, e->m, e->now);
}

void call_ending_answer_h(struct sf_call *c, struct call_event *e)
{
	call_drop_answer(c, e->m, e->now);
}
