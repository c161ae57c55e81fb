// SPDX-License-Identifier: Apache-2.0
// Ending a call (RFC3261#15): BYE from either side is answered at once and passed on; from here both legs get
// one.
#include "sf/inside.h"

#include "sf/message.h"

// After a confirmed call's end nothing of the INVITE matters any more.
static void invite_forget(struct sf_call *c)
{
	if (c->client == NULL)
		return;
	sf_tx_abandon(c->client);
	if (c->ack.client == c->client)
		c->ack.client = NULL;
	c->client = NULL;
}

// All legs of one side belong to one peer.
static peer_id side_peer(const struct sf_call *c, uint8_t side)
{
	for (uint32_t i = 0; i < SF_BRANCHES_MAX; i++)
		if (c->branch[i] != NULL)
			return branch_leg(c->branch[i], side)->peer;
	return PEER_NONE;
}

void leg_bye(struct sf_call *c, struct sf_leg *l, const struct sip_msg *from, const struct now *now)
{
	struct branch *b = call_confirmed(c);

	if (b != NULL && c->ack.waiting && l == branch_leg(b, c->ack.asker)) {
		c->bye_due = true; // RFC3261#15: not before the ACK, or before it cannot come any more
		return;
	}
	if (l->text == NULL || leg_parts(l).remote_tag.len == 0)
		return;
	struct sf_relay *r = relay_new(c->sf, c);
	if (r == NULL) {
		sf_alarm(c->sf, SF_ALARM_TABLE_FULL, l->peer, now);
		return; // the far side's session timer ends it
	}
	r->method = SIP_BYE;
	r->peer_in = side_peer(c, !l->side);
	r->asker = (uint8_t)!l->side;
	c->byes++;
	if (!relay_send(r, l, SIP_BYE, from, NULL, now))
		relay_free(r);
}

void call_bye_h(struct sf_call *c, struct call_event *e)
{
	struct branch *b = e->branch;

	dialog_reply(c, branch_leg(b, e->side), e, 200, 0);
	if (c->ack.waiting && c->ack.asker == e->side)
		c->ack.waiting = false; // who says BYE needs no ACK any more
	if (!c->ack.waiting)
		timer_cancel(c->sf->wheel, &c->ack.timer);
	if (c->ack.asker == e->side)
		ack_owed(c, e->now);
	call_over(c, e->side, 200, "BYE", e->now);
	invite_forget(c);
	leg_bye(c, branch_leg(b, !e->side), e->m, e->now);
}

void call_end(struct sf_call *c, uint8_t side, uint16_t status, const char *reason, const struct now *now)
{
	struct branch *b = call_confirmed(c);

	ack_owed(c, now);
	call_over(c, side, status, reason, now);
	invite_forget(c);
	if (b == NULL)
		return;
	leg_bye(c, &b->called, NULL, now);
	leg_bye(c, &b->caller, NULL, now);
}

// BYE of the caller before the answer ends that early dialog (RFC3261#15); the called side may not send one.
void call_bye_early_h(struct sf_call *c, struct call_event *e)
{
	struct branch *b = e->branch;
	uint32_t alive = 0;

	for (uint32_t i = 0; i < SF_BRANCHES_MAX; i++)
		alive += c->branch[i] != NULL && !c->branch[i]->dead;
	if (e->side == SIDE_CALLED) {
		dialog_reply(c, &b->called, e, 481, 0);
		return;
	}
	dialog_reply(c, &b->caller, e, 200, 0);
	if (alive <= 1) {
		call_refuse_early(c, 487, SIDE_CALLER, "BYE before the answer", e->now);
		return;
	}
	leg_bye(c, &b->called, e->m, e->now);
	branch_kill(b);
}

void call_bye_crossing_h(struct sf_call *c, struct call_event *e)
{
	dialog_reply(c, branch_leg(e->branch, e->side), e, 200, 0);
	if (c->ack.waiting && c->ack.asker == e->side)
		c->ack.waiting = c->bye_due = false;
}

void call_hangup_h(struct sf_call *c, struct call_event *e)
{
	call_end(
		c, 2, e->status != 0 ? e->status : 503, e->reason != NULL ? e->reason : "ended here", e->now);
}

void call_hangup_early_h(struct sf_call *c, struct call_event *e)
{
	call_refuse_early(
		c, e->status != 0 ? e->status : 503, 2, e->reason != NULL ? e->reason : "ended here", e->now);
}
