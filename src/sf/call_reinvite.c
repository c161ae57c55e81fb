// SPDX-License-Identifier: Apache-2.0
// Changes of a session: re-INVITE (RFC3261#14), UPDATE (RFC 3311), and refreshes of session timers (RFC
// 4028).
//
// One offer at a time per call: glare is answered 491, an own offer still open 500 with Retry-After
// (RFC3311#5.2).
#include "sf/inside.h"

#include "sf/message.h"

bool call_leg_update(struct sf_call *c, struct sf_leg *l, const struct sip_msg *m)
{
	struct leg_parts p = leg_parts(l);
	struct bytes target;

	leg_learn(l, m);
	if (m->first[SIP_HDR_CONTACT] == 0 || !is_ok(leg_read_target(m, &target)))
		return false;
	if (bytes_equal(target, p.target))
		return true;
	p.target = target;
	if (!is_ok(leg_set_parts(l, &p)))
		return false;
	call_leg_aim(c, l);
	return true;
}

// May an offer of SIDE go out now? 0, or the status that refuses it.
static uint16_t offer_conflict(const struct sf_call *c, const struct branch *b, uint8_t side)
{
	if (b->oa == OA_OFFERED || b->oa == OA_EARLY)
		return b->oa_by == side ? 500 : 491;
	if (c->invite != NULL)
		return c->invite->asker == side ? 500 : 491;
	if (c->ack.waiting || (c->ack.owed && c->state == SF_CALL_CONFIRMED))
		return c->ack.asker == side ? 500 : 491;
	return 0;
}

static uint32_t retry_after(struct sf_call *c, uint16_t status)
{
	uint8_t r = 0;

	if (status != 500)
		return 0;
	sf_random(c->sf, &r, 1);
	return 1 + r % 10; // RFC3261#14.2: 0 to 10 s
}

// Agree to the session timer of request M on leg L. False: answered 422.
static bool accept_timer(struct sf_call *c, struct sf_leg *l, const struct call_event *e)
{
	struct session_terms terms;
	struct sip_writer w;
	struct bytes out;
	struct sf_tx *tx;
	uint32_t min_se = sf_min_se_s(c->sf, l->peer);

	if (!is_ok(session_terms_read(e->m, &terms))) {
		dialog_reply(c, l, e, 400, 0);
		return false;
	}
	if (is_ok(session_timer_accept(&l->timer, &terms, l->timer.interval_s, min_se, e->now))) {
		call_session_arm(c, e->now);
		return true;
	}
	if (!is_ok(sf_tx_server_new(c->sf->tx, e->m, e->origin, l->peer, NULL, NULL, e->now, &tx)))
		return false;
	message_begin(c->sf, &w);
	message_reply_tx(&w, tx, 422, BYTES(""), false);
	message_number(&w, SIP_HDR_MIN_SE, min_se);
	message_body(&w, NULL);
	if (message_end(&w, &out))
		sf_tx_respond(tx, out, 422, e->now);
	sf_tx_abandon(tx);
	return false;
}

void call_reinvite_h(struct sf_call *c, struct call_event *e)
{
	struct sf_leg *l = branch_leg(e->branch, e->side);
	uint16_t conflict = offer_conflict(c, e->branch, e->side);

	if (conflict != 0) {
		dialog_reply(c, l, e, conflict, retry_after(c, conflict));
		return;
	}
	if (!accept_timer(c, l, e))
		return;
	IGNORE_BOOL(call_leg_update(c, l, e->m)); // an unusable Contact leaves the target as it was
	relay_start(c, e, SIP_INVITE);
}

// UPDATE without session description: target and timer of this leg alone; answered here.
static void update_here(struct sf_call *c, struct sf_leg *l, struct call_event *e)
{
	struct sip_writer w;
	struct bytes out;
	struct sf_tx *tx;

	if (!is_ok(sf_tx_server_new(c->sf->tx, e->m, e->origin, l->peer, NULL, NULL, e->now, &tx)))
		return;
	message_begin(c->sf, &w);
	message_reply_tx(&w, tx, 200, BYTES(""), false);
	message_contact(&w, c->sf, &l->hop, l->sips);
	message_allow(&w);
	sip_write_header(&w, SIP_HDR_SUPPORTED, BYTES("timer"));
	if (c->state == SF_CALL_CONFIRMED && session_timer_write_answer(&w, &l->timer))
		sip_write_header(&w, SIP_HDR_REQUIRE, BYTES("timer"));
	message_body(&w, NULL);
	if (message_end(&w, &out))
		sf_tx_respond(tx, out, 200, e->now);
	sf_tx_abandon(tx);
	call_keep(c);
}

void call_update_h(struct sf_call *c, struct call_event *e)
{
	struct sf_leg *l = branch_leg(e->branch, e->side), *to = branch_leg(e->branch, !e->side);
	bool sdp = message_has_sdp(e->m), early = c->state != SF_CALL_CONFIRMED;
	uint16_t conflict = sdp ? offer_conflict(c, e->branch, e->side) : 0;

	if (e->branch->dead || (sdp && leg_parts(to).remote_tag.len == 0)) {
		dialog_reply(c, l, e, 481, 0);
	} else if (conflict == 0 && sdp && early && e->branch->oa != OA_STABLE) {
		dialog_reply(c, l, e, 500, 1); // the first exchange is not over (RFC3311#5.1)
	} else if (conflict != 0) {
		dialog_reply(c, l, e, conflict, retry_after(c, conflict));
	} else if (sdp && early && !to->update) {
		dialog_reply(c, l, e, 488, 0); // it cannot be told before the answer
	} else if (early || accept_timer(c, l, e)) {
		IGNORE_BOOL(call_leg_update(c, l, e->m)); // as above
		if (sdp)
			relay_start(c, e, SIP_UPDATE);
		else
			update_here(c, l, e);
	}
}

// ---- session timers
// -------------------------------------------------------------------------------------------

static void refresh(struct sf_call *c, struct branch *b, uint8_t side, const struct now *now)
{
	struct sf_leg *l = branch_leg(b, side);
	struct message_body body = {
		.octets = bytes_make(l->sdp.at, l->sdp.len), .type = BYTES("application/sdp")};
	bool update = l->update || l->sdp.at == NULL;

	if (!update && offer_conflict(c, b, side) !=
			       0) { // an exchange is under way and refreshes, or a little later
		l->timer.at_us = now->mono_us + SF_T2_US;
		return;
	}
	struct sf_relay *r = relay_new(c->sf, c);
	if (r == NULL) {
		l->timer.at_us = now->mono_us + SF_T2_US;
		return;
	}
	r->method = update ? SIP_UPDATE : SIP_INVITE;
	r->refresh = true;
	r->branch = b;
	r->asker = (uint8_t)!side;
	l->timer.refreshing = true;
	l->timer.at_us = now->mono_us + l->timer.interval_s * SECOND / 2; // then it has expired
	if (!update)
		c->invite = r;
	if (!relay_send(r, l, r->method, NULL, update ? NULL : &body, now)) {
		l->timer.refreshing = false;
		l->timer.at_us = now->mono_us + SF_T2_US;
		relay_free(r);
	}
}

void call_session_due_h(struct sf_call *c, struct call_event *e)
{
	struct branch *b = call_confirmed(c);

	for (uint8_t side = 0; b != NULL && side < 2; side++) {
		struct sf_leg *l = branch_leg(b, side);
		if (l->timer.interval_s == 0 || l->timer.at_us > e->now->mono_us)
			continue;
		if (!l->timer.we_refresh || l->timer.refreshing || l->timer.expires_us <= e->now->mono_us) {
			sf_alarm(c->sf, SF_ALARM_SESSION_EXPIRED, l->peer, e->now);
			call_end(c, side, 408, "session timer expired", e->now);
			return;
		}
		refresh(c, b, side, e->now);
	}
	call_session_arm(c, e->now);
}

// The answer to our own refresh.
void refresh_answer(struct sf_relay *r, const struct sip_msg *m, uint16_t status, const struct now *now)
{
	struct sf_call *c = r->call;
	struct branch *b = r->branch;
	uint8_t side = (uint8_t)!r->asker;
	struct sf_leg *l = branch_leg(b, side);
	struct session_terms terms;

	if (m != NULL && status < 300) {
		if (is_ok(session_terms_read(m, &terms)))
			session_timer_agree(&l->timer, &terms, l->timer.interval_s, now);
		IGNORE_BOOL(call_leg_update(c, l, m)); // an unusable Contact changes nothing
		if (r->sent == SIP_INVITE) {
			ack_end(c);
			c->ack.client = r->client;
			c->ack.asker = r->asker;
			ack_send(c, l, r->cseq_out, NULL, true, now);
			r->done = true;
			c->invite = NULL;
		}
		call_keep(c);
	} else if (status == 481 || status == 408) {
		relay_free(r);
		sf_alarm(c->sf, SF_ALARM_SESSION_EXPIRED, l->peer, now);
		call_end(c, side, status, "session refresh failed", now);
		return;
	} else if (m == NULL) { // could not be sent: no sign of life, again until it has expired (SF-A5)
		l->timer.refreshing = false;
		l->timer.at_us = now->mono_us + SF_T2_US;
	} else { // any other answer proves it alive; try again soon, and expire when that fails
		if (status == 422 && is_ok(session_terms_read(m, &terms)) &&
			terms.min_se_s > l->timer.interval_s && terms.min_se_s <= SESSION_LONGEST_S)
			l->timer.interval_s = l->timer.min_se_s = terms.min_se_s;
		session_timer_restart(&l->timer, now);
		if (status == 491 || status == 422)
			l->timer.at_us = now->mono_us + SF_T2_US;
	}
	if (!r->done)
		relay_free(r);
	call_session_arm(c, now);
}
