// SPDX-License-Identifier: Apache-2.0
// Views of a call for records, explain and the command line, and how one is found.
#include "sf/inside.h"

// The called side before its leg is made: where the INVITE will go.
static void info_planned(const struct sf_call *c, struct sf_call_info *out)
{
	if (c->early == NULL || c->early->hop_at >= c->early->hop_count)
		return;
	const struct hop *hop = &c->early->hop[c->early->hop_at];
	const struct peer *p = sf_peer(c->sf, c->early->peer);

	out->peer[SIDE_CALLED] = c->early->peer;
	out->zone[SIDE_CALLED] = p != NULL ? p->zone : 0;
	out->listener[SIDE_CALLED] = hop->listener;
	out->transport[SIDE_CALLED] = (uint8_t)hop->transport;
}

void sf_call_info(const struct sf_call *c, struct sf_call_info *out)
{
	const struct branch *b = c->confirmed < SF_BRANCHES_MAX ? c->branch[c->confirmed] : c->branch[0];

	*out = (struct sf_call_info){.ref = c->ref,
		.state = (enum sf_call_state)c->state,
		.peer = {PEER_NONE, PEER_NONE},
		.start_ms = c->start_ms,
		.answer_ms = c->answer_ms,
		.end_ms = c->end_ms,
		.start_us = c->start_us,
		.answer_us = c->answer_us,
		.end_us = c->end_us,
		.from_number = bytes_make(c->from_number, strnlen(c->from_number, NUMBER_MAX)),
		.to_number = bytes_make(c->to_number, strnlen(c->to_number, NUMBER_MAX)),
		.final_status = c->final_status,
		.end_reason = c->end_reason,
		.end_side = c->end_side,
		.attempts = c->attempts,
		.trail = &c->trail};
	for (uint32_t i = 0; b == NULL && i < SF_BRANCHES_MAX; i++)
		b = c->branch[i];
	if (b == NULL)
		return;
	out->branch = &b->pub;
	info_planned(c, out);
	for (uint32_t side = 0; side < 2; side++) {
		const struct sf_leg *l = side == SIDE_CALLER ? &b->caller : &b->called;
		if (l->text == NULL)
			continue;
		out->peer[side] = l->peer;
		out->zone[side] = l->zone;
		out->listener[side] = l->listener;
		out->transport[side] = l->transport;
		out->call_id[side] = leg_parts(l).call_id;
	}
}

void *sf_call_branch_media(const struct sf_call *c, uint8_t branch)
{
	return branch < SF_BRANCHES_MAX && c->branch[branch] != NULL ? c->branch[branch]->pub.media : NULL;
}

struct pool_ref sf_call_ref(const struct sf_call *c)
{
	return c->ref;
}

struct trail *sf_call_trail(struct sf_call *c)
{
	return &c->trail;
}

struct sf_call *sf_call_at(struct sf *sf, struct pool_ref ref)
{
	return pool_find(sf->calls, ref);
}

struct sf_call *sf_find_call(struct sf *sf, struct bytes call_id)
{
	struct sf_token t;

	if (is_ok(sf_token_open(sf->config.keys, call_id, SF_TOKEN_CALL_ID, &t)))
		return pool_find(sf->calls, t.ref);
	return table_get(sf->by_call_id, call_id);
}
