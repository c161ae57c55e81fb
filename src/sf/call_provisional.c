// SPDX-License-Identifier: Apache-2.0
// Early dialogs of a fork and their provisional responses.
//
// Each early dialog of the called side has one of ours towards the caller, with its own To tag, offer/answer
// state and reliable numbering (RFC 3262); 199 ends one of them (RFC 6228).
#include "sf/inside.h"

#include "base/memory.h"
#include "sf/answer.h"
#include "sf/message.h"

// ---- early dialogs ----

// Take tag, target and route set of M into the called leg of B; the other texts are those of MODEL.
result called_learn(struct branch *b, const struct sf_leg *model, const struct sip_msg *m)
{
	uint8_t buf[RESPONSE_TEXT_CAP];
	struct leg_parts p = leg_parts(model);

	p.remote_tag = sip_bytes(m, m->to_tag);
	if (m->first[SIP_HDR_CONTACT] != 0)
		TRY(leg_read_target(m, &p.target));
	if (m->first[SIP_HDR_RECORD_ROUTE] != 0 || m->status >= 200)
		TRY(leg_read_routes(m, true, buf, sizeof(buf), &p.routes));
	TRY(leg_set_parts(&b->called, &p));
	leg_learn(&b->called, m);
	call_leg_aim(b->call, &b->called);
	return OK;
}

static struct branch *branch_fork(struct sf_call *c, const struct sip_msg *m, const struct now *now)
{
	struct branch *first = c->branch[0], *b = NULL;
	uint8_t i = 1;

	while (i < SF_BRANCHES_MAX && c->branch[i] != NULL)
		i++;
	// Who forks eightfold takes from its own share, not the branches of others (SF-A5).
	if (share_left(&c->sf->fork_share, first->called.peer, c->sf->snapshot->peer_count))
		b = branch_new(c, i);
	if (b == NULL) {
		sf_alarm(c->sf, SF_ALARM_TABLE_FULL, first->called.peer, now);
		return NULL;
	}
	b->caller = first->caller;
	leg_text_hold(b->caller.text);
	b->caller.sdp = (struct octets){0};
	b->caller.token_leg = i;
	b->caller.rseq = 0;
	call_leg_tag(c, &b->caller);
	b->called = first->called;
	b->called.text = NULL;
	b->called.sdp = (struct octets){0};
	share_take(&c->sf->fork_share, b->called.peer);
	b->forked = true;
	b->oa = first->oa == OA_NONE || first->oa_by != SIDE_CALLER ? OA_NONE : OA_OFFERED; // the same offer
	b->oa_by = SIDE_CALLER;
	if (!is_ok(called_learn(b, &first->called, m))) {
		branch_free(c, i, now);
		return NULL;
	}
	return b;
}

// The early dialog that M belongs to, made when it is new; NULL: ended, or no room.
struct branch *branch_for(struct sf_call *c, const struct sip_msg *m, const struct now *now)
{
	struct branch *b = branch_of(c, m), *first = c->branch[0];

	if (span_empty(m->to_tag))
		return first->dead ? NULL : first;
	if (b != NULL)
		return b->dead ? NULL : b;
	if (leg_parts(&first->called).remote_tag.len == 0 && !first->dead)
		return is_ok(called_learn(first, &first->called, m)) ? first : NULL;
	return branch_fork(c, m, now);
}

// ---- towards the caller ----

bool answer_write(struct sf_call *c, const struct answer *a, struct bytes *out)
{
	struct sf_leg *l = &a->branch->caller;
	struct passage p;
	struct sip_writer w;
	bool refresh = false;

	passage_init(&p, c->sf, a->m, a->branch->called.peer, l->peer);
	message_begin(c->sf, &w);
	message_reply_tx(&w, c->server, a->status, bytes_make(l->tag, SF_TOKEN_LEN), true);
	message_contact(&w, c->sf, &l->hop, l->sips);
	message_allow(&w);
	if (a->status >= 200) {
		options_write(&w, SIP_HDR_SUPPORTED, BYTES("timer, 100rel"), a->m, p.way);
		refresh = session_timer_write_answer(&w, &l->timer);
		options_write(&w, SIP_HDR_REQUIRE, refresh ? BYTES("timer") : BYTES(""), a->m, p.way);
	} else {
		options_write(&w, SIP_HDR_REQUIRE, a->rseq != 0 ? BYTES("100rel") : BYTES(""), a->m, p.way);
		if (a->rseq != 0)
			message_number(&w, SIP_HDR_RSEQ, a->rseq);
	}
	message_copy(&w, &p, a->body->octets.len > 0);
	message_body(&w, a->body);
	return message_end(&w, out);
}

// ---- 1xx ----

static void early_end(struct sf_call *c, struct branch *b, const struct sip_msg *m, const struct now *now)
{
	struct message_body none = {0};
	struct answer a = {.branch = b, .m = m, .status = 199, .body = &none};
	struct bytes out;

	if (!c->caller_199)
		return; // SF-I5: it was not offered to the called side
	if (c->server != NULL && b->passed && answer_write(c, &a, &out))
		sf_tx_respond(c->server, out, 199, now);
	branch_kill(b);
}

// Is M a reliable provisional; may it be taken now? Its number must be the next one (RFC3262#4).
static bool reliable_in_order(const struct branch *b, const struct sip_msg *m, uint32_t *rseq, bool *take)
{
	const struct sip_line *l = sip_first(m, SIP_HDR_RSEQ);

	*take = true;
	*rseq = 0;
	if (l == NULL || !sip_list_has(m, SIP_HDR_REQUIRE, BYTES("100rel")))
		return false;
	if (!is_ok(sip_number_parse(m->buf, m->size, l->value, UINT32_MAX, rseq)) || *rseq == 0 ||
		span_empty(m->to_tag))
		*take = false;
	else if (b->rseq_in != 0 && *rseq != b->rseq_in + 1)
		*take = false; // a repetition, or out of order: it comes again
	else if (b->reliable != NULL)
		*take = false; // the caller has not acknowledged the last one: it comes again
	return true;
}

// Which part does the session description of a provisional play? False: it is left out.
static bool provisional_role(const struct branch *b, bool reliable, enum sf_sdp_role *role)
{
	if ((b->oa == OA_OFFERED || b->oa == OA_EARLY) && b->oa_by == SIDE_CALLER) {
		*role = reliable ? SF_SDP_ANSWER : SF_SDP_EARLY_ANSWER;
		return b->answer.at == NULL; // given reliably before: what is repeated is ignored
	}
	*role = SF_SDP_OFFER; // late offer, only in a reliable one (RFC3262#5)
	return b->oa == OA_NONE && reliable && b->caller.reliable;
}

static void provisional_oa(struct branch *b, enum sf_sdp_role role, bool reliable)
{
	if (role != SF_SDP_OFFER) {
		b->oa = reliable && b->caller.reliable ? OA_STABLE : OA_EARLY;
		return;
	}
	b->oa = OA_OFFERED;
	b->oa_by = SIDE_CALLED;
}

static void provisional_pass(struct branch *b, const struct sip_msg *m, const struct message_body *body,
	uint32_t rseq_in, const struct now *now)
{
	struct sf_call *c = b->call;
	bool relay = rseq_in != 0 && b->caller.reliable;
	bool reliable = relay || c->caller_must_100rel;
	struct answer a = {.branch = b, .m = m, .status = m->status, .body = body};
	uint16_t start = 0;
	struct bytes out;

	if (reliable && b->reliable != NULL)
		return; // unreliable from below: the next one will do (RFC3262#3)
	if (reliable && b->caller.rseq == 0) {
		sf_random(c->sf, &start, sizeof(start));
		b->caller.rseq = start; // RFC3262#3: 1 to 2^31 - 1
	}
	a.rseq = reliable ? b->caller.rseq + 1 : 0;
	if (c->server == NULL || !answer_write(c, &a, &out))
		return;
	b->passed = true;
	b->passed_media = b->passed_media || body->octets.len > 0;
	if (reliable) {
		b->caller.rseq++;
		if (!reliable_send(b, out, relay ? rseq_in : 0, now))
			call_refuse_early(c, 503, 2, "out of memory", now);
		return;
	}
	sf_tx_respond(c->server, out, m->status, now);
}

static void provisional(struct branch *b, struct sf_tx *tx, const struct sip_msg *m, const struct now *now)
{
	struct sf_call *c = b->call;
	struct message_body body = {0};
	enum sf_sdp_role role = SF_SDP_ANSWER;
	uint32_t rseq = 0;
	bool take = true, reliable = reliable_in_order(b, m, &rseq, &take);

	if (!take)
		return;
	if (message_has_sdp(m) && provisional_role(b, reliable, &role)) {
		struct verdict v = message_sdp(b, SIDE_CALLED, role, m, &body);
		if (v.action == VERDICT_WAIT) { // without memory it is lost; a reliable one comes again
			IGNORE_BOOL(wait_keep(c, SIDE_CALLED, WAIT_RESPONSE, b->pub.index, tx, NULL, m));
			return;
		}
		if (v.action != VERDICT_PASS) {
			call_refuse_early(c, v.status != 0 ? v.status : 488, 2, v.reason, now);
			return;
		}
		provisional_oa(b, role, reliable);
		if (b->oa == OA_EARLY && reliable && !octets_set(&b->answer, body.sdp)) {
			call_refuse_early(c, 503, 2, "out of memory", now);
			return;
		}
	}
	c->state = SF_CALL_RINGING;
	if (reliable)
		b->rseq_in = rseq;
	provisional_pass(b, m, &body, reliable ? rseq : 0, now);
	if (reliable && !b->caller.reliable && c->state == SF_CALL_RINGING)
		IGNORE_BOOL(prack_send(
			b, rseq, b->called.cseq_local, now)); // it comes again until it is acknowledged
}

void call_provisional_h(struct sf_call *c, struct call_event *e)
{
	if (e->tx != c->client || e->m->status == 100)
		return;
	if (c->wait[SIDE_CALLED] != NULL)
		return; // one kept message a direction; provisionals are worth less than what is kept
	struct branch *b = branch_for(c, e->m, e->now);
	if (b == NULL)
		return;
	if (e->m->status == 199)
		early_end(c, b, e->m, e->now);
	else
		provisional(b, e->tx, e->m, e->now);
}

void call_response_again(struct sf_call *c, struct sf_tx *tx, const struct sip_msg *m, const struct now *now)
{
	struct branch *b = branch_of(c, m);

	if (c->state >= SF_CALL_CONFIRMED || b == NULL || b->dead || tx != c->client)
		return;
	if (m->status < 200)
		provisional(b, tx, m, now);
	else
		call_answer(b, tx, m, now);
}
