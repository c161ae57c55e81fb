// SPDX-License-Identifier: Apache-2.0
// Could this offer be taken at all? MF-C2, SF-I9.
//
// A live offer is decided once, when the leg is made, by the media plan of its branch (flow/media.c): the same rules,
// refused with 488 before anything is sent. A dry run has no leg, so the plan is asked here.
#include "flow/gates.h"
#include "flow/media.h"
#include "flow/state.h"
#include "wire/sip/multipart.h"

enum { OFFER_MAX = 16384 }; // [octets] a description of eight lines with candidates has 6 KiB

// The session description of the message, or its part in a multipart body. Empty: a late offer.
static struct verdict find_offer(const struct sip_msg *m, struct bytes *sdp)
{
	const struct sip_line *type = sip_first(m, SIP_HDR_CONTENT_TYPE);
	*sdp = (struct bytes){NULL, 0};
	if (span_empty(m->body) || type == NULL)
		return PASS;
	if (sip_content_type_is(m->buf, m->size, type->value, BYTES("application/sdp"))) {
		*sdp = sip_bytes(m, m->body);
		return PASS;
	}
	struct sip_multipart parts;
	if (!is_ok(sip_multipart_parse(m->buf, m->size, type->value, m->body, &parts)))
		return REPLY(400, "Bad Multipart Body");
	for (uint32_t i = 0; i < parts.count; i++)
		if (sip_content_type_is(m->buf, m->size, parts.part[i].content_type, BYTES("application/sdp")))
			*sdp = sip_bytes(m, parts.part[i].body);
	return PASS;
}

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
	struct bytes sdp;
	struct verdict v = find_offer(p->msg, &sdp);
	if (v.action != VERDICT_PASS)
		return v;
	if (sdp.len > OFFER_MAX)
		return REPLY(513, "Session Description Too Large");
	return p->dry && sdp.len > 0 ? ask_plan(p, sdp) : PASS;
}
