// SPDX-License-Identifier: Apache-2.0
// Gates of in-dialog requests: the To tag is a live token of ours, and the sender owns that leg (SF-I1).
//
// A stranger to the dialog gets silence and raises an alarm; the owner gets the status that the RFC names.
#include "sf/inside.h"

#include "sf/message.h"

static struct branch *branch_by_ref(
	struct sf_call *c, const struct sf_dialog_ref *ref, const struct sip_msg *m, uint8_t *side)
{
	*side = ref->leg < SF_LEG_CALLED ? SIDE_CALLER : SIDE_CALLED;
	if (*side == SIDE_CALLER)
		return ref->leg < SF_BRANCHES_MAX ? c->branch[ref->leg] : NULL;
	struct branch *b = branch_of(c, m); // one tag of ours, one dialog per tag of theirs
	return b != NULL && b->called.token_leg == ref->leg ? b : NULL;
}

struct verdict sf_step_dialog_token(struct sf *sf, const struct sip_msg *m, struct sf_dialog_ref *ref)
{
	struct sf_token t;
	bool ack = m->method == SIP_ACK;

	*ref = (struct sf_dialog_ref){0};
	struct bytes tag = sip_bytes(m, m->to_tag);
	if (!is_ok(sf_token_open(sf->config.keys, tag, SF_TOKEN_TAG, &t))) {
		if (tag.len == SF_TOKEN_LEN) // shorter ones are those of our answers without state
			sf_alarm(sf, SF_ALARM_FORGED_TOKEN, PEER_NONE, &sf->now);
		return ack ? DROP("ACK for no dialog of ours")
			   : REPLY(481, "Call/Transaction Does Not Exist");
	}
	if (t.worker != sf->config.worker || pool_find(sf->calls, t.ref) == NULL)
		return ack ? DROP("ACK for a dialog that is gone")
			   : REPLY(481, "Call/Transaction Does Not Exist");
	ref->call = t.ref;
	ref->leg = t.leg;
	ref->peer = t.peer;
	return PASS;
}

// May ORIGIN carry requests of leg L? Same zone and peer, the peer proved where the leg is secure, and no
// transport below that of the leg.
static bool flow_owns(const struct sf_leg *l, const struct origin *o, peer_id peer)
{
	if (peer != l->peer || o->zone != l->zone)
		return false;
	if (transport_is_secure((enum transport)l->transport))
		return transport_is_secure(o->transport) && o->tls_peer == l->peer;
	if (transport_is_stream((enum transport)l->transport))
		return transport_is_stream(o->transport);
	return true;
}

static struct verdict stranger(struct sf *sf, const char *why, peer_id peer, const struct now *now)
{
	sf_alarm(sf, SF_ALARM_FOREIGN_REQUEST, peer, now);
	return DROP(why);
}

static struct verdict cseq_check(struct sf *sf, const struct sf_call *c, const struct sf_leg *l, uint8_t side,
	const struct sip_msg *m, const struct now *now)
{
	if (m->method == SIP_ACK) {
		bool fits = side == c->ack.asker ? m->cseq == c->ack.cseq_in : false;
		return fits ? PASS : DROP("ACK of no INVITE that waits for it");
	}
	if (l->cseq_remote_known && m->cseq <= l->cseq_remote) { // RFC3261#12.2.2
		sf_alarm(sf, SF_ALARM_OLD_CSEQ, l->peer, now);
		return REPLY(500, "CSeq Out of Order");
	}
	return PASS;
}

struct verdict sf_step_dialog_owner(struct sf *sf, const struct sf_dialog_ref *ref, const struct sip_msg *m,
	const struct origin *o, peer_id peer, const struct now *now)
{
	struct sf_call *c = pool_find(sf->calls, ref->call);
	uint8_t side;

	if (c == NULL)
		return REPLY(481, "Call/Transaction Does Not Exist");
	if (peer == PEER_NONE || ref->peer != peer)
		return stranger(sf, "the dialog belongs to another peer", peer, now);
	struct branch *b = branch_by_ref(c, ref, m, &side);
	if (b == NULL) {
		sf_alarm(sf, SF_ALARM_FOREIGN_REQUEST, peer, now);
		return REPLY(481, "Call/Transaction Does Not Exist");
	}
	struct sf_leg *l = branch_leg(b, side);
	struct leg_parts p = leg_parts(l);
	if (!flow_owns(l, o, peer))
		return stranger(sf, "not from the flow that owns the dialog", peer, now);
	if (!bytes_equal(p.call_id, sip_bytes(m, m->call_id)) ||
		!bytes_equal(p.remote_tag, sip_bytes(m, m->from_tag))) {
		sf_alarm(sf, SF_ALARM_FOREIGN_REQUEST, peer, now);
		return REPLY(481, "Call/Transaction Does Not Exist");
	}
	return cseq_check(sf, c, l, side, m, now);
}

static void options_here(struct sf_call *c, struct sf_leg *l, struct call_event *e)
{
	struct sip_writer w;
	struct bytes out;
	struct sf_tx *tx;

	if (!is_ok(sf_tx_server_new(c->sf->tx, e->m, e->origin, l->peer, NULL, NULL, e->now, &tx)))
		return;
	message_begin(c->sf, &w);
	message_reply_tx(&w, tx, 200, BYTES(""), false);
	message_capabilities(&w);
	message_body(&w, NULL);
	if (message_end(&w, &out))
		sf_tx_respond(tx, out, 200, e->now);
	sf_tx_abandon(tx);
}

static void unsupported_here(struct sf_call *c, struct sf_leg *l, struct call_event *e, struct bytes tags)
{
	struct verdict refused = REPLY(420, "Bad Extension");
	struct sip_writer w;
	struct bytes out;
	struct sf_tx *tx;

	if (!sf_share_left(c->sf, l->peer, false) ||
		!is_ok(sf_tx_server_new(c->sf->tx, e->m, e->origin, l->peer, NULL, NULL, e->now, &tx))) {
		sf_refuse(c->sf, e->m, e->origin, &refused, l->peer, branch_leg(e->branch, !e->side)->peer);
		return;
	}
	message_begin(c->sf, &w);
	message_reply_tx(&w, tx, 420, BYTES(""), false);
	sip_write_header(&w, SIP_HDR_UNSUPPORTED, tags);
	message_body(&w, NULL);
	if (message_end(&w, &out))
		sf_tx_respond(tx, out, 420, e->now);
	sf_tx_abandon(tx);
}

static void dispatch(struct sf_call *c, struct sf_leg *l, struct call_event *e)
{
	uint8_t tags[OPTIONS_TEXT_MAX];
	peer_id other = branch_leg(e->branch, !e->side)->peer;
	struct sip_writer w;
	uint32_t n = 0;

	sip_write_init(&w, tags, sizeof(tags));
	if (e->m->method != SIP_ACK && sf_refused_options(c->sf, e->m, l->peer, other, &w) &&
		is_ok(sip_write_end(&w, &n))) {
		unsupported_here(c, l, e, bytes_make(tags, n));
		return;
	}
	switch (e->m->method) {
	case SIP_ACK:
		call_event(c, CALL_ACK, e);
		break;
	case SIP_BYE:
		call_event(c, CALL_BYE, e);
		break;
	case SIP_INVITE:
		call_event(c, CALL_REINVITE, e);
		break;
	case SIP_UPDATE:
		call_event(c, CALL_UPDATE, e);
		break;
	case SIP_PRACK:
		call_event(c, CALL_PRACK, e);
		break;
	case SIP_INFO:
	case SIP_MESSAGE:
		if (e->m->max_forwards == 0)
			dialog_reply(c, l, e, 483, 0);
		else
			call_event(c, CALL_REQUEST, e);
		break;
	case SIP_OPTIONS:
		options_here(c, l, e);
		break;
	default:
		dialog_reply(c, l, e, 405, 0); // SF-I4
		break;
	}
}

struct verdict sf_step_dialog_request(struct sf *sf, const struct sf_dialog_ref *ref, const struct sip_msg *m,
	const struct origin *o, const struct now *now)
{
	struct sf_call *c = pool_find(sf->calls, ref->call);
	struct call_event e = {.m = m, .origin = o, .now = now};

	if (c == NULL)
		return REPLY(481, "Call/Transaction Does Not Exist");
	e.branch = branch_by_ref(c, ref, m, &e.side);
	if (e.branch == NULL)
		return REPLY(481, "Call/Transaction Does Not Exist");
	struct sf_leg *l = branch_leg(e.branch, e.side);
	if (m->method != SIP_ACK) {
		l->cseq_remote = m->cseq;
		l->cseq_remote_known = true;
	}
	if (transport_is_stream(o->transport))
		l->hop.conn = o->conn; // the owner's newest connection
	dispatch(c, l, &e);
	return DONE;
}
