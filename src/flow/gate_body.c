// SPDX-License-Identifier: Apache-2.0
// At most one session description in a body, where one is negotiated, and nothing that could hold another unseen: SF-C3,
// LRF-C2.
//
// One description is rewritten for the other side; a second one, or one inside of a part, would cross with the addresses of
// the core in it. So would one in a body that others take apart in another way than we do (SF-I11). No waiver: whoever lets
// unknown header fields pass did not ask for that.
#include "flow/gates.h"
#include "flow/state.h"
#include "wire/sip/body.h"

// Methods of offer and answer (RFC3264, RFC3261#13.2.1, RFC3262#5, RFC3311#5).
static bool negotiates(const struct sip_msg *m)
{
	enum sip_method method = m->is_request ? m->method : m->cseq_method;

	return method == SIP_INVITE || method == SIP_ACK || method == SIP_PRACK || method == SIP_UPDATE;
}

// MESSAGE and INFO carry what the users wrote: parts that we do not know are theirs, coded or not.
static struct verdict body_elsewhere(const struct sip_body *b)
{
	if (b->has_sdp || b->fault == SIP_BODY_BROKEN || b->fault == SIP_BODY_NESTED)
		return REPLY(415, "Unsupported Media Type");
	return PASS;
}

static struct verdict body_verdict(const struct sip_msg *m)
{
	struct sip_body b;

	sip_body_read(m, &b);
	if (!negotiates(m))
		return body_elsewhere(&b);
	switch (b.fault) {
	case SIP_BODY_FINE:
		return PASS;
	case SIP_BODY_BROKEN:
		return REPLY(400, "Bad Multipart Body");
	case SIP_BODY_NESTED:
		return REPLY(415, "Parts Within Parts");
	case SIP_BODY_SECOND:
		return REPLY(415, "Second Session Description");
	case SIP_BODY_CODED:
		return REPLY(415, "Encoded Part");
	case SIP_BODY_PURPOSE:
		return REPLY(415, "Session Description For Another Purpose");
	case SIP_BODY_REQUIRED:
		return REPLY(415, "Unsupported Part Required");
	}
	return REPLY(415, "Unsupported Media Type");
}

struct verdict gate_body(struct passage *p)
{
	struct verdict v = body_verdict(p->msg);

	return v.action == VERDICT_REPLY && p->msg->method == SIP_ACK ? DROP(v.reason) : v;
}

struct verdict gate_response_body(struct passage *p)
{
	const struct sip_msg *m = p->msg;

	if (negotiates(m) && m->status >= 300)
		return PASS; // the body of a refusal goes no further
	struct verdict v = body_verdict(m);
	if (v.action == VERDICT_PASS)
		return PASS;
	return DROP(negotiates(m) ? v.reason : "description where none is negotiated");
}
