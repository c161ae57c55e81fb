// SPDX-License-Identifier: Apache-2.0
// Where may this request go, and may this peer send it? SF-I12, SF-I3, LRF-I2.
//
// Never an open relay: the Request-URI names us or a provisioned peer's domain, the look-up finds a provisioned peer,
// and the caller's number lies in the ranges of the peer that brings the call.
#include "flow/gates.h"
#include "flow/state.h"
#include "luf/luf.h"

#include <string.h>

static void text_copy(char *out, size_t room, const char *from, size_t n)
{
	n = n < room ? n : room - 1;
	memcpy(out, from, n);
	out[n] = '\0';
}

// Is HOST one of our own names or addresses on the listener that the request came to?
static bool host_is_ours(const struct passage *p, struct bytes host)
{
	const struct snapshot *s = flow_snapshot(p->flow);
	if (bytes_equal_nocase(host, bytes_of_string(s->settings.domain)))
		return true;
	struct address a;
	if (!is_ok(address_parse_host(host, 0, &a)))
		return false;
	const struct address *local = &p->origin->local;
	if (address_same_host(&a, local))
		return true;
	const struct listener *l = &s->listener[p->origin->listener];
	return l->advertise.family != 0 && address_same_host(&a, &l->advertise);
}

static struct verdict query_from_uri(struct passage *p, const struct sip_uri *uri)
{
	const struct sip_msg *m = p->msg;
	struct bytes host = uri->scheme == SIP_SCHEME_TEL ? (struct bytes){NULL, 0} : sip_bytes(m, uri->host);
	bool ours = uri->scheme == SIP_SCHEME_TEL || host_is_ours(p, host);
	uint8_t kind = uri->scheme == SIP_SCHEME_TEL    ? URI_KIND_TEL
		       : uri->scheme == SIP_SCHEME_SIPS ? URI_KIND_SIPS
							: URI_KIND_SIP;
	struct bytes user = uri->scheme == SIP_SCHEME_TEL ? bytes_of_string(p->called) : sip_bytes(m, uri->user);
	if (!is_ok(luf_query_make(&p->query, kind, user, ours ? (struct bytes){NULL, 0} : host, p->called, "")))
		return REPLY(414, "Request-URI Too Long");
	p->query.from_peer = p->peer;
	p->query.from_zone = p->origin->zone;
	if (!ours && registry_peer_by_domain(p->flow->registry, p->query.domain, p->origin->zone) == PEER_NONE)
		return REPLY(404, "Not Found");
	if (ours && p->called[0] == '\0' && m->method != SIP_OPTIONS)
		return REPLY(404, "Not Found");
	return PASS;
}

struct verdict gate_destination(struct passage *p)
{
	const struct sip_msg *m = p->msg;
	struct sip_uri uri;
	if (!is_ok(sip_uri_parse(m->buf, m->size, m->ruri, &uri)))
		return REPLY(400, "Bad Request-URI");
	if (uri.scheme == SIP_SCHEME_OTHER)
		return REPLY(416, "Unsupported URI Scheme");
	sip_uri_number(m->buf, m->size, &uri, p->called, sizeof(p->called));
	if (uri.scheme == SIP_SCHEME_TEL && p->called[0] == '\0')
		return REPLY(484, "Address Incomplete");
	return query_from_uri(p, &uri);
}

// The caller's number: P-Asserted-Identity where the peer is inside our trust domain (RFC 3325), else From.
static void caller_number(struct passage *p)
{
	const struct sip_msg *m = p->msg;
	struct sip_addr addr;
	struct span v;
	struct sip_list it = sip_list_begin(m, SIP_HDR_P_ASSERTED_IDENTITY);
	p->caller[0] = '\0';
	while (p->policy->trusted_identity && sip_list_next(&it, &v)) {
		if (is_ok(sip_addr_parse(m->buf, m->size, v, &addr)))
			sip_uri_number(m->buf, m->size, &addr.uri, p->caller, sizeof(p->caller));
		if (p->caller[0] != '\0')
			return;
	}
	const struct sip_line *from = sip_first(m, SIP_HDR_FROM);
	if (from != NULL && is_ok(sip_addr_parse(m->buf, m->size, from->value, &addr)))
		sip_uri_number(m->buf, m->size, &addr.uri, p->caller, sizeof(p->caller));
}

struct verdict gate_identity(struct passage *p)
{
	if (p->msg->method == SIP_OPTIONS)
		return PASS; // answered here: nothing is asserted towards anyone
	caller_number(p);
	text_copy(p->query.caller, sizeof(p->query.caller), p->caller, strlen(p->caller));
	if (numbers_contain(p->policy->calls_from, p->policy->calls_from_count, p->caller))
		return PASS;
	return REPLY(403, "Caller Not Provisioned");
}

struct verdict gate_lookup(struct passage *p)
{
	if (p->msg->method == SIP_OPTIONS && p->query.number[0] == '\0' && p->query.domain[0] == '\0')
		return p->dry ? DONE : sf_step_options(p->flow->sf, p->msg, p->origin, p->peer, p->now);
	return is_ok(luf_lookup(p->flow->registry, &p->query, &p->target)) ? PASS : REPLY(404, "Not Found");
}

// What stands in Request-URI and To towards the far side: its domain, or its first target's address.
static void plan_host(struct passage *p)
{
	struct leg_plan *plan = &p->plan;
	if (p->target.domain[0] != '\0') {
		text_copy(plan->ruri_host, sizeof(plan->ruri_host), p->target.domain, strlen(p->target.domain));
		return;
	}
	char text[ADDRESS_TEXT_MAX];
	uint32_t n = address_host_text(&plan->sed.hop[0].remote, text);
	text_copy(plan->ruri_host, sizeof(plan->ruri_host), text, n);
}

// sips asks for TLS on every hop: a clear one is no way (LRF-I3, RFC3261#26.2.2).
static void keep_secure(struct sed *sed)
{
	uint8_t kept = 0;
	for (uint8_t i = 0; i < sed->count; i++)
		if (transport_is_secure(sed->hop[i].transport))
			sed->hop[kept++] = sed->hop[i];
	sed->count = kept;
}

struct verdict gate_route(struct passage *p)
{
	struct flow *f = p->flow;
	result r = lrf_route(f->registry, f->dead_targets, &p->target, f->seed++, p->now, &p->plan.sed);
	if (!is_ok(r))
		return (struct verdict){VERDICT_REPLY, 503, "No Route", 0};
	p->plan.sips = p->query.kind == URI_KIND_SIPS;
	if (p->plan.sips)
		keep_secure(&p->plan.sed);
	if (p->plan.sed.count == 0)
		return REPLY(480, "SIPS Not Allowed"); // RFC5630#5.2
	const struct peer *to = snapshot_peer(flow_snapshot(f), p->target.peer);
	text_copy(p->plan.ruri_user, sizeof(p->plan.ruri_user), p->query.user, strlen(p->query.user));
	plan_host(p);
	p->plan.ring_timeout_s = to != NULL ? to->ring_timeout_s : 0;
	return PASS;
}
