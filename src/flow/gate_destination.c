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
	p->query.tell = passage_asks_only(p);
	if (uri->scheme == SIP_SCHEME_TEL && !is_ok(luf_query_portability(&p->query, sip_bytes(m, m->ruri))))
		return REPLY(400, "Bad Request-URI");
	const struct asker asker = {p->peer, p->origin->zone, p->query.tell != 0};
	if (!ours && registry_match_domain(p->flow->registry, p->query.domain, &asker) == PEER_NONE)
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
