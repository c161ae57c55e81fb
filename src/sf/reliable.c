// SPDX-License-Identifier: Apache-2.0
// Reliable provisional responses (RFC 3262), interworked per leg: both know them, they pass with our own
// numbers; the caller does not, we acknowledge to the called side; only the caller insists, we make them
// reliable here.
#include "sf/inside.h"

#include "base/memory.h"
#include "sf/message.h"

static void reliable_fire(struct timer *t, const struct now *now)
{
	struct reliable *r = (struct reliable *)(void *)t;
	struct sf_call *c = r->branch->call;

	if (now->mono_us >= r->give_up_us) { // RFC3262#3: reject the request with a 5xx
		call_refuse_early(c, 504, SIDE_CALLER, "no PRACK", now);
		call_settle(c);
		return;
	}
	if (c->server != NULL)
		sf_tx_respond(c->server, bytes_make(r->octets, r->len), 183, now);
	r->interval_us *= 2; // RFC3262#3: without bound, until 64*T1 are over
	uint64_t at = now->mono_us + r->interval_us;
	timer_arm(c->sf->wheel, &r->timer, at < r->give_up_us ? at : r->give_up_us, reliable_fire);
}

bool reliable_send(struct branch *b, struct bytes octets, uint32_t rseq_in, const struct now *now)
{
	struct sf_call *c = b->call;
	struct reliable *r = memory_alloc(sizeof(*r) + octets.len);

	if (r == NULL)
		return false;
	r->branch = b;
	r->interval_us = SF_T1_US;
	r->give_up_us = now->mono_us + 64ull * SF_T1_US;
	r->rseq_out = b->caller.rseq;
	r->rseq_in = rseq_in;
	r->cseq_in = c->cseq_in;
	r->local = rseq_in == 0;
	r->len = (uint32_t)octets.len;
	memcpy(r->octets, octets.at, octets.len);
	reliable_end(b);
	b->reliable = r;
	timer_arm(c->sf->wheel, &r->timer, now->mono_us + r->interval_us, reliable_fire);
	sf_tx_respond(c->server, octets, 183, now);
	return true;
}

void reliable_end(struct branch *b)
{
	if (b->reliable == NULL)
		return;
	timer_cancel(b->call->sf->wheel, &b->reliable->timer);
	memory_free(b->reliable);
	b->reliable = NULL;
}

bool prack_send(struct branch *b, uint32_t rseq, uint32_t cseq, const struct now *now)
{
	struct sf_relay *r = relay_new(b->call->sf, b->call);

	UNUSED(cseq);
	if (r == NULL)
		return false;
	r->method = SIP_PRACK;
	r->prack = true;
	r->branch = b;
	r->asker = SIDE_CALLER;
	r->rack = rseq;
	if (relay_send(r, &b->called, SIP_PRACK, NULL, NULL, now))
		return true;
	relay_free(r);
	return false;
}

// PRACK of the caller: it must name the provisional that waits (RFC3262#3).
void call_prack_h(struct sf_call *c, struct call_event *e)
{
	const struct sip_line *l = sip_first(e->m, SIP_HDR_RACK);
	struct branch *b = e->branch;
	struct reliable *r = b->reliable;
	struct sip_rack rack;

	if (l == NULL || !is_ok(sip_rack_parse(e->m->buf, e->m->size, l->value, &rack))) {
		dialog_reply(c, branch_leg(b, e->side), e, 400, 0);
		return;
	}
	if (e->side != SIDE_CALLER || r == NULL || rack.rseq != r->rseq_out || rack.cseq != r->cseq_in ||
		rack.method != SIP_INVITE) {
		dialog_reply(c, branch_leg(b, e->side), e, 481, 0);
		return;
	}
	bool local = r->local, sdp = message_has_sdp(e->m);
	uint32_t rseq_in = r->rseq_in;
	if (sdp && local) { // the called side has no PRACK to carry it
		dialog_reply(c, &b->caller, e, 488, 0);
		return;
	}
	reliable_end(b);
	if (local) {
		dialog_reply(c, &b->caller, e, 200, 0);
		return;
	}
	relay_prack(c, e, rseq_in);
}
