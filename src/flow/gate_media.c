// SPDX-License-Identifier: Apache-2.0
// Could this offer be taken at all? MF-C2, SF-I9.
//
// A live offer is decided once, when the leg is made, by the media plan of its branch (flow/media.c): the same rules,
// refused with 488 before anything is sent. A dry run has no leg, so the plan is asked here.
#include "flow/gates.h"
#include "flow/media.h"
#include "flow/state.h"
#include "wire/sip/body.h"

enum { OFFER_MAX = 16384 }; // [octets] a description of eight lines with candidates has 6 KiB

static struct verdict ask_plan(struct passage *p, struct bytes sdp)
{
	const struct snapshot *s = flow_snapshot(p->flow);
	const struct hop *hop = &p->plan.sed.hop[0];
	struct sf_call_info info = {.peer = {p->peer, hop->peer}, .listener = {p->origin->listener, hop->listener},
		.zone = {p->origin->zone, s->listener[hop->listener].zone},
		.transport = {(uint8_t)p->origin->transport, (uint8_t)hop->transport}};
	struct plan_context c = flow_media_context(p->flow, &info);
	struct plan_session *plan;
	uint8_t streams;
	if (c.leg[0].peer == NULL || c.leg[1].peer == NULL || !is_ok(plan_begin(&plan, &c)))
		return REPLY(503, "No Media Policy");
	struct verdict v = plan_offer(plan, &c, 0, sdp, &streams);
	plan_free(plan);
	return v;
}

struct verdict gate_media_policy(struct passage *p)
{
	struct sip_body body;
	sip_body_read(p->msg, &body);
	struct bytes sdp = sip_bytes(p->msg, body.sdp); // empty: a late offer
	if (sdp.len > OFFER_MAX)
		return REPLY(513, "Session Description Too Large");
	return p->dry && sdp.len > 0 ? ask_plan(p, sdp) : PASS;
}
