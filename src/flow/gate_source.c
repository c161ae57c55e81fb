// SPDX-License-Identifier: Apache-2.0
// Who is there, before anything is parsed: SF-I10, SF-A1, SF-I4.
//
// UDP from an address that no peer of the zone lists is silence. A stream that proved a peer by its certificate is
// that peer. Clear TCP from strangers is answered only where the listener says `strangers: answer` (RFC 6406).
#include "flow/gates.h"
#include "flow/state.h"

static const struct listener *listener_of(const struct passage *p)
{
	const struct snapshot *s = flow_snapshot(p->flow);
	return p->origin->listener < s->listener_count ? &s->listener[p->origin->listener] : NULL;
}

struct verdict gate_source(struct passage *p)
{
	const struct origin *o = p->origin;
	if (transport_is_secure(o->transport))
		p->peer = o->tls_peer;
	else
		p->peer = registry_peer_by_address(p->flow->registry, o->zone, &o->remote);
	p->policy = snapshot_peer(flow_snapshot(p->flow), p->peer);
	if (p->policy != NULL && p->policy->zone == o->zone)
		return PASS;
	p->policy = NULL;
	const struct listener *l = listener_of(p);
	if (transport_is_secure(o->transport) || (transport_is_stream(o->transport) && l != NULL && l->strangers_answer))
		return PASS; // the handshake completed, or the operator wants an answer: gate_peer says 403
	return transport_is_stream(o->transport) ? CLOSE("stranger") : DROP("stranger");
}

struct verdict gate_source_rate(struct passage *p)
{
	struct peer_load *load = flow_load(p->flow, p->peer);
	if (p->policy == NULL || load == NULL || p->dry || p->again)
		return PASS;
	struct gcra_rate rate = gcra_rate_make(p->policy->messages_per_second, p->policy->messages_per_second);
	return gcra_admit(&load->messages, rate, p->now->mono_us) ? PASS : DROP("message rate of the peer exceeded");
}

struct verdict gate_peer(struct passage *p)
{
	if (p->policy == NULL)
		return REPLY(403, "Unsupported Peer");
	// Over TLS the address must fit too, when ranges are given: certificate and place (SF-I10).
	bool secure = transport_is_secure(p->origin->transport);
	if (secure && p->policy->address_count > 0 &&
		!prefixes_contain(p->policy->address, p->policy->address_count, &p->origin->remote))
		return CLOSE("certificate of a peer from a foreign address");
	return PASS;
}

struct verdict gate_transport_floor(struct passage *p)
{
	bool floor = transport_is_secure((enum transport)p->policy->reach_transport);
	if (!floor || transport_is_secure(p->origin->transport))
		return PASS;
	return p->origin->transport == TRANSPORT_UDP ? DROP("transport below the peer's floor")
						     : REPLY(403, "Secure Transport Required");
}

struct verdict gate_syntax(struct passage *p)
{
	result r = sip_msg_parse(p->msg, p->octets, p->size, &p->fault);
	if (is_ok(r))
		return PASS;
	if (r.error == E_FRAMING)
		return CLOSE(p->fault.phrase);
	if (!p->msg->is_request || !p->fault.answerable || p->msg->method == SIP_ACK)
		return DROP(p->fault.phrase);
	return REPLY(p->fault.status, p->fault.phrase);
}

struct verdict gate_service(struct passage *p)
{
	if (p->policy->blocked)
		return REPLY(403, "Peer Blocked");
	if (!p->policy->in_service)
		return (struct verdict){VERDICT_REPLY, 503, "Peer Out of Service", 0};
	for (int c = 0; c < CONTROL_COUNT; c++) // a waiver that ran out refuses new dialogs only (BE-4)
		if (peer_waiver_state(p->policy, (enum control)c, p->now->wall_ms) == 2)
			return (struct verdict){VERDICT_REPLY, 503, "Peer Waiver Expired", 0};
	return PASS;
}
