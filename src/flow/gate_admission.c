// SPDX-License-Identifier: Apache-2.0
// Sessions are limited rather than messages (RFC 6404 section 4.9): SF-A1, SF-A5, BE-5.
#include "flow/gates.h"
#include "flow/state.h"

enum { RETRY_AFTER_S = 5, RATE_RETRY_AFTER_S = 1 }; // short: limits refill within seconds, and peers fail over meanwhile

static struct verdict busy(const char *phrase, uint32_t retry_after_s)
{
	return (struct verdict){VERDICT_REPLY, 503, phrase, retry_after_s};
}

struct verdict gate_rate(struct passage *p)
{
	struct peer_load *load = flow_load(p->flow, p->peer);
	uint32_t limit = p->policy->calls_per_second;
	if (p->msg->method != SIP_INVITE || p->again)
		return PASS; // other requests are bounded by the message rate; one that waited has been counted
	if (load == NULL || limit == 0)
		return busy("Call Rate Exceeded", RATE_RETRY_AFTER_S);
	struct gcra_rate rate = gcra_rate_make(limit, limit);
	bool pass = p->dry ? gcra_would_admit(&load->calls, rate, p->now->mono_us)
			   : gcra_admit(&load->calls, rate, p->now->mono_us);
	return pass ? PASS : busy("Call Rate Exceeded", RATE_RETRY_AFTER_S);
}

struct verdict gate_admission(struct passage *p)
{
	struct flow *f = p->flow;
	if (p->msg->method != SIP_INVITE)
		return PASS;
	if (sf_draining(f->sf))
		return busy("Draining", SF_DRAIN_RETRY_S);
	if (sf_call_count(f->sf) >= f->config.max_calls)
		return busy("Call Table Full", RETRY_AFTER_S);
	struct peer_load *load = flow_load(f, p->peer);
	if (load == NULL || atomic_load_explicit(&load->concurrent, memory_order_relaxed) >= p->policy->concurrent_calls)
		return busy("Concurrent Calls Exceeded", RETRY_AFTER_S);
	if (!f->config.port.may_record(f->config.port.ctx))
		return busy("Call Records Full", RETRY_AFTER_S);
	return PASS;
}

// What ends a call or an exchange under way is never refused for load.
struct verdict gate_share(struct passage *p)
{
	const struct sip_msg *m = p->msg;
	bool inside = !span_empty(m->to_tag);
	if (m->method == SIP_ACK || m->method == SIP_BYE || m->method == SIP_PRACK)
		return PASS;
	if (sf_share_left(p->flow->sf, p->peer, m->method == SIP_INVITE && !inside))
		return PASS;
	if (inside) // 503 would tell a user agent to leave the call's way (RFC3261#21.5.4)
		return (struct verdict){VERDICT_REPLY, 500, "Share Used Up", RETRY_AFTER_S};
	return busy("Share Used Up", RETRY_AFTER_S);
}

struct verdict gate_method(struct passage *p)
{
	switch (p->msg->method) { // SF-I4: what does not belong at a peering border is not offered
	case SIP_INVITE:
	case SIP_OPTIONS:
	case SIP_MESSAGE:
		return PASS;
	case SIP_ACK:
		return DROP("ACK for no transaction");
	case SIP_BYE:
	case SIP_PRACK:
	case SIP_UPDATE:
	case SIP_INFO:
	case SIP_CANCEL:
		return REPLY(481, "Call/Transaction Does Not Exist");
	default:
		return REPLY(405, "Method Not Allowed");
	}
}

struct verdict gate_dialog_method(struct passage *p)
{
	switch (p->msg->method) {
	case SIP_INVITE:
	case SIP_ACK:
	case SIP_BYE:
	case SIP_PRACK:
	case SIP_UPDATE:
	case SIP_INFO:
	case SIP_OPTIONS:
	case SIP_MESSAGE:
		return PASS;
	default:
		return REPLY(405, "Method Not Allowed");
	}
}
