// SPDX-License-Identifier: Apache-2.0
// ACK of 2xx (RFC3261#13.2.2.4, #13.3.1.4): ours to the caller is repeated until its ACK comes, then ours
// goes to the other side, with the answer in it when the offer came late; repeated 2xx are acknowledged
// again.
#include "sf/inside.h"

#include "sf/message.h"

static void ack_fire(struct timer *t, const struct now *now);

void ack_begin(struct sf_call *c, struct sf_tx *server, struct sf_tx *client, uint8_t asker, uint32_t cseq_in,
	uint32_t cseq_out, bool answer_due, struct bytes answer, const struct now *now)
{
	struct ack_wait *a = &c->ack;

	ack_end(c);
	a->server = server;
	a->client = client;
	a->asker = asker;
	a->cseq_in = cseq_in;
	a->cseq_out = cseq_out;
	a->answer_due = answer_due;
	a->waiting = a->owed = true;
	a->interval_us = SF_T1_US;
	a->give_up_us = now->mono_us + 64ull * SF_T1_US;
	IGNORE_BOOL(octets_set(&a->answer, answer)); // without memory it is not repeated: the deadline stands
	timer_arm(c->sf->wheel, &a->timer, now->mono_us + a->interval_us, ack_fire);
}

static void ack_fire(struct timer *t, const struct now *now)
{
	struct sf_call *c = (struct sf_call *)(void *)((uint8_t *)t - offsetof(struct sf_call, ack.timer));
	struct ack_wait *a = &c->ack;
	struct call_event e = {.now = now, .side = a->asker};

	if (now->mono_us >= a->give_up_us) {
		call_event(c, CALL_NO_ACK, &e);
		return;
	}
	if (a->server != NULL && a->answer.at != NULL)
		sf_tx_respond(a->server, bytes_make(a->answer.at, a->answer.len), 200, now);
	a->interval_us = a->interval_us * 2 > SF_T2_US ? SF_T2_US : a->interval_us * 2;
	uint64_t at = now->mono_us + a->interval_us;
	timer_arm(c->sf->wheel, &a->timer, at < a->give_up_us ? at : a->give_up_us, ack_fire);
}

void ack_end(struct sf_call *c)
{
	timer_cancel(c->sf->wheel, &c->ack.timer);
	sf_octets_free(&c->ack.answer);
	sf_octets_free(&c->ack.ack);
	c->ack = (struct ack_wait){0};
}

static void ack_branch(struct sf *sf, char branch[SF_BRANCH_LEN])
{
	// A branch that no transaction has: nobody answers an ACK.
	struct sf_token t = {.kind = SF_TOKEN_BRANCH, .worker = sf->config.worker, .peer = PEER_NONE};

	sf_random(sf, &t.ref.slot, 3); // below SF_TOKEN_SLOT_MAX
	t.ref.slot &= SF_TOKEN_SLOT_MAX - 1;
	memcpy(branch, "z9hG4bK", 7);
	sf_token_seal(sf->config.keys, &t, branch + 7);
}

static bool ack_write(struct sf *sf, const struct sf_leg *l, const struct hop *hop, uint32_t cseq,
	const struct message_body *body, struct bytes *out)
{
	char branch[SF_BRANCH_LEN];
	struct sip_writer w;

	ack_branch(sf, branch);
	message_begin(sf, &w);
	message_in_dialog(&w, sf, l, hop, SIP_ACK, cseq, branch, 70);
	message_contact(&w, sf, &l->hop, l->sips);
	message_body(&w, body);
	return message_end(&w, out);
}

void ack_send(struct sf_call *c, struct sf_leg *l, uint32_t cseq, const struct message_body *body, bool keep,
	const struct now *now)
{
	const struct sf_port *port = &c->sf->config.port;
	const struct hop *hop = &l->hop;
	struct hop stream;
	struct bytes out;

	UNUSED(now);
	if (!ack_write(c->sf, l, hop, cseq, body, &out))
		return;
	if (keep)
		IGNORE_BOOL(octets_set(
			&c->ack.ack, out)); // without memory a repeated 2xx is not acknowledged again
	if (!l->no_stream && path_stream(c->sf, hop, l->peer, out.len, &stream)) {
		if (!ack_write(c->sf, l, &stream, cseq, body, &out))
			return;
		hop = &stream; // what is kept goes by UDP again (RFC3261#18.1.1)
	}
	IGNORE_RESULT(
		port->send(port->ctx, hop, out, (struct sf_cookie){{0, 0}})); // lost: the 2xx comes again
}

void ack_owed(struct sf_call *c, const struct now *now)
{
	struct branch *b = call_confirmed(c);

	if (!c->ack.owed || b == NULL)
		return;
	c->ack.owed = false;
	ack_send(c, branch_leg(b, !c->ack.asker), c->ack.cseq_out, NULL, true, now);
}

void ack_repeat(struct sf_call *c, const struct now *now)
{
	const struct sf_port *port = &c->sf->config.port;
	struct branch *b = call_confirmed(c);

	UNUSED(now);
	if (b == NULL || c->ack.ack.at == NULL)
		return; // not acknowledged yet: the asker's ACK is still to come
	IGNORE_RESULT(port->send(port->ctx, &branch_leg(b, !c->ack.asker)->hop,
		bytes_make(c->ack.ack.at, c->ack.ack.len), (struct sf_cookie){{0, 0}}));
}

// The asker's ACK M is here: hand on its answer, if one is due, and acknowledge the other side.
void call_ack(struct sf_call *c, const struct sip_msg *m, const struct now *now)
{
	struct branch *b = call_confirmed(c);
	struct message_body body = {0};
	bool answered = c->ack.answer_due; // else the record kept with the 2xx says all that there is

	if (b == NULL || !c->ack.owed)
		return;
	if (c->ack.answer_due) {
		struct verdict v = message_has_sdp(m) ? message_sdp(b, c->ack.asker, SF_SDP_ANSWER, m, &body)
						      : REPLY(488, "No Answer in ACK");
		if (v.action == VERDICT_WAIT &&
			wait_keep(c, c->ack.asker, WAIT_ACK, b->pub.index, NULL, NULL, m))
			return;
		if (v.action != VERDICT_PASS) {
			call_end(
				c, c->ack.asker, 488, v.reason != NULL ? v.reason : "answer not usable", now);
			return;
		}
	}
	c->ack.owed = false;
	b->oa = OA_STABLE;
	ack_send(c, branch_leg(b, !c->ack.asker), c->ack.cseq_out, &body, true, now);
	if (answered)
		call_keep(c);
}

void call_ack_h(struct sf_call *c, struct call_event *e)
{
	struct branch *b = call_confirmed(c);

	if (b == NULL || !c->ack.waiting || e->side != c->ack.asker || e->m->cseq != c->ack.cseq_in)
		return; // repeated, or of an INVITE that was refused
	c->ack.waiting = false;
	timer_cancel(c->sf->wheel, &c->ack.timer);
	sf_octets_free(&c->ack.answer);
	if (c->state == SF_CALL_ENDING) {
		if (c->bye_due)
			leg_bye(c, branch_leg(b, c->ack.asker), NULL, e->now);
		c->bye_due = false;
		return;
	}
	call_ack(c, e->m, e->now);
}

void call_no_ack_h(struct sf_call *c, struct call_event *e)
{
	struct branch *b = call_confirmed(c);

	c->ack.waiting = false;
	timer_cancel(c->sf->wheel, &c->ack.timer);
	if (c->state == SF_CALL_CONFIRMED) { // RFC3261#13.3.1.4: the session should end
		call_end(c, c->ack.asker, 408, "no ACK", e->now);
	} else if (c->bye_due && b != NULL) {
		leg_bye(c, branch_leg(b, c->ack.asker), NULL, e->now);
		c->bye_due = false;
	}
}
